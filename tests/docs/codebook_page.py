"""The parts of docs/codebook.md that follow from the codebook and its translations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bot.translation.catalogues import read_catalogue
from bot.translation.template import ASSISTANT, STATISTICS
from intake_store.codebook import AgeGroup, AskIf, Code, Codebook, Population, Variable, VariableType

Translate = Callable[[str], str]

_AGES = {AgeGroup.ADULT: "18 or older", AgeGroup.UNDER_18: "under 18", AgeGroup.ANY: "any"}


def swedish(root: Path) -> Translate:
    """Return a function that gives the Swedish of a label or a definition, or a dash where there is none yet."""
    strings: dict[object, object] = {}
    for domain in (ASSISTANT, STATISTICS):
        catalogue = read_catalogue(root / "locales" / "sv" / "LC_MESSAGES" / f"{domain.name}.po")
        strings |= {message.id: message.string for message in catalogue if message.id and message.string}
    return lambda text: str(strings.get(text, "—"))


def populations_text(codebook: Codebook, sv: Translate) -> str:
    """Return who is asked what, as Markdown."""
    lines = ["", "| population | who | på svenska | age | questions |", "|---|---|---|---|---|"]
    for population in codebook.populations.values():
        cells = (population.label, sv(population.label), _AGES[population.age], str(len(population.variables)))
        lines.append(_row(_link(population.name), *cells))
    for population in codebook.populations.values():
        lines += ["", f"### {population.name}", "", population.definition, "", f"*{sv(population.definition)}*", ""]
        lines += ["| | variable | question | på svenska | asked if |", "|---|---|---|---|---|"]
        for number, variable in enumerate(population.variables, 1):
            routing = _routing(variable.ask_if, population)
            lines.append(_row(str(number), _link(variable.name), variable.question, sv(variable.question), routing))
    return "\n".join([*lines, "", ""])


def variables_text(codebook: Codebook, sv: Translate) -> str:
    """Return every variable with its codes, as Markdown."""
    lines: list[str] = []
    for variable in codebook.variables.values():
        asked = [population for population in codebook.populations.values() if variable.name in population.names]
        lines += ["", f"### {variable.name}", ""]
        lines += [f"{variable.label} · *{sv(variable.label)}*", ""]
        lines += [variable.definition, "", f"*{sv(variable.definition)}*", ""]
        lines += [f"- {fact}" for fact in _facts(variable, asked)]
        lines += ["", *_code_table(variable, sv)]
        lines += list(_other_words(variable, asked, sv))
    return "\n".join([*lines, "", ""])


def contradictions_text(codebook: Codebook, sv: Translate) -> str:
    """Return the contradictions as a Markdown table."""
    lines = ["", "| contradiction | answers | flagged | why | på svenska |", "|---|---|---|---|---|"]
    for entry in codebook.contradictions:
        answers = "; ".join(f"`{name}`: {_codes(sorted(codes))}" for name, codes in entry.when.items())
        lines.append(_row(f"`{entry.name}`", answers, "no" if entry.allowed else "yes", entry.note, sv(entry.note)))
    return "\n".join([*lines, "", ""])


def model_sources(codebook: Codebook) -> set[str]:
    """Return the variables of the monitoring model that the codebook names as sources, such as `V2`."""
    return {found for variable in codebook.variables.values() for found in re.findall(r"V\d+", variable.source)}


def codebook_parts(codebook: Codebook, root: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of each part of the page."""
    sv = swedish(root)
    yield "populations", populations_text(codebook, sv)
    yield "variables", variables_text(codebook, sv)
    yield "contradictions", contradictions_text(codebook, sv)


def _facts(variable: Variable, asked: Iterable[Population]) -> Iterator[str]:
    several = variable.type is VariableType.MULTIPLE
    kind = "one code" if not several else f"up to {variable.max} of {len(variable.codes)} codes"
    yield f"Answer: {kind}{'; *I don’t know* can be said' if variable.unknown else ''}"
    if variable.among is not None:
        yield f"Chosen among the codes of the same response's {_link(variable.among)}"
    if variable.ask_if is not None:
        yield f"Asked if {_routing(variable.ask_if)}"
    yield f"Source: {variable.source[0].lower()}{variable.source[1:]}"
    yield f"Asked of: {', '.join(_link(population.name) for population in asked)}"


def _routing(rule: AskIf | None, population: Population | None = None) -> str:
    if rule is None:
        return ""
    codes: Iterable[str] = rule.codes
    if population is not None:
        offered = {code.code for code in population.variable(rule.variable).codes}
        codes = [code for code in rule.codes if code in offered]
        left_out = sorted(offered - set(rule.codes))
        if len(left_out) == 1 and len(offered) > 4:
            return f"`{rule.variable}` has another code than `{left_out[0]}`"
    elif len(rule.codes) > 8:
        return f"{_link(rule.variable)} names at least one, other than an exclusive code"
    return f"`{rule.variable}` is {_codes(codes)}"


def _code_table(variable: Variable, sv: Translate) -> Iterator[str]:
    values = any(code.value is not None for code in variable.codes)
    remarks = [_remark(code, sv) for code in variable.codes]
    titles = ["code", "label", "på svenska", *(["value"] if values else []), *(["remark"] if any(remarks) else [])]
    yield _row(*titles)
    yield "|" + "---|" * len(titles)
    for code, remark in zip(variable.codes, remarks, strict=True):
        cells = [f"`{code.code}`", code.label, sv(code.label)]
        cells += [str(code.value)] if values else []
        cells += [remark] if any(remarks) else []
        yield _row(*cells)


def _remark(code: Code, sv: Translate) -> str:
    parts = ["stands alone"] if code.exclusive else []
    parts += [f"{code.definition} *{sv(code.definition)}*"] if code.definition else []
    return ". ".join(parts)


def _other_words(variable: Variable, asked: Iterable[Population], sv: Translate) -> Iterator[str]:
    """Yield what differs between populations: the codes that are offered, and other words for them."""
    everything = {code.code: code.label for code in variable.codes}
    words: list[str] = []
    for population in asked:
        own = population.variable(variable.name)
        offered = [code.code for code in own.codes]
        left_out = [code for code in everything if code not in offered]
        if left_out:
            fewer = len(left_out) < len(offered)
            said = f"without {_codes(left_out, 'and')}" if fewer else f"only {_codes(offered, 'and')}"
            yield f"\nOffered to {_link(population.name)} {said}."
        words += [
            _row(_link(population.name), f"`{code.code}`", code.label, sv(code.label))
            for code in own.codes
            if code.label != everything[code.code]
        ]
    if words:
        yield from (
            "\nIn other words:\n",
            _row("population", "code", "label", "på svenska"),
            "|---|---|---|---|",
            *words,
        )


def _link(name: str) -> str:
    return f"[`{name}`](#{name})"


def _codes(codes: Iterable[str], word: str = "or") -> str:
    listed = [f"`{code}`" for code in codes]
    return f"{', '.join(listed[:-1])} {word} {listed[-1]}" if len(listed) > 1 else "".join(listed)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"
