import os
import pickle
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import MissingStageError, SedpipeError
from sedpipe.features.familiar import Familiar
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.models.checkpoints import TrainedModel, read_model, table_of, write_model, write_state
from sedpipe.labels import LabelSet
from sedpipe.nn.networks.crnn import CRNNConfig
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.pooling import PoolingConfig

torch.set_num_threads(1)
CPU = torch.device("cpu")
LABELS = LabelSet(("Air horn, truck horn", "Hund"))
FRONT_END = LogMelConfig(n_frames=40, n_mels=16)
NETWORK = CRNNConfig(maps=(4,), pools=((4, 4),), conv_maps=4, gru_units=4)
POOLING = PoolingConfig("attention", (5,), "time")
POINTS = {
    "min_er": PostProcessing((0.4, 0.3), (0.5, 0.0), gap_s=0.2),
    "max_f1": PostProcessing(0.2, 0.0, 0.3, hysteresis=0.5, gate=0.1),
}


def some_model() -> TrainedModel:
    torch.manual_seed(0)
    model = build_network(NETWORK, POOLING, len(LABELS), FeatureSpec(FRONT_END)).eval()
    model.standardise_with(torch.randn(16), torch.rand(16))
    return TrainedModel(model, LABELS, FeatureSpec(FRONT_END), NETWORK, POOLING, POINTS)


class Payload:
    """An object whose pickle makes a folder when it is loaded."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A finished model."""
    write_model(tmp_path / "checkpoint.pt", some_model())
    return tmp_path / "checkpoint.pt"


def changed(path: Path, **entries: object) -> Path:
    """Replace some entries of the checkpoint."""
    torch.save({**torch.load(path, weights_only=True), **entries}, path)
    return path


def refusal(path: Path) -> str:
    """Return the reason for which a model is refused: one line, after its path."""
    with pytest.raises(SedpipeError) as caught:
        read_model(path, CPU)
    assert caught.value.message.startswith(f"{path} is not a sedpipe model: ")
    assert "\n" not in caught.value.message
    assert "weights_only" not in caught.value.message  # torch's message explains how to run the code in a file
    assert caught.value.hint == "train it again, or use it with the script that adds the missing part"
    return caught.value.message.removeprefix(f"{path} is not a sedpipe model: ")


def test_a_model_is_read_back_with_everything_needed_to_use_it(path):
    written, read = some_model(), read_model(path, CPU)
    assert replace(read, model=written.model) == written
    x, n_frames = torch.randn(2, 40, 16), torch.tensor([40, 13])
    one, other = written.model(x, n_frames), read.model.eval()(x, n_frames)
    assert torch.equal(one.frame_probs, other.frame_probs)
    assert torch.equal(one.clip_probs, other.clip_probs)


def test_familiar_limits_are_read_back_and_are_none_in_a_model_without_them(path, tmp_path):
    assert "familiar" not in torch.load(path, weights_only=True)
    assert read_model(path, CPU).familiar is None
    known = replace(some_model(), familiar=Familiar(-40.5, 8000.0))
    write_model(tmp_path / "known.pt", known)
    assert read_model(tmp_path / "known.pt", CPU).familiar == known.familiar


@pytest.mark.parametrize("value", [{"quietest_db": "x", "narrowest_hz": 1.0}, {"quietest_db": 1.0}, 3, []])
def test_a_model_with_invalid_familiar_limits_is_refused(path, value):
    assert refusal(changed(path, familiar=value))


def test_a_model_that_was_read_can_be_trained_further(path):
    model = read_model(path, CPU).model
    model(torch.randn(2, 40, 16), torch.tensor([40, 40])).clip_probs.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_reading_a_model_does_not_change_the_random_state(path):
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    read_model(path, CPU)
    assert torch.equal(torch.rand(3), expected)


def test_the_error_for_a_missing_model_names_the_command_that_trains_it(tmp_path):
    with pytest.raises(MissingStageError, match=r"checkpoint\.pt does not exist") as caught:
        read_model(tmp_path / "checkpoint.pt", CPU)
    assert "sedpipe train" in caught.value.hint


