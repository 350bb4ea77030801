"""Datasets of pieces of YouTube videos: rows from public lists, audio from the user's own files or from the network.

- :class:`YoutubeSource`: looks for lists and audio in the user's places first, then fetches them
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from sedpipe.choices import SPLITS
from sedpipe.clips import Clip, ClipFormat, youtube_clip_id
from sedpipe.errors import AudioError, SedpipeError
from sedpipe.failures import FailedClipError, Failure
from sedpipe.fates import Fate
from sedpipe.io.audio.cut import cut
from sedpipe.io.audio.store import fate_of_stored, rate_of_stored, store_cut
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.files.reading import walk
from sedpipe.io.lists.dcase import read_clip_list, read_dcase_weak_list
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.manifests.youtube import RemoteList, YoutubeManifest
from sedpipe.io.web.fetch import fetch_file
from sedpipe.io.web.remote_file import Limits
from sedpipe.io.web.videos import (
    WATCH_ADDRESS,
    VideoOptions,
    VideoResolver,
    javascript_runtimes,
    watch_address,
    yt_dlp_version,
)
from sedpipe.sources.access import Access, FetchOptions
from sedpipe.sources.crawl import Manners, crawl
from sedpipe.sources.rows import cut_rows
from sedpipe.sources.source import FetchStoppedError, Source, SplitRows
from sedpipe.wording import counted

MOST_AN_HOUR = {"guest": 300, "account": 2000}
"""Videos an hour that YouTube allows without and with an account, according to yt-dlp's wiki."""

_SECONDS_A_CLIP = 6.0  # time that a worker needs for a clip: two pages, a player, two or three pieces of the file
_LEAST_FREE = 64 << 20  # bytes that must be free on disk


