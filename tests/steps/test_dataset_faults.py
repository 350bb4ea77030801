from dataclasses import replace

import pytest
from sedpipe.events import Event
from sedpipe.io.audio.survey import Survey
from sedpipe.io.lists.recordings import Recording
from sedpipe.sources.finding import Found
from sedpipe.steps.dataset_faults import Faults, SplitSeen, faults_between, faults_of, faults_of_classes
from sedpipe.steps.examination import Examined

DOG = Event(1.0, 2.0, "Dog")
GOOD = Examined(Survey(1, 1, "", 8 * 44_100, 44_100), "a")


def sound(seconds: float = 8.0, rate: int = 44_100, content: str = "a", **more: str) -> Examined:
    return Examined(Survey(1, 1, "", round(seconds * rate), rate, **more), content)


def seen(split: str = "training", *recordings: Recording, **examined: Examined) -> SplitSeen:
    """Return a split whose recordings are named after the keywords, with ``.wav`` appended."""
    by_name = {f"{name}.wav": one for name, one in examined.items()}
    listed = recordings or tuple(Recording(name, ("Dog",)) for name in by_name)
    return SplitSeen(
        split, listed, Found({name: name for name in by_name}), by_name, any(r.events is not None for r in recordings)
    )


def faults(of: SplitSeen, clip_s: float = 10, long: str = "refuse") -> Faults:
    return faults_of(of, clip_s, long)


def test_a_good_split_has_no_faults() -> None:
    assert faults(seen(a=GOOD, b=GOOD)) == Faults([], [], [])


def test_a_missing_training_recording_is_fatal_and_a_similar_name_is_suggested() -> None:
    of = seen("training", Recording("a.wav", ("Dog",)), Recording("bird_1.wav", ("Dog",)), a=GOOD)
    of = replace(of, found=Found({"a.wav": "a.wav"}, suggestions={"bird_1.wav": " (did you mean 'bird-1.wav'?)"}))
    said = "training: 1 of 2 recordings missing: 'bird_1.wav' (did you mean 'bird-1.wav'?)"
    assert faults(of) == Faults([said], [], [])
    assert faults(replace(of, split="evaluation")).wrong == [said.replace("training", "evaluation")]


def test_undecodable_recordings_and_silent_ones_with_labels_are_problems() -> None:
    silent = sound(remark="silent")
    broken = Examined(Survey(1, 1, fault="undecodable", message="c.wav: cannot be decoded"))
    assert faults(seen(a=GOOD, b=silent, c=broken)).wrong == [
        "training: 1 recording that cannot be used: c.wav: cannot be decoded",
        "training: 1 silent recording with labels, to be left out: 'b.wav'",
    ]


def test_a_silent_recording_without_labels_is_only_a_remark() -> None:
    of = seen("training", Recording("a.wav", ("Dog",)), Recording("b.wav", ()), a=GOOD, b=sound(remark="silent"))
    assert faults(of) == Faults([], [], ["training: 1 silent recording without labels: 'b.wav'"])


def test_recordings_longer_than_a_clip_are_refused_or_cut_into_windows() -> None:
    of = seen(a=sound(60.0), b=sound(10.0), c=sound(10.05))  # `download` keeps c as one clip
    assert faults(of).wrong[0].startswith("training: 1 recording longer than 10 s refused ('a.wav'): choose")
    assert faults(of, long="windows") == Faults([], [], ["training: 1 recording longer than 10 s: windows"])


def test_similar_remarks_on_recordings_are_counted() -> None:
    loud, short = (sound(remark=name, message=f"it is {name}") for name in ("clipped", "truncated"))
    assert faults(seen(a=loud, b=loud, c=short)).remarks == [
        "training: 'a.wav': it is clipped, and 1 more like it",
        "training: 'c.wav': it is truncated",
    ]


def test_weak_labels_that_contradict_the_events_are_reported() -> None:
    of = seen(
        "testing", Recording("a.wav", ("Dog", "Cat"), (DOG,)), Recording("b.wav", ("Dog",), (DOG,)), a=GOOD, b=GOOD
    )
    assert faults(of).wrong == [
        "testing: 1 recording whose weak labels and events differ: 'a.wav' has Dog, Cat, and events of Dog"
    ]


def test_a_testing_recording_missing_from_the_strong_list_is_a_problem() -> None:
    of = seen("testing", Recording("a.wav", ("Dog",), (DOG,)), Recording("b.wav", ("Dog",)), a=GOOD, b=GOOD)
    (said,) = faults(of).wrong
    assert said.startswith("testing: 1 recording with weak labels but no row in the strong list: 'b.wav'; add events")


def test_training_may_have_strong_labels_for_only_some_recordings() -> None:
    of = seen("training", Recording("a.wav", ("Dog",), (DOG,)), Recording("b.wav", ("Dog",)), a=GOOD, b=GOOD)
    found = faults(of)
    assert found.wrong == []
    (said,) = found.remarks
    assert said.endswith("'b.wav'; training uses their weak labels")


def test_events_past_the_end_of_their_recording_are_reported() -> None:
    late = Recording("a.wav", ("Dog",), (Event(7.0, 8.04, "Dog"), Event(9.0, 11.0, "Dog")))
    assert faults(seen("testing", late, a=GOOD)).wrong == [
        "testing: 1 recording with events beyond the end: 'a.wav' lasts 8.0 s, an event ends at 11.0 s"
    ]
    dust = Recording("a.wav", ("Dog",), (Event(7.0, 8.04, "Dog"),))
    assert faults(seen("testing", dust, a=GOOD)) == Faults([], [], [])


def test_identical_audio_in_two_splits_is_a_problem_but_within_one_only_a_remark() -> None:
    splits = [
        seen("training", a=GOOD, b=GOOD, c=sound(content="c")),
        seen("testing", d=sound(content="c")),
    ]
    found = faults_between(splits, 44_100)
    assert found.wrong == ["1 recording in two splits with identical audio: 'c.wav' in training and 'd.wav' in testing"]
    assert found.remarks == ["1 recording several times in one split, with identical audio: 'a.wav', 'b.wav'"]


def test_training_needs_a_training_and_a_testing_split() -> None:
    assert faults_between([seen("training", a=GOOD)], 44_100).fatal[0].startswith("no testing recording, but")
    assert faults_between([seen("testing", a=GOOD)], 44_100).fatal[0].startswith("no training recording")


def test_recordings_with_a_sample_rate_below_that_of_the_dataset_are_reported() -> None:
    splits = [
        seen("training", a=GOOD, b=sound(rate=8000, content="b")),
        seen("testing", c=sound(content="c")),
    ]
    assert faults_between(splits, 44_100).remarks == [
        "recordings without the high frequencies of the dataset's 44,100 Hz: 1 at 8,000 Hz"
    ]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ({"Dog": {"training": 9, "testing": 2}}, Faults([], [], [])),
        ({"Dog": {"training": 0}}, Faults(["no class has a training recording"], [], [])),
        (
            {"Dog": {"training": 9, "testing": 1}, "Cat": {"training": 0, "testing": 1}},
            Faults([], ["no training recording of 'Cat': it cannot be learned"], []),
        ),
        (
            {"Dog": {"training": 9, "testing": 1}, "Cat": {"training": 2, "testing": 0}},
            Faults([], [], ["fewer than 5 training recordings of 'Cat'",
                            "no testing recording of 'Cat': it gets the threshold of the other classes"]),
        ),
    ],
)  # fmt: skip
def test_classes_that_cannot_be_learned_or_tuned_are_reported(
    classes: dict[str, dict[str, int]], expected: Faults
) -> None:
    assert faults_of_classes(classes) == expected
