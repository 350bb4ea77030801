"""``sedpipe features``: the audio of each clip -> log-mel in the feature store, in parallel.

- :func:`extract_features`: make what is new or changed, keep the rest
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pipeline.clips import Clip
from pipeline.errors import AudioError, MissingStageError
from pipeline.io.atomic import remove_leftovers, write_text
from pipeline.io.audio import read_waveform
from pipeline.io.audio_checksums import AudioChecksums
from pipeline.io.cache import DatasetCache
from pipeline.io.checksums import sha256_of
from pipeline.io.feature_store import (
    FeatureFile,
    FeatureRow,
    fingerprint,
    merge,
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
    remove_leftovers(folder, *folder.glob("*.shards"))
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
        fresh = self._fresh()
        missing = [clip_id for clip_id in self.audio if clip_id not in fresh]
        failures = self._make(missing, jobs, listener)
        self._merge(self._fresh() if missing else fresh)
        self._note(failures)
        return self._counts(computed=len(missing) - len(failures), failed=len(failures))

    def _fresh(self) -> dict[str, tuple[FeatureFile, int]]:
        """Stored clips whose audio is still the same: in shards, or better in the store."""
        paths = [*sorted(self.shards.glob("[!.]*.h5")), *([self.store] if self.store.exists() else [])]
        return stored_rows(map(FeatureFile, paths), self._is_fresh)

    def _is_fresh(self, clip_id: str, sha256: str) -> bool:
        return clip_id in self.audio and sha256 == self.checksums.of(clip_id, self.audio[clip_id])

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

    def _merge(self, fresh: dict[str, tuple[FeatureFile, int]]) -> None:
        """Make one file of all, unless the store is that already; then the shards have served."""
        in_order = [clip_id for clip_id in self.audio if clip_id in fresh]
        if not self._is_store(fresh, in_order):
            merge(self.store, rows_in_order(fresh, in_order), len(in_order), self.config, self.dtype)
        for file, _ in fresh.values():
            file.close()
        self.checksums.save()
        for path in self.shards.glob("*.h5"):
            path.unlink()
        if self.shards.exists():
            self.shards.rmdir()

    def _is_store(self, fresh: dict[str, tuple[FeatureFile, int]], in_order: list[str]) -> bool:
        if not self.store.exists() or any(file.path != self.store for file, _ in fresh.values()):
            return False
        return FeatureFile(self.store).clip_ids == in_order

    def _note(self, failures: dict[str, str]) -> None:
        rows = [f"{clip_id}\t{' '.join(reason.split())}\n" for clip_id, reason in sorted(failures.items())]
        text = "".join(["clip_id\treason\n", *rows])
        if not self.problems.exists() or self.problems.read_text(encoding="utf-8") != text:
            write_text(self.problems, text)

    def _counts(self, computed: int, failed: int) -> dict[str, int]:
        clips = len(self.audio)
        return {"clips": clips, "computed": computed, "reused": clips - computed - failed, "failed": failed}


def _write_one_shard(folder: Path, config: LogMelConfig, dtype: str, task: list[tuple[str, Path]]) -> dict[str, str]:
    """Make one shard; returns the reason for each clip that failed."""
    rows, failures = [], {}
    for clip_id, path in task:
        try:
            sha256 = sha256_of(path)  # before it is decoded: a file that changes meanwhile is made anew next time
            features, n_frames = log_mel(read_waveform(path, config.sample_rate), config)
        except (AudioError, OSError) as error:
            failures[clip_id] = str(error)
        else:
            rows.append(FeatureRow(clip_id, features, n_frames, sha256))
    if rows:
        content = "".join(f"{row.clip_id}\t{row.audio_sha256}\n" for row in rows)  # clips may share their audio
        write_shard(folder / f"{hashlib.sha256(content.encode()).hexdigest()[:16]}.h5", rows, config, dtype)
    return failures
