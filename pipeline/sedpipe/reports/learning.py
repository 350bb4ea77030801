"""Reports of the commands about models: ``train --dry-run``, ``export``, ``encoders``.

The report of ``train`` is :class:`sedpipe.io.records.run.TrainReport`, which is stored, too.

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
    """What a training would need; memory is an estimate for each process, for float32; ``epochs`` is the maximum."""

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
    """An encoder whose file a model needs; ``how`` is the command that puts it into a cache."""

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
        Folder of the exported model.
    format : str
        Format of the export.
    files : list of str
        Files that were written.
    parity : dict
        Largest absolute difference of a probability from PyTorch's, by batch size; empty except for ONNX.
    needs : list of NeededEncoder
        The encoders that the model uses; its files do not contain them.
    of_another_model : list of str
        Files from an earlier export in the folder that belong to another model, or may do so.
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
    """One encoder that sedpipe knows.

    Parameters
    ----------
    name, title : str
        Name and title of the encoder.
    dimensions : int
        Number of values per frame.
    hop_s : float
        Seconds from one frame to the next, unless ``--hop`` is given.
    sample_rate : int
        Sample rate of its input in Hz.
    trained_on, licence : str
        Data that it was trained on, and its licence.
    heard : list of str
        Datasets on whose recordings it may have been trained: scores on these are marked as contaminated.
    bytes : int
        Size of its file in bytes.
    sha256 : str
        SHA-256 of its file (hex).
    address : str
        URL to download it from; "" if you have to get it yourself.
    file : str
        Its path in the cache; "" if it is not there.
    fault : str
        What is wrong with that file; "" if nothing is.
    fetch : str
        The command that gets it, if it is missing or damaged.
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
    """The file of a user's own encoder in the cache, its ``sha256`` (hex), and what is wrong with it (``fault``)."""

    file: str
    bytes: int
    sha256: str
    fault: str = ""


@dataclass(frozen=True)
class EncodersReport:
    """The encoders that sedpipe knows, and the files of others that are in the cache."""

    encoders: list[ListedEncoder]
    own: list[OwnEncoder] = field(default_factory=list)
    stage: str = field(default="encoders")


@dataclass(frozen=True)
class FetchReport:
    """What was fetched."""

    encoder: ListedEncoder
    stage: str = field(default="encoders")
