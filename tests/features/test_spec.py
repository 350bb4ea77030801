"""Fingerprints name folders that exist: the literal ones were made by the first edition (commit 675bfff)."""

from dataclasses import replace

import pytest
from sedpipe.clips import ClipFormat
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.features.waveform import WaveformConfig

OF_THE_FIRST_EDITION = [
    (LogMelConfig(), "float16", "301fb64049a5a97a"),
    (LogMelConfig(), "float32", "18a7f257a0e436f8"),
    (LogMelConfig(n_mels=64), "float16", "988de5714fd1f715"),
    (LogMelConfig(16_000, 640, 320, 1024, 500, 64), "float16", "34d64d9d7164212c"),
    (LogMelConfig(32_000, 1024, 320, 1024, 1000, 128, 1e-8), "float32", "e4c0f9e65f25d3de"),
]


@pytest.mark.parametrize(("front_end", "dtype", "fingerprint"), OF_THE_FIRST_EDITION)
def test_log_mel_fingerprints_match_the_first_edition(front_end: LogMelConfig, dtype: str, fingerprint: str) -> None:
    assert FeatureSpec(front_end, dtype).fingerprint == fingerprint


def test_parameters_are_in_the_order_of_the_first_edition() -> None:
    names = "sample_rate window_length hop_length n_fft n_frames n_mels floor dtype extractor_version"
    assert list(FeatureSpec().parameters) == names.split()


@pytest.mark.parametrize("front_end", [LogMelConfig(n_mels=64), WaveformConfig(8000, 160, 100)])
def test_a_spec_is_restored_from_its_parameters(front_end: LogMelConfig | WaveformConfig) -> None:
    spec = FeatureSpec(front_end, "float32")
    assert FeatureSpec.from_parameters(spec.parameters) == spec


def test_features_of_another_extractor_version_are_refused() -> None:
    with pytest.raises(ValueError, match="made by version 1 of logmel, this sedpipe has version 2"):
        FeatureSpec.from_parameters({**FeatureSpec().parameters, "extractor_version": 1})


def test_different_front_ends_and_sample_rates_have_different_fingerprints() -> None:
    rates = (WaveformConfig(8000), WaveformConfig(16_000), LogMelConfig(8000), LogMelConfig(16_000))
    assert len({FeatureSpec(front_end).fingerprint for front_end in rates}) == 4


def test_the_spec_of_the_first_editions_clips_is_the_default() -> None:
    assert FeatureSpec.of_clips(ClipFormat()) == FeatureSpec()


@pytest.mark.parametrize(
    "change",
    [
        {"n_frames": 10**9},
        {"n_frames": 500.0},
        {"hop_length": 10**7},
        {"sample_rate": 10**9},
        {"n_mels": 10**6},
        {"n_fft": 2**30},
        {"n_fft": True},
        {"floor": float("nan")},
        {"floor": float("inf")},
    ],
)
def test_absurd_or_invalid_sizes_are_refused(change: dict[str, float]) -> None:
    with pytest.raises((ValueError, TypeError)):
        FeatureSpec(replace(LogMelConfig(), **change))  # type: ignore[arg-type]


def test_an_unknown_dtype_is_refused() -> None:
    with pytest.raises(ValueError, match="dtype must be one of float16, float32, got 'int8'"):
        FeatureSpec(dtype="int8")


def test_the_fingerprint_depends_on_every_parameter_and_the_dtype() -> None:
    later: dict[str, float | str] = {"window_length": 882, "f_min": 50.0, "f_max": 8000.0, "range_db": 80.0}
    later |= {"window": "hamming", "spectrum": "magnitude"}
    changes = [{name: later[name] if name in later else 2 * value} for name, value in vars(LogMelConfig()).items()]
    made = {FeatureSpec(replace(LogMelConfig(), **change)).fingerprint for change in changes}
    made |= {FeatureSpec(LogMelConfig()).fingerprint, FeatureSpec(LogMelConfig(), "float32").fingerprint}
    assert len(made) == len(changes) + 2
    assert all(len(digits) == 16 and int(digits, 16) >= 0 for digits in made)
    assert FeatureSpec(LogMelConfig()).fingerprint == FeatureSpec(LogMelConfig()).fingerprint
