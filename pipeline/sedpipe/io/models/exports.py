"""A trained model as files for other programs: safetensors with a JSON file beside it, and ONNX.

- :func:`write_export`, :func:`read_export`: ``model.safetensors`` and ``config.json``, which together are the model
- :func:`is_export`: whether a folder contains both
- :func:`write_config`: everything except the weights, and the checksum that these must have
- :func:`of_another_program`: file of another program in a folder that would be overwritten
- :func:`not_described`: files of another model that an earlier export left in a folder
- :func:`write_onnx`: ``model.onnx``, kept only if it computes the same as the network

The ONNX graph takes ``log_mel`` (B, T, F), in dB, float32, and ``n_frames`` (B,), int64, the number of the T frames
that count; it returns ``clip_probs`` (B, K) and ``frame_probs`` (B, T', K). B is variable. Labels and front end are in
its metadata. Input that is not in dB is named after its content: ``bands``, ``samples`` or ``embedding``.
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
"""Largest difference of a probability with which an ONNX file is kept; in practice it is 3e-7."""
_MOST_BYTES_OF_CONFIG = 1024 * 1024
_MARK = b"\x0a\x07sedpipe"  # the key of our metadata, as ONNX stores it


def is_export(folder: Path) -> bool:
    """Return whether a folder contains both files of :func:`write_export`."""
    return is_there(folder / WEIGHTS) and is_there(folder / CONFIG)


def write_export(folder: Path, trained: TrainedModel) -> list[Path]:
    """Write weights and configuration, each whole or not at all, and return their paths."""
    with write_atomically(folder / WEIGHTS) as temporary:
        temporary.write_bytes(_weights(trained))
    return [folder / WEIGHTS, write_config(folder, trained)]


def write_config(folder: Path, trained: TrainedModel) -> Path:
    """Write labels, front end, network, pooling, operating points and the checksum of the weights; return the path.

    The checksum is written even without the weights, so that another model's weights are never mistaken for its own.
    """
    write_json(folder / CONFIG, {**described(trained), "weights_sha256": sha256(_weights(trained)).hexdigest()})
    return folder / CONFIG


def of_another_program(folder: Path, trained: TrainedModel, form: str) -> Path | None:
    """Return the file of another program that an export would overwrite, if any: others use the same file names.

    Parameters
    ----------
    folder : Path
    trained : TrainedModel
        Model that is about to be written.
    form : str
        ``safetensors`` or ``onnx``.

    Returns
    -------
    Path or None
        A configuration that is intact but not of a sedpipe model. If there is no configuration: for ``onnx``, a graph
        without sedpipe's mark; otherwise, weights that differ from these. Equal weights may be left from an export that
        was killed.
    """
    try:
        described_as = json.loads(read_bounded(folder / CONFIG, _MOST_BYTES_OF_CONFIG) or b"{}")
    except (ValueError, RecursionError):  # damaged: its owner is unknown
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
    """Return weights and graph of earlier exports that are or may be another model's; to be called before writing."""
    own = sha256(_weights(trained)).hexdigest()
    stale = [folder / WEIGHTS] if is_there(folder / WEIGHTS) and sha256_of(folder / WEIGHTS) != own else []
    if not is_there(folder / GRAPH):
        return stale
    try:  # which model the graph belongs to is shown by the configuration that was written with it
        told = parse_record(read_bounded(folder / CONFIG, _MOST_BYTES_OF_CONFIG) or b"", ModelDescription)
    except ValueError:
        return [*stale, folder / GRAPH]
    return [*stale, *([folder / GRAPH] if told.weights_sha256 != own else [])]


def _weights(trained: TrainedModel) -> bytes:
    """Return the content of ``model.safetensors``; the same weights give the same bytes."""
    import safetensors.torch

    weights = {name: tensor.cpu().contiguous() for name, tensor in trained.model.state_dict().items()}
    return bytes(safetensors.torch.save(weights, metadata={"format": "pt"}))


def read_export(folder: Path, device: torch.device) -> TrainedModel:
    """Read the model that :func:`write_export` wrote, and move it to ``device``.

    Raises
    ------
    SedpipeError
        If a file is missing, damaged, or not part of a sedpipe model.
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
    """Turn the lists of JSON into tuples, which settings use."""
    if isinstance(value, dict):
        return {key: _tuples(one) for key, one in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def write_onnx(path: Path, trained: TrainedModel) -> dict[int, float]:
    """Write the network as ONNX, whole or not at all, and only if onnxruntime computes the same from it.

    PyTorch has two exporters. The graphs of both give the same probabilities (3e-7) at the same speed. The older one
    exports in 2.5 s instead of 17 s, but is deprecated and may be removed in any release. A model is exported only
    once, so the newer one is used.

    Parameters
    ----------
    path : Path
        ``model.onnx``.
    trained : TrainedModel

    Returns
    -------
    dict
        Largest absolute difference between a probability of onnxruntime and PyTorch, by batch size.

    Raises
    ------
    SettingsError
        If a package is missing.
    SedpipeError
        If PyTorch cannot write the network as ONNX, or a probability differs by more than ``MOST_DIFFERENT``; then no
        file is written.
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
        except torch.onnx.OnnxExporterError as error:  # for example, an operation that ONNX does not support
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
    """The network reduced to the two outputs that other programs use."""

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
    """Return random input that resembles the network's training features, for full-length and shorter clips."""
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
    """Suppress the exporter's warnings, which are about packages that are not needed and about its own internals."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
