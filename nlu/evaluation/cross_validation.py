"""Cross-validate the pipeline on the training data and choose the thresholds: `python -m evaluation.cross_validation`.

Sentences are split four ways into training and test, evenly over intents and languages; embeddings are computed once.
All figures are about sentences the model was not trained on. Held-out sentences are not looked at. `--write` puts the
thresholds into `thresholds.yml`; `--try SETTING=NUMBER` measures another setting of the classifier.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from components.character_ngrams import NgramVocabulary
from components.intent_scores import IntentScores, log_softmax
from components.sentence_embeddings import load_embedding_model, remembered_embeddings
from training_examples import LANGUAGES, PROJECT, Example, crisis_intents, data_files, read_examples, read_intents

FOLDS = 4
SEED = 7
COMMAND = "python -m evaluation.cross_validation --write"
# What the thresholds are chosen for. Shares of sentences.
RIGHT_WHEN_ANSWERED = 0.90
OFFERED_WHEN_ASKED = 0.80
LEAST_SURE = 0.15  # below it the three likeliest are a guess among 56, whatever their share of luck here
# The bot's crisis words and age rules catch most crises by themselves; the model adds what they miss, at this price.
FALSE_CARDS = 0.01
FALSE_ASKS = 0.04


def settings_of_the_pipeline() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of the n-grams and of the classifier as `config.yml` has them."""
    nodes = YAML(typ="safe").load((PROJECT / "config.yml").read_text(encoding="utf-8"))["train_schema"]["nodes"]
    classifier = {**IntentScores.default_settings(), **nodes["train_intents"]["config"]}
    return dict(nodes["learn_ngrams"]["config"]), classifier


def cross_validated(
    examples: list[Example], settings: dict[str, Any], ngram_settings: dict[str, Any]
) -> tuple[list[str], np.ndarray]:
    """Return the intents and, for each sentence, their probabilities by a model that did not see it."""
    from sklearn.model_selection import StratifiedKFold

    texts, intents = [example.text for example in examples], np.array([example.intent for example in examples])
    dense = remembered_embeddings(load_embedding_model(), texts)
    strata = [f"{example.language} {example.intent}" for example in examples]
    names = sorted(set(intents))
    probabilities = np.zeros((len(texts), len(names)))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(dense, strata):
        vocabulary = NgramVocabulary.learned([texts[index] for index in train], **ngram_settings)
        scores = IntentScores.fitted(
            dense[train], vocabulary.features([texts[index] for index in train]), list(intents[train]), settings
        )
        probabilities[test] = scores.probabilities(dense[test], vocabulary.features([texts[index] for index in test]))
    return names, probabilities


def best_temperature(probabilities: np.ndarray, right: np.ndarray) -> float:
    """Return the temperature with the greatest likelihood; `right` holds the column of each right intent."""
    logarithms = np.log(probabilities + 1e-12)
    rows = np.arange(len(right))
    candidates = np.arange(0.5, 2.01, 0.05)
    losses = [-log_softmax(logarithms / candidate)[rows, right].mean() for candidate in candidates]
    return float(candidates[int(np.argmin(losses))])


def lowest_threshold(values: np.ndarray, good: np.ndarray, wanted: float) -> float:
    """Return the lowest threshold (two decimals) at which a share of `wanted` of the values above it is good."""
    for threshold in np.arange(0.02, 1.0, 0.01):
        above = values >= threshold
        if above.any() and good[above].mean() >= wanted:
            return round(float(threshold), 2)
    return 0.99


