"""Every command in docs/own-data.md is run, in order, on the kind of recordings that it is about."""

import re
import shlex
from pathlib import Path

import pytest
from builders import write_tone
from click.testing import CliRunner
from sedpipe.cli.main import main
from sedpipe.io.lists.importers.findings import look_into
from sedpipe.io.lists.importers.sprsound import from_sprsound
from sedpipe.io.manifests.load import load_manifest

TEXT = (Path(__file__).parents[1] / "docs" / "own-data.md").read_text(encoding="utf-8")
SHORT = {"train": ["--epochs", "1", "--batch-size", "8", "--preset", "small"], "check": ["--jobs", "1"]}
"""Options that shorten a training from minutes to seconds."""


def commands(dataset: str) -> list[list[str]]:
    blocks = re.findall(r"```console\n(.*?)```", TEXT, flags=re.DOTALL)
    lines = [line.removeprefix("$ sedpipe ") for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if dataset in line]


def run_all(dataset: str) -> dict[str, str]:
    """Run the commands and return the output of each."""
    said = {}
    for verb, *arguments in commands(dataset):
        outcome = CliRunner().invoke(main, [verb, *arguments, *SHORT.get(verb, [])])
        assert outcome.exit_code == 0, f"{verb}: {outcome.output}"
        said[verb] = outcome.output
    return said


def test_every_command_is_run_by_a_test_in_this_file() -> None:
    n_commands = sum(line.startswith("$ ") for line in TEXT.splitlines())
    assert len(commands("birds")) + len(commands("sprsound")) == n_commands == 13


@pytest.mark.slow
def test_recordings_with_audacity_labels_become_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for n in range(12):
        write_tone(Path("birds", f"{n}.wav"), 4 + 2 * (n % 5), (400 if n % 2 else 3000) + n, sample_rate=16_000)
        Path("birds", f"{n}.txt").write_text(f"0.5\t3.0\t{'Crow' if n % 2 else 'Blackbird'}\n")
    said = run_all("birds")
    assert "12 label files of one recording each: 12 of 12 recordings" in said["init"]
    assert "problem" not in said["check"]
    assert len(list(Path("found").glob("*.wav.tsv"))) == 12


@pytest.mark.slow
def test_sprsound_becomes_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path) -> None:
    whole = shared_data / "sprsound"
    if not whole.is_dir():
        pytest.skip("no sprsound/ in the test data")
    monkeypatch.chdir(tmp_path)
    findings = from_sprsound(look_into(whole))
    assert findings is not None
    for split in ("training", "testing"):
        of_split = [recording for recording in findings.recordings if recording.split == split]
        chosen = [r for r in of_split if r.labels][:8] + [r for r in of_split if not r.labels][:8]
        for recording in chosen:
            part, name = recording.filename.split("/")
            inner = "train_json" if part == "train_wav" else "test_json/intra_test_json"
            for path in (Path(part, name), Path(inner, name).with_suffix(".json")):
                link = Path("sprsound") / path
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(whole / path)
    said = run_all("sprsound")
    assert "training: 16 recordings" in said["check"]
    assert "Crackle" in said["score"]
    assert load_manifest("sprsound.toml").labels == ("Crackle", "Wheeze")


def test_the_example_manifest_is_valid(tmp_path: Path) -> None:
    toml = re.search(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
    assert toml is not None
    for name in ("birds-training-weak.tsv", "birds-training-strong.tsv"):
        (tmp_path / name).write_text("a.wav\tCrow\n" if "weak" in name else "a.wav\t1\t2\tCrow\n")
    (tmp_path / "birds.toml").write_text(toml[1])
    assert load_manifest(str(tmp_path / "birds.toml")).split_names == ("training", "testing")
