import time
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.events import Event
from sedpipe.views.page.timing import Timing, timings, typical_onset_errors

TIMES = st.integers(0, 20).map(lambda tenths: tenths / 10)
EVENTS = st.lists(
    st.builds(lambda onset, length, label: Event(onset, onset + length, label), TIMES, TIMES, st.sampled_from("ab")),
    max_size=4,
)


def overlap(one, other):
    same = one.label == other.label and one.is_located
    return max(0.0, min(one.offset, other.offset) - max(one.onset, other.onset)) if same else 0.0


def best_overlap(reference, estimated):
    """Return the largest total overlap over all possible pairings, by trying each."""
    fewer, more = sorted((reference, estimated), key=len)
    chosen = permutations(more, len(fewer))
    return max(sum(overlap(a, b) for a, b in zip(fewer, some, strict=True)) for some in chosen)


@given(EVENTS, EVENTS)
def test_pairs_have_the_largest_possible_total_overlap(reference, estimated):
    found = timings(reference, estimated)
    pairs = [
        max(
            overlap(r, e)
            for r in reference
            for e in estimated
            if r.label == e.label == pair.label
            and round(e.onset - r.onset, 3) == pair.onset
            and round(e.offset - r.offset, 3) == pair.offset
        )
        for pair in found
    ]
    assert all(shared > 0 for shared in pairs)
    # two pairs may have the same errors; then the larger overlap is counted for both
    assert sum(pairs) >= best_overlap(reference, estimated) - 1e-9
    assert len(found) <= min(len(reference), len(estimated))


@given(EVENTS)
def test_a_perfect_system_has_no_timing_errors(events):
    located = [event for event in events if event.is_located]
    assert timings(events, events) == [
        Timing(event.label, 0.0, 0.0) for event in sorted(located, key=lambda event: (event.label, event))
    ]


def test_a_late_onset_is_measured_although_every_segment_is_correct():
    siren, heard = [Event(1.0, 9.0, "Siren")], [Event(1.85, 9.0, "Siren"), Event(9.5, 9.7, "Siren")]
    assert timings(siren, heard) == [Timing("Siren", 0.85, 0.0)]
    overall, of_class = typical_onset_errors({"clip": siren}, {"clip": heard})
    assert (overall.n_pairs, overall.median, overall.late) == (1, pytest.approx(0.85), 1.0)
    assert of_class == {"Siren": pytest.approx(0.85)}


def test_without_detected_events_there_are_no_onset_errors():
    assert typical_onset_errors({"clip": [Event(0, 1, "a")]}, {}) == (None, {})


def test_events_of_a_whole_day_are_paired_quickly():
    n = 20_000
    reference = [Event(4.0 * i, 4.0 * i + 2, "a") for i in range(n)]
    estimated = [Event(each.onset + 0.5, each.offset, "a") for each in reference]
    before = time.process_time()
    assert timings(reference, estimated) == [Timing("a", 0.5, 0.0)] * n
    assert time.process_time() - before < 20  # comparing every event with every other would take minutes