@pytest.mark.parametrize("way", ["zip", "plain pickle", "among the weights", "as the labels"])
def test_a_checkpoint_that_would_run_code_is_refused_and_runs_nothing(path, tmp_path, way):
    payload = Payload(tmp_path / "trace")
    if way == "zip":
        torch.save(payload, path)
    elif way == "plain pickle":
        path.write_bytes(pickle.dumps({"format": 1, "weights": payload}))
    elif way == "among the weights":
        changed(path, weights={"mean": payload})
    else:
        changed(path, labels=payload)
    assert refusal(path) == "it is damaged, or contains more than tensors and plain values"
    with pytest.raises(ValueError, match="contains more than tensors"):
        table_of(path.read_bytes())
    assert not payload.trace.exists()
    pickle.loads(pickle.dumps(payload))  # the payload itself works
    assert payload.trace.exists()


@pytest.mark.parametrize("share", [0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(path, share):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert refusal(path).startswith("it is damaged")


@pytest.mark.parametrize("content", [b"", b"epoch,loss\n1,0.5\n", b"\x80\x02}q\x00.", b"PK\x03\x04", bytes(4096)])
def test_a_file_that_is_not_a_checkpoint_is_refused(path, content):
    path.write_bytes(content)
    assert refusal(path)


def test_damaged_bytes_are_read_or_refused_with_a_sedpipe_error(path):
    g, whole = np.random.default_rng(0), path.read_bytes()
    refused = 0
    for _ in range(150):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[g.integers(len(whole), size=4)] = g.integers(256, size=4)
        path.write_bytes(damaged.tobytes())
        try:
            read_model(path, CPU)
        except SedpipeError:
            refused += 1
    assert refused > 15


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"format": 2}, "its format is 2, this sedpipe reads 1"),
        ({"labels": ["Hund"]}, "size mismatch for classify.weight"),
        ({"labels": ["Hund", "Hund"]}, "label 'Hund' is listed twice"),
        ({"labels": None}, "object is not iterable"),
        ({"weights": {}}, "Missing key"),
        ({"weights": [1, 2]}, "dict"),
        ({"network": {**vars(NETWORK), "gru_units": 8}}, "size mismatch for gru"),
        ({"network": {**vars(NETWORK), "gru_units": 10**7, "conv_maps": 10**6}}, "size mismatch for"),  # 120 TB
        ({"network": {**vars(NETWORK), "maps": (0,)}}, "must be positive"),
        ({"network": {**vars(NETWORK), "layers": 3}}, "unknown key 'layers'"),
        ({"network": {**vars(NETWORK), "name": "crn"}}, r"network 'crn' is not one of crnn.*did you mean 'crnn'"),
        ({"network": {**vars(NETWORK), "name": 4}}, "expected a name in quotes, found 4"),
        ({"network": {**vars(NETWORK), "pools": ((2**40, 1),)}}, "frames into one, but"),
        ({"network": {**vars(NETWORK), "depths": (10**9,)}}, "at most 256 convolutions"),
        ({"pooling": {"function": "mean"}}, "pooling must be one of"),
        ({"pooling": {"function": "linear", "hierarchy": (5,)}}, "Unexpected key"),
        ({"pooling": {"function": "attention", "hierarchy": (11,)}}, "hierarchy 11 does not fit 10 frames"),
        ({"pooling": {"function": "attention", "hierarchy": (5, 10**12)}}, "does not fit 10 frames"),
        ({"front_end": {"n_frames": 40, "n_mels": 18}}, "must divide the 18 of the input"),
        ({"front_end": {"n_frames": 10**9, "n_mels": 16}}, "values per clip are too many"),
        ({"front_end": {"n_frames": 40, "n_mels": 16, "hop_length": 1}}, "makes 11025 frames a second, at most 1000"),
        ({"front_end": {"n_frames": 40.0, "n_mels": 16}}, "front_end.n_frames: found 40.0, expected a whole number"),
        ({"front_end": {"front_end": "sonar"}}, "front end 'sonar' is not one of logmel, waveform"),
        (
            {"front_end": {"front_end": "waveform"}},
            "network crnn learns from a spectrogram, not from the waveform",
        ),
        ({"front_end": [40, 16]}, "expected a table"),
        ({"front_end": {"n_frames": -4}}, "n_frames must be positive"),
        ({"feature_dtype": "int8"}, "dtype must be one of float16, float32, got 'int8'"),
        ({"operating_points": {"min_er": {"threshold": 0.5}}}, "it lacks 'max_f1'"),
        ({"operating_points": {name: {"threshold": 2.0} for name in POINTS}}, r"threshold must lie in \[0, 1\]"),
        ({"operating_points": None}, "not subscriptable"),
        ({"operating_points": {name: {"threshold": (0.5,) * 3} for name in POINTS}}, "for 3 classes, expected 2"),
        ({"operating_points": {name: {"threshold": "0.5"} for name in POINTS}}, "threshold must be a number"),
    ],
)
def test_a_table_that_is_not_a_model_is_refused_with_the_reason(path, entries, message):
    with pytest.raises(SedpipeError, match=f"is not a sedpipe model: .*{message}"):
        read_model(changed(path, **entries), CPU)
    assert refusal(path)


