"""Finished models and the state of unfinished ones, as files of tensors and plain values.

A checkpoint is hostile input: it is read with ``weights_only=True``, so that it can hold nothing that runs.

- :class:`TrainedModel`: the network with all that is needed to use it
- :func:`write_model`, :func:`read_model`: ``checkpoint.pt``
- :func:`described`, :func:`rebuilt`: the same without a file, for other ways to store it
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
"""What :func:`rebuilt` raises where the values are not a model's."""
MOST_BYTES = 2 * 2**30
_MOST_OF_A_REASON = 150


@dataclass(frozen=True)
class TrainedModel:
    """A network with its front end, its labels and its post-processing.

    Parameters
    ----------
    model : Network
        With the weights of the best epoch.
    labels : LabelSet
    spec : FeatureSpec
        Which features it hears.
    network, pooling : NetworkConfig, PoolingConfig
        What the model is built from.
    operating_points : dict
        Post-processing by the name of the operating point.
    familiar : Familiar, optional
        The least level and bandwidth of its training recordings; None where that is not known, as of the first
        edition's models.
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
        """Where the frames of its probabilities lie in time."""
        return self.spec.front_end.grid.subsampled(self.model.time_factor)


def described(trained: TrainedModel) -> dict[str, Any]:
    """All but the weights, as plain values: what :func:`rebuilt` needs besides ``weights``."""
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
    """The model that :func:`described` told of, its state under ``weights``, on ``device``.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError, RuntimeError, SettingsError
        If the values do not describe one, or the weights are another one's; :func:`reason` puts that in a line.
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
    """Read a finished model onto ``device``.

    Raises
    ------
    MissingStageError
        If there is none.
    SedpipeError
        If the file is no model of sedpipe's.
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
    """The network of a file; ``ValueError`` if its weights are not those of its sizes."""
    with torch.device("meta"):  # sizes without memory, since a file may claim any
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
    buffer = io.BytesIO()  # into a file, torch writes that one's name, too
    torch.save(state, buffer)
    with write_atomically(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _load(path: Path) -> dict[str, Any]:
    """The table of a file; ``ValueError`` for any other bytes."""
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES / 2**30:.0f} GiB")
    with opened(path) as file:
        return table_of(file.read())


def table_of(raw: bytes) -> dict[str, Any]:
    """Tensors and plain values that :func:`write_state` wrote; ``ValueError`` for any other bytes.

    As :func:`sedpipe.tensors.values_of`.
    """
    content = values_of(raw)
    if not isinstance(content, dict):
        raise ValueError("it does not hold a table")
    return content


def reason(error: Exception) -> str:
    """One line that says what is wrong with a file."""
    said = f"it lacks {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
    return shortened(printable(said), _MOST_OF_A_REASON)
