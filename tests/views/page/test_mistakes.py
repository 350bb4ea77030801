import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sedpipe.metrics.segment_scores import count_segments
from sedpipe.views.page.mistakes import ClipErrors, choose_clips, confusions, errors_of_clips, taken_pairs

ROLLS = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 4)).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)
ERRORS = st.lists(st.builds(ClipErrors, *[st.integers(0, 4)] * 4), max_size=30)


@given(ROLLS)
def test_every_reference_segment_is_detected_confused_or_missed(rolls):
    reference, estimated = rolls
    seen = confusions(reference, estimated)
    assert np.allclose(seen.found + seen.taken_for.sum(axis=1) + seen.unnoticed, reference.sum(axis=(0, 1)))
    assert not seen.taken_for.diagonal().any()


@given(ROLLS)
def test_confusions_match_a_count_segment_by_segment(rolls):
    reference, estimated = rolls
    n_classes = reference.shape[-1]
    taken_for, unprompted = np.zeros((n_classes, n_classes)), np.zeros(n_classes)
    for true, said in zip(reference.reshape(-1, n_classes), estimated.reshape(-1, n_classes), strict=True):
        missed, false = np.flatnonzero(true & ~said), np.flatnonzero(said & ~true)
        for k in missed:
            for j in false:
                taken_for[k, j] += 1 / len(false)
        if not len(missed):
            unprompted[false] += 1
    seen = confusions(reference, estimated)
    assert np.allclose(seen.taken_for, taken_for)
    assert np.array_equal(seen.unprompted, unprompted)


@given(ROLLS)
def test_the_pairs_of_a_clip_match_its_confusions(rolls):
    for reference, estimated in zip(*rolls, strict=True):
        seen = confusions(reference[None], estimated[None])
        expected = {(k, j) for k, j in np.argwhere(seen.taken_for > 0).tolist()}
        expected |= {(k, -1) for k in np.flatnonzero(seen.unnoticed).tolist()}
        pairs = taken_pairs(reference, estimated)
        assert set(pairs) == expected
        assert len(pairs) == len(expected)


@given(ROLLS)
def test_the_errors_of_the_clips_add_up_to_the_total(rolls):
    counted, by_clip = count_segments(*rolls), errors_of_clips(*rolls)
    for name in ("substitutions", "deletions", "insertions"):
        assert sum(getattr(errors, name) for errors in by_clip) == getattr(counted, name).sum()


@given(ERRORS, st.integers(0, 12), st.integers(0, 3))
def test_no_clip_is_chosen_twice_and_no_other_is_worse_than_the_worst_chosen(errors, n, seed):
    chosen = choose_clips(errors, n, seed)
    rows = [row for some in chosen.values() for row in some]
    assert len(rows) == len(set(rows)) == min(n, len(errors))
    others = set(range(len(errors))) - set(chosen["worst"])
    if chosen["worst"]:
        least = min(errors[row].total for row in chosen["worst"])
        assert least > 0
        assert all(errors[row].total <= least for row in others)
    if chosen["best"]:
        assert max(errors[row].total for row in chosen["best"]) <= min(
            (errors[row].total for row in others - set(chosen["best"])), default=99
        )
    assert choose_clips(errors, n, seed) == chosen


def test_another_seed_draws_other_clips():
    errors = [ClipErrors(0, 1, 0, 5)] * 200
    assert choose_clips(errors, 12, 0)["random"] != choose_clips(errors, 12, 1)["random"]


def test_among_perfect_clips_the_one_with_the_most_reference_segments_is_chosen():
    errors = [ClipErrors(0, 0, 0, 0), ClipErrors(0, 0, 0, 9), ClipErrors(2, 0, 0, 3)]
    assert choose_clips(errors, 2, 0) == {"worst": [2], "best": [1], "random": []}
