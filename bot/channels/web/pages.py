"""The page as HTML, in every live language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.channels.web.assets import Assets
from bot.channels.web.problems import WebProblem
from bot.channels.web.settings import WebSettings
from bot.channels.web.turns import PageForm, TurnAnswer
from bot.conversation.replies import ChoiceButton, ChoicesReply
from bot.translation.catalogues import Catalogues, Language

FOLDER: Final = Path(__file__).parent / "templates"
DONE: Final = "command:done"
"""The choice that ends a question with several answers."""

_BLANK_LINES = re.compile(r"\n\s*\n")
_NOT_DIALLED = re.compile(r"[^\d+*#]")


class Pages:
    """Renders answers and problems; one template environment per language, made once."""

    def __init__(self, catalogues: Catalogues, assets: Assets, settings: WebSettings) -> None:
        self._catalogues = catalogues
        self._assets = assets
        self._settings = settings
        loader = FileSystemLoader(FOLDER)
        self._environments = {code: _environment(loader, language) for code, language in catalogues.languages.items()}

    def conversation(self, answer: TurnAnswer, *, first: bool = False) -> str:
        """Return the page with the replies of a turn, or the page that leaves when the conversation has ended.

        `first` is for the page that somebody sees who has just come.
        """
        if answer.state is None:
            return self._render("ended.html", answer.language, answer=answer)
        return self._render("conversation.html", answer.language, answer=answer, state=answer.state, first=first)

    def problem(self, problem: WebProblem, language: str, form: PageForm | None) -> str:
        """Return the page that explains a problem; with what the form held, so that nothing has to be done twice."""
        return self._render("problem.html", language, problem=problem, form=form, state=form.state if form else None)

    def _render(self, template: str, language: str, **values: object) -> str:
        return (
            self._environments[language]
            .get_template(template)
            .render(
                {
                    "state": None,
                    "language": self._catalogues[language],
                    "languages": self._catalogues.languages.values(),
                    "assets": self._assets,
                    "settings": self._settings,
                    **values,
                }
            )
        )


def _environment(loader: FileSystemLoader, language: Language) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # Added by the extension above.
    environment.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(paragraphs=_paragraphs, dialled=_dialled, site=_site)
    environment.globals.update(done=_done, DONE=DONE)
    return environment


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip() for paragraph in _BLANK_LINES.split(text) if paragraph.strip()]


def _dialled(phone: str) -> str:
    return _NOT_DIALLED.sub("", phone)


def _site(url: str) -> str:
    return (urlsplit(url).hostname or url).removeprefix("www.")


def _done(reply: ChoicesReply) -> ChoiceButton | None:
    return next((choice for choice in reply.choices if choice.id == DONE), None)
