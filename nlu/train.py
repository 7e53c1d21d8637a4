"""Train the model, unless the one at hand was trained from the same data: `python train.py`.

The model lands in `models/fyren-<fingerprint>.tar.gz`; the fingerprint covers the configuration, the domain, the
training data, the components and the lock file, so the name says whether a model is up to date. The file appears in
one step: whoever looks for it finds a whole model or none. Older models are removed afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import io
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from quiet_rasa import silence

PROJECT = Path(__file__).resolve().parent
MODELS = PROJECT / "models"
SEED = 20_261


class TrainingError(Exception):
    """Rasa could not train; the message says why."""


def training_files(project: Path = PROJECT) -> list[Path]:
    """Return the training data of all languages, without the held-out sentences."""
    return sorted(path for path in (project / "data").glob("*/*.yml") if path.parent.name != "heldout")


def fingerprint(project: Path = PROJECT) -> str:
    """Return the 16 hexadecimal digits that name the model trained from the project as it is now."""
    sources = [project / "config.yml", project / "domain.yml", project / "uv.lock"]
    digest = hashlib.sha256()
    for path in [*sources, *sorted((project / "components").glob("*.py")), *training_files(project)]:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(project).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def model_path(project: Path = PROJECT) -> Path:
    """Return where the model trained from the project as it is now lies, whether it exists or not."""
    return project / "models" / f"fyren-{fingerprint(project)}.tar.gz"


def train(target: Path) -> None:
    """Train and put the model to `target` in one step; raise `TrainingError` where Rasa refuses."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".training-", dir=target.parent) as scratch:
        os.environ["RASA_CACHE_DIRECTORY"] = str(Path(scratch, "cache"))
        os.environ["PYTHONHASHSEED"] = str(SEED)
        silence(Path(scratch, "home"))
        sys.path.insert(0, str(PROJECT))
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            import numpy as np
            from rasa.model_training import train as rasa_train

            random.seed(SEED)
            np.random.seed(SEED)
            try:
                result = rasa_train(
                    domain=str(PROJECT / "domain.yml"),
                    config=str(PROJECT / "config.yml"),
                    training_files=[str(path) for path in training_files()],
                    output=scratch,
                    force_training=True,
                    fixed_model_name=target.name,
                )
            except SystemExit as stop:
                raise TrainingError(said.getvalue()) from stop
        if result.model is None or result.code != 0:
            raise TrainingError(said.getvalue())
        Path(result.model).replace(target)


def main(arguments: list[str] | None = None) -> int:
    """Train when needed; print the model's path."""
    parser = argparse.ArgumentParser(description="Train the language understanding model when its sources changed.")
    parser.add_argument("--force", action="store_true", help="train even if the model is up to date")
    options = parser.parse_args(arguments)
    target = model_path()
    if target.exists() and not options.force:
        print(f"up to date: {target}")
        return 0
    print(f"training {target.name} from {len(training_files())} files", flush=True)
    started = time.monotonic()
    asyncio.set_event_loop(asyncio.new_event_loop())
    try:
        train(target)
    except TrainingError as problem:
        print(f"training failed:\n{problem}", file=sys.stderr)
        return 1
    for older in MODELS.glob("fyren-*.tar.gz"):
        if older != target:
            older.unlink()
    print(f"trained in {time.monotonic() - started:.0f} s: {target} ({target.stat().st_size / 1e6:.2f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
