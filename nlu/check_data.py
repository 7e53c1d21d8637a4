"""Check the training data: `python check_data.py`. Prints a table and exits with 1 where something is wrong.

Errors: an intent that `intents.yml` does not know, fewer than 20 sentences for an intent in a language, one sentence
under two intents, a held-out sentence among the training sentences, `domain.yml` with other intents than `intents.yml`.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path

from ruamel.yaml import YAML

from training_examples import (
    LANGUAGES,
    PROJECT,
    DataError,
    Example,
    comparable,
    data_files,
    read_examples,
    read_intents,
)

FEWEST = 20


def held_out(folder: Path) -> dict[str, str]:
    """Return the held-out sentences, comparable, each with its file and line."""
    sentences = {}
    for path in sorted(folder.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                sentences[comparable(row["text"] or "")] = f"{path.name}:{row['intent']}"
    return sentences


def problems_of(examples: list[Example], intents: list[str], held: dict[str, str]) -> list[str]:
    """Return one line for everything that is wrong with the sentences, each with file and line."""
    found = []
    first: dict[str, Example] = {}
    for example in examples:
        if example.intent not in intents:
            found.append(f"{example.place}: unknown intent `{example.intent}`")
        key = comparable(example.text)
        if key in held:
            found.append(f"{example.place}: this sentence is held out ({held[key]})")
        other = first.setdefault(key, example)
        if other.intent != example.intent:
            found.append(f"{example.place}: also under `{other.intent}` at {other.place}")
        elif other is not example and other.language == example.language:
            found.append(f"{example.place}: the same sentence as at {other.place}")
    counts = Counter((example.intent, example.language) for example in examples)
    for intent in intents:
        for language in LANGUAGES:
            if counts[intent, language] < FEWEST:
                found += [f"data/{language}: {counts[intent, language]} sentences for `{intent}`, {FEWEST} needed"]
    return found


def main(project: Path = PROJECT) -> int:
    """Check everything, print the table and the problems, return the exit code."""
    intents = list(read_intents(project / "intents.yml"))
    found, examples = [], []
    for path in data_files(project / "data"):
        try:
            examples += read_examples(path)
        except DataError as problem:  # noqa: PERF203 - all files are checked before anything is said
            found.append(str(problem))
    domain = YAML(typ="safe").load((project / "domain.yml").read_text(encoding="utf-8"))["intents"]
    if domain != intents:
        found.append(f"domain.yml: other intents than intents.yml: {sorted(set(domain) ^ set(intents)) or 'order'}")
    found += problems_of(examples, intents, held_out(project / "data" / "heldout"))
    per_language: dict[str, Counter] = defaultdict(Counter)
    for example in examples:
        per_language[example.language][example.intent] += 1
    print(f"{'language':<10}{'files':>6}{'intents':>9}{'sentences':>11}{'fewest':>8}{'most':>6}")
    for language in LANGUAGES:
        counts = per_language[language]
        files = len({example.path for example in examples if example.language == language})
        numbers = [counts[intent] for intent in intents]
        print(f"{language:<10}{files:>6}{len(counts):>9}{sum(numbers):>11}{min(numbers):>8}{max(numbers):>6}")
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"{len(found)} problems" if found else "no problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
