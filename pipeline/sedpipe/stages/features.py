"""``sedpipe features``: the audio of each clip -> features in the store, in parallel, here or on a cluster.

- :func:`extract_features`: compute what is new or changed, keep the rest
- :func:`explain_features`: report what would be computed and why, compute nothing
"""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial

from sedpipe.errors import AudioError, MissingStageError, SedpipeError
from sedpipe.features.encoders.both import BothConfig
from sedpipe.features.front_end import FrontEnd
from sedpipe.features.logmel import LogMelConfig, empty_bands
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.store import read_stored
from sedpipe.io.cache.audio_checksums import AudioStamp
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.cache.feature_shelf import Shelf
from sedpipe.io.cache.feature_store import FeatureRow, merge, write_shard
from sedpipe.io.encoders.front_end import with_encoder_files
from sedpipe.io.files.atomic import remove_leftovers
from sedpipe.io.files.locks import hold, is_held, wait_for
from sedpipe.io.parallel import chunked, in_parallel
from sedpipe.listener import Listener
from sedpipe.printable import printable
from sedpipe.reports.data import FeatureCounts, FeatureExplanation, FeatureReport, PlannedCounts
from sedpipe.shards import Shard
from sedpipe.steps.feature_plan import (
    DAMAGED,
    EXAMPLES,
    Audio,
    FeatureFolder,
    SplitPlan,
    audio_of_splits,
    describe_plans,
    plan_splits,
    write_failed,
)
from sedpipe.wording import counted

CLIPS_PER_SHARD = 64

_DOING = "making these features"
_ONE_AT_A_TIME = "wait until it has finished, or give each process a part with --shard"


def extract_features(
    dataset: Dataset,
    spec: FeatureSpec,
    *,
    compression: str | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    shard: Shard | None = None,
    listener: Listener | None = None,
) -> FeatureReport:
    """Bring the store of each split up to date with the audio.

    Parameters
    ----------
    dataset : Dataset
        A downloaded dataset; on a cluster, in a folder that all machines see under the same path.
    spec : FeatureSpec
        Features to compute; features with other parameters are stored beside them and stay untouched. Files of encoders
        that the user named are fetched first.
    compression : str, optional
        ``none``, ``gzip`` or ``lzf``; by default that of the existing store, else ``none``. It does not affect values.
    jobs : int
        Number of worker processes.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers do the work instead.
    shard : Shard, optional
        Part of the clips to compute; by default all. The process that finishes the last part merges all of them.
    listener : Listener, optional
        Receiver of progress and remarks.

    Raises
    ------
    MissingStageError
        If the dataset was not downloaded, or the file of an encoder is missing and cannot be fetched.
    SedpipeError
        If another process computes the same features, or the cache cannot be written.
    """
    started, listener = time.monotonic(), listener or Listener()
    cache = Dataset(dataset.root.absolute(), dataset.name)  # workers may have another working directory
    audio = _audio(cache)
    spec = with_encoder_files(spec, cache.root, listener)
    work = _Extraction(cache, audio, spec, compression, shard)
    with hold(work.folder.lock(shard), _DOING, _ONE_AT_A_TIME):
        splits, waiting = work.run(jobs, scheduler, listener)
    seconds = time.monotonic() - started
    computed = sum(counts.computed for counts in splits.values())
    return FeatureReport(dataset.name, work.folder.path.name, splits, seconds, computed / seconds, waiting)


def explain_features(dataset: Dataset, spec: FeatureSpec, *, jobs: int = 1) -> FeatureExplanation:
    """Report which features :func:`extract_features` would compute and why; write nothing."""
    cache = Dataset(dataset.root.absolute(), dataset.name)
    folder = FeatureFolder(cache.features_dir(spec.fingerprint))
    plans, shelf = plan_splits(cache, folder, _audio(cache), jobs)
    shelf.close()
    splits = {
        split: PlannedCounts(len(plan.audio), len(plan.stored), len(plan.missing)) for split, plan in plans.items()
    }
    return FeatureExplanation(dataset.name, folder.path.name, splits, describe_plans(plans, folder, spec))


def _audio(cache: Dataset) -> dict[str, Audio]:
    """Return the clips with audio; refuse a dataset without any, so that its features are kept when audio was freed."""
    audio = audio_of_splits(cache, cache.read_clips())
    if not any(audio.values()):
        raise MissingStageError(f"no clip of {cache.name} has audio", hint=f"run `{cache.command('download')}` first")
    return audio


