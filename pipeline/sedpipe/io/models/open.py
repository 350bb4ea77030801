"""Open the model that the user names: the only module that knows which values `--model` may have.

- :func:`open_model`: the folder of a run or of an export, the name of a run or of a model that comes with sedpipe ->
  :class:`OpenModel`
- :func:`open_for_prediction`, :func:`model_with_encoder_files`: the same, ready to process recordings
- :func:`shipped_models`: names of the models that come with sedpipe; :data:`DEFAULT_MODEL` is used if none is named
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.features.encoders.encoder import NeedsEncoders
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import Run, cache_around, find_run, named_run
from sedpipe.io.encoders.front_end import with_encoder_files
from sedpipe.io.encoders.kept import encoder_path
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.files.reading import is_there
from sedpipe.io.models.checkpoints import TrainedModel, read_model
from sedpipe.io.models.exports import CONFIG, GRAPH, WEIGHTS, is_export, read_export
from sedpipe.io.settings.shipped import PACKAGE
from sedpipe.suggestions import did_you_mean

_SHIPPED = PACKAGE / "models"

DEFAULT_MODEL = "esc10"
"""Model that processes recordings if neither a model nor a dataset is named, whatever runs the cache contains: so a
command means the same before and after a training, and on every machine."""


@dataclass(frozen=True)
class OpenModel:
    """A trained model and where it came from.

    Parameters
    ----------
    trained : TrainedModel
    folder : Path
        Folder that contains the model.
    sha256 : str
        Checksum of its files, hex, which differs between models.
    """

    trained: TrainedModel
    folder: Path
    sha256: str


def shipped_models() -> list[str]:
    """Return the names of the models that come with sedpipe; ``README.md`` in the folder of each is its model card."""
    return sorted(folder.name for folder in _SHIPPED.iterdir() if is_export(folder))


def open_model(address: str | None, cache: Dataset | None, device: str) -> OpenModel:
    """Find and read a model.

    Parameters
    ----------
    address : str, optional
        Path of the folder of a run or of an export; with ``cache``, the name of a run; or one of
        :func:`shipped_models`, unless a run has the same name. None, with ``cache``: the newest run.
    cache : Dataset, optional
        Dataset whose runs can be named.
    device : str
        Device for the network.

    Raises
    ------
    SettingsError
        If it is unclear which model is meant.
    MissingStageError
        If the model does not exist.
    SedpipeError
        If a file is not a sedpipe model.
    """
    folder = _folder(address, cache)
    if is_export(folder):
        trained, files = read_export(folder, torch.device(device)), [folder / CONFIG, folder / WEIGHTS]
    else:
        path = Run(folder).model_path
        trained, files = read_model(path, torch.device(device)), [path]
    try:
        digest = hashlib.sha256("\n".join(sha256_of(path) for path in files).encode()).hexdigest()
    except FileNotFoundError as error:
        raise MissingStageError(f"{folder} was deleted while it was read", hint="name another model") from error
    return OpenModel(trained, folder, digest)


def open_for_prediction(address: str | None, cache: Dataset | None, device: str, cache_dir: Path) -> OpenModel:
    """Find and read a model for recordings, with the files of the encoders that make its features.

    Parameters
    ----------
    address, cache, device
        As for :func:`open_model`.
    cache_dir : Path
        As for :func:`model_with_encoder_files`.

    Raises
    ------
    MissingStageError
        If there is no such model, or the file of an encoder is missing; the hint names the command that fetches it.
    SettingsError
        As for :func:`open_model`, or if the runtime of an encoder is not installed.
    """
    return model_with_encoder_files(open_model(address, cache, device), cache_dir)


def model_with_encoder_files(opened: OpenModel, cache_dir: Path) -> OpenModel:
    """Return an open model with the files of the encoders that make its features.

    Parameters
    ----------
    opened : OpenModel
    cache_dir : Path
        Cache with the files of encoders. If any is missing there, but the cache that contains the model has them all,
        those are used: its run was trained with them.

    Raises
    ------
    MissingStageError, SettingsError
        As for :func:`open_for_prediction`.
    """
    trained, place = opened.trained, cache_dir
    around = cache_around(opened.folder)
    if around is not None and not _has_encoders(cache_dir, trained) and _has_encoders(around, trained):
        place = around
    return replace(opened, trained=replace(trained, spec=with_encoder_files(trained.spec, place)))


def _has_encoders(cache_dir: Path, trained: TrainedModel) -> bool:
    front_end = trained.spec.front_end
    needed = front_end.encoders if isinstance(front_end, NeedsEncoders) else ()
    return all(is_there(encoder_path(cache_dir, encoder)) for encoder in needed)


def _folder(address: str | None, cache: Dataset | None) -> Path:
    if address in shipped_models() and not _is_run(address, cache):
        return _SHIPPED / address
    if cache is not None and (address is None or "/" not in address):
        return _run_of(cache, address).folder
    if address is None:
        raise SettingsError(
            "no model and no dataset is named",
            hint=f"name {' or '.join(shipped_models())}, which comes with sedpipe, the folder of a run or of an "
            "export, or a dataset: its newest run",
        )
    folder = Path(address)
    if not folder.is_dir():
        shipped = shipped_models()
        found = "is a file" if is_there(folder) else f"does not exist{did_you_mean(address, shipped)}"
        raise MissingStageError(
            f"the model {address} {found}; expected the folder of a run or of an export, or {' or '.join(shipped)}",
            hint="a run can be named without its folder, together with its dataset: --dataset NAME"
            if cache is None
            else f"a run of {cache.name} can be named without its folder",
        )
    if not is_export(folder) and is_there(folder / GRAPH):
        raise MissingStageError(
            f"{folder} is an export for ONNX Runtime, which other programs load",
            hint="name the run, or export it with `--format safetensors`",
        )
    if not is_export(folder) and not is_there(Run(folder).model_path):
        raise MissingStageError(f"{folder} contains no trained model", hint="train it first: `sedpipe train DATASET`")
    return folder


def _run_of(cache: Dataset, name: str | None) -> Run:
    """Return a run of the dataset; the error about a missing one says what else might be meant."""
    try:
        return find_run(cache, name)
    except (MissingStageError, SettingsError) as error:
        exported = name is not None and is_export(Path(name))
        here = [f"the exported model in the folder {name} here is ./{name}"] if exported else []
        known = f"{' and '.join(shipped_models())} come with sedpipe"
        hints = filter(None, [*here, error.hint, known])
        raise type(error)(error.message, hint="; ".join(hints)) from error


def _is_run(name: str, cache: Dataset | None) -> bool:
    return cache is not None and is_there(named_run(cache, name).folder)
