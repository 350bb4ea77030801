"""What every manifest has in common: strict forms, names, labels, fingerprints.

- :class:`Form`: a table of a manifest; unknown keys and wrong types are errors
- :class:`Manifest`: name, labels, fingerprint; each kind of dataset adds its own
- :data:`HttpUrl`, :data:`Sha256`, :data:`RelativeName`: checked strings
- :data:`MOST_LABELS`: how many classes it may have
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from sedpipe.choices import SPLITS
from sedpipe.labels import LabelSet, one_spelling
from sedpipe.suggestions import did_you_mean

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

MOST_LABELS = 1000
"""Classes of a dataset."""


class Form(BaseModel):
    """A table of a manifest: frozen, no unknown keys, no types bent to fit."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Manifest(Form, ABC):
    """A dataset: the common part of every kind.

    Attributes
    ----------
    name : str
        Also the name of its folder in the cache.
    kind : str
        Of :data:`sedpipe.io.manifests.load.KINDS`; each narrows it to its own.
    description : str
        For people; decides nothing.
    labels : tuple of str
        The classes, in the order of their indices.
    """

    name: str
    kind: str
    description: str = ""
    labels: tuple[str, ...] = Field(max_length=MOST_LABELS)
    _path: Path = PrivateAttr(default=Path("manifest.toml"))

    def model_post_init(self, context: Any, /) -> None:
        """Keep where the manifest was read from; relative paths in it start there."""
        if context is not None:
            self._path = context["path"]

    @field_validator("name")
    @classmethod
    def _name_is_a_safe_folder(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError("expected letters, digits, '.', '_' and '-', not starting with '.' or '-'")
        return name

    @field_validator("labels")
    @classmethod
    def _labels_are_distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        spelled = {one_spelling(label): label for label in LabelSet(labels)}
        if len(spelled) < len(labels):
            twice = next(label for label in labels if spelled[one_spelling(label)] != label)
            raise ValueError(f"label {twice!r} is listed twice, with its accents written in two ways")
        return labels

    @property
    def path(self) -> Path:
        """The TOML file."""
        return self._path

    @cached_property
    def label_set(self) -> LabelSet:
        """The labels, to look up and to make multi-hot vectors."""
        return LabelSet(self.labels)

    @property
    def split_names(self) -> tuple[str, ...]:
        """The splits the dataset has, in the order training, testing, evaluation."""
        return tuple(split for split in SPLITS if split in self._split_keys())

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) of all that decides rows and audio; descriptions, licences and addresses do not."""
        decisive = {"kind": type(self).__name__, "labels": self.labels, **self._decisive()}
        canonical = json.dumps(decisive, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()

    @abstractmethod
    def has_truth(self, split: str) -> bool:
        """Whether strong labels of ``split`` are known."""

    @abstractmethod
    def read_companions(self) -> None:
        """Read what lies beside the manifest and hold it against it; the loader does this.

        Raises
        ------
        ManifestError, ListFormatError
            If they do not fit.
        """

    @property
    def takes_places(self) -> bool:
        """Whether a person may say where its recordings lie (``--from``)."""
        return True

    @property
    def is_crawled(self) -> bool:
        """Whether its audio is fetched video by video, with the options of ``download`` for that."""
        return True

    def clips_to_expect(self) -> int:
        """Clips of all splits, as far as the manifest itself tells; 0 where only its lists do."""
        return 0

    def beside(self, relative: str) -> Path:
        """``relative`` as seen from the folder of the TOML file; ``~`` is the user's home."""
        is_at_home = relative == "~" or relative.startswith("~/")
        return self._path.parent / (Path(relative).expanduser() if is_at_home else relative)

    @abstractmethod
    def _split_keys(self) -> Iterable[str]:
        """The splits that are described, in any order."""

    @abstractmethod
    def _decisive(self) -> dict[str, Any]:
        """What the fingerprint is made of, besides kind and labels."""


def check_split_names(splits: dict[str, Any]) -> dict[str, Any]:
    """Only ``training``, ``testing`` and ``evaluation``, and at least one of them."""
    if not splits:
        raise ValueError(f"expected at least one of the splits {', '.join(SPLITS)}")
    for split in splits:
        if split not in SPLITS:
            raise ValueError(f"{split!r} is not one of {', '.join(SPLITS)}{did_you_mean(split, SPLITS)}")
    return splits


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if "@" in parts.netloc or not parts.hostname or any(character.isspace() for character in url):
        raise ValueError("expected an address like https://host/path, without a password in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ValueError("expected https:// (http:// only to this machine)")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_relative(path: str) -> str:
    parts = path.split("/")
    if not path or "\\" in path or any(ord(character) < 32 for character in path):
        raise ValueError("expected a relative path with '/' between its parts")
    if any(part in ("", ".", "..") for part in parts) or ":" in parts[0]:
        raise ValueError("expected a relative path that stays below its folder")
    return path


def _check_sha256(digits: str) -> str:
    if not _SHA256.fullmatch(digits):
        raise ValueError("expected 64 lower-case hexadecimal digits")
    return digits


HttpUrl = Annotated[str, AfterValidator(_check_url)]
"""https://, or http:// to this machine."""

Sha256 = Annotated[str, AfterValidator(_check_sha256)]
"""64 lower-case hexadecimal digits."""

RelativeName = Annotated[str, AfterValidator(_check_relative)]
"""A path below some folder: never absolute, never upwards."""

Splits = AfterValidator(check_split_names)
"""On a table of splits: only the three names."""
