import pytest
from sedpipe.events import Event
from sedpipe.io.lists.importers.findings import Findings
from sedpipe.io.lists.recordings import Recording
from sedpipe.steps.dataset_shape import shape_of

STRONG = (Event(1.0, 2.0, "Dog"),)


def shape(lengths: dict[str, tuple[float, int]], events: tuple[Event, ...] | None = None, **settings: float):
    recordings = [Recording(name, ("Dog",), events) for name in lengths]
    return shape_of(Findings("", tuple(recordings), settings=settings), recordings, lengths, 0.2)


@pytest.mark.parametrize(
    ("seconds", "events", "clip_s", "long"),
    [
        ((3.0, 2.2), None, 3, "refuse"),
        ((2.2,), STRONG, 3, "windows"),
        ((10.0, 4.0), None, 10, "refuse"),
        ((10.1, 4.0), None, 10, "refuse"),  # the rest is too short for a clip: `download` keeps one clip
        ((10.2, 4.0), None, 10, "inherit"),
        ((60.0, 4.0), None, 10, "inherit"),
        ((60.0, 4.0), STRONG, 10, "windows"),
    ],
)
def test_clips_are_as_long_as_the_longest_recording_but_at_most_ten_seconds(
    seconds: tuple[float, ...], events: tuple[Event, ...] | None, clip_s: float, long: str
) -> None:
    made, _ = shape({f"{n}.wav": (length, 8000) for n, length in enumerate(seconds)}, events)
    assert (made.clip_s, made.long) == (clip_s, long)


def test_the_most_common_sample_rate_is_chosen_and_the_others_are_reported() -> None:
    made, said = shape({"a.wav": (1.0, 8000), "b.wav": (1.0, 48_000), "c.wav": (1.0, 48_000), "d.mp3": (1.0, 0)})
    assert made.sample_rate == 48_000
    assert said[:1] == ["several sample rates (2 at 48,000 Hz, 1 at 8,000 Hz): all will be stored at 48,000 Hz"]


@pytest.mark.parametrize(("rate", "stored"), [(97_656, 97_650), (1_000_000, 655_350)])
def test_an_unstorable_sample_rate_is_replaced_by_the_next_lower_one_and_reported(rate: int, stored: int) -> None:
    made, said = shape({"a.wav": (1.0, rate)})
    assert made.sample_rate == stored
    assert said[0] == f"{rate:,} Hz cannot be stored: clips are at {stored:,} Hz"


def test_settings_from_an_importer_take_precedence() -> None:
    made, said = shape({"a.wav": (12.0, 4000)}, STRONG, clip_s=5, sample_rate=8000)
    assert (made.clip_s, made.sample_rate) == (5, 8000)
    assert said[:1] == ["1 recording longer than 5 s, to be cut into windows, labelled with the events in them"]


def test_the_grouping_of_recordings_is_part_of_the_shape_and_is_reported() -> None:
    lengths = {f"P{n % 6}_{n}.wav": (1.0, 8000) for n in range(30)}
    made, said = shape(lengths)
    assert made.group == "prefix_"
    assert said == ["recordings whose names begin alike up to '_' stay in one split (6 groups)"]
    made, said = shape({f"{n}_take.wav": (1.0, 8000) for n in range(30)})
    assert made.group == ""
    assert "those for testing are drawn one by one" in said[0]


def test_recordings_of_one_folder_stay_together_unless_folders_are_classes() -> None:
    def group(label_of) -> str:
        recordings = [Recording(f"site {n % 6}/{n}.wav", (label_of(n),)) for n in range(30)]
        lengths = {recording.filename: (1.0, 8000) for recording in recordings}
        return shape_of(Findings("", tuple(recordings)), recordings, lengths, 0.2)[0].group

    assert group(lambda n: "Dog" if n % 5 else "Cat") == "folder"
    assert group(lambda n: f"class {n % 6}") == ""