def measure(names: list[str], probabilities: np.ndarray, examples: list[Example]) -> tuple[dict[str, float], list[str]]:
    """Return the thresholds and the lines of the report."""
    right = np.array([names.index(example.intent) for example in examples])
    languages = np.array([example.language for example in examples])
    order = np.argsort(-probabilities, axis=1)
    hit = order[:, 0] == right
    among_three = (order[:, :3] == right[:, None]).any(axis=1)
    top = probabilities.max(axis=1)
    crisis = [names.index(name) for name in crisis_intents(read_intents()) if name in names]
    summed = probabilities[:, crisis].sum(axis=1)
    is_crisis = np.isin(right, crisis)

    answer = lowest_threshold(top, hit, RIGHT_WHEN_ANSWERED)
    # Asking back: as low as what lies between still offers the right intent often enough.
    between = top < answer
    ask_back = max(LEAST_SURE, lowest_threshold(top[between], among_three[between], OFFERED_WHEN_ASKED))
    doubtful, certain = (
        next(t for t in np.arange(0.05, 1.0, 0.01) if (summed[~is_crisis] >= t).mean() <= share_of_others)
        for share_of_others in (FALSE_ASKS, FALSE_CARDS)
    )
    thresholds = {
        "answer": answer,
        "ask_back": min(ask_back, answer),
        "crisis_certain": round(float(certain), 2),
        "crisis_doubtful": round(float(doubtful), 2),
    }
    t = thresholds

    def share(mask: np.ndarray) -> str:
        return f"{100 * mask.mean():.1f} %" if len(mask) else "-"

    lines = [f"{'language':<10}{'sentences':>10}{'right':>9}{'among 3':>9}{'crisis caught':>15}{'false asks':>12}"]
    for language in (*LANGUAGES, "all"):
        chosen = np.ones(len(right), bool) if language == "all" else languages == language
        lines.append(
            f"{language:<10}{chosen.sum():>10}{share(hit[chosen]):>9}{share(among_three[chosen]):>9}"
            f"{share(summed[chosen & is_crisis] >= t['crisis_doubtful']):>15}"
            f"{share(summed[chosen & ~is_crisis] >= t['crisis_doubtful']):>12}"
        )
    answered, asked = top >= t["answer"], (top < t["answer"]) & (top >= t["ask_back"])
    lines += [
        f"answer >= {t['answer']}: {share(answered)} of the sentences, {share(hit[answered])} of them right",
        f"ask_back >= {t['ask_back']}: {share(asked)} of the sentences, the right intent among three for "
        f"{share(among_three[asked])}; below: {share(top < t['ask_back'])}",
        f"crisis_certain >= {t['crisis_certain']}: card for {share(summed[is_crisis] >= t['crisis_certain'])} of the "
        f"crisis sentences and {share(summed[~is_crisis] >= t['crisis_certain'])} of the others",
        f"crisis_doubtful >= {t['crisis_doubtful']}: card or question for "
        f"{share(summed[is_crisis] >= t['crisis_doubtful'])} of the crisis sentences and "
        f"{share(summed[~is_crisis] >= t['crisis_doubtful'])} of the others (the crisis words of the bot come on top)",
    ]
    return thresholds, lines


def main(arguments: list[str] | None = None) -> int:
    """Print the report; write the thresholds when asked to."""
    parser = argparse.ArgumentParser(description="Cross-validate the pipeline on the training data.")
    parser.add_argument("--write", action="store_true", help="write thresholds.yml")
    parser.add_argument("--try", dest="changes", action="append", default=[], metavar="SETTING=NUMBER")
    options = parser.parse_args(arguments)
    ngram_settings, settings = settings_of_the_pipeline()
    for change in options.changes:
        name, _, number = change.partition("=")
        settings[name] = float(number)
    examples = [example for path in data_files() for example in read_examples(path)]
    names, probabilities = cross_validated(examples, settings, ngram_settings)
    right = np.array([names.index(example.intent) for example in examples])
    print(
        f"best temperature: {settings['temperature'] * best_temperature(probabilities, right):.2f}"
        f" (config.yml: {settings['temperature']})"
    )
    thresholds, lines = measure(names, probabilities, examples)
    print("\n".join(lines))
    if options.write:
        comments = [
            f"# Made by `{COMMAND}` from the training data; do not edit.",
            "#",
            *(f"# {line}" for line in lines),
        ]
        values = [f"{name}: {value}" for name, value in thresholds.items()]
        Path(PROJECT / "thresholds.yml").write_text("\n".join([*comments, *values]) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
