"""Datasets of ``kind = "folder"``: a user's own recordings, with lists of what sounds in them.

- :class:`FolderManifest`: splits of local audio; ten lines of TOML are enough
- :class:`FolderSplit`: one table of ``splits``
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from sedpipe.errors import ManifestError
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.manifests.form import Form, Manifest, Splits


def _check_path(path: str) -> str:
    if not path or len(path) > 4096 or any(character < " " for character in path):
        raise ValueError("expected a path, without control characters")
    return path


_Path = Annotated[str, AfterValidator(_check_path)]


class FolderSplit(Form):
    """Where a split's recordings and labels lie, seen from the TOML file.

    Attributes
    ----------
    audio : str
        A folder.
    weak : str
        A list of files and what sounds in each.
    strong : str, optional
        A list of events, for scoring.
    """

    audio: _Path = "."
    weak: _Path
    strong: _Path | None = None


class FolderManifest(Manifest):
    """A dataset of local files."""

    kind: Literal["folder"]
    splits: Annotated[dict[str, FolderSplit], Splits]

    def audio_dir(self, split: str) -> Path:
        """The folder that file names of the split's lists start from."""
        return self.beside(self.splits[split].audio)

    def weak_path(self, split: str) -> Path:
        """The split's weak labels."""
        return self.beside(self.splits[split].weak)

    def strong_path(self, split: str) -> Path | None:
        """The split's strong labels, if there are any."""
        strong = self.splits[split].strong
        return None if strong is None else self.beside(strong)

    def has_truth(self, split: str) -> bool:
        """Whether the split has a list of strong labels."""
        return self.splits[split].strong is not None

    def read_companions(self) -> None:
        """Look whether the lists are there; the loader does this."""
        for split, key, path in self._lists():
            if not path.is_file():
                raise ManifestError(f"{self.path}: splits.{split}.{key}: there is no file {path}")

    def _lists(self) -> Iterable[tuple[str, str, Path]]:
        for split in self.split_names:
            yield split, "weak", self.weak_path(split)
            strong = self.strong_path(split)
            if strong is not None:
                yield split, "strong", strong

    def _split_keys(self) -> Iterable[str]:
        return self.splits

    def _decisive(self) -> dict[str, Any]:
        return {
            "audio": {split: form.audio for split, form in self.splits.items()},
            "lists": {f"{split}.{key}": _checksum(path) for split, key, path in self._lists()},
        }


def _checksum(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError as error:
        raise ManifestError(f"cannot read {path}: {error.strerror or error}") from error
