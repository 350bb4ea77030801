"""The page of a recording in a real Chromium: played, corrected with the mouse or keys alone, saved, read back."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from heard_recording import DURATION, LABELS, NAME, SOUNDS, make_recording, write_page
from sedpipe.detection.decoding import decode_events
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.events import Event
from sedpipe.io.lists.read import read_annotations
from sedpipe.labels import LabelSet

DOG, MARKUP, RAIN, ROOSTER = LABELS.names
CONTRAST, TARGETS = (Path(__file__).with_name(f"{name}.js") for name in ("contrast", "targets"))
BARS = """[...document.querySelectorAll('.lane.editable .bar')].map(bar => [bar.dataset.label, +bar.dataset.onset,
  +bar.dataset.offset, bar.classList.contains('by-person')])"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("page") / "page.html")


@pytest.fixture
def opened(browser, page):
    browser.open(page)
    return browser


def bars(browser):
    """Return class, onset, offset and whether a person set it, for each event in order of time."""
    return sorted((tuple(bar) for bar in browser.run(BARS)), key=lambda bar: (bar[1], bar[2], bar[0]))


def untouched(events=None):
    events = make_recording().events if events is None else events
    return [(event.label, event.onset, event.offset, False) for event in sorted(events)]


def place_of(browser, label, time):
    """Return the position in the window of a time in the lane of a class."""
    box = browser.box(f"[data-label={json.dumps(label)}] .lane")
    return box["left"] + time / DURATION * box["width"], box["top"] + box["height"] / 2


def saved(browser, folder, form="tsv"):
    """Press Save and return the file that is written."""
    browser.downloads_to(folder)
    before = set(folder.iterdir())
    browser.run(f"document.querySelector('[data-save={form}]').click()")
    while not (
        new := [path for path in set(folder.iterdir()) - before if path.suffix != ".crdownload" and path.stat().st_size]
    ):
        browser.run("new Promise(done => setTimeout(done, 20))")
    return new[0]


def read_back(path):
    """Return the events of a list about a single recording."""
    return [Event(*row.times, row.label) for row in read_annotations(path).rows if row.times]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 360])
def test_the_page_logs_no_errors_makes_no_requests_fits_and_is_legible(browser, page, width, scheme):
    browser.open(page, width=width, scheme=scheme)
    browser.wait_for("document.querySelector('audio').readyState >= 1")
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run(CONTRAST.read_text()) == []
    assert browser.run(TARGETS.read_text()) == []


def test_every_control_has_a_name_and_can_be_reached_with_the_tab_key(browser, page):
    browser.open(page, width=360, scheme="dark")
    # events themselves are selected and moved with other keys
    shown = """[...document.querySelectorAll('button, a[href], input, select, summary, [tabindex]')].filter(
      e => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && !e.matches('.bar'))"""
    nameless = "!(e.ariaLabel || e.textContent.trim() || e.labels?.length || e.getAttribute('aria-labelledby'))"
    assert browser.run(f"{shown}.length") > 20
    assert browser.run(f"{shown}.filter(e => {nameless}).map(e => e.outerHTML)") == []
    assert browser.run(f"{shown}.filter(e => e.tabIndex < 0).map(e => e.outerHTML)") == []
    # the check can fail, so that its success above means something
    browser.run("document.body.append(Object.assign(document.createElement('button'), { tabIndex: -1 }))")
    assert len(browser.run(f"{shown}.filter(e => {nameless} && e.tabIndex < 0).map(e => e.outerHTML)")) == 1


def test_hostile_names_are_shown_literally_and_not_executed(opened):
    opened.run("document.querySelector('.others').click()")
    assert opened.run("document.querySelector('h1').textContent") == NAME
    shown = opened.run("[...document.querySelectorAll('.track .name span')].map(e => e.textContent)")
    assert shown == list(LABELS)
    assert opened.run("[...document.querySelectorAll('[name=label] option')].map(e => e.textContent)") == list(LABELS)
    assert opened.run("document.querySelectorAll('img:not(.spectrogram img, .overview img), h1 b').length") == 0
    assert "owned" not in opened.run("document.title")


def test_the_page_shows_the_models_events_and_the_nearest_class(opened):
    assert bars(opened) == untouched()
    assert len(bars(opened)) == len(SOUNDS)
    assert opened.run("[...document.querySelectorAll('.track')].map(t => t.dataset.label)") == [DOG, RAIN, ROOSTER]
    rows = opened.run("[...document.querySelectorAll('.events tbody tr')].map(r => r.cells[0].textContent)")
    assert rows == [event.label for event in sorted(make_recording().events)]


