"""Pages out of templates, in the language of who reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import jinja2

from analyst.translation import Translator

TEMPLATES: Final = Path(__file__).with_name("templates")


class Rendering:
    """Renders templates; every text that is put in is escaped, and a name that is missing is an error."""

    def __init__(self, translators: Mapping[str, Translator], folders: Sequence[Path] = (TEMPLATES,)) -> None:
        self._translators = translators
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def page(self, template: str, language: str, context: Mapping[str, Any]) -> str:
        """Return a page; templates find the translator of its language as `say`."""
        say = self._translators[language]
        return self.environment.get_template(template).render({"say": say, "language": language, **context})
