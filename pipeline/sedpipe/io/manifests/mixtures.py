"""Datasets of ``kind = "mixtures"``: soundscapes mixed by rule from real or synthesised recordings.

- :class:`MixtureManifest`: which recordings each split draws from, and how they are mixed
- :class:`MixtureRecipe`, :class:`MixtureSplit`, :class:`Recordings`, :class:`Synthesis`: its tables
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from sedpipe.errors import ManifestError
from sedpipe.io.files.checksums import read_checksums
from sedpipe.io.manifests.form import Form, HttpUrl, Manifest, RelativeName, Splits
from sedpipe.suggestions import did_you_mean

_RECORDING = re.compile(r"(?P<number>\d{3}) - (?P<label>[^/]+)/(?P<fold>[1-9])-[^/]+")

_Slope = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]  # beyond, spectra exceed the range of floats, ...
_Decibels = Annotated[float, Field(ge=-200, le=200, allow_inf_nan=False)]  # ... and so do samples
Fold = Annotated[int, Field(ge=1, le=9)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]


class Recordings(Form):
    """Real recordings: where they come from and their checksums.

    Attributes
    ----------
    archive : str
        Address of an archive that contains the recordings.
    checksums : str
        ``sha256sum`` list of all recordings, relative to the manifest; paths in it are ``NNN - Class/FOLD-...``.
    exclude : tuple of str
        Paths of recordings that are never drawn.
    licence : str
        Licence, for people; has no effect.
    """

    archive: HttpUrl
    checksums: RelativeName
    exclude: tuple[str, ...] = ()
    licence: str = ""


class Synthesis(Form):
    """Synthesised recordings: ``takes`` of each class in each of ``folds`` folds, named ``Class/FOLD-TAKE``."""

    takes: int = Field(ge=1, le=99)
    folds: Fold
    seed: Seed


class MixtureRecipe(Form):
    """Parameters of the mixing rule.

    Attributes
    ----------
    background_slope : (float, float)
        Range that the slope of the background noise is drawn from; its spectrum falls with ``frequency ** -slope``.
    background_rms : float
        RMS of the noise, where full scale is 1.
    n_events, n_events_p : tuples
        Possible numbers of classes in a mixture, and the probability of each.
    gain_db : (float, float)
        Range that a recording's level over the background is drawn from, in dB.
    """

    background_slope: tuple[_Slope, _Slope]
    background_rms: float = Field(gt=0, le=1)
    n_events: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1, max_length=100)
    n_events_p: tuple[Annotated[float, Field(ge=0, le=1)], ...]
    gain_db: tuple[_Decibels, _Decibels]

    @field_validator("background_slope", "gain_db")
    @classmethod
    def _low_comes_first(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] > value[1]:
            raise ValueError("expected [low, high]")
        return value

    @field_validator("n_events_p")
    @classmethod
    def _one_probability_each(cls, p: tuple[float, ...], info: ValidationInfo) -> tuple[float, ...]:
        n_events = info.data.get("n_events", p)
        if len(p) != len(n_events) or not math.isclose(sum(p), 1, abs_tol=1e-9):
            raise ValueError(f"expected {len(n_events)} probabilities that sum to 1, one for each of n_events")
        return p


class MixtureSplit(Form):
    """A split of ``clips`` mixtures, drawn with random seed ``seed`` from the recordings of ``folds``."""

    clips: int = Field(ge=1, le=99_999)  # five digits in a clip_id
    seed: Seed
    folds: tuple[Fold, ...] = Field(min_length=1)

    @field_validator("folds")
    @classmethod
    def _folds_are_distinct(cls, folds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(folds)) != len(folds):
            raise ValueError("expected every fold once")
        return folds


class MixtureManifest(Manifest):
    """A dataset of mixtures; it has either ``recordings`` or ``synthesis``."""

    kind: Literal["mixtures"]
    recordings: Recordings | None = None
    synthesis: Synthesis | None = None
    mixture: MixtureRecipe
    splits: Annotated[dict[str, MixtureSplit], Splits]
    _checksums: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _sources_and_folds_fit(self) -> MixtureManifest:
        if (self.recordings is None) == (self.synthesis is None):
            raise ValueError("expected one of the tables [recordings] and [synthesis]")
        if max(self.mixture.n_events) > len(self.labels):
            raise ValueError(f"mixture.n_events: expected at most as many as there are labels, {len(self.labels)}")
        owner: dict[int, str] = {}
        for split, form in self.splits.items():
            for fold in form.folds:
                if fold in owner:
                    raise ValueError(f"splits.{split}.folds: fold {fold} already belongs to {owner[fold]}")
                if self.synthesis is not None and fold > self.synthesis.folds:
                    raise ValueError(f"splits.{split}.folds: found {fold}, expected at most synthesis.folds")
                owner[fold] = split
        return self

    @property
    def is_synthesised(self) -> bool:
        """Whether its recordings are synthesised, not read from disk."""
        return self.synthesis is not None

    def recordings_of(self, split: str) -> tuple[tuple[str, ...], ...]:
        """Return the sorted paths of the recordings that ``split`` draws from, by class in the order of the labels."""
        folds = self.splits[split].folds
        if self.synthesis is not None:
            return tuple(self._takes_of(label, self.synthesis.takes, folds) for label in self.labels)
        of_class: dict[str, list[str]] = {label: [] for label in self.labels}
        for path in self._drawable():
            if _fold_of(path) in folds:
                of_class[_label_of(path)].append(path)
        return tuple(tuple(sorted(of_class[label])) for label in self.labels)

    def has_truth(self, split: str) -> bool:
        """Return True: the events of a mixture are known from mixing it."""
        return True

    @property
    def takes_places(self) -> bool:
        """True for real recordings; synthesised ones are not read from anywhere."""
        return self.recordings is not None

    @property
    def is_crawled(self) -> bool:
        """False: at most one archive is fetched."""
        return False

    def clips_to_expect(self) -> int:
        """Return the number of mixtures of all splits."""
        return sum(split.clips for split in self.splits.values())

    def checksum_of(self, path: str) -> str:
        """Return the sha256 (hex) that the recording at ``path`` must have; ``KeyError`` if unlisted or synthesised."""
        return self._checksums[path]

    def read_companions(self) -> None:
        """Read the list of recordings and check it against labels, folds and exclusions; called by the loader."""
        if self.recordings is not None:
            path = self.beside(self.recordings.checksums)
            self._checksums = read_checksums(path)
            _check_folders(self.labels, self._checksums, path)
            self._check_exclusions(self.recordings.exclude)
        for split in self.splits:
            for label, paths in zip(self.labels, self.recordings_of(split), strict=True):
                if not paths:
                    raise ManifestError(f"{self.path}: splits.{split}.folds: no recording of {label!r} in these folds")

    def _check_exclusions(self, exclude: Iterable[str]) -> None:
        for path in exclude:
            if path not in self._checksums:
                meant = did_you_mean(path, self._checksums)
                raise ManifestError(f"{self.path}: recordings.exclude: {path!r} is not a listed recording{meant}")

    def _drawable(self) -> Iterable[str]:
        excluded = frozenset(self.recordings.exclude if self.recordings else ())
        return (path for path in self._checksums if path not in excluded)

    def _takes_of(self, label: str, takes: int, folds: Iterable[int]) -> tuple[str, ...]:
        return tuple(f"{label}/{fold}-{take:02d}" for fold in sorted(folds) for take in range(1, takes + 1))

    def _split_keys(self) -> Iterable[str]:
        return self.splits

    def _decisive(self) -> dict[str, Any]:
        drawn = {split: self.recordings_of(split) for split in self.splits}
        return {
            "mixture": self.mixture.model_dump(),
            "synthesis": self.synthesis.model_dump() if self.synthesis else None,
            "splits": {split: {"clips": form.clips, "seed": form.seed} for split, form in self.splits.items()},
            "recordings": {
                split: [[(path, self._checksums.get(path)) for path in paths] for paths in by_class]
                for split, by_class in drawn.items()
            },
        }


def _label_of(path: str) -> str:
    return path.split("/")[0].split(" - ", 1)[1]


def _fold_of(path: str) -> int:
    return int(path.split("/")[1][0])


def _check_folders(labels: tuple[str, ...], paths: Iterable[str], listed_in: Path) -> None:
    """Check that folder ``NNN - Name`` matches the label ``Name`` at position NNN, so that no class is mixed up."""
    folders = {f"{place:03d}": f"{place:03d} - {label}" for place, label in enumerate(labels, start=1)}
    for path in paths:
        parts = _RECORDING.fullmatch(path)
        if parts is None:
            raise ManifestError(f"{listed_in}: found {path!r}, expected 'NNN - Class/FOLD-NAME', fold 1 to 9")
        folder = path.split("/")[0]
        if folder != folders.get(parts["number"]):
            expected = folders.get(parts["number"], f"no folder above {len(labels):03d}")
            raise ManifestError(f"{listed_in}: found folder {folder!r}, expected by the manifest's labels: {expected}")
