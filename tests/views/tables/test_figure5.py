import base64
import re
from dataclasses import replace

import numpy as np
import pytest
from drawings import HOSTILE, SHOWN_AS, SVG, of_class, parsed, texts
from sedpipe.events import Event
from sedpipe.frames import FrameGrid
from sedpipe.labels import LabelSet
from sedpipe.views.page.recording_picture import RecordingPicture
from sedpipe.views.page.spectrogram import Bands
from sedpipe.views.tables.figure5 import FIRST, LAST, Heard, Voice, figure5

LABELS, FRAMES = LabelSet(("Dog", "Rain", "Car")), FrameGrid(16_000, 1280)
FEATURES = np.random.default_rng(0).normal(-40, 9, (500, 64)).astype(np.float32)
PICTURE = RecordingPicture(FEATURES, 0.02, Bands(0.0, 8000.0, 64))
HEARD = Heard(
    PICTURE, 10.0, [Event(6.0, 8.5, "Rain"), Event(1.0, 2.5, "Dog"), Event(3.0, 12.0, "Dog")], LABELS,
)  # fmt: skip
RAMP = np.linspace(0, 1, 125)[:, None] * [1.0, 0.5, 0.1]


def voices(labels: LabelSet = LABELS) -> list[Voice]:
    one = [Event(2.0, 4.0, labels.names[0])]
    return [
        Voice(pooling, hierarchy, RAMP if hierarchy else 1 - RAMP, FRAMES, one if hierarchy else [])
        for pooling in ("linear", "exponential", "attention")
        for hierarchy in ((), (5, 5))
    ]


def drawn(heard: Heard = HEARD, said: list[Voice] | None = None):
    return parsed(figure5(said or voices(), heard, "title", "remark"))


def test_panels_show_reference_classes_in_order_then_those_only_estimated():
    car = Voice("linear", (5,), RAMP, FRAMES, [Event(0.0, 1.0, "Car")])
    assert [title.text for title in of_class(drawn(said=[*voices(), car]), "part")] == ["Dog", "Rain", "Car"]


def test_the_probabilities_of_six_systems_are_drawn_over_time_from_0_to_1():
    panel = next(of_class(drawn(), "panel"))
    lanes = list(of_class(panel, "lane"))
    assert [texts(lane)[0] for lane in lanes] == ["linear", "exponential", "attention"]
    for lane in lanes:
        bottom = float(next(of_class(lane, "rule")).get("y1"))
        one = float(texts_at(lane, "1")) - 7
        for style, expected in (("system-0", 1 - RAMP), ("system-1", RAMP)):
            [path] = [path.get("d") for group in of_class(lane, style) for path in of_class(group, "line")]
            points = np.array([[float(x) for x in p.split(",")] for p in re.findall(r"[-\d.e]+,[-\d.e]+", path)])
            seconds = (points[:, 0] - FIRST) / (LAST - FIRST) * 10
            assert seconds == pytest.approx((np.arange(125) + 0.5) * 0.08, abs=1e-3)
            assert (bottom - points[:, 1]) / (bottom - one) == pytest.approx(expected[:, 0], abs=1e-3)


def texts_at(element, text: str) -> str:
    return next(found.get("y") for found in element.iter(f"{SVG}text") if found.text == text)


def test_reference_and_estimated_events_are_drawn_at_their_times_within_the_clip():
    panel = next(of_class(drawn(), "panel"))
    assert [seconds_of(rect) for rect in of_class(panel, "truth")] == [
        pytest.approx((1.0, 2.5), abs=1e-3),
        pytest.approx((3.0, 10.0), abs=1e-3),
    ]
    bars = [seconds_of(bar) for group in of_class(panel, "system-1") for bar in of_class(group, "bar")]
    assert bars == [pytest.approx((2.0, 4.0), abs=1e-3)] * 3
    assert not [bar for group in of_class(panel, "system-0") for bar in of_class(group, "bar")]


def seconds_of(rect) -> tuple[float, float]:
    x, width = float(rect.get("x")), float(rect.get("width"))
    return (x - FIRST) / (LAST - FIRST) * 10, (x + width - FIRST) / (LAST - FIRST) * 10


def test_the_spectrogram_is_embedded_and_as_long_as_its_frames():
    half = replace(HEARD, picture=replace(PICTURE, features=FEATURES[:250]))
    [image] = drawn(half).iter(f"{SVG}image")
    assert float(image.get("width")) == pytest.approx((LAST - FIRST) / 2, abs=0.01)
    assert base64.b64decode(image.get("href").partition(",")[2]).startswith(b"\x89PNG")
    assert "8 kHz" not in texts(drawn(half))  # it is half the sample rate, which has no label
    assert "2 kHz" in texts(drawn(half))


def test_without_a_spectrogram_the_figure_says_so():
    root = drawn(replace(HEARD, picture=None))
    assert not list(root.iter(f"{SVG}image"))
    assert any("no spectrogram" in text for text in texts(root))
    assert "2 kHz" not in texts(root)
    assert len(list(of_class(root, "line"))) == len(list(of_class(drawn(), "line")))


def test_a_clip_without_any_events_shows_the_most_probable_class():
    silent = replace(HEARD, reference=[])
    root = drawn(silent, [Voice("linear", (), RAMP[:, ::-1], FRAMES, [])])
    assert [title.text for title in of_class(root, "part")] == ["Car"]


def test_an_event_without_times_has_a_panel_but_no_shading():
    unlocated = replace(HEARD, reference=[Event(0, 0, "Rain")])
    root = drawn(unlocated, [Voice("linear", (), RAMP, FRAMES, [])])
    assert [title.text for title in of_class(root, "part")] == ["Rain"]
    assert not list(of_class(root, "truth"))


def test_hostile_names_are_escaped():
    label = "".join(character for character in HOSTILE if character.isprintable())  # as in names of classes
    labels = LabelSet((label, "Rain", "Car"))
    heard = Heard(PICTURE, 10.0, [Event(1.0, 2.0, label)], labels)
    shown = texts(parsed(figure5(voices(labels), heard, HOSTILE, HOSTILE)))
    assert (shown.count(SHOWN_AS), shown.count(label)) == (1, 1)
