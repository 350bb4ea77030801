"""Files that may not be read are reported as such, not as empty, missing or damaged, and no command changes them."""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from rights import unreadable
from sedpipe.cli import main

MADE = Path(__file__).parent / "first_edition" / "made"
RUN, CACHE = "cache/tones/runs/whole", "cache/tones"
FEATURES = next((MADE / CACHE / "features").iterdir()).relative_to(MADE).as_posix()
SCORE = "score tones --run whole --split testing"
TRAIN = "train tones --preset tiny.toml --front-end front_end.toml --threads 1 --seed 0"
CASES = [
    *[(f"{CACHE}/dataset.json", verb) for verb in ("status tones", SCORE, f"{TRAIN} --run begun")],
    *[(f"{CACHE}/clips.tsv", verb) for verb in ("status tones", SCORE, f"{TRAIN} --run begun")],
    *[(f"{CACHE}/ledger.sqlite", verb) for verb in ("status tones", SCORE, "status tones --export out.tsv")],
    (CACHE, "status tones"),
    (f"{CACHE}/audio/training", "status tones"),
    (f"{CACHE}/audio/training", "features tones --front-end front_end.toml --explain"),
    (f"{CACHE}/features", "status tones"),
    (FEATURES, "status tones"),
    (f"{FEATURES}/testing.h5", "status tones"),
    (f"{FEATURES}/testing.h5", SCORE),
    (f"{FEATURES}/testing.failed.tsv", "status tones"),
    (f"{CACHE}/reference-testing.tsv", SCORE),
    (f"{CACHE}/reference-testing.tsv", f"{TRAIN} --run begun"),
    (f"{CACHE}/runs", "status tones"),
    (f"{CACHE}/runs", "score tones"),
    (RUN, "status tones"),
    (RUN, SCORE),
    *[(f"{RUN}/run.json", verb) for verb in ("status tones", SCORE, f"{TRAIN} --run whole", "report whole")],
    (f"{RUN}/log.csv", "status tones"),
    *[(f"{RUN}/checkpoint.pt", verb) for verb in (SCORE, "export ./cache/tones/runs/whole", "report whole")],
    *[(f"{RUN}/{name}-testing.{suffix}", "report whole --split testing")
      for name, suffix in (("scores", "json"), ("estimated", "tsv"), ("frame-scores", "h5"))],
    (f"{RUN}/frame-scores-testing.h5", SCORE),
    (f"{CACHE}/runs/begun/resume.pt", f"{TRAIN} --run begun"),
    *[(f"{CACHE}/tables/table2-tiny{name}", "status tones") for name in ("", "/table.json", "/cells")],
    ("predictions/predictions.jsonl", "predict recordings --model ./export --out predictions"),
    ("export/config.json", "predict recordings --model ./export"),
    ("export/model.safetensors", "predict recordings --model ./export"),
    ("export", "predict recordings --model ./export"),
    ("tones.toml", "download tones.toml"),
    ("tiny.toml", f"{TRAIN} --run begun"),
    ("front_end.toml", f"{TRAIN} --run begun"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the first edition's files."""
    torch.set_num_threads(1)
    return Path(shutil.copytree(MADE, tmp_path_factory.mktemp("rights") / "made"))


def contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.skipif(sys.platform != "linux", reason="root can only do without its power there")
@pytest.mark.parametrize(("place", "command"), CASES, ids=[f"{place}-{command}" for place, command in CASES])
def test_a_file_or_folder_without_read_permission_is_reported_as_such(
    folder: Path, monkeypatch: pytest.MonkeyPatch, place: str, command: str
) -> None:
    monkeypatch.chdir(folder)
    before = contents(folder)
    with unreadable(folder / place):
        outcome = CliRunner().invoke(main, command.split())
    said = outcome.stderr
    assert isinstance(outcome.exception, SystemExit), outcome.exc_info
    assert outcome.exit_code == 1
    assert "cannot read" in said
    assert "Permission denied" in said
    assert not any(word in said for word in ("delete", "damaged", "gone", "does not exist"))
    assert before.items() <= contents(folder).items()
