"""``sedpipe.open_dataset``: clips, labels and features of a dataset in your own program.

- :func:`open_dataset`: open a dataset by its name or its TOML file
- :class:`OpenDataset`: labels, clips, reference events, and tensors
- :class:`TorchSplit`: a split as a torch ``Dataset``
"""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from sedpipe.clips import Clip
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.events import Event
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache import open as cache_open
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.files.reading import entries, is_there
from sedpipe.io.lists.events import read_stored_events
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.steps.batches import with_features
from sedpipe.steps.changed_audio import report_changed_audio
from sedpipe.suggestions import did_you_mean


def open_dataset(name: str, cache: str | PathLike[str] = "cache") -> OpenDataset:
    """Open a dataset that ``sedpipe download`` put into the cache.

    Parameters
    ----------
    name : str
        Name of the dataset, or the path of its TOML file.
    cache : path
        Folder of the cache.

    Raises
    ------
    ManifestError
        If there is no such dataset.
    MissingStageError
        If it is not in the cache yet.

    Examples
    --------
    >>> dataset = open_dataset("esc10-fold4", cache="cache")  # doctest: +SKIP
    >>> x, y, n_frames = dataset.torch("training")[0]  # doctest: +SKIP
    """
    opened = cache_open.open_dataset(name, Path(cache))
    opened.read_record()
    return OpenDataset(opened)


class OpenDataset:
    """Clips, labels and features of a dataset; made by :func:`open_dataset`.

    Parameters
    ----------
    dataset : Dataset
        The dataset in the cache.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.splits})"

    @property
    def name(self) -> str:
        """Name of the dataset."""
        return self._dataset.name

    @property
    def labels(self) -> LabelSet:
        """Classes of the dataset, in the order of their indices."""
        return LabelSet(self._dataset.read_record().labels)

    @property
    def splits(self) -> list[str]:
        """Splits that have clips."""
        return list(self._dataset.read_clips())

    def clips(self, split: str) -> list[Clip]:
        """Clips of a split with their weak labels, whether or not their audio is available."""
        clips = self._dataset.read_clips()
        if split not in clips:
            there = f"it has {', '.join(clips)}{did_you_mean(split, clips)}"
            raise MissingStageError(f"{self.name} has no clips in {split!r}: {there}")
        return clips[split]

    def reference(self, split: str) -> dict[str, list[Event]]:
        """Strong labels by clip, including clips without events; ``MissingStageError`` if the split has none."""
        clips, path = self.clips(split), self._dataset.reference_path(split)
        if not is_there(path):
            raise MissingStageError(f"{self.name} has no strong labels for {split} ({path} does not exist)")
        events = read_stored_events(path, self.labels)
        return {clip.clip_id: list(events.get(clip.clip_id, ())) for clip in clips}

    def torch(self, split: str, spec: FeatureSpec | None = None) -> TorchSplit:
        """Return a split as tensors.

        Parameters
        ----------
        split : str
            ``training``, ``testing`` or ``evaluation``.
        spec : FeatureSpec, optional
            The kind of features; by default log-mel, or, if these are not stored, the only kind that is.

        Raises
        ------
        MissingStageError
            If the features are not computed yet, or no clip has any.
        SettingsError
            If ``spec`` is not given and several kinds of features are stored, none of them the default log-mel.

        Warns
        -----
        UserWarning
            If the audio of some clips has changed since their features were computed, or some clips have no features
            yet.
        """
        clips = self.clips(split)
        path = self._features(split, spec)
        report_changed_audio(self._dataset, path, clips, _Warnings())
        return TorchSplit(path, clips, self.labels)

    def _features(self, split: str, spec: FeatureSpec | None) -> Path:
        there = [
            path for folder in entries(self._dataset.folder / "features") if is_there(path := folder / f"{split}.h5")
        ]
        wanted = (
            self._dataset.features_dir(
                (spec or FeatureSpec.of_clips(self._dataset.read_record().clip_format)).fingerprint
            )
            / f"{split}.h5"
        )
        if wanted in there:
            return wanted
        if spec is None and len(there) == 1:
            return there[0]
        if spec is None and there:
            raise SettingsError(
                f"{self.name} has several kinds of features: {', '.join(path.parent.name for path in there)}",
                hint="choose one with spec=FeatureSpec(...)",
            )
        raise MissingStageError(f"{wanted} does not exist", hint=f"run `{self._dataset.command('features')}` first")


class _Warnings(Listener):
    """Turns remarks, which must not be missed, into warnings of the calling program."""

    def remark(self, line: str) -> None:
        warnings.warn(line, stacklevel=4)


class TorchSplit(TorchDataset[tuple[Tensor, Tensor, int]]):
    """The clips of a split that have features: ``x`` (T, F) float32, ``y`` (K,) in {0, 1}, ``n_frames``.

    Frames from ``n_frames`` on are padding. A ``DataLoader`` may use any number of workers, forked or spawned: each
    process opens the file itself.

    Parameters
    ----------
    path : Path
        File of the stored features.
    clips : list of Clip
        Clips with their weak labels; those without features are left out.
    labels : LabelSet
        The K classes.

    Attributes
    ----------
    clip_ids : list of str
        The ``clip_id`` of each item, in the order of the items.
    """

    def __init__(self, path: Path, clips: list[Clip], labels: LabelSet) -> None:
        self._file = FeatureFile(path)
        held = with_features(self._file, clips)
        self.clip_ids = [clip.clip_id for clip in held]
        self._rows = [self._file.row_of[clip_id] for clip_id in self.clip_ids]
        self._targets = torch.stack([torch.from_numpy(labels.multi_hot(clip.labels)).float() for clip in held])
        self._n_frames = [int(self._file.n_frames[row]) for row in self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, int]:
        """Return ``x``, ``y`` and ``n_frames`` of one clip."""
        features = torch.from_numpy(self._file.read_features([self._rows[index]])[0]).float()
        return features, self._targets[index], self._n_frames[index]