def test_the_clip_gate_is_drawn_where_it_is_closed(opened):
    [(left, width)] = opened.run(
        "[...document.querySelectorAll('.shut')].map(e => [parseFloat(e.style.left), parseFloat(e.style.width)])"
    )
    assert (left, width) == (0, pytest.approx(100 * 7.2 / DURATION, abs=0.01))


def test_events_can_be_resized_moved_drawn_deleted_undone_and_redone(opened):
    first, second, rain = untouched()
    x, y = place_of(opened, DOG, first[2])
    to, _ = place_of(opened, DOG, 4.0)
    opened.drag(x - 2, y, to)  # the end of the event
    moved = bars(opened)[0]
    assert (moved[0], moved[1], moved[3]) == (DOG, first[1], True)
    assert moved[2] == pytest.approx(4.0, abs=0.06)
    x, y = place_of(opened, DOG, (second[1] + second[2]) / 2)
    to, _ = place_of(opened, DOG, (second[1] + second[2]) / 2 + 2)
    opened.drag(x, y, to)  # the whole event
    shifted = bars(opened)[1]
    assert shifted[1] - second[1] == pytest.approx(2, abs=0.06)
    assert shifted[2] - shifted[1] == pytest.approx(second[2] - second[1], abs=0.002)
    x, y = place_of(opened, RAIN, 17.0)
    to, _ = place_of(opened, RAIN, 18.0)
    opened.drag(x, y, to)  # a new event
    drawn = bars(opened)[-1]
    assert (drawn[0], drawn[3]) == (RAIN, True)
    assert drawn[1:3] == (pytest.approx(17, abs=0.06), pytest.approx(18, abs=0.06))
    opened.press("Delete")  # the new event is selected
    assert bars(opened) == [moved, shifted, rain]
    for _ in range(4):
        opened.press("z", control=True)
    assert bars(opened) == untouched()
    for _ in range(4):
        opened.press("y", control=True)
    assert bars(opened) == [moved, shifted, rain]


def test_events_can_be_corrected_with_keys_alone(opened):
    first, _, _ = untouched()
    opened.run("document.querySelector('.spectrogram').focus()")
    opened.press("ArrowDown")  # selects the first event and moves the playhead to its onset
    assert opened.run("document.querySelector('.bar.selected').dataset.onset") == f"{first[1]:.3f}"
    opened.press("4")
    assert bars(opened)[0] == (ROOSTER, *first[1:3], True)
    for _ in range(3):
        opened.press("ArrowRight")
    opened.press("]")
    assert bars(opened)[0] == (ROOSTER, first[1], pytest.approx(first[1] + 1.5, abs=0.001), True)
    opened.press("ArrowLeft")
    opened.press("[")
    assert bars(opened)[0][1:3] == pytest.approx((first[1] + 1, first[1] + 1.5), abs=0.001)
    opened.press(".")
    opened.press(",")
    opened.press(",")
    assert bars(opened)[0][1:3] == pytest.approx((first[1] + 0.95, first[1] + 1.45), abs=0.001)
    opened.press("End")
    opened.press("n")
    assert opened.run("document.querySelector('.bar.selected').dataset.offset") == f"{DURATION:.3f}"
    opened.press("Delete")
    opened.press("ArrowDown")
    opened.press("ArrowDown")
    opened.press("Delete")
    assert len(bars(opened)) == 2
    opened.press("u")
    assert len(bars(opened)) == 3
    opened.press("Escape")
    assert opened.run("document.querySelector('.bar.selected')") is None


def test_the_form_changes_times_and_adds_a_user_defined_class(opened):
    opened.run("document.querySelector('.events tbody button').click()")
    form = "document.querySelector('.inspector').elements"
    opened.run(f"{form}.onset.value = '0.25'; {form}.onset.dispatchEvent(new Event('change'))")
    opened.run(f"{form}.offset.value = '99'; {form}.offset.dispatchEvent(new Event('change'))")  # past the end: refused
    assert bars(opened)[0][:3] == (DOG, 0.25, untouched()[0][2])
    own = "<u>an owl;\t"
    opened.run(f"{form}.own.value = {json.dumps(own)}; document.querySelector('[data-act=name]').click()")
    assert bars(opened)[0][0] == "<u>an owl"
    assert opened.run("document.querySelectorAll('.track u').length") == 0