class _Extraction:
    """Extraction in three steps: plan, make shards, merge."""

    def __init__(
        self,
        cache: Dataset,
        audio: dict[str, Audio],
        spec: FeatureSpec,
        compression: str | None,
        shard: Shard | None,
    ) -> None:
        self.cache = cache
        self.audio = audio
        self.spec = spec
        self.compression = compression
        self.shard = shard
        self.folder = FeatureFolder(cache.features_dir(spec.fingerprint))

    def run(self, jobs: int, scheduler: str | None, listener: Listener) -> tuple[dict[str, FeatureCounts], int]:
        """Return the counts of each split, and how many clips are left to processes with other shards."""
        own = {split: self._own(audio) for split, audio in self.audio.items()}
        with wait_for(self.folder.merge_lock):
            self._refuse_others()
            self._clear_leftovers()
            plans, shelf = plan_splits(self.cache, self.folder, own, jobs)
            for split, plan in plans.items():
                plan.checksums.save(self.audio[split])
        _report_damage(plans, shelf, listener)
        if any(plan.missing for plan in plans.values()):
            _report_empty_bands(self.spec.front_end, listener)
        made, failures = self._make(plans, jobs, scheduler, listener)
        _report_failures(failures, self.cache, listener)
        with wait_for(self.folder.merge_lock):
            if self.shard is None and not any(made.values()):
                waiting = self._merge(plans, shelf, failures)
            else:
                shelf.close()
                waiting = self._merge_with_shards(made, failures, jobs)
        return {split: _counts(plan, failures[split]) for split, plan in plans.items()}, waiting

    def _own(self, audio: Audio) -> Audio:
        shard = self.shard
        return audio if shard is None else {clip_id: audio[clip_id] for clip_id in audio if shard.holds(clip_id)}

    def _is_alone(self) -> bool:
        return not any(is_held(lock) for lock in self.folder.locks() if lock != self.folder.lock(self.shard))

    def _refuse_others(self) -> None:
        """Raise an error if another process works here; only processes that each have a shard may work in parallel."""
        if is_held(self.folder.lock()) if self.shard is not None else not self._is_alone():
            raise SedpipeError(f"another process is {_DOING} ({self.folder.path})", hint=_ONE_AT_A_TIME)

    def _clear_leftovers(self) -> None:
        if self._is_alone():
            remove_leftovers(self.folder.path, *map(self.folder.shards, self.audio))

    def _make(
        self, plans: Mapping[str, SplitPlan], jobs: int, scheduler: str | None, listener: Listener
    ) -> tuple[dict[str, list[str]], dict[str, dict[str, str]]]:
        """Make shards; return by split their names, and the reason for each clip that failed."""
        made: dict[str, list[str]] = {split: [] for split in plans}
        failures: dict[str, dict[str, str]] = {split: {} for split in plans}
        tasks = [
            (split, some) for split, plan in plans.items() for some in chunked(list(plan.missing), CLIPS_PER_SHARD)
        ]
        write_one = partial(_write_one_shard, self.cache, self.folder, self.spec, self.compression or "none")

        def finished() -> Iterator[str]:
            results = in_parallel(write_one, tasks, jobs, scheduler)
            for (split, some), (name, failed) in zip(tasks, results, strict=True):
                made[split] += [name] if name else []
                failures[split].update(failed)
                yield from some

        for _ in listener.track(finished(), sum(len(plan.missing) for plan in plans.values()), "clips"):
            pass
        return made, failures

    def _merge_with_shards(self, made: Mapping[str, list[str]], failures: dict[str, dict[str, str]], jobs: int) -> int:
        """Plan again from what is stored now, and merge it, unless clips are left to processes with other shards."""
        if self.shard is not None:
            for split, failed in failures.items():
                write_failed(self.folder.failed(split, self.shard), failed)
            failures = {split: self.folder.failed_in_parts(split) for split in self.audio}
        plans, shelf = plan_splits(self.cache, self.folder, self.audio, jobs, made)
        lacking = sum(len(plan.missing.keys() - failures[split].keys()) for split, plan in plans.items())
        if self.shard is not None and lacking:
            shelf.close()
            return lacking
        return self._merge(plans, shelf, failures)

    def _merge(self, plans: dict[str, SplitPlan], shelf: Shelf, failures: dict[str, dict[str, str]]) -> int:
        """Make one file per split, unless it is complete already; then delete shards and their lists of failures."""
        for split, plan in plans.items():
            if plan.audio:  # features outlive audio that was freed
                self._write_store(plan, shelf)
                plan.checksums.save(plan.audio)
                failed = {clip_id: why for clip_id, why in failures[split].items() if clip_id in plan.missing}
                write_failed(self.folder.failed(split), failed)
        shelf.close()
        for path in [*shelf.shards, *(path for split in plans for path in self.folder.failed_parts(split))]:
            path.unlink(missing_ok=True)
        self._clear_leftovers()
        if self._is_alone():
            for split in plans:
                with suppress(OSError):  # a worker that outlives a killed run may write one more shard there
                    self.folder.shards(split).rmdir()
        return 0

    def _write_store(self, plan: SplitPlan, shelf: Shelf) -> None:
        path = self.folder.store(plan.split)
        compression = self.compression or "none"
        if path.exists() and path not in shelf.unreadable:
            there = FeatureFile(path)
            compression = self.compression or there.compression
            is_it = (there.compression, there.clip_ids, there.audio_sha256) == (
                compression, list(plan.stored), list(plan.stored.values()),
            )  # fmt: skip
            there.close()
            is_it = is_it and not shelf.is_damaged(path)
            if is_it or (not plan.stored and not there.clip_ids):
                return
        rows = shelf.rows(plan.stored.items(), compression)
        merge(path, rows, len(plan.stored), self.spec, compression)


