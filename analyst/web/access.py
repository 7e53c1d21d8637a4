"""Who may open what: each handler declares it, and an application with one that does not cannot start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from aiohttp import web

from analyst.accounts.permissions import Permission
from analyst.accounts.sessions import Stage

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Handler = TypeVar("_Handler", bound=Callable[..., Awaitable[web.StreamResponse]])

_ATTRIBUTE: Final = "fyren_access"
_FORM_PAGE: Final = "fyren_form_page"


@dataclass(frozen=True, slots=True)
class Access:
    """Whom a handler answers: everybody, or a login at one of `stages`, with one of `permissions` if there are any.

    `by_token` lets programs in with an API token as well. `step_up` also asks for a fresh second factor.
    """

    stages: frozenset[Stage] = frozenset()
    permissions: frozenset[Permission] = frozenset()
    by_token: bool = False
    step_up: bool = False

    @property
    def is_public(self) -> bool:
        """Whether nobody has to log in."""
        return not self.stages


class UndeclaredAccess(TypeError):
    """A handler does not say who may open it."""


def public(handler: _Handler) -> _Handler:
    """Declare that everybody may open what a handler answers, without a login."""
    return _declare(handler, Access())


def at_stage(*stages: Stage) -> Callable[[_Handler], _Handler]:
    """Declare that a login at one of these stages is needed, whatever its roles."""
    return lambda handler: _declare(handler, Access(stages=frozenset(stages)))


own_account = at_stage(Stage.COMPLETE)
"""Declares that a complete login is needed, whatever its roles: everybody looks after their own account."""


def requires(*permissions: Permission, by_token: bool = False, step_up: bool = False) -> Callable[[_Handler], _Handler]:
    """Declare that a complete login with one of these permissions is needed."""
    access = Access(frozenset({Stage.COMPLETE}), frozenset(permissions), by_token, step_up)
    return lambda handler: _declare(handler, access)


def form_on(path: str) -> Callable[[_Handler], _Handler]:
    """Name the page that a form stands on, where somebody is led back to who has to show a second factor first."""

    def named(handler: _Handler) -> _Handler:
        setattr(handler, _FORM_PAGE, path)
        return handler

    return named


def form_page_of(request: web.Request) -> str:
    """Return the page that the form of a request stands on; of a handler that names none, the address itself."""
    path: str = getattr(request.match_info.handler, _FORM_PAGE, "")
    return path.format_map(request.match_info) if path else request.path


def access_of(handler: object) -> Access:
    """Return what a handler declares; raises `UndeclaredAccess`."""
    found = getattr(handler, _ATTRIBUTE, None)
    if not isinstance(found, Access):
        raise UndeclaredAccess(f"{getattr(handler, '__qualname__', handler)} does not declare who may open it.")
    return found


def declared(app: web.Application) -> Iterator[tuple[str, str, Access]]:
    """Yield method, path and access of every route; raises `UndeclaredAccess`."""
    for route in app.router.routes():
        resource = route.resource
        yield route.method, resource.canonical if resource else "", access_of(route.handler)


def _declare(handler: _Handler, access: Access) -> _Handler:
    setattr(handler, _ATTRIBUTE, access)
    return handler