def test_saved_events_are_read_back_from_every_list_format(opened, tmp_path):
    opened.run("document.querySelector('.spectrogram').focus()")
    opened.press("ArrowDown")
    opened.press("4")
    opened.press("ArrowDown")
    opened.press("Delete")
    expected = [Event(onset, offset, label) for label, onset, offset, _ in bars(opened)]
    assert [event.label for event in expected] == [ROOSTER, RAIN]
    path = saved(opened, tmp_path)
    assert path.suffix == ".tsv"
    assert read_back(path) == expected
    assert {row.filename for row in read_annotations(path).rows} == {NAME}
    for form in ("audacity", "raven"):
        assert read_back(saved(opened, tmp_path, form)) == expected
    assert "2 events" in opened.run("document.querySelector('.status').textContent")


OWL = '"an owl"'


def test_a_class_name_in_quotes_is_saved_with_its_quotes(opened, tmp_path):
    opened.run("document.querySelector('.events tbody button').click()")
    form = "document.querySelector('.inspector').elements"
    opened.run(f"{form}.own.value = {json.dumps(OWL)}; document.querySelector('[data-act=name]').click()")
    assert OWL in {event.label for event in read_back(saved(opened, tmp_path))}


def test_a_recording_without_remaining_events_is_saved_as_an_empty_row(opened, tmp_path):
    opened.run("document.querySelector('.spectrogram').focus()")
    for _ in untouched():
        opened.press("ArrowDown")
        opened.press("Delete")
    assert saved(opened, tmp_path).read_text() == f"filename\tonset\toffset\tevent_label\n{NAME}\t\t\t\n"


SLIDER, FORM = "document.querySelector('[name=shift]')", "document.querySelector('.inspector').elements"


def slide(browser, value):
    browser.run(f"{SLIDER}.value = {value}; {SLIDER}.dispatchEvent(new Event('input', {{bubbles: true}}))")
    browser.run(f"{SLIDER}.dispatchEvent(new Event('change', {{bubbles: true}}))")


def test_a_threshold_adds_and_removes_events_but_keeps_the_decisions_of_a_person(opened):
    slide(opened, -4)
    assert (ROOSTER, 8.0, 8.32, False) in bars(opened)
    slide(opened, 0)
    assert bars(opened) == untouched()
    slide(opened, 6)
    assert not bars(opened)
    opened.press("z", control=True)
    assert bars(opened) == untouched()
    opened.run("document.querySelector('.spectrogram').focus()")
    opened.press("ArrowDown")
    opened.press("Delete")
    opened.press("ArrowDown")
    opened.press("4")
    decided = bars(opened)[0]
    assert decided[0] == ROOSTER
    slide(opened, 6)
    assert bars(opened) == [decided]
    slide(opened, 0)
    assert bars(opened) == [decided, untouched()[-1]]


@pytest.fixture
def wavering(browser, tmp_path):
    """A page with one event, whose edges move with the threshold."""
    recording = make_recording(SOUNDS[:1])
    probs = recording.frame_probs
    probs[:, 0] = 0.9 * np.exp(-(((np.arange(len(probs)) - 60) / 20) ** 2))
    events = decode_events(
        probs, LABELS, recording.point, recording.grid, duration=DURATION, clip_probs=recording.clip_probs
    )
    browser.open(write_page(tmp_path / "page.html", replace(recording, frame_probs=probs, events=events)))
    browser.run("document.querySelector('.spectrogram').focus()")
    browser.press("ArrowDown")
    return browser


def test_an_event_moved_by_the_threshold_stays_selected(wavering):
    [before] = bars(wavering)
    slide(wavering, 1)
    [moved] = bars(wavering)
    assert before[1] < moved[1] < moved[2] < before[2]
    assert wavering.run(f"[+{FORM}.onset.value, +{FORM}.offset.value]") == [*moved[1:3]]
    wavering.run("document.querySelector('[data-act=remove]').click()")
    assert bars(wavering) == []
    wavering.press("z", control=True)
    slide(wavering, 2)
    wavering.press("ArrowDown")
    wavering.press("4")
    [relabelled] = bars(wavering)
    assert (relabelled[0], relabelled[3]) == (ROOSTER, True)
    wavering.run("document.querySelector('[data-reset]').click()")  # its class has changed, so nothing is selected
    assert bars(wavering) == [before]
    assert wavering.run(f"{FORM}.onset.disabled && document.querySelector('.bar.selected') === null")


