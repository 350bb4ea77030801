"""What the verbs that make and give away models say: ``train --dry-run``, ``export``, ``encoders``.

Of a training, it is :class:`sedpipe.io.records.run.TrainReport`, which is stored, too.

- :class:`DryRunReport`
- :class:`ExportReport`
- :class:`EncodersReport`, :class:`FetchReport`, of :class:`ListedEncoder` and :class:`OwnEncoder`
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sedpipe.nn.summary import Layer


@dataclass(frozen=True)
class DryRunReport:
    """What a training would take; memory, of each process, is an estimate for float32; ``epochs`` at most."""

    dataset: str
    clips: int
    batch_size: int
    devices: int
    epochs: int
    layers: list[Layer]
    parameters: int
    multiply_adds: int
    memory_bytes: int
    clips_per_second: float
    epoch_seconds: float
    stage: str = field(default="train")


@dataclass(frozen=True)
class NeededEncoder:
    """An encoder whose file a model needs; ``how`` to bring it into a cache."""

    name: str
    file: str
    sha256: str
    how: str


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Parameters
    ----------
    model : str
        The folder it came from.
    format : str
    files : list of str
        What was written.
    parity : dict
        Largest absolute difference of a probability from PyTorch's, by batch size; empty but for ONNX.
    needs : list of NeededEncoder
        What the model hears through, which the files do not contain.
    of_another_model : list of str
        What an earlier export left in the folder and is not, or is not known to be, this model's.
    """

    model: str
    format: str
    files: list[str]
    parity: dict[str, float]
    needs: list[NeededEncoder] = field(default_factory=list)
    of_another_model: list[str] = field(default_factory=list)
    stage: str = field(default="export")


@dataclass(frozen=True)
class ListedEncoder:
    """What a person should know of an encoder.

    Parameters
    ----------
    name, title : str
    dimensions : int
        Values of a frame.
    hop_s : float
        Seconds from one frame to the next, unless others are asked for.
    sample_rate : int
        Hz, of what it hears.
    trained_on, licence : str
    heard : list of str
        Datasets of sedpipe that it may have been taught with: scores there are not those of unheard recordings.
    bytes : int
        Of its file.
    sha256 : str
        Of its file, hex.
    address : str
        Where that can be fetched; "" where it must be brought along.
    file : str
        Where it lies in the cache; "" if it does not.
    fault : str
        What is wrong with the file there, "" if nothing is.
    fetch : str
        The command that brings it where it is not there, or damaged.
    """

    name: str
    title: str
    dimensions: int
    hop_s: float
    sample_rate: int
    trained_on: str
    licence: str
    heard: list[str]
    bytes: int
    sha256: str
    address: str
    file: str
    fault: str = ""
    fetch: str = ""


@dataclass(frozen=True)
class OwnEncoder:
    """The file of an encoder of the user's own in the cache; ``sha256`` (hex) of it, and what is wrong with it."""

    file: str
    bytes: int
    sha256: str
    fault: str = ""


@dataclass(frozen=True)
class EncodersReport:
    """What encoders there are, and which files of others lie in the cache."""

    encoders: list[ListedEncoder]
    own: list[OwnEncoder] = field(default_factory=list)
    stage: str = field(default="encoders")


@dataclass(frozen=True)
class FetchReport:
    """What was fetched."""

    encoder: ListedEncoder
    stage: str = field(default="encoders")
