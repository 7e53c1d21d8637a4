"""How sentence features become probabilities of intents; used by the pipeline and by the cross-validation alike."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return the logarithms of the rows of `scores` as probabilities."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


@dataclasses.dataclass
class LinearModel:
    """A linear model of all intents as two arrays: (intents, features) and (intents,)."""

    coefficients: np.ndarray
    intercepts: np.ndarray

    @classmethod
    def fitted(cls, estimator: Any, features: Any, intents: list[str]) -> LinearModel:
        """Return the weights that a linear estimator of scikit-learn learns; its classes come in sorted order."""
        estimator.fit(features, intents)
        return cls(estimator.coef_.astype(np.float32), estimator.intercept_.astype(np.float32))

    def scores(self, features: Any) -> np.ndarray:
        """Return one row per text and one column per intent."""
        return np.asarray(features @ self.coefficients.T, dtype=np.float64) + self.intercepts


@dataclasses.dataclass
class IntentScores:
    """Two linear models that vote: one on meaning (embeddings), one on spelling (n-grams).

    The embeddings of e5 lie close together; each dimension is brought to mean 0 and deviation 1 first. Meaning is a
    logistic regression, whose votes are log-probabilities. Spelling is a support vector machine, which learns from
    thousands of n-grams in seconds where logistic regression takes minutes; its margins count `spelling_weight` times.
    `temperature` makes the sum honest as a probability.
    """

    intents: list[str]
    mean: np.ndarray
    deviation: np.ndarray
    meaning: LinearModel
    spelling: LinearModel | None
    spelling_weight: float
    temperature: float

    @staticmethod
    def default_settings() -> dict[str, Any]:
        """Return the settings of training."""
        return {
            "meaning_C": 0.02,
            "meaning_steps": 100,
            "spelling_C": 1.0,
            "spelling_weight": 2.0,
            "temperature": 1.0,
            "tol": 1e-2,
            "random_state": 42,
        }

    @classmethod
    def fitted(cls, dense: np.ndarray, sparse: Any, intents: list[str], settings: dict[str, Any]) -> IntentScores:
        """Return the trained models; `sparse` may be `None`."""
        # Training only: serving does without scikit-learn.
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import LinearSVC

        mean, deviation = dense.mean(axis=0), dense.std(axis=0) + 1e-9
        steady = {"tol": settings["tol"], "random_state": settings["random_state"]}
        # Stopping early costs no accuracy here and saves minutes.
        logistic = LogisticRegression(C=settings["meaning_C"], max_iter=settings["meaning_steps"], **steady)
        meaning = LinearModel.fitted(logistic, (dense - mean) / deviation, intents)
        spelling = None
        if sparse is not None:
            spelling = LinearModel.fitted(LinearSVC(C=settings["spelling_C"], **steady), sparse, intents)
        weight, temperature = settings["spelling_weight"], settings["temperature"]
        return cls(sorted(set(intents)), mean, deviation, meaning, spelling, weight, temperature)

    def probabilities(self, dense: np.ndarray, sparse: Any) -> np.ndarray:
        """Return one row per text and one column per intent, in the order of `intents`."""
        votes = log_softmax(self.meaning.scores((dense - self.mean) / self.deviation))
        if self.spelling is not None:
            votes = votes + self.spelling_weight * self.spelling.scores(sparse)
        return np.exp(log_softmax(votes / self.temperature))

    def save(self, path: Path) -> None:
        """Write plain arrays; nothing in the file can run code when it is read."""
        arrays = {
            "intents": np.array(self.intents),
            "mean": self.mean.astype(np.float32),
            "deviation": self.deviation.astype(np.float32),
            "meaning_coefficients": self.meaning.coefficients,
            "meaning_intercepts": self.meaning.intercepts,
            "spelling_weight": np.array(self.spelling_weight),
            "temperature": np.array(self.temperature),
        }
        if self.spelling is not None:
            arrays["spelling_coefficients"] = self.spelling.coefficients
            arrays["spelling_intercepts"] = self.spelling.intercepts
        np.savez(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> IntentScores:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            spelling = None
            if "spelling_coefficients" in arrays:
                spelling = LinearModel(arrays["spelling_coefficients"], arrays["spelling_intercepts"])
            return cls(
                intents=[str(name) for name in arrays["intents"]],
                mean=arrays["mean"],
                deviation=arrays["deviation"],
                meaning=LinearModel(arrays["meaning_coefficients"], arrays["meaning_intercepts"]),
                spelling=spelling,
                spelling_weight=float(arrays["spelling_weight"]),
                temperature=float(arrays["temperature"]),
            )
