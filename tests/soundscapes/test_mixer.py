import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sedpipe.events import Event
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.manifests.mixtures import MixtureManifest
from sedpipe.soundscapes import mixer
from sedpipe.soundscapes.mixer import Draw, Placement, PreparedRecording, Recipe, draw, prepare, render, truth

RATE = 44_100
FRAME = 882
RECIPE = Recipe((0.3, 1.0), 0.003, (1, 2, 3), (0.45, 0.35, 0.20), (6.0, 24.0))
QUIET = 0.001  # audible, but 60 dB below the loudest frames


def sounding(*pieces: tuple[int, float]) -> np.ndarray:
    """Return the concatenated pieces, each given as (number of 20 ms frames, amplitude)."""
    signs = np.resize([1.0, -1.0], FRAME)
    return np.concatenate([np.tile(signs * amplitude, frames) for frames, amplitude in pieces])


def regions(*pieces: tuple[int, float]) -> list[tuple[float, float]]:
    """Active regions in frames."""
    return [(first / FRAME, end / FRAME) for first, end in prepare(sounding(*pieces)).regions]


def test_a_gap_of_exactly_0_3_s_stays_and_a_shorter_one_is_closed() -> None:
    assert regions((10, 1), (15, QUIET), (10, 1)) == [(0, 10), (25, 35)]
    assert regions((10, 1), (14, QUIET), (10, 1)) == [(0, 34)]


def test_a_region_of_exactly_0_1_s_is_kept_and_a_shorter_one_is_dropped() -> None:
    assert regions((20, 1), (15, QUIET), (5, 1)) == [(0, 20), (35, 40)]
    assert regions((20, 1), (15, QUIET), (4, 1)) == [(0, 20)]


def test_gaps_are_closed_before_short_regions_are_dropped() -> None:
    assert regions((3, 1), (3, QUIET), (3, 1)) == [(0, 9)]


def test_frames_at_most_26_db_below_the_loudest_one_are_active() -> None:
    limit = 10 ** (-26 / 20)
    assert regions((10, 1), (10, limit * 1.001)) == [(0, 20)]
    assert regions((10, 1), (10, limit * 0.999)) == [(0, 10)]


def test_frames_are_counted_from_the_first_audible_sample() -> None:
    silence = np.full(500, 1e-4)
    prepared = prepare(np.concatenate([silence, sounding((10, 1)), silence]))
    assert prepared.regions == ((0, 10 * FRAME),)
    assert len(prepared.waveform) == 10 * FRAME


def test_an_incomplete_last_frame_is_not_part_of_a_region() -> None:
    waveform = np.concatenate([sounding((10, 1)), np.ones(FRAME - 1)])
    assert prepare(waveform).regions == ((0, 10 * FRAME),)


def test_the_rms_of_active_regions_is_one_whatever_the_level_and_the_pauses() -> None:
    pieces = ((10, 0.2), (15, QUIET / 5), (10, 0.1), (50, QUIET / 5))
    prepared = prepare(sounding(*pieces))
    active = np.concatenate([prepared.waveform[first:end] for first, end in prepared.regions])
    assert np.sqrt(np.mean(active**2)) == pytest.approx(1)
    assert prepared.waveform.dtype == np.float64
    np.testing.assert_allclose(prepare(sounding(*pieces) * 3).waveform, prepared.waveform)


def test_only_ten_seconds_of_a_long_recording_are_kept_but_its_rms_covers_all() -> None:
    prepared = prepare(sounding((1000, 0.1), (15, QUIET / 10), (1000, 0.3)))
    assert prepared.regions == ((0, 1000 * FRAME), (1015 * FRAME, 2015 * FRAME))
    assert prepared.waveform.base is None  # not a view, which would keep the whole recording in memory
    assert len(prepared.waveform) == 10 * RATE
    np.testing.assert_allclose(np.abs(prepared.waveform), 0.1 / np.sqrt((0.1**2 + 0.3**2) / 2))


