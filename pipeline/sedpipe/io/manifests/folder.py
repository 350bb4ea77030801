"""Datasets of ``kind = "folder"``: a user's own recordings, with lists of their labels.

- :class:`FolderManifest`: splits of local audio; ten lines of TOML are enough
- :class:`FolderSplit`: one table of ``splits``
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from sedpipe.errors import ManifestError
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.lists.read import lists_below
from sedpipe.io.manifests.cutting import CutManifest
from sedpipe.io.manifests.form import Form, Splits
from sedpipe.suggestions import did_you_mean


def _check_path(path: str) -> str:
    if not path or len(path) > 4096 or any(character < " " for character in path):
        raise ValueError("expected a path, without control characters")
    return path


_Path = Annotated[str, AfterValidator(_check_path)]


class FolderSplit(Form):
    """Where a split's recordings and labels are, relative to the TOML file; or which split it is drawn from.

    Attributes
    ----------
    drawn_from : str, optional
        ``from`` in the TOML: the split from which recordings are taken; then only ``share`` and ``group`` may be given,
        too.
    share : float in (0, 1), optional
        Share of that split's recordings.
    group : str
        Rule for which recordings belong together: they stay in the same split when one is drawn, and are not treated as
        independent in any. ``prefix_`` for names that are the same up to the first ``_`` (or another such mark),
        ``folder`` for recordings in the same folder, otherwise the name of a column of the weak list. Empty for none.
    """

    audio: _Path = "."
    drawn_from: Annotated[str | None, Field(alias="from")] = None
    weak: Annotated[_Path | None, Field(validate_default=True)] = None
    strong: _Path | None = None
    share: Annotated[float | None, Field(gt=0, lt=1)] = None
    group: str = ""

    @field_validator("weak")
    @classmethod
    def _is_listed_or_drawn(cls, weak: str | None, info: ValidationInfo) -> str | None:
        if weak is None and info.data.get("drawn_from") is None:
            raise PydanticCustomError("missing", "Field required")
        return weak

    @model_validator(mode="after")
    def _is_only_one_of_both(self) -> FolderSplit:
        if self.drawn_from is None and self.share is not None:
            raise ValueError("share says how much of another split this one is, and from is missing")
        if self.drawn_from is not None and self.share is None:
            raise ValueError(f"share is missing: how much of {self.drawn_from} it is, between 0 and 1")
        if self.drawn_from is not None and self.model_fields_set & {"audio", "weak", "strong"}:
            raise ValueError(f"audio, weak and strong are those of {self.drawn_from}, which it is drawn from")
        return self


class FolderManifest(CutManifest):
    """A dataset of local files."""

    kind: Literal["folder"]
    splits: Annotated[dict[str, FolderSplit], Splits]

    @model_validator(mode="after")
    def _splits_are_drawn_from_listed_ones(self) -> FolderManifest:
        listed = [split for split, form in self.splits.items() if form.drawn_from is None]
        for split, form in self.splits.items():
            if form.drawn_from is not None and form.drawn_from not in listed:
                meant = did_you_mean(form.drawn_from, listed)
                raise ValueError(f"splits.{split}.from: {form.drawn_from!r} is not a split with a weak list{meant}")
        return self

    def listed(self, split: str) -> FolderSplit:
        """Return the table that names the split's lists: its own, or that of the split that it is drawn from."""
        form = self.splits[split]
        return form if form.drawn_from is None else self.splits[form.drawn_from]

    def audio_dir(self, split: str) -> Path:
        """Return the folder that file names in the split's lists are relative to."""
        return self.beside(self.listed(split).audio)

    def weak_path(self, split: str) -> Path:
        """Return the split's list of weak labels; if it is drawn from another split, that split's list."""
        weak = self.listed(split).weak
        if weak is None:
            raise AssertionError("unreachable: a split is listed or drawn")
        return self.beside(weak)

    def strong_path(self, split: str) -> Path | None:
        """Return the split's list of strong labels, if there is one."""
        strong = self.listed(split).strong
        return None if strong is None else self.beside(strong)

    def has_truth(self, split: str) -> bool:
        """Return whether the split has a list of strong labels."""
        return self.listed(split).strong is not None

    @property
    def takes_places(self) -> bool:
        """False: the splits themselves name the folders of their recordings."""
        return False

    @property
    def is_crawled(self) -> bool:
        """False: nothing is fetched."""
        return False

    def read_companions(self) -> None:
        """Check that the lists exist; called by the loader."""
        for split, key, path in self._lists():
            if not path.is_file() and not path.is_dir():
                raise ManifestError(f"{self.path}: splits.{split}.{key}: there is no file {path}")

    def _lists(self) -> Iterable[tuple[str, str, Path]]:
        for split in self.split_names:
            if self.splits[split].drawn_from is None:
                yield split, "weak", self.weak_path(split)
                strong = self.strong_path(split)
                if strong is not None:
                    yield split, "strong", strong

    def _split_keys(self) -> Iterable[str]:
        return self.splits

    def _decisive(self) -> dict[str, Any]:
        drawn = {
            split: {"from": form.drawn_from, "share": form.share, "group": form.group}
            for split, form in self.splits.items()
            if form.drawn_from is not None
        }
        return {
            "audio": {split: form.audio for split, form in self.splits.items() if form.drawn_from is None},
            "lists": {f"{split}.{key}": _checksum(path) for split, key, path in self._lists()},
            **({"drawn": drawn} if drawn else {}),
            **self._cutting(),
        }


def _checksum(path: Path) -> str:
    """Return the sha256 (hex) of a list, or of all lists below a folder and their names."""
    try:
        if not path.is_dir():
            return sha256_of(path)
        each = [f"{list_.relative_to(path).as_posix()}\0{sha256_of(list_)}\n" for list_ in lists_below(path)]
        return hashlib.sha256("".join(each).encode("utf-8", "surrogateescape")).hexdigest()
    except OSError as error:
        raise ManifestError(f"cannot read {path}: {error.strerror or error}") from error
