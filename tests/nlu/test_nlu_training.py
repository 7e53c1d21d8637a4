"""Training says when there is nothing to do; the check of the data finds what is wrong."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2] / "nlu"
RunNlu = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_trained_model_is_up_to_date(run_nlu: RunNlu, trained_model: Path) -> None:
    before = trained_model.stat().st_mtime_ns
    done = run_nlu("train.py")
    assert done.returncode == 0
    assert done.stdout == f"up to date: {trained_model}\n"
    assert trained_model.stat().st_mtime_ns == before


def test_the_check_names_file_and_line(run_nlu: RunNlu, tmp_path: Path) -> None:
    for name in ("check_data.py", "training_examples.py", "intents.yml", "domain.yml"):
        shutil.copy(PROJECT / name, tmp_path)
    (tmp_path / "data" / "sv").mkdir(parents=True)
    (tmp_path / "data" / "heldout").mkdir()
    (tmp_path / "data" / "heldout" / "sv.tsv").write_text("intent\tkind\ttext\tplace\naffirm\tplain\tJa tack.\t\n")
    (tmp_path / "data" / "sv" / "control.yml").write_text(
        'version: "3.1"\n'
        "nlu:\n"
        "- intent: affirm\n"
        "  examples: |\n"
        "    - ja tack\n"
        "    - okej\n"
        "- intent: deny\n"
        "  examples: |\n"
        "    - Okej!\n"
        "- intent: denny\n"
        "  examples: |\n"
        "    - nej\n"
    )
    done = run_nlu(tmp_path / "check_data.py", cwd=tmp_path)
    assert done.returncode == 1
    problems = done.stderr.splitlines()
    assert "data/sv/control.yml:5: this sentence is held out (sv.tsv:affirm)" in problems
    assert "data/sv/control.yml:9: also under `affirm` at data/sv/control.yml:6" in problems
    assert "data/sv/control.yml:12: unknown intent `denny`" in problems
    assert "data/sv: 2 sentences for `affirm`, 20 needed" in problems
