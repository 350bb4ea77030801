"""A trained model as files for other programs: safetensors with a JSON beside it, and ONNX.

- :func:`write_export`, :func:`read_export`: ``model.safetensors`` and ``config.json``, which together are the model
- :func:`is_export`: whether a folder holds them
- :func:`write_config`: all but the weights, and whose they must be
- :func:`of_another_program`: what is somebody else's in a folder, and would be overwritten
- :func:`not_described`: what an earlier export left there, of another model
- :func:`write_onnx`: ``model.onnx``, left there only if it computes what the network does

The ONNX graph takes ``log_mel`` (B, T, F), dB, float32, and ``n_frames`` (B,), int64, how many of the T frames count;
it gives ``clip_probs`` (B, K) and ``frame_probs`` (B, T', K). B is free. Labels and front end are in its metadata. What
is not in dB is called what it is: ``bands``, ``samples`` or ``embedding``.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.io.files.atomic import write_atomically, write_json
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.files.reading import is_there, read_bounded
from sedpipe.io.models.checkpoints import MOST_BYTES, NOT_A_MODEL, TrainedModel, described, reason, rebuilt
from sedpipe.io.records.model import ModelDescription
from sedpipe.io.records.reading import parse_record
from sedpipe.nn.networks.network import Network
from sedpipe.printable import printable, shortened

WEIGHTS, CONFIG, GRAPH = "model.safetensors", "config.json", "model.onnx"
ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
PARITY_BATCHES = (1, 2, 5)
MOST_DIFFERENT = 1e-4
"""Largest difference of a probability with which an ONNX file is kept; 3e-7 is what is seen."""
_MOST_BYTES_OF_CONFIG = 1024 * 1024
_MARK = b"\x0a\x07sedpipe"  # the key of our metadata, as ONNX stores it


def is_export(folder: Path) -> bool:
    """Whether :func:`write_export` has written here."""
    return is_there(folder / WEIGHTS) and is_there(folder / CONFIG)


def write_export(folder: Path, trained: TrainedModel) -> list[Path]:
    """Write weights and configuration, each whole or not at all; the paths written."""
    with write_atomically(folder / WEIGHTS) as temporary:
        temporary.write_bytes(_weights(trained))
    return [folder / WEIGHTS, write_config(folder, trained)]


def write_config(folder: Path, trained: TrainedModel) -> Path:
    """Write labels, front end, network, pooling, operating points and the checksum of the weights; the path written.

    The checksum is told whether or not the weights lie there: those of another model are then never taken for its own.
    """
    write_json(folder / CONFIG, {**described(trained), "weights_sha256": sha256(_weights(trained)).hexdigest()})
    return folder / CONFIG


def of_another_program(folder: Path, trained: TrainedModel, form: str) -> Path | None:
    """The file of somebody else that an export would overwrite, if there is one: others name their files alike.

    Parameters
    ----------
    folder : Path
    trained : TrainedModel
        What is to be written.
    form : str
        ``safetensors`` or ``onnx``.

    Returns
    -------
    Path or None
        A configuration that is whole and no model's of sedpipe; or, beside no configuration, a graph without sedpipe's
        mark, or weights that are not these, which an export that was killed may have left.
    """
    try:
        described_as = json.loads(read_bounded(folder / CONFIG, _MOST_BYTES_OF_CONFIG) or b"{}")
    except (ValueError, RecursionError):  # damaged: whose it was cannot be told
        return None
    if described_as and not (isinstance(described_as, dict) and "operating_points" in described_as):
        return folder / CONFIG
    if is_there(folder / CONFIG):
        return None
    if form == "onnx":
        is_foreign = is_there(folder / GRAPH) and _MARK not in (folder / GRAPH).read_bytes()
        return folder / GRAPH if is_foreign else None
    is_foreign = is_there(folder / WEIGHTS) and sha256_of(folder / WEIGHTS) != sha256(_weights(trained)).hexdigest()
    return folder / WEIGHTS if is_foreign else None


def not_described(folder: Path, trained: TrainedModel) -> list[Path]:
    """Weights and graph of earlier exports that are, or may be, another model's; to be asked before writing."""
    own = sha256(_weights(trained)).hexdigest()
    stale = [folder / WEIGHTS] if is_there(folder / WEIGHTS) and sha256_of(folder / WEIGHTS) != own else []
    if not is_there(folder / GRAPH):
        return stale
    try:  # of the graph, the configuration that was written with it tells whose it is
        told = parse_record(read_bounded(folder / CONFIG, _MOST_BYTES_OF_CONFIG) or b"", ModelDescription)
    except ValueError:
        return [*stale, folder / GRAPH]
    return [*stale, *([folder / GRAPH] if told.weights_sha256 != own else [])]


def _weights(trained: TrainedModel) -> bytes:
    """``model.safetensors``; the same bytes for the same weights."""
    import safetensors.torch

    weights = {name: tensor.cpu().contiguous() for name, tensor in trained.model.state_dict().items()}
    return bytes(safetensors.torch.save(weights, metadata={"format": "pt"}))


