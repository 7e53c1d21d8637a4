"""The page as HTML, in every live language."""

from __future__ import annotations

import re
from functools import partial
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
    """Renders answers and problems."""

    def __init__(self, catalogues: Catalogues, assets: Assets, settings: WebSettings) -> None:
        self._catalogues = catalogues
        self._assets = assets
        self._settings = settings
        # Compiled now, so that nobody waits for it and a broken template does not start.
        environment = _environment()
        self._templates = {name: environment.get_template(name) for name in environment.list_templates()}

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
        spoken = self._catalogues[language]
        return self._templates[template].render(
            {
                "_": partial(_translated, spoken),
                "ngettext": partial(_counted, spoken),
                "state": None,
                "language": spoken,
                "languages": self._catalogues.languages.values(),
                "assets": self._assets,
                "settings": self._settings,
                **values,
            }
        )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(paragraphs=_paragraphs, dialled=_dialled, site=_site)
    environment.globals.update(done=_done, DONE=DONE)
    return environment


def _translated(language: Language, msgid: str, **values: object) -> str:
    text = language.translate(msgid)
    return text % values if values else text


def _counted(language: Language, singular: str, plural: str, number: int) -> str:
    return language.translations.ngettext(singular, plural, number) % {"num": number}


def _paragraphs(text: str) -> list[str]:
    return [paragraph.strip() for paragraph in _BLANK_LINES.split(text) if paragraph.strip()]


def _dialled(phone: str) -> str:
    return _NOT_DIALLED.sub("", phone)


def _site(url: str) -> str:
    return (urlsplit(url).hostname or url).removeprefix("www.")


def _done(reply: ChoicesReply) -> ChoiceButton | None:
    return next((choice for choice in reply.choices if choice.id == DONE), None)
