"""Features of pretrained encoders, from the command line to the store."""

import json
from pathlib import Path

import numpy as np
import pytest
from builders import tiny_mixtures
from click.testing import CliRunner
from sedpipe.cli.main import main
from sedpipe.io.audio.waveforms import read_waveform
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.feature_file import FeatureFile
from tiny_encoder import RATE, heard, write_encoder


def sedpipe(*arguments: str) -> dict[str, object]:
    outcome = CliRunner().invoke(main, [*arguments, "--json"])
    assert outcome.exit_code == 0, outcome.output
    return json.loads(outcome.stdout)


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("encoders")
    toml = tiny_mixtures(folder, "tiny")
    sedpipe("download", str(toml), "--cache", str(folder / "cache"))
    return str(toml), folder / "cache"


def features(downloaded: tuple[str, Path], *options: str) -> dict[str, object]:
    return sedpipe("features", downloaded[0], "--cache", str(downloaded[1]), *options)


def test_embeddings_from_two_processes_match_the_encoder_and_are_reused(
    downloaded: tuple[str, Path], tmp_path: Path
) -> None:
    toml = str(write_encoder(tmp_path))
    before = features(downloaded, "--encoder", toml, "--explain")
    assert before["splits"]["training"]["missing"] == 6
    made = features(downloaded, "--encoder", toml, "--jobs", "2", "--dtype", "float32")
    counts = made["splits"]["training"]
    assert (counts["clips"], counts["computed"], counts["reused"], counts["failed"]) == (6, 6, 0, 0)
    again = features(downloaded, "--encoder", toml, "--dtype", "float32")
    assert again["splits"]["training"]["reused"] == 6
    dataset = Dataset(downloaded[1], "tiny")
    file = FeatureFile(dataset.features_dir(made["fingerprint"]) / "training.h5")
    assert file.parameters["front_end"] == "encoder:ears"
    row = file.read(3)
    waveform = read_waveform(dataset.audio_dir("training") / audio_name(row.clip_id), RATE)
    assert row.features.shape == (200, 3)
    np.testing.assert_allclose(row.features[: row.n_frames], heard(waveform), atol=1e-5)


def test_another_hop_or_encoder_file_gets_its_own_fingerprint(downloaded: tuple[str, Path], tmp_path: Path) -> None:
    first, second = write_encoder(tmp_path / "a"), write_encoder(tmp_path / "b", batch=1)
    asked = [("--encoder", str(first)), ("--encoder", str(first), "--hop", "0.1"), ("--encoder", str(second))]
    prints = [features(downloaded, *options, "--explain")["fingerprint"] for options in asked]
    assert len(set(prints)) == 3


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--encoder", "yamnte"), "encoder 'yamnte' is not one of aisfx, birdnet, yamnet (did you mean 'yamnet'?)"),
        (("--hop", "0.1"), "--hop sets the time between frames of encoders"),
        (("--encoder", "yamnet", "--n-mels", "64"), "the front end encoder:yamnet has no n_mels"),
        (("--encoder", "yamnet,yamnet"), "several different ones"),
        (("--encoder", "birdnet"), "the encoder birdnet is not downloaded by sedpipe"),
    ],
)
def test_invalid_encoder_options_give_an_error(
    downloaded: tuple[str, Path], options: tuple[str, ...], why: str
) -> None:
    outcome = CliRunner().invoke(main, ["features", downloaded[0], "--cache", str(downloaded[1]), *options])
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("Error: ")
    assert why in outcome.stderr
    assert outcome.stdout == ""


def test_values_beyond_float16_fail_with_advice_to_use_float32(downloaded: tuple[str, Path], tmp_path: Path) -> None:
    toml = str(write_encoder(tmp_path, scale=1e7))
    outcome = CliRunner().invoke(
        main, ["features", downloaded[0], "--encoder", toml, "--cache", str(downloaded[1]), "--json"]
    )
    assert json.loads(outcome.stdout)["splits"]["training"]["failed"] == 6
    assert "and float16 ends at 6.55e+04: give `features` and `train` --dtype float32" in outcome.stderr
    counts = features(downloaded, "--encoder", toml, "--dtype", "float32")["splits"]["training"]
    assert (counts["computed"], counts["failed"]) == (6, 0)
