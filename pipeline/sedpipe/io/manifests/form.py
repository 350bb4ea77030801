"""What all manifests have in common: strict forms, names, labels, fingerprints.

- :class:`Form`: a table of a manifest; unknown keys and wrong types are errors
- :class:`Manifest`: name, labels, fingerprint; each kind of dataset adds its own keys
- :data:`HttpUrl`, :data:`Sha256`, :data:`RelativeName`: checked strings
- :data:`MOST_LABELS`: the largest number of classes of a dataset
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
"""Largest number of classes of a dataset."""


class Form(BaseModel):
    """A table of a manifest: frozen, unknown keys forbidden, types not coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Manifest(Form, ABC):
    """A dataset: the part that all kinds have in common.

    Attributes
    ----------
    name : str
        Name of the dataset, also of its folder in the cache.
    kind : str
        One of :data:`sedpipe.io.manifests.load.KINDS`; each subclass accepts only its own.
    description : str
        Description for people; has no effect.
    labels : tuple of str
        The classes, in the order of their indices.
    """

    name: str
    kind: str
    description: str = ""
    labels: tuple[str, ...] = Field(max_length=MOST_LABELS)
    _path: Path = PrivateAttr(default=Path("manifest.toml"))

    def model_post_init(self, context: Any, /) -> None:
        """Keep the path that the manifest was read from; relative paths in the manifest start from its folder."""
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
        """The labels, for looking up indices and making multi-hot vectors."""
        return LabelSet(self.labels)

    @property
    def split_names(self) -> tuple[str, ...]:
        """The splits that the dataset has, in the order training, testing, evaluation."""
        return tuple(split for split in SPLITS if split in self._split_keys())

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) of everything that determines rows and audio; descriptions, licences and addresses do not."""
        decisive = {"kind": type(self).__name__, "labels": self.labels, **self._decisive()}
        canonical = json.dumps(decisive, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()

    @abstractmethod
    def has_truth(self, split: str) -> bool:
        """Return whether strong labels of ``split`` are known."""

    @abstractmethod
    def read_companions(self) -> None:
        """Read the files beside the manifest that it names, and check that they fit; called by the loader.

        Raises
        ------
        ManifestError, ListFormatError
            If manifest and files do not fit each other.
        """

    @property
    def takes_places(self) -> bool:
        """Whether a user may name places that contain its recordings (``--from``)."""
        return True

    @property
    def is_crawled(self) -> bool:
        """Whether its audio is fetched video by video, so that ``download``'s options for videos apply."""
        return True

    def clips_to_expect(self) -> int:
        """Return the number of clips of all splits that the manifest itself gives; 0 if only its lists contain it."""
        return 0

    def beside(self, relative: str) -> Path:
        """Return ``relative`` as a path from the folder of the TOML file; ``~`` is the user's home."""
        is_at_home = relative == "~" or relative.startswith("~/")
        return self._path.parent / (Path(relative).expanduser() if is_at_home else relative)

    @abstractmethod
    def _split_keys(self) -> Iterable[str]:
        """Return the names of the splits that the manifest describes, in any order."""

    @abstractmethod
    def _decisive(self) -> dict[str, Any]:
        """Return what the fingerprint is computed from, besides kind and labels."""


def check_split_names(splits: dict[str, Any]) -> dict[str, Any]:
    """Allow only ``training``, ``testing`` and ``evaluation``, and require at least one of them."""
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
"""An address with https://, or with http:// to this machine."""

Sha256 = Annotated[str, AfterValidator(_check_sha256)]
"""64 lower-case hexadecimal digits."""

RelativeName = Annotated[str, AfterValidator(_check_relative)]
"""A path below some folder: never absolute, never leading out of it."""

Splits = AfterValidator(check_split_names)
"""Annotation of a table of splits: only the three names are allowed."""
