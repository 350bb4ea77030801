"""A head on a pretrained encoder, from features to predictions: every command on the command line."""

import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import onnxruntime
import pytest
import soundfile
import torch
from builders import tiny_mixtures
from click.testing import CliRunner, Result
from sedpipe.api.model import load_model
from sedpipe.cli.main import main
from sedpipe.errors import MissingStageError
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.runs import named_run
from sedpipe.io.models.exports import write_export
from sedpipe.io.models.open import open_model
from tiny_encoder import write_encoder

torch.set_num_threads(1)


def sedpipe(cache: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--cache", str(cache)])


def told(cache: Path, *arguments: str) -> dict:
    outcome = sedpipe(cache, *arguments, "--json")
    assert outcome.exit_code == 0, outcome.output
    return json.loads(outcome.stdout)


class Made:
    """A trained head with its dataset, its encoder and its cache."""

    def __init__(self, folder: Path) -> None:
        self.toml = str(tiny_mixtures(folder, "tiny"))
        self.encoder = str(write_encoder(folder / "mine"))
        self.cache = folder / "cache"
        for verb in ("download", "features"):
            told(self.cache, verb, self.toml, *(self.asked if verb == "features" else ()))
        self.report = told(self.cache, *self.train, "--epochs", "2")
        self.dataset = Dataset(self.cache, "tiny")
        self.audio = self.dataset.audio_dir("evaluation")

    @property
    def asked(self) -> tuple[str, ...]:
        return ("--encoder", self.encoder, "--hop", "0.08")

    @property
    def train(self) -> tuple[str, ...]:
        return ("train", self.toml, *self.asked, "--preset", "head", "--batch-size", "2", "--threads", "1")

    @property
    def run(self) -> str:
        return str(self.report["run"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("head"))


def test_a_dry_run_lists_the_layers(made: Made) -> None:
    rows = {row["name"]: row for row in told(made.cache, *made.train, "--dry-run")["layers"]}
    assert rows["reduce"]["shape"] == [125, 128]
    assert rows["reduce"]["multiply_adds"] == 125 * 3 * 128
    assert rows["classify"]["shape"] == [125, 3]


def test_a_hierarchy_of_5_5_fits_the_frames_of_an_80_ms_hop(made: Made) -> None:
    report = told(made.cache, *made.train, "--epochs", "1", "--hierarchy", "5,5", "--pooling", "attention")
    assert report["run"] == "head-ears-80ms-attention-5x5-seed0"


def test_a_head_is_scored_and_reported_like_any_run(made: Made) -> None:
    scores = told(made.cache, "score", "tiny", "--run", made.run)
    assert scores["clips"]["scored"] == 3
    frames = named_run(made.dataset, made.run).frame_scores_path("evaluation")
    with h5py.File(frames) as file:
        assert file["frame_probs"].shape == (3, 125, 3)
    assert scores["contaminated_by"] == []
    page = made.cache / "page.html"
    outcome = sedpipe(made.cache, "report", made.run, "--output", str(page))
    assert outcome.exit_code == 0, outcome.output
    text = page.read_text()
    assert "features of ears" in text
    assert "data:image/" in text  # a spectrogram of the audio, since embeddings cannot be drawn as one
    assert "Contaminated" not in text


def test_a_possibly_contaminated_encoder_is_reported_and_marked_everywhere(made: Made, tmp_path: Path) -> None:
    toml = Path(made.encoder)
    told_before = toml.read_text()
    try:
        toml.write_text('heard = ["tiny", "dcase2017-task4"]\n' + told_before)
        outcome = sedpipe(made.cache, *made.train, "--epochs", "1", "--run", "cheats")
        assert outcome.exit_code == 0
        assert "ears may have been trained on the recordings of tiny" in outcome.stderr
    finally:
        toml.write_text(told_before)
    record = json.loads((made.dataset.runs / "cheats" / "run.json").read_text())
    assert record["encoders"][0]["heard"] == ["tiny", "dcase2017-task4"]
    assert record["encoders"][0]["name"] == "ears"
    assert told(made.cache, "score", "tiny", "--run", "cheats")["contaminated_by"] == ["ears"]
    assert (
        "CONTAMINATED: ears may have been trained on these recordings"
        in sedpipe(made.cache, "score", "tiny", "--run", "cheats").stdout
    )
    assert told(made.cache, "score", "tiny", "--run", "cheats", "--run", made.run)["contaminated_by"] == ["ears"]
    told(made.cache, "score", "tiny", "--run", made.run, "--split", "evaluation")
    for runs in (["cheats"], ["cheats", made.run]):
        page = tmp_path / "page.html"
        outcome = sedpipe(made.cache, "report", *runs, "--split", "evaluation", "--output", str(page))
        assert outcome.exit_code == 0, outcome.stderr
        assert "trained on these" in page.read_text()


def test_contamination_is_inherited_from_a_teacher_and_from_an_initial_model(made: Made) -> None:
    toml = Path(made.encoder)
    told_before = toml.read_text()
    try:
        toml.write_text('heard = ["tiny"]\n' + told_before)
        told(made.cache, *made.train, "--epochs", "1", "--run", "knows")
    finally:
        toml.write_text(told_before)
    heir = ("train", made.toml, "--init", "its-pupil", "--batch-size", "2", "--threads", "1")
    for pupil, learning in {
        "pupil": (*made.train, "--teacher", "knows"),
        "its-pupil": (*made.train, "--teacher", "pupil"),
        "heir": heir,
    }.items():
        outcome = sedpipe(made.cache, *learning, "--epochs", "1", "--run", pupil)
        assert outcome.exit_code == 0, outcome.output
        assert "ears may have been trained on the recordings of tiny" in outcome.stderr
        record = json.loads((made.dataset.runs / pupil / "run.json").read_text())
        assert record["encoders"][0]["heard"] == []
        assert ["tiny"] in [one["heard"] for one in record["taught_by"]]
        assert told(made.cache, "score", "tiny", "--run", pupil)["contaminated_by"] == ["ears"]


def test_the_command_printed_after_features_trains_a_matching_network(made: Made) -> None:
    said = sedpipe(made.cache, "features", made.toml, *made.asked).stdout.splitlines()
    (line,) = (line.removeprefix("next: sedpipe ") for line in said if line.startswith("next: "))
    outcome = CliRunner().invoke(main, [*shlex.split(line), "--epochs", "0", "--run", "printed"])
    assert outcome.exit_code == 0, outcome.output
    assert "--preset head, for encoder:ears features on" in outcome.stderr
    assert json.loads((made.dataset.runs / "printed" / "run.json").read_text())["settings"]["preset"] == "head"


def test_unsuitable_settings_are_refused_and_leave_no_run_behind(made: Made) -> None:
    for asked, why in (
        (("--recipe", "strong"), "recipe strong: augment.superpose works on decibels or samples, not on embedding"),
        (("--preset", "small"), "preset small: the network crnn learns from a spectrogram, not from embeddings"),
    ):
        outcome = sedpipe(made.cache, *made.train, *asked, "--run", "wrong")
        assert outcome.exit_code == 1
        assert why in outcome.stderr
        assert not (made.dataset.runs / "wrong" / "run.json").exists()


def test_a_head_without_an_encoder_is_refused_with_advice(made: Made) -> None:
    outcome = sedpipe(made.cache, "train", made.toml, "--preset", "head", "--run", "wrong")
    assert outcome.exit_code == 1
    assert "network head learns from embeddings of an encoder, not from a spectrogram" in outcome.stderr
    assert "--encoder yamnet" in outcome.stderr


def test_a_dry_run_refuses_what_training_would_refuse(made: Made) -> None:
    asked = ("train", made.toml, "--init", made.run, "--network", "attention_head", "--dry-run")
    outcome = sedpipe(made.cache, *asked)
    assert outcome.exit_code == 1
    assert f"Error: --init {made.run}, a network head, does not fit: the layer " in outcome.stderr


def test_score_and_the_python_api_give_the_same_frame_probabilities(made: Made) -> None:
    told(made.cache, "score", "tiny", "--run", made.run)
    model = load_model(made.run, dataset="tiny", cache=made.cache, device="cpu")
    with h5py.File(named_run(made.dataset, made.run).frame_scores_path("evaluation")) as file:
        scored = dict(zip(file["clip_id"].asstr()[:], file["frame_probs"][:], strict=True))
    assert len(scored) == 3
    for clip_id, frame_probs in scored.items():
        heard = model.frame_scores(made.audio / audio_name(clip_id)).frame_probs[0]
        np.testing.assert_allclose(heard, frame_probs[: len(heard)], atol=1e-6)


def test_frame_probabilities_cover_a_recording_longer_than_a_clip(made: Made, tmp_path: Path) -> None:
    model = load_model(made.run, dataset="tiny", cache=made.cache, device="cpu")
    noise = 0.1 * np.random.default_rng(0).standard_normal(model.sample_rate * 27)
    scores = model.frame_scores(noise, model.sample_rate)
    assert scores.frame_probs.shape == (1, 338, 3)


def test_retraining_with_frequent_saves_gives_the_same_model(made: Made, tmp_path: Path) -> None:
    """Training again from scratch with ``--save-every 0`` gives the same weights."""
    shutil.copytree(made.cache, tmp_path / "cache")
    run = named_run(Dataset(tmp_path / "cache", "tiny"), made.run)
    before = torch.load(run.model_path, weights_only=True)["weights"]
    shutil.rmtree(run.folder)
    outcome = sedpipe(tmp_path / "cache", *made.train, "--epochs", "2", "--save-every", "0")
    assert outcome.exit_code == 0
    after = torch.load(run.model_path, weights_only=True)["weights"]
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_an_export_names_its_encoder_and_says_when_it_must_be_fetched(made: Made, tmp_path: Path) -> None:
    exported = sedpipe(made.cache, "export", made.run, "--dataset", "tiny", "--out", str(tmp_path / "export"))
    needed = (
        "needs the encoder ears, which these files do not contain: `sedpipe encoders fetch ITS.toml` with the TOML "
    )
    assert needed in exported.stdout
    front_end = json.loads((tmp_path / "export" / "config.json").read_text())["front_end"]
    assert front_end["front_end"] == "encoder:ears"
    assert re.fullmatch(r"[0-9a-f]{64}", front_end["ears.sha256"])
    elsewhere = tmp_path / "elsewhere"
    outcome = sedpipe(elsewhere, "predict", str(made.audio), "--model", str(tmp_path / "export"))
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith(f"Error: the encoder ears (sha256 {front_end['ears.sha256'][:16]}...) is not in ")
    assert "sedpipe encoders fetch" in outcome.stderr
    with pytest.raises(MissingStageError, match="the encoder ears ") as caught:
        load_model(tmp_path / "export", cache=elsewhere, device="cpu")
    assert re.search(r"sedpipe encoders fetch .* first, or name .*: load_model\(\.\.\., cache=", caught.value.hint)
    told(elsewhere, "encoders", "fetch", made.encoder)
    here = told(made.cache, "predict", str(made.audio), "--dataset", "tiny", "--model", made.run)
    there = told(elsewhere, "predict", str(made.audio), "--model", str(tmp_path / "export"))
    assert [file["events"] for file in there["files"]] == [file["events"] for file in here["files"]]


def test_a_run_given_by_its_path_uses_the_encoder_of_its_own_cache(made: Made, tmp_path: Path) -> None:
    path, elsewhere = str(named_run(made.dataset, made.run).folder), tmp_path / "elsewhere"
    here = told(made.cache, "predict", str(made.audio), "--model", path)
    there = told(elsewhere, "predict", str(made.audio), "--model", path)
    assert there == here
    assert load_model(path, cache=elsewhere, device="cpu").labels


def test_the_onnx_export_takes_embeddings(made: Made, tmp_path: Path) -> None:
    told(made.cache, "export", made.run, "--dataset", "tiny", "--out", str(tmp_path), "--format", "onnx")
    with pytest.raises(MissingStageError, match="is an export for ONNX Runtime, which other programs load"):
        load_model(str(tmp_path), device="cpu")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert [one.name for one in session.get_inputs()] == ["embedding", "n_frames"]
    clip_probs, frame_probs = session.run(
        None, {"embedding": np.zeros((1, 125, 3), np.float32), "n_frames": np.array([125])}
    )
    assert (clip_probs.shape, frame_probs.shape) == ((1, 3), (1, 125, 3))


def test_missing_features_give_an_error_with_the_command_that_makes_them(made: Made) -> None:
    other = ("--encoder", made.encoder, "--hop", "0.5", "--preset", "head", "--run", "slow")
    outcome = sedpipe(made.cache, "train", made.toml, *other)
    assert outcome.exit_code == 1
    command = f"sedpipe features {made.toml} --encoder {made.encoder} --hop 0.5 --cache {made.cache}"
    assert f"run `{command}` first" in outcome.stderr


def test_a_network_for_spectrograms_is_refused_for_embeddings(made: Made) -> None:
    outcome = sedpipe(made.cache, "train", made.toml, *made.asked, "--preset", "small")
    assert outcome.exit_code == 1
    assert "not from embeddings of an encoder, which" in outcome.stderr
    assert "networks that do are head, " in outcome.stderr


def test_a_recording_whose_features_cannot_be_stored_fails_alone(made: Made, tmp_path: Path) -> None:
    trained = open_model(str(made.dataset.runs / made.run), None, "cpu").trained
    [ears] = trained.spec.front_end.encoders
    louder = replace(trained.spec.front_end, encoders=(replace(ears, scale=2.0**17),))
    write_export(tmp_path / "model", replace(trained, spec=replace(trained.spec, front_end=louder)))
    paths = [tmp_path / "faint.wav", tmp_path / "loud.wav"]
    for path, amplitude in zip(paths, (0.01, 0.9), strict=True):
        soundfile.write(path, amplitude * np.sin(np.arange(16_000)), 8_000)
    outcome = sedpipe(made.cache, "predict", *map(str, paths), "--model", str(tmp_path / "model"), "--json")
    assert outcome.exit_code == 3, outcome.output
    faint, loud = json.loads(outcome.stdout)["files"]
    assert (faint["state"], loud["state"]) == ("ok", "failed")
    assert loud["reason"].startswith("its features reach 1.17e+05, and float16 ends at 6.55e+04")