@pytest.mark.parametrize(
    ("waveform", "message"),
    [
        (np.full(RATE, 1e-4), "the recording is silent"),
        (sounding((4, 1)), r"the recording has no active region of 0\.1 s"),
        (np.ones(FRAME - 1), r"the recording has no active region of 0\.1 s"),
        (sounding((500, QUIET), (10, 1)), r"the recording has no active region that begins in its first 9\.9 s"),
    ],
)
def test_recordings_that_cannot_be_placed_are_refused(waveform: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        prepare(waveform)


def two_regions(_: int, __: int) -> PreparedRecording:
    """A recording that sounds from 1 to 2 s and from 3 to 4 s."""
    waveform = np.zeros(5 * RATE)
    waveform[RATE : 2 * RATE] = waveform[3 * RATE : 4 * RATE] = 1
    return PreparedRecording(waveform, ((RATE, 2 * RATE), (3 * RATE, 4 * RATE)))


def drawn(*placements: Placement, noise: np.ndarray | None = None) -> Draw:
    return Draw(0.5, np.random.default_rng(1).standard_normal(10 * RATE) if noise is None else noise, placements)


def test_truth_is_shifted_by_the_start() -> None:
    placed = drawn(Placement(1, 0, 10, int(2.5 * RATE)))
    assert truth(placed, ("a", "b"), two_regions) == [Event(3.5, 4.5, "b"), Event(5.5, 6.5, "b")]


def test_events_are_truncated_at_ten_seconds_and_kept_if_at_least_0_1_s_remains() -> None:
    at = {start: truth(drawn(Placement(0, 0, 10, start)), ("a",), two_regions) for start in (288_000, 304_290, 304_291)}
    assert at[288_000] == [Event(7.531, 8.531, "a"), Event(9.531, 10, "a")]
    assert at[304_290] == [Event(7.9, 8.9, "a"), Event(9.9, 10, "a")]
    assert at[304_291] == [Event(7.9, 8.9, "a")]


def test_truth_is_sorted_by_time_whatever_the_order_of_the_draw() -> None:
    events = truth(drawn(Placement(0, 0, 10, 2 * RATE), Placement(1, 0, 10, 0)), ("a", "b"), two_regions)
    assert [(event.onset, event.label) for event in events] == [(1, "b"), (3, "a"), (3, "b"), (5, "a")]


def test_the_background_has_the_rms_and_slope_that_were_set() -> None:
    waveform = render(RECIPE, drawn(), two_regions)
    assert waveform.shape == (441_000,)
    assert np.sqrt(np.mean(waveform**2)) == pytest.approx(0.003)
    power = np.abs(np.fft.rfft(waveform)) ** 2
    bins = np.arange(len(power))
    low, high = ((bins > at / 1.2) & (bins < at * 1.2) for at in (1000, 100_000))
    # amplitude falls with k**-0.5, so power with 1/k: 20 dB in two decades
    assert 10 * np.log10(power[low].mean() / power[high].mean()) == pytest.approx(20, abs=1)


def test_the_background_matches_the_formula_of_the_recipe() -> None:
    noise = np.random.default_rng(3).standard_normal(441_000)
    spectrum = np.fft.rfft(noise)
    expected = np.fft.irfft([x * max(k, 20) ** -0.5 for k, x in enumerate(spectrum)], 441_000)
    expected *= 0.003 / np.sqrt(np.mean(expected**2))
    np.testing.assert_allclose(render(RECIPE, drawn(noise=noise), two_regions), expected, rtol=0, atol=1e-12)


def test_a_recording_is_mixed_at_its_gain_above_the_background() -> None:
    alone = render(RECIPE, drawn(), two_regions)
    start = int(7.5 * RATE)
    mixed = render(RECIPE, drawn(Placement(0, 0, 20, start)), two_regions)
    added = mixed - alone
    assert np.abs(added[: start + RATE]).max() == 0
    np.testing.assert_allclose(added[start + RATE : start + 2 * RATE], 0.03, atol=1e-12)
    assert added[start + 2 * RATE : 10 * RATE] == pytest.approx(0, abs=1e-12)


def test_a_recording_is_cut_at_ten_seconds() -> None:
    start = 10 * RATE - (RATE + 4410)
    added = render(RECIPE, drawn(Placement(0, 0, 20, start)), two_regions) - render(RECIPE, drawn(), two_regions)
    assert np.flatnonzero(np.abs(added) > 1e-12).tolist() == list(range(10 * RATE - 4410, 10 * RATE))


def test_a_peak_above_the_limit_scales_the_whole_mixture_and_a_lower_one_nothing() -> None:
    def peak_at(level: float) -> tuple[np.ndarray, np.ndarray]:
        recording = PreparedRecording(np.full(RATE, level / 0.003), ((0, RATE),))
        silent = Recipe((0.5, 0.5), 1e-9, (1,), (1.0,), (0, 0))
        gain = 20 * np.log10(0.003 / 1e-9)
        waveform = render(silent, drawn(Placement(0, 0, gain, RATE)), lambda *_: recording)
        return waveform[RATE : 2 * RATE], waveform[:RATE]

    loud, _ = peak_at(2.0)
    assert np.abs(loud).max() == pytest.approx(0.99, abs=1e-9)
    quiet, _ = peak_at(0.98)
    assert quiet == pytest.approx(0.98, abs=1e-6)
    assert np.abs(peak_at(2.0)[1]).max() == pytest.approx(np.abs(peak_at(0.98)[1]).max() * 0.99 / 2.0, rel=1e-6)


def test_draw_follows_the_order_of_the_recipe() -> None:
    found = draw(RECIPE, 7, 5, [3, 4, 5, 6], two_regions)
    g = np.random.default_rng([7, 5])
    assert found.slope == g.uniform(0.3, 1.0)
    np.testing.assert_array_equal(found.noise, g.standard_normal(441_000))
    n = g.choice([1, 2, 3], p=[0.45, 0.35, 0.20])
    classes = g.choice(4, size=n, replace=False)
    assert [placement.class_index for placement in found.placements] == classes.tolist()
    for placement in found.placements:
        assert placement.recording_index == g.integers([3, 4, 5, 6][placement.class_index])
        assert placement.gain_db == g.uniform(6, 24)
        assert placement.start_sample == np.floor(g.uniform(0, 10 - (1 + 0.1)) * RATE)


def test_every_mixture_has_an_event() -> None:
    late = PreparedRecording(np.ones(436_590 + 4410), ((436_590, 441_000),))  # begins as late as allowed
    for index in range(20):
        assert truth(draw(RECIPE, 1, index, [1, 1, 1], lambda *_: late), "abc", lambda *_: late)


def test_an_error_of_the_library_ends_the_draw() -> None:
    def missing(*_: int) -> PreparedRecording:
        raise LookupError("no such recording")

    with pytest.raises(LookupError, match="no such recording"):
        draw(RECIPE, 1, 0, [1, 1, 1], missing)


# ESC-10: the checksums were computed by another implementation of the recipe


def mixture_manifest(name: str) -> MixtureManifest:
    manifest = load_manifest(name)
    assert isinstance(manifest, MixtureManifest)
    return manifest


def library_of(manifest: MixtureManifest, split: str, folder: Path) -> Callable[[int, int], PreparedRecording]:
    recordings = manifest.recordings_of(split)

    @cache
    def library(class_index: int, recording_index: int) -> PreparedRecording:
        waveform, rate = soundfile.read(folder / recordings[class_index][recording_index])
        assert rate == RATE
        return prepare(waveform)

    return library


def truth_of(name: str, split: str, folder: Path) -> list[list[Event]]:
    manifest = mixture_manifest(name)
    library, counts = library_of(manifest, split, folder), [len(paths) for paths in manifest.recordings_of(split)]
    recipe, form = Recipe(**manifest.mixture.model_dump()), manifest.splits[split]
    return [
        truth(draw(recipe, form.seed, index, counts, library), manifest.labels, library) for index in range(form.clips)
    ]


@pytest.mark.parametrize(
    ("name", "split", "n_events", "begins"),
    [
        ("esc10-fold4", "testing", 641, "dc6a5aa2675f7e56"),
        pytest.param("esc10-fold4", "training", 2445, "d76bceabd2ff1a37", marks=pytest.mark.slow),
        ("esc10-fold4", "evaluation", 803, "c259b5b026c97f15"),
        pytest.param("esc10", "training", 3580, "df6febbb55231bb3", marks=pytest.mark.slow),
        ("esc10", "testing", 758, "f87570d33c847078"),
    ],
)
def test_the_truth_of_the_benchmark_matches_the_published_one(
    shared_data: Path, name: str, split: str, n_events: int, begins: str
) -> None:
    mixtures = truth_of(name, split, shared_data / "esc10")
    assert sum(map(len, mixtures)) == n_events
    lines = [
        f"{index}\t{event.onset:.3f}\t{event.offset:.3f}\t{event.label}\n"
        for index, events in enumerate(mixtures)
        for event in events
    ]
    assert hashlib.sha256("".join(lines).encode()).hexdigest()[:16] == begins
    assert all(mixtures)


@pytest.mark.parametrize(
    ("split", "events"),
    [
        ("training", [Event(4.041, 9.041, "Helicopter"), Event(4.372, 6.172, "Rooster")]),
        ("testing", [Event(9.129, 9.549, "Clock tick"), Event(9.849, 10.0, "Clock tick")]),
    ],
)
def test_the_first_mixtures_of_the_benchmark_match_the_published_ones(
    shared_data: Path, split: str, events: list[Event]
) -> None:
    manifest = mixture_manifest("esc10-fold4")
    library, counts = library_of(manifest, split, shared_data / "esc10"), list(map(len, manifest.recordings_of(split)))
    placed = draw(RECIPE, manifest.splits[split].seed, 0, counts, library)
    assert truth(placed, manifest.labels, library)[:2] == events
    waveform = render(RECIPE, placed, library)
    assert waveform.shape == (mixer.N_SAMPLES,)
    assert np.abs(waveform).max() <= 0.99
