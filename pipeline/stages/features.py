"""``sedpipe features``: the audio of each clip -> log-mel in the feature store, in parallel.

- :func:`extract_features`: make what is new or changed, keep the rest
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipeline.clips import Clip
from pipeline.errors import AudioError, MissingStageError
from pipeline.io.atomic import write_text
from pipeline.io.audio import read_waveform
from pipeline.io.audio_checksums import AudioChecksums, sha256_of
from pipeline.io.cache import DatasetCache
from pipeline.io.feature_store import (
    FeatureFile,
    FeatureRow,
    fingerprint,
    merge,
    remove_leftovers,
    rows_in_order,
    stored_rows,
    write_shard,
)
from pipeline.io.parallel import chunked, in_parallel
from pipeline.logmel import LogMelConfig, log_mel
from pipeline.stages.progress import Listener

CLIPS_PER_SHARD = 64


@dataclass(frozen=True)
class FeatureReport:
    """What ``--json`` prints of an extraction; ``splits`` counts clips, computed, reused and failed."""

    dataset: str
    fingerprint: str
    splits: dict[str, dict[str, int]]
    seconds: float
    clips_per_second: float
    stage: str = field(default="features")


def extract_features(
    dataset: str,
    cache_dir: Path,
    config: LogMelConfig,
    *,
    dtype: str = "float16",
    jobs: int = 1,
    listener: Listener | None = None,
) -> FeatureReport:
    """Bring the store of each split up to date with the audio.

    Parameters
    ----------
    dataset : str
        Name of a downloaded dataset.
    cache_dir : Path
        The cache.
    config : LogMelConfig
        Parameters; features of others lie beside these, untouched.
    dtype : str
        ``float16`` or ``float32``.
    jobs : int
        Worker processes.
    listener : Listener, optional
        Hears of progress.

    Raises
    ------
    MissingStageError
        If the dataset was not downloaded.
    """
    started, listener = time.monotonic(), listener or Listener()
    cache = DatasetCache(cache_dir, dataset)
    folder = cache.features_dir(fingerprint(config, dtype))
    remove_leftovers(folder)
    splits = {}
    for split, clips in cache.read_clips().items():
        splits[split] = _SplitExtraction(split, clips, cache, folder, config, dtype).run(jobs, listener)
    if not any(counts["clips"] for counts in splits.values()):
        raise MissingStageError(f"no clip of {dataset} has audio", hint=f"run `sedpipe download {dataset}` first")
    seconds = time.monotonic() - started
    computed = sum(counts["computed"] for counts in splits.values())
    return FeatureReport(dataset, folder.name, splits, seconds, computed / seconds)


class _SplitExtraction:
    """One split: find what is stored, make the rest in shards, merge."""

    def __init__(
        self, split: str, clips: Sequence[Clip], cache: DatasetCache, folder: Path, config: LogMelConfig, dtype: str
    ) -> None:
        self.split = split
        self.audio = {clip.clip_id: path for clip in clips if (path := cache.audio_path(clip)).exists()}
        self.store = folder / f"{split}.h5"
        self.shards = folder / f"{split}.shards"
        self.checksums = AudioChecksums(folder / f"{split}.audio.tsv")
        self.problems = folder / f"{split}.failed.tsv"
        self.config = config
        self.dtype = dtype

    def run(self, jobs: int, listener: Listener) -> dict[str, int]:
        store = [FeatureFile(self.store)] if self.store.exists() else []
        fresh = self._fresh(store)
        if len(fresh) == len(self.audio) and all(file.clip_ids == list(self.audio) for file in store) and store:
            self.checksums.save()
            return self._counts(computed=0, failed=0)
        fresh |= self._fresh(self._shard_files())
        missing = [clip_id for clip_id in self.audio if clip_id not in fresh]
        failures = self._make(missing, jobs, listener)
        fresh |= self._fresh(self._shard_files())
        self._merge(fresh, store)
        self._note(failures)
        return self._counts(computed=len(missing) - len(failures), failed=len(failures))

    def _fresh(self, files: Sequence[FeatureFile]) -> dict[str, tuple[FeatureFile, int]]:
        """Stored clips whose audio is still the same."""
        return {
            clip_id: (file, row)
            for clip_id, (file, row) in stored_rows(files).items()
            if clip_id in self.audio and file.audio_sha256[row] == self.checksums.of(clip_id, self.audio[clip_id])
        }

    def _shard_files(self) -> list[FeatureFile]:
        return [FeatureFile(path) for path in sorted(self.shards.glob("[!.]*.h5"))]

    def _make(self, clip_ids: list[str], jobs: int, listener: Listener) -> dict[str, str]:
        """Make shards; returns the reason for each clip that failed."""
        tasks = [[(clip_id, self.audio[clip_id]) for clip_id in part] for part in chunked(clip_ids, CLIPS_PER_SHARD)]
        write_one = partial(_write_one_shard, self.shards, self.config, self.dtype)
        failures: dict[str, str] = {}

        def finished() -> Iterator[tuple[str, Path]]:
            for part, failed in zip(tasks, in_parallel(write_one, tasks, jobs), strict=True):
                failures.update(failed)
                yield from part

        for _ in listener.track(finished(), len(clip_ids), f"{self.split} clips"):
            pass
        return failures

    def _merge(self, fresh: dict[str, tuple[FeatureFile, int]], store: Sequence[FeatureFile]) -> None:
        in_order = [clip_id for clip_id in self.audio if clip_id in fresh]
        merge(self.store, rows_in_order(fresh, in_order), len(in_order), self.config, self.dtype)
        for file in {id(file): file for file, _ in fresh.values()}.values():
            file.close()
        for file in store:
            file.close()
        self.checksums.save()
        for path in self.shards.glob("*.h5"):
            path.unlink()
        if self.shards.exists():
            self.shards.rmdir()

    def _note(self, failures: dict[str, str]) -> None:
        rows = [f"{clip_id}\t{' '.join(reason.split())}\n" for clip_id, reason in sorted(failures.items())]
        write_text(self.problems, "".join(["clip_id\treason\n", *rows]))

    def _counts(self, computed: int, failed: int) -> dict[str, int]:
        clips = len(self.audio)
        return {"clips": clips, "computed": computed, "reused": clips - computed - failed, "failed": failed}


def _write_one_shard(folder: Path, config: LogMelConfig, dtype: str, task: list[tuple[str, Path]]) -> dict[str, str]:
    """Make one shard; returns the reason for each clip that failed."""
    rows, failures = [], {}
    for clip_id, path in task:
        try:
            features, n_frames = log_mel(read_waveform(path, config.sample_rate), config)
        except AudioError as error:
            failures[clip_id] = error.message
        else:
            rows.append(FeatureRow(clip_id, features, n_frames, sha256_of(path)))
    if rows:
        write_shard(folder / f"{rows[0].audio_sha256}.h5", rows, config, dtype)
    return failures
