import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.clips import Clip
from sedpipe.events import Event
from sedpipe.io.lists.recordings import Recording
from sedpipe.sources.cutting import cut_up, differs

CLIP_S = 10.0


def whole(*labels: str) -> Clip:
    return Clip("a", "training", "a.wav", 0.0, CLIP_S, labels)


def listed(labels: str = "", *events: Event) -> Recording:
    return Recording("a.wav", tuple(labels), events)


def test_windows_have_the_labels_of_their_events_and_events_are_truncated_to_them() -> None:
    events = (Event(2, 4, "A"), Event(9.5, 12.25, "B"), Event(24, 30, "A"))
    cut = cut_up(whole("A", "B"), listed("AB", *events), 26.0, CLIP_S, "windows")
    assert [(clip.clip_id, clip.start_s, clip.end_s, clip.labels) for clip in cut.clips] == [
        ("a@0.000-10.000", 0, 10, ("A", "B")),
        ("a@10.000-20.000", 10, 20, ("B",)),
        ("a@20.000-26.000", 20, 26, ("A",)),
    ]
    assert cut.events == [[Event(2, 4, "A"), Event(9.5, 10, "B")], [Event(0, 2.25, "B")], [Event(4, 6, "A")]]
    assert (cut.left_out.beyond_end, cut.left_out.past_end, cut.left_out.parts) == (1, 0, 0)
    assert cut.fault == ("", "")


def test_parts_of_events_below_0_1_s_are_dropped_but_no_event_is_lost() -> None:
    events = (Event(9, 10.08, "A"), Event(9.97, 10.05, "B"), Event(5, 5.02, "C"))
    cut = cut_up(whole(), listed("ABC", *events), 20.0, CLIP_S, "windows")
    assert [clip.labels for clip in cut.clips] == [("C", "A"), ("B",)]
    assert cut.events is not None
    assert [[event.label for event in found] for found in cut.events] == [["C", "A"], ["B"]]
    assert cut.left_out.parts == 2


def test_events_after_the_end_are_dropped_and_those_across_it_are_truncated() -> None:
    cut = cut_up(
        whole("A"), listed("A", Event(3, 9, "A"), Event(8, 9, "A"), Event(2, 4.03, "A")), 4.0, CLIP_S, "refuse"
    )
    assert cut.events == [[Event(3, 4, "A"), Event(2, 4, "A")]]
    assert (cut.left_out.beyond_end, cut.left_out.past_end) == (1, 1)


@pytest.mark.parametrize(("long", "fault"), [("refuse", "too-long"), ("windows", "no-times"), ("inherit", "")])
def test_a_long_recording_without_event_times_is_refused_or_inherits_its_labels(long: str, fault: str) -> None:
    cut = cut_up(whole("A"), Recording("a.wav", ("A",)), 25.0, CLIP_S, long)
    assert cut.fault[0] == fault
    assert len(cut.clips) == (3 if long == "inherit" else 1)
    assert {clip.labels for clip in cut.clips} == {("A",)}
    assert cut.inherits == (long == "inherit")
    not_located = cut_up(whole("A"), listed("A", Event(0, 0, "A")), 25.0, CLIP_S, long)
    assert not_located.fault[0] == fault


def test_a_long_recording_without_labels_needs_no_event_times() -> None:
    cut = cut_up(whole(), Recording("a.wav", ()), 25.0, CLIP_S, "windows")
    assert (cut.fault, [clip.labels for clip in cut.clips], cut.events) == (("", ""), [(), (), ()], [[], [], []])


def test_a_recording_that_fits_a_clip_stays_one_clip() -> None:
    for seconds in (0.5, 10.0, 10.09):
        cut = cut_up(whole("A"), listed("A", Event(0, 0, "A")), seconds, CLIP_S, "windows")
        assert cut.clips == [whole("A")]
        assert cut.events == [[Event(0, 0, "A")]]


def test_contradictions_between_weak_labels_and_events_are_detected() -> None:
    assert differs(listed("A", Event(0, 1, "B")))
    assert differs(listed("A"))
    assert not differs(listed("AB", Event(0, 1, "B"), Event(0, 0, "A")))
    assert not differs(Recording("a.wav", ("A",)))


@st.composite
def some_events(draw: st.DrawFn) -> list[Event]:
    times = draw(st.lists(st.tuples(st.floats(0, 70), st.floats(0.01, 30), st.sampled_from("ABC")), max_size=8))
    return [Event(onset, onset + lasts, label) for onset, lasts, label in times]


@given(some_events(), st.floats(11, 60), st.floats(1, 10))
def test_windows_contain_every_event_and_their_labels_match_their_events(
    events: list[Event], seconds: float, clip_s: float
) -> None:
    cut = cut_up(whole(), listed("ABC", *events), seconds, clip_s, "windows")
    assert cut.events is not None
    assert len({clip.clip_id for clip in cut.clips}) == len(cut.clips)
    for clip, found in zip(cut.clips, cut.events, strict=True):
        assert {event.label for event in found} == set(clip.labels)
        assert all(0 <= event.onset < event.offset <= clip.duration + 1e-9 for event in found)
    end_s = cut.clips[-1].end_s
    inside = [event for event in events if event.onset < end_s - 1e-6]
    assert cut.left_out.past_end == len(events) - len(inside)
    heard = sum(event.duration for found in cut.events for event in found)
    expected = sum(min(event.offset, end_s) - event.onset for event in inside)
    assert expected - 0.1 * cut.left_out.parts - 1e-4 <= heard <= expected + 1e-4
    kept = {
        (event.label, round(clip.start_s + event.onset, 3))
        for clip, found in zip(cut.clips, cut.events, strict=True)
        for event in found
    }
    for event in inside:
        assert any(label == event.label and onset >= event.onset - 1e-3 for label, onset in kept)