def test_an_event_removed_while_it_is_dragged_is_reported_as_gone(opened):
    x, y = place_of(opened, RAIN, 17.0)
    to, _ = place_of(opened, RAIN, 18.0)
    opened.drag(x, y, to)
    [*_, drawn] = bars(opened)
    x, y = place_of(opened, RAIN, 17.5)
    held = {"y": y, "button": "left"}
    opened.ask("Input.dispatchMouseEvent", type="mousePressed", x=x, clickCount=1, **held)
    opened.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x + 20, buttons=1, **held)
    opened.press("z", control=True)
    for kind in ("mouseMoved", "mouseReleased"):
        opened.ask("Input.dispatchMouseEvent", type=kind, x=x + 40, buttons=1, **held)
    assert bars(opened) == untouched()
    assert "no longer there" in opened.run("document.querySelector('.status').textContent")
    opened.press("y", control=True)
    assert bars(opened) == [*untouched(), drawn]
    assert opened.complaints() == []


def type_into(browser, name, value):
    """Enter a value into a field of the form and return the status message."""
    browser.run(f"{FORM}.{name}.value = '{value}'; {FORM}.{name}.dispatchEvent(new Event('change'))")
    return browser.run("document.querySelector('.status').textContent")


def test_typed_times_are_rounded_to_milliseconds_and_invalid_ones_refused_with_a_reason(opened):
    opened.run("document.querySelector('.events tbody button').click()")
    type_into(opened, "onset", "1.236")
    type_into(opened, "offset", "2.3456")
    assert bars(opened)[0][:3] == (DOG, 1.236, 2.346)
    assert opened.run(f"{FORM}.onset.validity.valid && {FORM}.offset.validity.valid")
    refused = [
        type_into(opened, name, value)
        for name, value in (("offset", "99"), ("onset", "-1"), ("onset", "2.5"), ("offset", "1"), ("onset", ""))
    ]
    assert bars(opened)[0][:3] == (DOG, 1.236, 2.346)
    assert refused == [
        "Not changed: 99 s is not in the recording, which lasts from 0 to 20.03 s.",
        "Not changed: -1 s is not in the recording, which lasts from 0 to 20.03 s.",
        "Not changed: an event begins before it ends, here from 2.5 to 2.346 s.",
        "Not changed: an event begins before it ends, here from 1.236 to 1 s.",
        "Not changed: expected a number of seconds.",
    ]


def test_the_clip_gate_can_be_opened(opened):
    gate = "document.querySelector('[name=gate]')"
    whose = "document.querySelector('[name=whose]')"
    before = bars(opened)
    opened.run(f"{gate}.click()")
    assert opened.run("document.querySelectorAll('.shut').length") == 0
    assert bars(opened) == before  # it hid no events
    opened.run(f"{whose}.value = '2'; {whose}.dispatchEvent(new Event('change'))")
    assert opened.run("document.querySelector('[name=told]').value") == "0.5, as tuned"
    opened.run("document.querySelector('.thresholds [type=reset]').click()")
    assert opened.run(f"{gate}.checked")


WHOSE, GATE = (f"document.querySelector('[name={name}]')" for name in ("whose", "gate"))


def take_threshold_of(browser, whose):
    """Select, by its number, the class whose threshold the slider moves; "" for all."""
    browser.run(f"{WHOSE}.value = '{whose}'; {WHOSE}.dispatchEvent(new Event('change'))")


def test_opening_the_clip_gate_keeps_the_thresholds_of_single_classes(opened):
    take_threshold_of(opened, 3)
    slide(opened, -4)
    with_rooster = bars(opened)
    assert ROOSTER in [bar[0] for bar in with_rooster]
    take_threshold_of(opened, "")
    opened.run(f"{GATE}.click()")
    assert bars(opened) == with_rooster
    take_threshold_of(opened, 3)
    assert opened.run(f"{SLIDER}.value") == "-4"


def test_changing_the_threshold_of_one_class_keeps_the_events_of_others(browser, tmp_path):
    """Tuned thresholds have more decimals than the page's probabilities."""
    point = PostProcessing((0.99753, 0.5, 0.5, 0.9))
    recording = make_recording(SOUNDS[:1], point)
    recording.frame_probs[20:40, 0] = 0.99756
    events = decode_events(recording.frame_probs, LABELS, point, recording.grid, duration=DURATION)
    browser.open(write_page(tmp_path / "page.html", replace(recording, events=events)))
    assert bars(browser) == [(DOG, 1.6, 3.2, False)]
    told = "document.querySelector('[name=told]').value"
    assert browser.run(told) == "0.5 to 0.9976, as tuned"
    take_threshold_of(browser, 3)
    assert browser.run(told) == "0.9, as tuned"
    slide(browser, -0.5)
    assert bars(browser) == [(DOG, 1.6, 3.2, False)]