def test_a_weight_that_is_not_a_number_is_refused(path):
    weights = some_model().model.state_dict()
    weights["classify.bias"][1] = float("nan")
    assert refusal(changed(path, weights=weights)) == "a weight is not a finite number"


def test_the_error_for_an_incomplete_table_names_the_missing_entry(path):
    torch.save({"format": 1}, path)
    assert refusal(path) == "it lacks 'labels'"
    torch.save([1, 2], path)
    assert refusal(path) == "it does not hold a table"


def test_a_folder_in_place_of_a_model_is_refused(tmp_path):
    with pytest.raises(SedpipeError, match=r"^cannot read .*: Is a directory$"):
        read_model(tmp_path, torch.device("cpu"))


def test_a_table_is_read_back_unchanged(tmp_path):
    state = {"weights": {"a": torch.rand(3)}, "best_loss": float("inf"), "records": [{"epoch": 1}]}
    write_state(tmp_path / "resume.pt", state)
    read = table_of((tmp_path / "resume.pt").read_bytes())
    assert torch.equal(read.pop("weights")["a"], state.pop("weights")["a"])
    assert read == state
    write_state(tmp_path / "resume.pt", [state])
    with pytest.raises(ValueError, match="it does not hold a table"):
        table_of((tmp_path / "resume.pt").read_bytes())


def test_a_small_file_that_claims_many_values_is_refused(path):
    many = torch.zeros(1).expand(10**11)
    assert refusal(changed(path, weights={"mean": many})) == "its tensors claim more values than the file has bytes"


def test_a_tensor_in_several_places_is_counted_once(path):
    weights, big = torch.load(path, weights_only=True)["weights"], torch.zeros(100_000)
    changed(path, weights=weights, more=[big, {"again": big}])
    assert table_of(path.read_bytes())["more"][1]["again"].shape == (100_000,)
    many = [torch.zeros(1).expand(100_000) for _ in range(2)]
    assert refusal(changed(path, more=many)) == "its tensors claim more values than the file has bytes"


def test_a_compressed_checkpoint_is_refused(path, tmp_path):
    with zipfile.ZipFile(path) as whole, zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in whole.namelist():
            bomb.writestr(name, whole.read(name))
    path.write_bytes((tmp_path / "bomb").read_bytes())
    assert refusal(path).startswith("it is damaged")


def test_a_file_that_is_too_large_is_not_read(path, monkeypatch):
    monkeypatch.setattr("sedpipe.io.models.checkpoints.MOST_BYTES", 100)
    assert refusal(path).startswith("it is larger than")


def test_an_interrupted_write_keeps_the_old_model(path, monkeypatch):
    before = path.read_bytes()

    def interrupted(target, content):
        target.open("wb").write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_model(path, some_model())
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == ["checkpoint.pt"]


def test_the_same_values_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.pt", "two.pt"):
        write_state(tmp_path / name, {"weights": torch.arange(5.0), "labels": ["a"]})
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "two.pt").read_bytes()
