"""Find the features of each audio file among the files of a feature store; damaged features count as missing.

- :class:`Shelf`: many files as one
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Container, Iterable, Iterator, Sequence
from pathlib import Path

from sedpipe.io.cache.feature_file import DamagedStoreError, FeatureFile
from sedpipe.io.cache.feature_store import FeatureRow, Press, StoredRow
from sedpipe.io.cache.row_checksums import checksum_of

MOST_OPEN_FILES = 64
"""Shards that are open at the same time while they are merged; operating systems allow about 1,000 files."""


class Shelf:
    """Index of the features of each audio file; of several places the last one counts, stores after shards.

    Parameters
    ----------
    shards, stores : sequence of Path
        Files with the same parameters. Stores stay open until :meth:`close`, so that one of them can be replaced
        while others are still made from its old content; of the shards only a few are open at a time.

    Attributes
    ----------
    shards : sequence of Path
        The shards as given.
    unreadable : dict of Path to str
        Files that are damaged as a whole, and what is wrong with them; they count as empty.
    """

    def __init__(self, shards: Sequence[Path], stores: Sequence[Path]) -> None:
        self.shards = shards
        self.unreadable: dict[Path, str] = {}
        self._files = {path: FeatureFile(path) for path in [*shards, *stores]}
        self._stores = frozenset(stores)
        self._open: OrderedDict[Path, None] = OrderedDict()
        self._places: dict[str, list[tuple[Path, int]]] = {}
        self._with_damage: set[Path] = set()
        self._presses: dict[tuple[tuple[int, ...], str, str], Press] = {}
        for path in [*shards, *stores]:
            self._note_places(path)

    def __contains__(self, audio_sha256: object) -> bool:
        return audio_sha256 in self._places

    @property
    def paths(self) -> list[Path]:
        """Files that can be read, stores after shards."""
        return list(self._files)

    def file(self, path: Path) -> FeatureFile:
        """Return one of the files, which may close another."""
        if path not in self._stores:
            self._open[path] = None
            self._open.move_to_end(path)
            if len(self._open) > MOST_OPEN_FILES:
                self._files[self._open.popitem(last=False)[0]].close()
        return self._files[path]

    def is_damaged(self, path: Path) -> bool:
        """Return whether the file, or a row of it that was checked, is damaged."""
        return path in self.unreadable or path in self._with_damage

    def drop_damaged(self, clip_ids: Container[str], audio_sha256: Container[str | None]) -> set[str]:
        """Read the rows of these clips or of these audio files, and forget those that are not what was written.

        Parameters
        ----------
        clip_ids : container of str
            Names of clips.
        audio_sha256 : container of str or None
            Checksums of audio files.

        Returns
        -------
        set of str
            Names of the clips with damaged rows.
        """
        names = set()
        for path in self.paths:
            file = self.file(path)
            wanted = [
                row
                for row, (clip_id, sha256) in enumerate(zip(file.clip_ids, file.audio_sha256, strict=True))
                if clip_id in clip_ids or sha256 in audio_sha256
            ]
            for row in file.damaged_rows(wanted):
                names.add(file.clip_ids[row])
                self._with_damage.add(path)
                self._forget(file.audio_sha256[row], (path, row))
        return names

    def rows(self, clips: Iterable[tuple[str, str]], compression: str) -> Iterator[FeatureRow | StoredRow]:
        """Yield the rows of clips, given as ``clip_id`` and sha256, each checked as it is copied.

        Raises
        ------
        DamagedStoreError
            If a row is damaged in every place where it is stored.
        """
        for clip_id, sha256 in clips:
            for path, row in reversed(self._places[sha256]):
                copied = self._copied(self.file(path), row, clip_id, compression)
                if copied is not None:
                    yield copied
                    break
            else:
                raise DamagedStoreError(f"{path}: the stored features of {clip_id!r} are not what was written")

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        self._open.clear()

    def _note_places(self, path: Path) -> None:
        file = self.file(path)
        try:
            rows = list(enumerate(file.audio_sha256))
            # everything that is read later
            _ = file.clip_ids, file.n_frames, file.n_samples, file.checksums, file.audio_stamps
        except DamagedStoreError as error:
            self.unreadable[path] = error.message
            self._open.pop(path, None)
            self._files.pop(path).close()
            return
        for row, sha256 in rows:
            self._places.setdefault(sha256, []).append((path, row))

    def _forget(self, audio_sha256: str, place: tuple[Path, int]) -> None:
        places = [other for other in self._places.pop(audio_sha256, []) if other != place]
        if places:
            self._places[audio_sha256] = places

    def _copied(self, file: FeatureFile, row: int, clip_id: str, compression: str) -> FeatureRow | StoredRow | None:
        """Return a row under the name of a clip, as bytes if the filters are the same; None if it is damaged."""
        n_frames, sha256, n_samples = int(file.n_frames[row]), file.audio_sha256[row], int(file.n_samples[row])
        try:
            if file.compression != compression:
                return FeatureRow(clip_id, file.read_features([row])[0], n_frames, sha256, n_samples)
            skipped, chunk = file.chunk(row)
            features = self._press(file).features_of(skipped, chunk)
        except (DamagedStoreError, OSError, ValueError):
            return None
        if not file.is_intact(row, features):
            return None
        checksum = checksum_of(features, n_frames, sha256)
        return StoredRow(clip_id, chunk, skipped, n_frames, sha256, checksum, n_samples)

    def _press(self, file: FeatureFile) -> Press:
        """Return the press for files with the same shape, data type and compression as this one."""
        key = (file.shape, file.dtype, file.compression)
        if key not in self._presses:
            self._presses[key] = Press(*key)
        return self._presses[key]