def test_a_class_with_repeated_spaces_in_its_name_can_be_chosen(browser, tmp_path):
    labels = LabelSet(("Dog", "Dog  far"))
    recording = make_recording()
    events = [Event(1.0, 2.0, "Dog")]
    point = PostProcessing(0.5)
    narrow = {"frame_probs": recording.frame_probs[:, :2], "clip_probs": recording.clip_probs[:, :2]}
    browser.open(
        write_page(tmp_path / "page.html", replace(recording, labels=labels, events=events, point=point, **narrow))
    )
    browser.run("document.querySelector('.events tbody button').click()")
    browser.run(f"{FORM}.label.selectedIndex = 1; {FORM}.label.dispatchEvent(new Event('change'))")
    assert [bar[0] for bar in bars(browser)] == ["Dog  far"]
    assert browser.run(f"[{FORM}.label.value, {FORM}.label.length]") == ["Dog  far", 2]


def test_corrections_survive_closing_the_page(opened, page):
    opened.run("document.querySelector('.spectrogram').focus()")
    opened.press("ArrowDown")
    opened.press("Delete")
    left = bars(opened)
    opened.open(page)
    assert bars(opened) == left
    assert "earlier visit" in opened.run("document.querySelector('.status').textContent")
    opened.press("z", control=True)
    assert bars(opened) == untouched()
    opened.run("localStorage.setItem(Object.keys(localStorage)[0], '{\"events\": 7}')")
    opened.open(page)  # an invalid draft
    assert opened.complaints() == []
    assert bars(opened) == untouched()


def test_a_zoomed_page_draws_only_events_in_view_and_follows_the_selection(opened):
    opened.run("document.querySelector('.spectrogram').focus()")
    for key in ("Home", "+", "+", "+"):
        opened.press(key)
    assert bars(opened) == untouched()[:1]
    opened.press("ArrowDown")
    opened.press("ArrowDown")  # the second event is out of view: the page scrolls to it
    assert opened.run("document.querySelector('.bar.selected').dataset.onset") == f"{untouched()[1][1]:.3f}"
    opened.press("l")
    shown = opened.run("[...document.querySelectorAll('.marked')].map(e => e.getBoundingClientRect().width > 0)")
    assert shown == [True]  # the selection is looped


def test_a_page_without_audio_can_play_a_chosen_file(browser, tmp_path):
    import soundfile

    page = write_page(tmp_path / "page.html", has_sound=False)
    soundfile.write(tmp_path / "own.wav", [0.1, -0.1] * 8000, 8000)
    browser.open(page)
    assert browser.run("document.querySelector('.play').disabled")
    choose(browser, tmp_path / "own.wav")
    assert browser.run("document.querySelector('audio').duration") == pytest.approx(2.0, abs=0.01)
    assert not browser.run("document.querySelector('.play').disabled")
    assert browser.complaints() == []


def choose(browser, path):
    """Choose a file to play, and wait until it can be played."""
    browser.run("window.ready = false; document.querySelector('audio').addEventListener('loadedmetadata', () => "
                "setTimeout(() => { window.ready = true; }), {once: true})")  # fmt: skip
    field = browser.ask("Runtime.evaluate", expression="document.querySelector('input[type=file]')")
    browser.ask("DOM.setFileInputFiles", files=[str(path)], objectId=field["result"]["objectId"])
    browser.wait_for("window.ready")


def test_a_chosen_file_keeps_the_speed_and_another_length_is_reported(browser, tmp_path):
    import soundfile

    page = write_page(tmp_path / "page.html", has_sound=False)
    soundfile.write(tmp_path / "other.wav", [0.1, -0.1] * 8000, 8000)
    soundfile.write(tmp_path / "own.wav", [0.1, -0.1] * round(4000 * DURATION), 8000)
    browser.open(page)
    browser.run("document.querySelector('.spectrogram').focus()")
    browser.press("<")
    shown = "Number(document.querySelector('.controls select').value)"
    speed, status = browser.run(shown), "document.querySelector('.status').textContent"
    assert speed == 0.75
    choose(browser, tmp_path / "other.wav")
    assert browser.run("document.querySelector('audio').playbackRate") == browser.run(shown) == speed
    assert browser.run(status) == "Another recording? other.wav lasts 2 s, this one 20.03 s."
    choose(browser, tmp_path / "own.wav")
    assert browser.run("document.querySelector('audio').playbackRate") == speed
    assert browser.run(status) == "own.wav can be heard."