def _counts(plan: SplitPlan, failed: Mapping[str, str]) -> FeatureCounts:
    return FeatureCounts(
        clips=len(plan.audio),
        computed=len(plan.missing) - len(failed),
        reused=len(plan.stored),
        failed=len(failed),
        damaged=len(_damaged(plan)),
    )


def _damaged(plan: SplitPlan) -> list[str]:
    return [clip_id for clip_id, reason in plan.missing.items() if reason == DAMAGED]


def _report_failures(failures: Mapping[str, Mapping[str, str]], cache: Dataset, listener: Listener) -> None:
    """Report why the first clip of each split failed, and how to repair it; a table lists all that failed.

    Audio that exists is never made again, even if it is damaged: to have it made again, the user deletes it.
    """
    for split, failed in failures.items():
        for clip_id, why in [*failed.items()][:1]:
            others = f" (and {len(failed) - 1:,} others)" if len(failed) > 1 else ""
            again = f"to have its audio made again, delete that file and run `{cache.command('download')}`"
            listener.remark(f"{split}: {clip_id}{others} failed: {printable(why)}; {again}")


def _report_empty_bands(front_end: FrontEnd, listener: Listener) -> None:
    spectrogram = front_end.spectrogram if isinstance(front_end, BothConfig) else front_end
    if isinstance(spectrogram, LogMelConfig) and (empty := empty_bands(spectrogram)):
        apart = spectrogram.sample_rate / spectrogram.n_fft
        listener.remark(
            f"{len(empty)} of {spectrogram.n_mels} mel bands hold no sound: the spectrum has a value every {apart:.3g} "
            "Hz, and none lies in them; ask for fewer bands (--n-mels), or for a larger n_fft (--front-end FILE)"
        )


def _report_damage(plans: Mapping[str, SplitPlan], shelf: Shelf, listener: Listener) -> None:
    for message in shelf.unreadable.values():
        listener.remark(f"{message}; its features are computed again")
    for split, plan in plans.items():
        if damaged := _damaged(plan):
            some = ", ".join(damaged[:EXAMPLES]) + (", ..." if len(damaged) > EXAMPLES else "")
            listener.remark(
                f"{split}: stored features of {counted(len(damaged), 'clip')} are damaged, so computed again: {some}"
            )


def _write_one_shard(
    cache: Dataset,
    folder: FeatureFolder,
    spec: FeatureSpec,
    compression: str,
    task: tuple[str, list[str]],
) -> tuple[str | None, dict[str, str]]:
    """Make one shard; return its name (None if no clip could be used) and the reason for each clip that failed."""
    _check_worker(folder, spec.fingerprint)
    front_end = spec.front_end
    (split, clip_ids), rows, stamps, failures = task, [], [], {}
    for clip_id in clip_ids:
        path = cache.audio_dir(split) / audio_name(clip_id)
        try:
            stamp = AudioStamp.of(path)  # before decoding: a file that changes meanwhile is processed again next time
            waveform = read_stored(path, front_end.sample_rate, most_samples=front_end.n_samples)
            features, n_frames = front_end.extract(waveform)
            stored = spec.as_stored(features)
        except (AudioError, OSError) as error:
            failures[clip_id] = str(error)
        else:
            rows.append(FeatureRow(clip_id, stored, n_frames, stamp.sha256, min(len(waveform), front_end.n_samples)))
            stamps.append(stamp)
    if not rows:
        return None, failures
    content = "".join(f"{row.clip_id}\t{row.audio_sha256}\n" for row in rows)  # clips may share their audio
    name = f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.h5"
    write_shard(folder.shards(split) / name, rows, spec, compression, stamps)
    return name, failures


def _check_worker(folder: FeatureFolder, wanted: str) -> None:
    """Check that a worker on another machine sees the same folder and has the same version of sedpipe."""
    if not folder.path.is_dir():
        raise SedpipeError(
            f"the worker on {socket.gethostname()} does not see {folder.path}",
            hint="--cache must be a folder that all machines see under the same path",
        )
    if folder.path.name != wanted:
        raise SedpipeError(
            f"the worker on {socket.gethostname()} has another version of sedpipe",
            hint="install the same version on all machines",
        )
