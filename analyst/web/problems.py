"""What can be wrong with a request, each with a plain message and a way on."""

from __future__ import annotations

from typing import ClassVar

from analyst.translation import message


class WebProblem(Exception):
    """A request cannot be answered as it was asked.

    `code` names the kind to a program; `title` and `text` explain it to a person.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str] = message("This did not work")
    text: str

    def __init__(self, text: str | None = None) -> None:
        super().__init__(text or self.text)
        if text is not None:
            self.text = text

    def headers(self) -> dict[str, str]:
        """Return headers that belong to this problem."""
        return {}


class MalformedRequest(WebProblem):
    """The request has wrong parts."""

    status = 400
    code = "malformed_request"
    title = message("The request could not be read")
    text = message("The request could not be read. Go back, and try again.")


class FormTooOld(WebProblem):
    """A form does not belong to the browser's login: it was made by another site, or before the login."""

    status = 403
    code = "form_too_old"
    title = message("The form was too old")
    text = message("The form was too old, so nothing was done. Open the page again, and repeat it.")


class Forbidden(WebProblem):
    """The roles of the account do not allow this."""

    status = 403
    code = "forbidden"
    title = message("You may not open this")
    text = message("Your roles do not allow this. Ask an administrator.")


class LoginNeeded(WebProblem):
    """Nobody is logged in."""

    status = 401
    code = "login_needed"
    title = message("Log in first")
    text = message("Log in, or send a token that is good.")

    def headers(self) -> dict[str, str]:
        """Return how a program shows who it is."""
        return {"WWW-Authenticate": 'Bearer realm="Fyren"'}


class NotFound(WebProblem):
    """There is nothing at this address."""

    status = 404
    code = "not_found"
    title = message("Page not found")
    text = message("There is nothing at this address.")


class MethodNotAllowed(WebProblem):
    """The address does not take this method."""

    status = 405
    code = "method_not_allowed"
    title = message("This address is used in another way")
    text = message("The address does not take this kind of request.")

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__()
        self._allowed = allowed

    def headers(self) -> dict[str, str]:
        """Return the methods that the address takes."""
        return {"Allow": ", ".join(sorted(self._allowed))}


class NotAcceptable(WebProblem):
    """The client takes none of the formats that there are."""

    status = 406
    code = "not_acceptable"
    text = message("The address does not give what is asked for.")


class Conflict(WebProblem):
    """Something else happened meanwhile."""

    status = 409
    code = "conflict"
    title = message("Something changed meanwhile")
    text = message("Something changed meanwhile. Open the page again, and look.")


class TooLarge(WebProblem):
    """The body is larger than any form."""

    status = 413
    code = "too_large"
    title = message("Too much was sent")
    text = message("What was sent is too long.")


class UnsupportedMediaType(WebProblem):
    """The body is not of the type that the address takes."""

    status = 415
    code = "unsupported_media_type"
    title = MalformedRequest.title
    text = MalformedRequest.text


class WrongHost(WebProblem):
    """The request names another site."""

    status = 421
    code = "wrong_host"
    title = message("This is another site")
    text = message("This is not the site that was asked for.")


class TooManyRequests(WebProblem):
    """The client asked too often; `seconds` is how long to wait."""

    status = 429
    code = "too_many_requests"
    title = message("Too many requests")
    text = message("There were too many requests. Wait a while, then try again.")

    def __init__(self, seconds: int, text: str | None = None) -> None:
        super().__init__(text)
        self.seconds = seconds

    def headers(self) -> dict[str, str]:
        """Return how long to wait."""
        return {"Retry-After": str(self.seconds)}


class Unavailable(WebProblem):
    """Something that is needed, such as the released tables, cannot be used; the text says what to do."""

    status = 503
    code = "unavailable"
    title = message("Something is missing")
    text = message("Something that is needed is not there. Ask an administrator.")


class InternalProblem(WebProblem):
    """The fault is ours."""

    status = 500
    code = "internal_error"
    title = message("Something went wrong here")
    text = message("Something went wrong here, and it was noted. Try again; if it goes on, tell an administrator.")