def read_export(folder: Path, device: torch.device) -> TrainedModel:
    """Read what :func:`write_export` wrote onto ``device``.

    Raises
    ------
    SedpipeError
        If a file is missing, damaged, or not of a model.
    """
    import safetensors.torch

    try:
        description = read_bounded(folder / CONFIG, _MOST_BYTES_OF_CONFIG)
        weights = read_bounded(folder / WEIGHTS, MOST_BYTES)
        if description is None or weights is None:
            raise ValueError(f"it lacks {CONFIG if description is None else WEIGHTS}")
        told = parse_record(description, ModelDescription)
        if told.weights_sha256 not in ("", sha256(weights).hexdigest()):
            raise ValueError(f"{WEIGHTS} is damaged, or of another model: its sha256 is not the one in {CONFIG}")
        content = told.as_json()
        return rebuilt({**_tuples(content), "weights": safetensors.torch.load(weights)}, device)
    except (*NOT_A_MODEL, safetensors.SafetensorError) as error:
        raise SedpipeError(
            f"{folder} does not contain a sedpipe model: {reason(error)}", hint="export it again"
        ) from error


def _tuples(value: Any) -> Any:
    """JSON has lists where the settings have tuples."""
    if isinstance(value, dict):
        return {key: _tuples(one) for key, one in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def write_onnx(path: Path, trained: TrainedModel) -> dict[int, float]:
    """Write the network as ONNX, whole or not at all, and only if onnxruntime computes the same from it.

    PyTorch has two exporters. Both come to the same probabilities (3e-7) at the same speed; the older one takes
    2.5 s instead of 17, but is deprecated and may go with any release. A model is exported once: so the newer one.

    Parameters
    ----------
    path : Path
        ``model.onnx``.
    trained : TrainedModel

    Returns
    -------
    dict
        Largest absolute difference of a probability from PyTorch's, by batch size.

    Raises
    ------
    SettingsError
        If a package is missing.
    SedpipeError
        If PyTorch cannot write the network so, or a probability differs by more than ``MOST_DIFFERENT``; then there is
        no file.
    """
    missing = [name for name in ONNX_PACKAGES if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"writing ONNX needs {', '.join(missing)}, which is not installed",
            hint='run `pip install "sedpipe[export]"`, or choose --format safetensors',
        )
    with write_atomically(path) as temporary:
        try:
            _write_graph(temporary, trained)
        except torch.onnx.OnnxExporterError as error:  # an operation, perhaps, that ONNX does not know
            why = shortened(printable(" ".join(str(error.__cause__ or error).split())), 160)
            raise SedpipeError(
                f"PyTorch cannot write the network {trained.network.name} as ONNX: {why}",
                hint="choose --format safetensors",
            ) from error
        differences = {size: _difference(temporary, trained, size) for size in PARITY_BATCHES}
        worst = max(differences.values())
        if not worst <= MOST_DIFFERENT:
            raise SedpipeError(
                f"the ONNX graph's probabilities differ from PyTorch's by up to {worst:.1e}, at most "
                f"{MOST_DIFFERENT:.0e} is allowed: nothing was written",
                hint="please report this as a bug, with the versions of torch and onnxruntime",
            )
    return differences


class _Probabilities(nn.Module):
    """The two outputs that others ask for."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model

    def forward(self, features: Tensor, n_frames: Tensor) -> tuple[Tensor, Tensor]:
        prediction = self.model(features, n_frames)
        return prediction.clip_probs, prediction.frame_probs


def _write_graph(path: Path, trained: TrainedModel) -> None:
    import onnx

    network = _Probabilities(trained.model).cpu().eval()
    batch = torch.export.Dim("batch", min=1)
    with _silenced(), torch.inference_mode():
        torch.onnx.export(
            network,
            _example(trained, 2),
            path,
            input_names=[_input_name(trained), "n_frames"],
            output_names=["clip_probs", "frame_probs"],
            dynamic_shapes={"features": {0: batch}, "n_frames": {0: batch}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, {"sedpipe": json.dumps(described(trained), ensure_ascii=False)})
    onnx.checker.check_model(graph)
    onnx.save(graph, path)


def _input_name(trained: TrainedModel) -> str:
    content = trained.spec.front_end.content
    return "log_mel" if content == "decibels" else content


def _example(trained: TrainedModel, batch_size: int) -> tuple[Tensor, Tensor]:
    """Input that looks like the features that the network was trained on, of whole and of shorter clips."""
    generator = torch.Generator().manual_seed(batch_size)
    model, n_frames = trained.model, trained.spec.shape[0]
    noise = torch.randn((batch_size, *trained.spec.shape), generator=generator)
    counted = torch.randint(1, n_frames + 1, (batch_size,), generator=generator)
    counted[0] = n_frames
    return noise / model.scale.cpu() + model.mean.cpu(), counted


def _difference(path: Path, trained: TrainedModel, batch_size: int) -> float:
    import onnxruntime

    features, n_frames = _example(trained, batch_size)
    with torch.inference_mode():
        expected = _Probabilities(trained.model).cpu().eval()(features, n_frames)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    found: Sequence[Any] = session.run(None, {_input_name(trained): features.numpy(), "n_frames": n_frames.numpy()})
    pairs = zip(found, expected, strict=True)
    return max(float(np.abs(got - wanted.numpy()).max()) for got, wanted in pairs)


@contextmanager
def _silenced() -> Iterator[None]:
    """The exporter warns of packages that are not needed, and of its own insides."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
