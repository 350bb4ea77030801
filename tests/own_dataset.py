"""A downloaded dataset of short clips of noise, for tests of what is made from audio."""

from pathlib import Path

import numpy as np
from sedpipe.clips import Clip
from sedpipe.features.logmel import LogMelConfig, log_mel
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.audio.store import write_flac
from sedpipe.io.audio.waveforms import read_waveform
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_file import FeatureFile
from sedpipe.io.files.checksums import sha256_of
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.reports.data import FeatureReport
from sedpipe.stages.features import extract_features

CONFIG = LogMelConfig()
RATE = 44_100


class Own:
    """A downloaded dataset ``own`` of short clips of noise."""

    def __init__(self, root: Path, **n_clips: int) -> None:
        self.root = root
        self.cache = Dataset(root, "own")
        self.clips = [self.clip(split, number) for split, n in n_clips.items() for number in range(n)]
        self.list_clips(self.clips)
        for number, clip in enumerate(self.clips):
            self.record_audio(clip, seed=number)

    def clip(self, split: str, number: int) -> Clip:
        return Clip(f"{split}-{number}", split, "noise", 0, 10, ("Car",))

    def list_clips(self, clips: list[Clip]) -> None:
        splits = dict.fromkeys(clip.split for clip in clips)
        listed = {split: sum(clip.split == split for clip in clips) for split in splits}
        self.cache.write_record(DatasetRecord(dataset="own", fingerprint="f", labels=("Car",), listed=listed))
        write_clips(self.cache.clips_path, clips)

    def record_audio(self, clip: Clip, seed: int, seconds: float = 0.3) -> None:
        waveform = 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))
        write_flac(self.cache.audio_path(clip), waveform, RATE)

    @property
    def features(self) -> Path:
        return self.cache.features_dir(FeatureSpec(CONFIG).fingerprint)

    def store(self, split: str = "training") -> Path:
        return self.features / f"{split}.h5"

    def extract(self, dtype: str = "float16", **options: object) -> FeatureReport:
        return extract_features(Dataset(self.root, "own"), FeatureSpec(CONFIG, dtype), **options)

    def counts(self, **options: object) -> tuple[int, int, int]:
        """Extract features; return how many of the training split are computed, reused and failed."""
        counts = self.extract(**options).splits["training"]
        assert counts.clips == counts.computed + counts.reused + counts.failed
        return counts.computed, counts.reused, counts.failed

    def stores(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.features.rglob("*.h5")}

    def assert_right(self, clips: list[Clip]) -> None:
        """Check that the training store contains ``clips`` in this order, each with the features of its audio."""
        file = FeatureFile(self.store())
        assert file.clip_ids == [clip.clip_id for clip in clips]
        for row, clip in enumerate(clips):
            path = self.cache.audio_path(clip)
            expected, n_frames = log_mel(read_waveform(path, RATE), CONFIG)
            stored = file.read(row)
            np.testing.assert_array_equal(stored.features, expected.astype(np.float16))
            assert (stored.n_frames, stored.audio_sha256) == (n_frames, sha256_of(path))
