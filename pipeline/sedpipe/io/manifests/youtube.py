"""Datasets of ``kind = "youtube"``: pieces of videos, named by public lists with known checksums.

- :class:`YoutubeManifest`: the lists of each split, and the Audio Set ids of the labels
- :class:`RemoteList`: address, checksum and file name of a list that is fetched, or found among the user's files
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import quote, urljoin

from pydantic import Field, field_validator, model_validator

from sedpipe.io.manifests.cutting import NATIVE, CutManifest
from sedpipe.io.manifests.form import Form, HttpUrl, RelativeName, Sha256, Splits
from sedpipe.suggestions import did_you_mean

ROLES = ("clips", "weak", "strong")
_MID = re.compile(r"/[a-z]/[A-Za-z0-9_]+")


@dataclass(frozen=True)
class RemoteList:
    """A list of a split.

    Attributes
    ----------
    role : str
        ``clips`` (clip list with labels), ``weak`` (weak labels, whose file names are the clips) or ``strong``.
    url, sha256 : str
        Address and checksum of the list.
    file_name : str
        File name of the list; a user's own copy is recognised by it and by the checksum.
    """

    role: str
    url: str
    sha256: str
    file_name: str


class ListForm(Form):
    """Path of a list, relative to the manifest's ``lists`` address, and its checksum."""

    path: RelativeName
    sha256: Sha256


class YoutubeSplit(Form):
    """Lists of a split: ``clips`` or ``weak`` contains clips and weak labels, ``strong`` the events, for scoring.

    ``n_clips`` is the number of clips, known even before the lists are fetched.
    """

    n_clips: Annotated[int, Field(ge=0)] = 0
    clips: ListForm | None = None
    weak: ListForm | None = None
    strong: ListForm | None = None

    @model_validator(mode="after")
    def _one_list_names_the_clips(self) -> YoutubeSplit:
        if (self.clips is None) == (self.weak is None):
            raise ValueError("expected one of the lists 'clips' and 'weak', since weak labels have one home")
        return self


class YoutubeManifest(CutManifest):
    """A dataset of pieces of videos."""

    kind: Literal["youtube"]
    lists: HttpUrl
    mids: dict[str, str]
    splits: Annotated[dict[str, YoutubeSplit], Splits]

    @field_validator("lists")
    @classmethod
    def _lists_is_a_folder(cls, url: str) -> str:
        if not url.endswith("/") or "?" in url or "#" in url:
            raise ValueError("expected the address of a folder, ending with '/'")
        return url

    @field_validator("sample_rate")
    @classmethod
    def _rate_is_known(cls, rate: int | str) -> int | str:
        if rate == NATIVE:
            raise ValueError("expected a number of Hz: what rate most videos have is known only once all are fetched")
        return rate

    @field_validator("mids")
    @classmethod
    def _mids_are_audio_set_ids(cls, mids: dict[str, str]) -> dict[str, str]:
        for label, mid in mids.items():
            if not _MID.fullmatch(mid):
                raise ValueError(f"{label!r} has {mid!r}, expected an Audio Set id like /m/07jdr")
        return mids

    @model_validator(mode="after")
    def _each_label_has_a_mid(self) -> YoutubeManifest:
        for label in self.mids:
            if label not in self.labels:
                raise ValueError(f"mids: {label!r} is not one of the labels{did_you_mean(label, self.labels)}")
        for label in self.labels:
            if label not in self.mids:
                raise ValueError(f"mids: {label!r} has no Audio Set id")
        if len(set(self.mids.values())) != len(self.mids):
            raise ValueError("mids: expected every Audio Set id once")
        return self

    @property
    def label_of_mid(self) -> dict[str, str]:
        """Label of each Audio Set id."""
        return {mid: label for label, mid in self.mids.items()}

    def lists_of(self, split: str) -> tuple[RemoteList, ...]:
        """Return the lists of a split: first the one that names its clips, then the strong labels if there are any."""
        forms = ((role, getattr(self.splits[split], role)) for role in ROLES)
        return tuple(self._remote(role, form) for role, form in forms if form is not None)

    def has_truth(self, split: str) -> bool:
        """Return whether the split has a list of strong labels."""
        return self.splits[split].strong is not None

    def clips_to_expect(self) -> int:
        """Return the number of clips of all splits, as far as the manifest contains it."""
        return sum(split.n_clips for split in self.splits.values())

    def read_companions(self) -> None:
        """Do nothing: there are no files beside the manifest, and the lists are fetched by the download stage."""

    def _remote(self, role: str, form: ListForm) -> RemoteList:
        url = urljoin(self.lists, quote(form.path))
        return RemoteList(role, url, form.sha256, PurePosixPath(form.path).name)

    def _split_keys(self) -> Iterable[str]:
        return self.splits

    def _decisive(self) -> dict[str, Any]:
        lists = {split: [(item.role, item.sha256) for item in self.lists_of(split)] for split in self.splits}
        return {"mids": self.mids, "lists": lists, **self._cutting()}