class YoutubeSource(Source):
    """Clips of videos.

    Parameters
    ----------
    manifest : YoutubeManifest
    cache : Dataset
    access : Access, optional
        Its ``places`` are folders and archives with lists or audio that the user has.
    watch_address : str
        Address of a video, with ``{}`` for its id.

    Raises
    ------
    SedpipeError
        If a place does not exist.
    """

    is_local = False
    keeps_audio = True

    def __init__(
        self,
        manifest: YoutubeManifest,
        cache: Dataset,
        access: Access | None = None,
        *,
        watch_address: str = WATCH_ADDRESS,
    ) -> None:
        access = access or Access()
        self._manifest = manifest
        self._cache = cache
        self._places = access.places
        self._jobs = access.jobs
        self._options = access.network
        self._watch_address = watch_address
        self._format = manifest.clip_format(0)
        self._complaints: dict[tuple[str, str], str] = {}
        for place in self._places:
            if not Path(place).exists():
                raise SedpipeError(f"--from {place}: there is no such folder or archive")

    @property
    def clip_format(self) -> ClipFormat:
        """Length and sample rate of the clips, from the manifest."""
        return self._format

    def recall(self) -> None:
        """Refuse a sample rate other than that of the existing audio.

        A clip's name does not contain its sample rate, so existing audio would be kept. Clips of two sample rates
        differ in bandwidth, which a network might take for a difference between classes.
        """
        record, cache, rate = self._cache.find_record(), self._cache, self._format.sample_rate
        if record is None or record.fingerprint == self._manifest.fingerprint:
            return
        if record.listed and record.sample_rate == rate:
            return
        rates = Counter(
            rate_of_stored(cache.audio_dir(split) / name) for split in SPLITS for name in cache.audio_names(split)
        )
        others = {found: count for found, count in rates.items() if found not in (0, rate)}
        if others:
            n_clips, before = sum(others.values()), max(others, key=lambda found: others[found])
            raise SedpipeError(
                f"{self._manifest.path}: the sample_rate is {rate} Hz, and {counted(n_clips, 'clip')} in "
                f"{cache.folder} {'is' if n_clips == 1 else 'are'} of {before} Hz: features would be made of both",
                hint=f"set sample_rate = {before} (features are made at the rate of their front end anyway), or give "
                f"the dataset another name; to download all clips again, delete {cache.folder / 'audio'}",
            )

    def resolve(self) -> Iterator[SplitRows]:
        """Read the official lists of each split; a list that cannot be fetched makes its split unavailable."""
        for split in self._manifest.split_names:
            try:
                lists = {remote.role: self._list_path(remote) for remote in self._manifest.lists_of(split)}
            except SedpipeError as error:
                notes = (f"{split} is unavailable: {error.message}",)
                yield SplitRows(split, 0, (), notes=notes, is_available=False)
                continue
            clips = self._clips(split, lists)
            reference = None
            if "strong" in lists:
                events = read_event_list(lists["strong"], self._manifest.label_set)
                reference = {clip.clip_id: events.get(clip.clip_id, []) for clip in clips}
            rows = SplitRows(split, len(clips), clips, reference)
            yield cut_rows(rows, self._format.clip_s, self._manifest.long_of(split), _called_by_times)

    def adopt(self, clips: Sequence[Clip], listed: Sequence[Clip], say: Callable[[str], None]) -> Iterator[Fate]:
        """Take audio that the user already has; ``say`` is called about places that can be read only in part.

        Yields
        ------
        Fate
            Fate of each clip that was found: ``ok``, or ``pending`` if what was found cannot be used.
        """
        if not self._places:
            return
        from sedpipe.sources.adoption import adopt  # here, since it imports archive readers and decoders

        rate = self._format.sample_rate
        for fate in adopt(self._places, clips, listed, self._cache, self._jobs, say, sample_rate=rate):
            if fate.state != "ok":
                self._complaints[fate.split, fate.clip_id] = fate.message or fate.reason
            yield fate if fate.state == "ok" else replace(fate, state="pending")

    def account(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Yield the fates of ``clips`` whose audio exists, from the audio itself; nothing is fetched again."""
        for clip in clips:
            try:
                yield fate_of_stored(clip, self._cache.audio_path(clip))
            except AudioError:  # not a file of sedpipe; reported when features are made
                continue

    def fetch(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        """Cut clips out of their videos.

        Yields
        ------
        Fate
            Fate of each clip, as it becomes known; if the user's own audio of a clip that failed was unusable, the
            message contains the reason for that, too.

        Raises
        ------
        FetchStoppedError
            If the site refuses many clips in a row, nothing can be reached, or this machine lacks something.
        """
        for fate in self._crawl(clips):
            complaint = self._complaints.get((fate.split, fate.clip_id))
            told = fate.state != "ok" and complaint
            yield replace(fate, message=f"{complaint}; {fate.message}") if told else fate

    def expectation(self, clips: Sequence[Clip]) -> str:
        """Return how long ``clips`` will take, in a sentence.

        An hour is enough for ``3600 / spacing_s`` videos, but for no more than the workers finish at 6 s each, and no
        more than YouTube allows: 300 to a guest, 2,000 to an account.

        >>> YoutubeSource.expectation_of(51_172, FetchOptions())
        '51,172 clips left at about 300 an hour: 7 days'
        """
        return self.expectation_of(len(clips), self._options)

    @staticmethod
    def expectation_of(n_clips: int, options: FetchOptions) -> str:
        """Return the sentence of :meth:`expectation` for a number of clips."""
        has_account = options.cookies is not None or options.cookies_from_browser is not None
        allowed = MOST_AN_HOUR["account" if has_account else "guest"]
        by_workers = options.workers * 3600 / _SECONDS_A_CLIP
        by_spacing = 3600 / options.spacing_s if options.spacing_s > 0 else allowed
        an_hour = max(1, round(min(allowed, by_workers, by_spacing)))
        return f"{counted(n_clips, 'clip')} left at about {an_hour:,} an hour: {_in_words(n_clips / an_hour)}"

    def _crawl(self, clips: Sequence[Clip]) -> Iterator[Fate]:
        if not clips:
            return
        if self._watch_address == WATCH_ADDRESS and not javascript_runtimes():
            raise FetchStoppedError(
                "YouTube's players need a JavaScript runtime, and none is installed",
                hint="install Deno (https://deno.com) or Node.js 20 or newer; `sedpipe doctor` looks for them",
            )
        options = self._options
        manners = Manners(
            options.workers,
            options.spacing_s,
            options.breaker,
            options.clip_timeout_s,
            options.backoff_s,
            options.doubts,
        )
        yield from crawl(
            clips, lambda: _VideoWorker(self._cache, options, self._watch_address, self._format.sample_rate), manners
        )

    def _clips(self, split: str, lists: dict[str, Path]) -> list[Clip]:
        if "clips" in lists:
            return read_clip_list(lists["clips"], split, self._manifest.label_of_mid)
        return read_dcase_weak_list(lists["weak"], split, self._manifest.label_set)

    def _list_path(self, remote: RemoteList) -> Path:
        """Return the path of the user's own copy of a list (recognised by name and checksum), or fetch it."""
        for path in self._files:
            if path.name == remote.file_name and sha256_of(path) == remote.sha256:
                return path
        return fetch_file(remote.url, self._cache.sources / self._manifest.name / remote.file_name, remote.sha256)

    @cached_property
    def _files(self) -> list[Path]:
        folders = [Path(place) for place in self._places if Path(place).is_dir()]
        below = (sorted(Path(at, name) for at, _, names in walk(folder) for name in names) for folder in folders)
        return [path for paths in below for path in paths if path.is_file()]


class _VideoWorker:
    """Worker that cuts clips out of videos, in one thread."""

    def __init__(self, cache: Dataset, options: FetchOptions, template: str, sample_rate: int) -> None:
        self._cache = cache
        self._sample_rate = sample_rate
        self._options = options
        self._template = template
        share = None if options.rate_limit is None else max(1, options.rate_limit // options.workers)
        self._share = share
        self._tool = yt_dlp_version()
        self._resolver = VideoResolver(
            VideoOptions(options.cookies, options.cookies_from_browser, options.proxy, share, options.timeout_s)
        )

    def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
        """Resolve the video, cut the clip and store it; raises :class:`FailedClipError`."""
        self._check_disk()
        limits = Limits(self._options.clip_timeout_s, self._share, stopped)
        audio = self._resolver.resolve(self._address(clip))
        with self._resolver.reading(audio, limits) as file:
            piece = cut(file, clip.start_s, clip.end_s, self._sample_rate, timeout_s=limits.seconds)
        if stopped():  # the result is no longer needed, so no file may appear
            raise FailedClipError("stopped", Failure("retryable", "stopped"))
        return store_cut(piece, clip, self._cache.audio_path(clip), self._tool, audio.format)

    def close(self) -> None:
        """Close connections and delete the copy of the cookies."""
        self._resolver.close()

    def _address(self, clip: Clip) -> str:
        if clip.source.startswith(("https://", "http://")):
            return clip.source
        return watch_address(clip.source, self._template)

    def _check_disk(self) -> None:
        folder = next(path for path in (self._cache.folder, *self._cache.folder.parents) if path.exists())
        if shutil.disk_usage(folder).free < _LEAST_FREE:
            raise FailedClipError(f"no space left on device for {folder}", Failure("local", "disk-full"))


def _called_by_times(listed: Clip, start_s: float, end_s: float) -> str:
    return youtube_clip_id(listed.source, start_s, end_s)


def _in_words(hours: float) -> str:
    for seconds, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        number = round(hours * 3600 / seconds)
        if hours * 3600 >= 1.5 * seconds or word == "minute":
            return f"{max(1, number)} {word}{'' if number <= 1 else 's'}"
    raise AssertionError("unreachable")
