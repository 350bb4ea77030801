from sedpipe.clips import Clip, youtube_clip_id
from sedpipe.events import Event
from sedpipe.sources.rows import cut_rows
from sedpipe.sources.source import SplitRows

LISTED = [
    Clip(youtube_clip_id("abcdefghijk", 30, 55), "testing", "abcdefghijk", 30.0, 55.0, ("Car", "Bus")),
    Clip(youtube_clip_id("bbcdefghijk", 0.1, 10.1), "testing", "bbcdefghijk", 0.1, 10.1, ("Bus",)),
]
TRUTH = {LISTED[0].clip_id: [Event(8, 12, "Car"), Event(21, 22, "Bus")], LISTED[1].clip_id: [Event(0, 0, "Bus")]}


def name_of(listed: Clip, start_s: float, end_s: float) -> str:
    return youtube_clip_id(listed.source, start_s, end_s)


def rows(with_truth: bool = True) -> SplitRows:
    return SplitRows("testing", 2, LISTED, TRUTH if with_truth else None, notes=("a note",))


def test_rows_that_fit_a_clip_are_left_unchanged() -> None:
    assert cut_rows(rows(), 25.0, "refuse", name_of) == rows()


def test_windows_are_pieces_of_the_same_video_with_their_own_events() -> None:
    cut = cut_rows(rows(), 10.0, "windows", name_of)
    assert [(clip.clip_id, clip.start_s, clip.end_s, clip.labels) for clip in cut.clips] == [
        ("abcdefghijk_30.000_40.000", 30, 40, ("Car",)),
        ("abcdefghijk_40.000_50.000", 40, 50, ("Car",)),
        ("abcdefghijk_50.000_55.000", 50, 55, ("Bus",)),
        ("bbcdefghijk_0.100_10.100", 0.1, 10.1, ("Bus",)),
    ]
    assert cut.reference == {
        "abcdefghijk_30.000_40.000": [Event(8, 10, "Car")],
        "abcdefghijk_40.000_50.000": [Event(0, 2, "Car")],
        "abcdefghijk_50.000_55.000": [Event(1, 2, "Bus")],
        "bbcdefghijk_0.100_10.100": [Event(0, 0, "Bus")],
    }
    assert cut.listed == 4
    assert list(cut.notes) == ["a note", "testing: 1 clip longer than 10 s: windows"]


def test_pieces_inherit_labels_or_the_clip_is_refused_with_a_reason() -> None:
    heirs = cut_rows(rows(with_truth=False), 10.0, "inherit", name_of)
    assert [clip.labels for clip in heirs.clips] == [("Car", "Bus")] * 3 + [("Bus",)]
    assert heirs.reference is None
    for long, reason in (("refuse", "too-long"), ("windows", "no-times")):
        refused = cut_rows(rows(with_truth=False), 10.0, long, name_of)
        assert [clip.clip_id for clip in refused.clips] == [LISTED[1].clip_id]
        assert [(fate.clip_id, fate.state, fate.reason) for fate in refused.dropped] == [
            (LISTED[0].clip_id, "retryable", reason)
        ]
        assert refused.listed == 2
