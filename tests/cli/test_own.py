import json
import shlex
from pathlib import Path

import pytest
from builders import write_tone
from click.testing import CliRunner, Result
from sedpipe.cli.main import main

DESIGN = {"listed", "found", "missing", "too_long", "silent"}


def sedpipe(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(autouse=True)
def birds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings with Audacity labels, in a folder whose name contains a space."""
    monkeypatch.chdir(tmp_path)
    for n in range(8):
        write_tone(Path("my birds", f"{n}.wav"), 3, 300 + 40 * n, sample_rate=16_000)
        label = "Crow" if n % 2 else "Blackbird"
        Path("my birds", f"{n}.txt").write_text(f"0.500000\t1.500000\t{label}\n")


def next_command(outcome: Result) -> list[str]:
    """Return the arguments of the printed next command, split as a shell would."""
    line = outcome.stdout.splitlines()[-1]
    assert line.startswith("next: sedpipe ")
    return shlex.split(line.removeprefix("next: sedpipe "))


def test_init_prints_the_check_command_and_check_the_download_command() -> None:
    outcome = sedpipe("init", "my birds", "--cache", "the cache", "--quiet")
    assert outcome.exit_code == 0, outcome.output
    assert "8 label files of one recording each: 8 of 8 recordings" in outcome.stdout
    following = next_command(outcome)
    assert following == ["check", "my-birds.toml", "--cache", "the cache"]
    looked = sedpipe(*following, "--jobs", "1")
    assert looked.exit_code == 0, looked.output
    assert "training: 6 recordings" in looked.stdout
    assert next_command(looked) == ["download", "my-birds.toml", "--cache", "the cache"]


@pytest.mark.slow
def test_next_commands_lead_from_init_to_a_report_without_an_evaluation_split() -> None:
    command = next_command(sedpipe("init", "my birds", "--cache", "the cache"))
    seen = []
    while command[0] != "report":
        more = {"check": ["--jobs", "1"], "features": ["--n-mels", "40"]}.get(command[0], [])
        short = ["--preset", "demo", "--epochs", "1", "--batch-size", "4"] if command[0] == "train" else []
        outcome = sedpipe(*command, *more, *short)
        assert outcome.exit_code == 0, outcome.output
        seen.append(command[0])
        command = next_command(outcome if command[0] != "score" else sedpipe("status", "my-birds.toml", *command[-2:]))
    assert seen == ["check", "download", "features", "train", "score"]
    assert sedpipe(*command).exit_code == 0


def test_init_and_check_print_json_with_the_documented_keys() -> None:
    made = json.loads(sedpipe("init", "my birds", "--json", "--share", "0.25").stdout)
    assert (made["stage"], made["dataset"], made["shape"]["share"]) == ("init", "my-birds", 0.25)
    looked = json.loads(sedpipe("check", "my-birds.toml", "--json", "--jobs", "1").stdout)
    assert looked["stage"] == "check"
    assert set(looked["splits"]) == {"training", "testing"}
    assert all(set(split) >= DESIGN for split in looked["splits"].values())
    assert looked["classes"]["Crow"] == {"training": 3, "testing": 1}
    assert looked["problems"] == []


def test_check_exits_with_1_if_training_cannot_work() -> None:
    sedpipe("init", "my birds", "--quiet")
    Path("my birds", "0.wav").unlink()
    outcome = sedpipe("check", "my-birds.toml", "--jobs", "1")
    assert outcome.exit_code == 1
    assert "missing: '0.wav'" in outcome.stdout
    assert outcome.stdout.splitlines()[-2:] == [
        "training cannot work yet: correct it, then check again",
        "next: sedpipe check my-birds.toml",
    ]


def test_unusable_input_gives_an_error_and_exit_code_1() -> None:
    Path("empty").mkdir()
    for arguments in (("init", "empty"), ("init", "nowhere"), ("check", "nowhere.toml"), ("check", "demo")):
        outcome = sedpipe(*arguments)
        assert outcome.exit_code == 1
        assert outcome.stderr.startswith("Error: ")
        assert "Traceback" not in outcome.stderr


def test_a_non_utf_8_recording_is_left_out_and_a_non_utf_8_folder_refused() -> None:
    Path("my birds", "\udce9.wav").write_bytes(Path("my birds", "0.wav").read_bytes())
    Path("my birds", "\udce9.txt").write_text("0.5\t1.5\tCrow\n")
    outcome = sedpipe("init", "my birds", "--quiet")
    assert outcome.exit_code == 0, outcome.output
    assert "8 of 9 recordings (1 left out)" in outcome.stdout
    assert r"1 recording whose name no list can contain left out: '\udce9.wav'" in outcome.stdout
    made = json.loads(sedpipe("init", "my birds", "--json").stdout)
    assert (made["recordings"], made["labelled"]) == (9, 8)
    Path("my birds").rename("\udce9t\udce9")
    refused = sedpipe("init", "\udce9t\udce9")
    assert (refused.exit_code, list(Path().glob("*t*.toml"))) == (1, [])
    assert "is not UTF-8, which a TOML has to be" in refused.stderr.replace("\n", " ")
