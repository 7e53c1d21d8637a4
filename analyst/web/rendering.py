"""Pages out of templates, in the language of who reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import jinja2
from jinja2.bccache import Bucket

from analyst.translation import Translator

TEMPLATES: Final = Path(__file__).with_name("templates")


class CompiledTemplates(jinja2.BytecodeCache):
    """Keeps what templates are compiled to, which takes longer than most pages; several sites may share it."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket, if its template was compiled before and is the same still."""
        if (code := self._code.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what is in a bucket."""
        self._code[bucket.key] = bucket.bytecode_to_string()


class Rendering:
    """Renders templates; every text that is put in is escaped, and a name that is missing is an error."""

    def __init__(
        self,
        translators: Mapping[str, Translator],
        folders: Sequence[Path] = (TEMPLATES,),
        compiled: CompiledTemplates | None = None,
    ) -> None:
        self._translators = translators
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([str(folder) for folder in folders]),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=compiled,
        )

    def compile(self) -> None:
        """Compile every template, so that no reader waits for it; raises `jinja2.TemplateError` for a broken one."""
        for name in self.environment.list_templates(extensions=["html"]):
            self.environment.get_template(name)

    def page(self, template: str, language: str, context: Mapping[str, Any]) -> str:
        """Return a page; templates find the translator of its language as `say`."""
        say = self._translators[language]
        return self.environment.get_template(template).render({"say": say, "language": language, **context})
