"""What every file says of itself and of each table: the same statements in every format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from analyst.exports.publication import Publication
from analyst.translation import message
from intake_store.statistics.declarations import Method, Source
from intake_store.statistics.released import ReleasedTable

SOURCE: Final = message("Fyren, an anonymous help service: answers that people chose to give")

_FLAGS: Final = {
    "too_fast": message("answered faster than a person can read"),
    "contradictory": message("answers that contradict each other"),
    "same_client": message("many responses from one client"),
}
_METHODS: Final = {
    Method.SUPPRESSION: message("Small counts, and those they could be worked out from, are withheld."),
    Method.CELL_KEY: message("Noise was added to every count."),
}
NOT_STATED: Final = message("Not stated")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: a name that stays the same in every language, its label, and the text."""

    name: str
    label: str
    text: str


def about_release(publication: Publication) -> Iterator[Statement]:
    """Yield what is said of the release and the file, the same for all tables."""
    say, release = publication.translator, publication.release
    yield Statement("source", say(message("Source")), say(SOURCE))
    yield Statement("release", say(message("Release")), release.number)
    yield Statement("released_on", say(message("Released on")), release.released_on.isoformat())
    if release.replaces:
        yield Statement("replaces", say(message("Replaces release")), release.replaces)
    if release.reason:
        yield Statement("revision_reason", say(message("Reason for the revision")), release.reason)
    if release.note:
        yield Statement("release_note", say(message("Note on the release")), release.note)
    if release.synthetic:
        text = say(message("Made-up responses are among those counted; the figures say nothing about the world."))
        yield Statement("synthetic", say(message("Synthetic data")), text)
    yield Statement("codebook", say(message("Codebook version")), release.codebook_version)
    text = say(message("Two dots (..) stand for a figure that is withheld, and for a share or a mean made of one."))
    yield Statement("withheld_sign", say(message("Sign for withheld")), text)
    yield Statement("licence", say(message("Licence")), publication.licence or say(NOT_STATED))
    yield Statement("contact", say(message("Contact")), publication.contact or say(NOT_STATED))
    if say.language != "en" and say.review_status == "machine-drafted":
        text = say(message("The texts were translated from English by a machine and have not been reviewed."))
        yield Statement("translation", say(message("Translation")), text)


def about_table(publication: Publication, table: ReleasedTable) -> Iterator[Statement]:
    """Yield what is said of one table, which is given in the publication's language already."""
    say = publication.translator
    yield Statement("title", say(message("Title")), table.title)
    yield Statement("population", say(message("Population")), table.population_label)
    if table.layer:
        yield Statement("layer", say(message("Part")), table.layer[1])
    yield Statement("period", say(message("Period")), table.period)
    if table.synthetic:
        text = say(message("Made-up responses are among those counted; the figures say nothing about the world."))
        yield Statement("synthetic", say(message("Synthetic data")), text)
    if table.provisional:
        text = say(message("The period has not ended; the figures will change and are not for publication."))
        yield Statement("provisional", say(message("Provisional")), text)
    yield Statement("unit", say(message("Unit of count")), table.unit)
    yield Statement("base", say(message("Base")), table.base_text)
    yield from _quality(publication, table)
    yield Statement("protection", say(message("Protection")), say(_METHODS[table.method]))
    yield Statement("threshold", say(message("Threshold")), str(table.threshold))
    if table.noise is not None:
        text = say(message("Each count may differ from the true one by up to {noise}.")).format(noise=table.noise)
        yield Statement("noise", say(message("Noise")), text)
    if table.rounding is not None:
        text = say(message("Each count is the nearest multiple of {rounding}.")).format(rounding=table.rounding)
        yield Statement("rounding", say(message("Rounding")), text)
    yield Statement("method", say(message("Method")), table.method_text)
    if table.withheld:
        yield Statement("withheld", say(message("Withheld")), _withheld(publication, table))
    if table.split_withheld:
        text = say(message("There are too few responses to split them by: {variable}."))
        yield Statement("note", say(message("Note")), text.format(variable=table.column_label))
    for note in table.notes:
        yield Statement("note", say(message("Note")), note)


def _quality(publication: Publication, table: ReleasedTable) -> Iterator[Statement]:
    if table.source is not Source.RESPONSES:
        return
    say = publication.translator
    label = say(message("Flagged responses"))
    if not table.flagged:
        yield Statement("flagged", label, say(message("No responses were left out because of their quality.")))
    for entry in table.flagged:
        flag = say(_FLAGS[entry.flag]) if entry.flag in _FLAGS else entry.flag
        if entry.count is None:
            text = say(message("Fewer than {threshold} responses were left out: {flag}."))
        else:
            text = say(message("{count} responses were left out: {flag}."))
        yield Statement("flagged", label, text.format(threshold=table.threshold, count=entry.count, flag=flag))


def _withheld(publication: Publication, table: ReleasedTable) -> str:
    say = publication.translator
    if table.source is Source.RESPONSES:
        text = message("The table is withheld: fewer than {threshold} responses answered the question.")
        return say(text).format(threshold=table.threshold)
    return say(message("The table is withheld: there are too few figures for it."))
