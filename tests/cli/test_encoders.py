import json
from pathlib import Path

from click.testing import CliRunner, Result
from sedpipe.cli.main import main
from tiny_encoder import write_encoder


def sedpipe(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["encoders", *arguments])


def test_bare_encoders_lists_what_can_be_had_and_touches_no_disk(tmp_path: Path) -> None:
    outcome = sedpipe("--cache", str(tmp_path / "cache"))
    assert outcome.exit_code == 0
    for said in (
        "yamnet: YAMNet",
        "Apache-2.0",
        "possibly also on dcase2017-task4",
        "sedpipe encoders fetch birdnet --from",
    ):
        assert said in outcome.stdout
    assert sedpipe("list", "--cache", str(tmp_path / "cache")).stdout == outcome.stdout
    assert not (tmp_path / "cache").exists()


def test_json_holds_what_a_program_needs(tmp_path: Path) -> None:
    report = json.loads(sedpipe("--json", "--cache", str(tmp_path)).stdout)
    assert report["stage"] == "encoders"
    yamnet = {one["name"]: one for one in report["encoders"]}["yamnet"]
    assert (yamnet["dimensions"], yamnet["hop_s"], yamnet["sample_rate"]) == (1024, 0.08, 16_000)
    assert (yamnet["heard"], yamnet["file"]) == (["dcase2017-task4"], "")


def test_fetch_takes_a_toml_of_ones_own_and_says_where_its_file_lies(tmp_path: Path) -> None:
    toml = write_encoder(tmp_path)
    outcome = sedpipe("fetch", str(toml), "--cache", str(tmp_path / "cache"), "--json")
    assert outcome.exit_code == 0, outcome.stderr
    file = json.loads(outcome.stdout)["encoder"]["file"]
    assert Path(file).read_bytes() == (tmp_path / "ears.onnx").read_bytes()
    assert file.startswith(str(tmp_path / "cache"))


def test_a_place_that_does_not_hold_it_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    outcome = sedpipe("fetch", "yamnet", "--from", str(tmp_path / "empty"), "--cache", str(tmp_path / "cache"))
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith(f"Error: {tmp_path / 'empty'}: no file there is yamnet.tflite")
    assert "--from" in outcome.stderr


def test_an_option_that_would_be_ignored_before_the_subcommand_is_refused(tmp_path: Path) -> None:
    outcome = sedpipe("--cache", str(tmp_path / "a"), "fetch", str(write_encoder(tmp_path)))
    assert outcome.exit_code == 2
    assert f"--cache {tmp_path / 'a'} goes to the end: sedpipe encoders fetch ..." in " ".join(
        outcome.stderr.replace("│", " ").split()
    )
    assert not (tmp_path / "a").exists()
