"""Finished models, and states of unfinished training, as files of tensors and plain values.

A checkpoint is untrusted input: it is read with ``weights_only=True``, so that it cannot execute code.

- :class:`TrainedModel`: the network with all that is needed to use it
- :func:`write_model`, :func:`read_model`: ``checkpoint.pt``
- :func:`described`, :func:`rebuilt`: the same without a file, for other ways to store a model
- :func:`write_state`, :func:`table_of`: any table of tensors and plain values
"""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sedpipe.choices import OPERATING_POINTS
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.errors import MissingStageError, SedpipeError, SettingsError
from sedpipe.features.familiar import Familiar
from sedpipe.features.front_end import front_end_table
from sedpipe.features.spec import FeatureSpec
from sedpipe.frames import FrameGrid
from sedpipe.io.files.atomic import write_atomically
from sedpipe.io.files.reading import is_there, opened, unreadable
from sedpipe.io.settings.front_ends import front_end_from
from sedpipe.io.settings.presets import network_from
from sedpipe.io.settings.toml import config_from
from sedpipe.labels import LabelSet
from sedpipe.nn.networks.network import Network, NetworkConfig
from sedpipe.nn.networks.registry import build_network
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.printable import printable, shortened
from sedpipe.tensors import values_of

FORMAT = 1
NOT_A_MODEL = (KeyError, TypeError, ValueError, AttributeError, RuntimeError, SettingsError)
"""Exceptions that :func:`rebuilt` raises if the values do not describe a model."""
MOST_BYTES = 2 * 2**30
_MOST_OF_A_REASON = 150


@dataclass(frozen=True)
class TrainedModel:
    """A network with its front end, its labels and its post-processing.

    Parameters
    ----------
    model : Network
        Network with the weights of the best epoch.
    labels : LabelSet
    spec : FeatureSpec
        Specification of the features that it takes as input.
    network, pooling : NetworkConfig, PoolingConfig
        Configuration that the network is built from.
    operating_points : dict
        Post-processing by name of the operating point.
    familiar : Familiar, optional
        Least level and bandwidth of its training recordings; None if unknown, as for models of the first edition.
    """

    model: Network
    labels: LabelSet
    spec: FeatureSpec
    network: NetworkConfig
    pooling: PoolingConfig
    operating_points: dict[str, PostProcessing]
    familiar: Familiar | None = None

    @property
    def grid(self) -> FrameGrid:
        """Times of the frames of the network's output."""
        return self.spec.front_end.grid.subsampled(self.model.time_factor)


def described(trained: TrainedModel) -> dict[str, Any]:
    """Return everything except the weights as plain values: what :func:`rebuilt` needs besides ``weights``."""
    return {
        "format": FORMAT,
        "labels": list(trained.labels),
        "front_end": front_end_table(trained.spec.front_end),
        "feature_dtype": trained.spec.dtype,
        "network": asdict(trained.network),
        "pooling": asdict(trained.pooling),
        "operating_points": {name: dict(point) for name, point in trained.operating_points.items()},
        **({} if trained.familiar is None else {"familiar": asdict(trained.familiar)}),
    }


def rebuilt(content: dict[str, Any], device: torch.device) -> TrainedModel:
    """Return the model, on ``device``, from the values of :func:`described` and its weights under ``weights``.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError, RuntimeError, SettingsError
        If the values do not describe a model, or the weights belong to another one; :func:`reason` turns the exception
        into one line.
    """
    if content["format"] != FORMAT:
        raise ValueError(f"its format is {content['format']!r}, this sedpipe reads {FORMAT}")
    labels = LabelSet(tuple(content["labels"]))
    spec = FeatureSpec(front_end_from(content["front_end"], "front_end"), content["feature_dtype"])
    network = network_from(content["network"], "network")
    pooling = config_from(PoolingConfig, content["pooling"], "pooling")
    model = _with_weights(content["weights"], len(labels), spec, network, pooling)
    points = {name: PostProcessing(**content["operating_points"][name]) for name in OPERATING_POINTS}
    for point in points.values():
        point.check_classes(len(labels))
    known = content.get("familiar")
    familiar = None if known is None else Familiar(**known)
    return TrainedModel(model.to(device), labels, spec, network, pooling, points, familiar)


def write_model(path: Path, trained: TrainedModel) -> None:
    """Write a finished model, whole or not at all."""
    weights = {name: tensor.cpu() for name, tensor in trained.model.state_dict().items()}
    write_state(path, {**described(trained), "weights": weights})


def read_model(path: Path, device: torch.device) -> TrainedModel:
    """Read a finished model, and move it to ``device``.

    Raises
    ------
    MissingStageError
        If the file does not exist.
    SedpipeError
        If the file cannot be read, or is not a sedpipe model.
    """
    if not is_there(path):
        raise MissingStageError(f"{path} does not exist", hint="train it first: `sedpipe train DATASET`")
    try:
        content = _load(path)
        return rebuilt(content, device)
    except OSError as error:
        raise unreadable(path, error) from error
    except NOT_A_MODEL as error:
        raise SedpipeError(
            f"{path} is not a sedpipe model: {reason(error)}",
            hint="train it again, or use it with the script that adds the missing part",
        ) from error


def _with_weights(
    weights: dict[str, Tensor], n_classes: int, spec: FeatureSpec, network: NetworkConfig, pooling: PoolingConfig
) -> Network:
    """Build the network with these weights; ``RuntimeError`` or ``ValueError`` if they do not fit or are not finite."""
    with torch.device("meta"):  # takes no memory, since a file may claim any size
        model = build_network(network, pooling, n_classes, spec)
    model.load_state_dict(weights, assign=True)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if tensor.is_meta:
            raise ValueError(f"{name} of the network {network.name} is not among its weights: its class must keep it")
    if not all(bool(tensor.isfinite().all()) for tensor in weights.values()):
        raise ValueError("a weight is not a finite number")
    return model.float()


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values, whole or not at all; the same values give the same bytes."""
    buffer = io.BytesIO()  # if torch wrote to a file, it would store the file's name, too
    torch.save(state, buffer)
    with write_atomically(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _load(path: Path) -> dict[str, Any]:
    """Return the table in a file; ``ValueError`` for any other content."""
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES / 2**30:.0f} GiB")
    with opened(path) as file:
        return table_of(file.read())


def table_of(raw: bytes) -> dict[str, Any]:
    """Return the tensors and plain values that :func:`write_state` wrote; ``ValueError`` for any other bytes.

    See :func:`sedpipe.tensors.values_of`.
    """
    content = values_of(raw)
    if not isinstance(content, dict):
        raise ValueError("it does not hold a table")
    return content


def reason(error: Exception) -> str:
    """Return one line that says what is wrong with a file."""
    said = f"it lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
    return shortened(printable(said), _MOST_OF_A_REASON)
