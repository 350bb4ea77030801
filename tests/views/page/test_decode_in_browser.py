"""When a threshold is moved, the page decodes probabilities into the same events as sedpipe."""

import json
from importlib.resources import files

import numpy as np
import pytest
from sedpipe.detection.decoding import decode_events
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.frames import FrameGrid
from sedpipe.io.predictions import PredictedEvent, PredictedFile, rendered
from sedpipe.labels import LabelSet
from sedpipe.views.page.recording import Recording, recording_data

ONE = LabelSet(("a",))


def script(*names):
    folder = files("sedpipe.views").joinpath("templates", "scripts")
    return "".join(folder.joinpath(f"{name}.js").read_text(encoding="utf-8") for name in names)


@pytest.fixture
def bare(browser):
    """A browser with an empty page."""
    browser.ask("Page.navigate", url="about:blank")
    browser.wait_for("document.readyState === 'complete' && location.href === 'about:blank'")
    return browser


def random_case(seed):
    """Return a random walk of probabilities, with random frame length and settings of at most four decimals."""
    g = np.random.default_rng(seed)
    grid = FrameGrid(int(g.choice([8000, 16_000, 44_100])), int(g.integers(160, 4000)))
    n_frames = int(g.integers(1, 400))
    probs = np.clip(np.cumsum(g.normal(0, 0.15, n_frames)) % 2 - 0.5, 0, 1).astype(np.float32)
    threshold = float(g.integers(1, 100)) / 100
    seconds = [float(g.choice([0, g.uniform(0, 8 * grid.frame_duration)])) for _ in range(3)]
    point = PostProcessing(threshold, *seconds, float(g.choice([1.0, 0.5, 0.75])), float(g.choice([0.0, 0.5])))
    duration = n_frames * grid.frame_duration - float(g.choice([0.0, 0.4 * grid.frame_duration]))
    clip_probs = np.repeat(g.uniform(0, 1, -(-n_frames // 50)), 50)[:n_frames].astype(np.float32)
    return grid, probs[:, None], clip_probs[:, None], point, duration


def test_the_page_decodes_random_probabilities_into_the_same_events(bare):
    cases = [random_case(seed) for seed in range(60)]
    asked, expected = [], []
    for grid, probs, clip_probs, point, duration in cases:
        events = decode_events(probs, ONE, point, grid, duration=duration, clip_probs=clip_probs)
        recording = Recording("a", "m", duration, ONE, grid, probs, clip_probs, point, events, grid.sample_rate)
        [settings] = recording_data(recording, [], "", "")["classes"]
        asked.append({**settings, "grid": {"hop": grid.hop_length, "rate": grid.sample_rate, "duration": duration}})
        expected.append([[event.onset, event.offset] for event in events])
    found = bare.run(
        f"{script('curve', 'decode')}; {json.dumps(asked)}.map(({{ grid, probs, ...settings }}) =>"
        "decode({ ...settings, values: probabilities(probs) }, grid).map(({ onset, offset }) => [onset, offset]))"
    )
    assert found == expected
    assert sum(map(len, expected)) > 100  # so that the equality is not trivial


def test_an_event_has_the_highest_and_the_mean_probability_of_its_frames(bare):
    found = bare.run(f"{script('decode')}; sureness([100, 9000, 8000, 200], 1, 3)")
    assert found == {"peak": 0.9, "mean": 0.85}


def test_milliseconds_are_rounded_as_in_python(bare):
    times = [k * hop / rate for rate in (16_000, 8000, 44_100) for hop in (500, 1280, 882) for k in range(200)]
    assert bare.run(f"{script('decode')}; {json.dumps(times)}.map(milliseconds)") == [round(t, 3) for t in times]
    assert round(0.0625, 3) == 0.062  # a tie, which other languages round up


@pytest.mark.parametrize("form", ["tsv", "audacity", "raven"])
@pytest.mark.parametrize("n_events", [0, 4])
def test_lists_are_written_as_predict_writes_them(bare, form, n_events):
    events = [PredictedEvent(0.5 * k, 0.5 * k + 1.25, f"class {k % 2}", 0.5) for k in range(n_events)]
    shuffled = [vars(event) for event in events[::-1]]
    written = bare.run(f"{script('lists')}; LISTS.{form}.write('a b.wav', {json.dumps(shuffled)}, 16000)")
    assert written == rendered([PredictedFile("x/a b.wav", "a b.wav", 9.0, events)], form, 32_000)
