"""The features stage on a real Dask scheduler with two worker processes on this machine."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from sedpipe.clips import Clip
from sedpipe.errors import SedpipeError
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.store import write_flac
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.reports.data import FeatureCounts
from sedpipe.stages.features import CLIPS_PER_SHARD, extract_features

distributed = pytest.importorskip("distributed")

RATE = 44_100
N_CLIPS = 6 * CLIPS_PER_SHARD


def noise(root: Path) -> Dataset:
    cache = Dataset(root, "own")
    clips = [Clip(f"clip-{number:04d}", "training", "noise", 0, 1, ("Car",)) for number in range(N_CLIPS)]
    cache.write_record(DatasetRecord(dataset="own", fingerprint="f", labels=("Car",), listed={"training": N_CLIPS}))
    write_clips(cache.clips_path, clips)
    for number, clip in enumerate(clips):
        waveform = 0.1 * np.random.default_rng(number).standard_normal(RATE // 10)
        write_flac(cache.audio_path(clip), waveform, RATE)
    return cache


def stores(cache: Dataset) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (cache.folder / "features").glob("*/*.h5")}


@dataclass(frozen=True)
class Cluster:
    """Address of the scheduler, and process ids of its workers."""

    address: str
    workers: list[int]


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
        ) as local,
        distributed.Client(local, set_as_default=False) as client,
    ):
        yield Cluster(local.scheduler_address, list(client.run(os.getpid).values()))


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes_as_one_machine(
    tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, own = noise(tmp_path / "alone"), noise(tmp_path / "own")
    extract_features(Dataset(alone.root, "own"), FeatureSpec(LogMelConfig()), jobs=2)
    killed = []

    def kill_half_way() -> None:
        while len(list(own.folder.glob("features/*/training.shards/[!.]*.h5"))) < 2:
            time.sleep(0.002)
        os.kill(cluster.workers[0], signal.SIGKILL)
        killed.append(len(list(own.folder.glob("features/*/training.h5"))))

    killer = Thread(target=kill_half_way, daemon=True)
    killer.start()
    monkeypatch.chdir(tmp_path)
    report = extract_features(Dataset(Path("own"), "own"), FeatureSpec(LogMelConfig()), scheduler=cluster.address)
    killer.join(10)
    assert killed == [0]  # before anything was merged
    assert report.splits["training"] == FeatureCounts(clips=N_CLIPS, computed=N_CLIPS, reused=0, failed=0, damaged=0)
    assert stores(own) == stores(alone)
    # Dask may repeat a task of the dead worker whose result had been fetched before: the late shard that results
    # from it is removed by the next run.
    extract_features(own, FeatureSpec(LogMelConfig()), jobs=1)
    assert not list(own.folder.glob("features/*/*.shards/[!.]*"))
    assert stores(own) == stores(alone)


def test_a_scheduler_without_workers_gives_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sedpipe.io.parallel.SECONDS_TO_CONNECT", 1)
    cache = noise(tmp_path)
    with (
        distributed.LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address=None) as empty,
        pytest.raises(SedpipeError, match=r"^the Dask scheduler tcp://127\.0\.0\.1:\d+ has no worker$") as caught,
    ):
        extract_features(Dataset(cache.root, "own"), FeatureSpec(LogMelConfig()), scheduler=empty.scheduler_address)
    assert caught.value.hint.startswith("start one with `dask worker tcp://127.0.0.1:")
