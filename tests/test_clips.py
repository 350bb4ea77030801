import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.clips import Clip, clip_id_of_filename, event_list_filename, youtube_clip_id

VIDEO_ID = st.text(string.ascii_letters + string.digits + "-_", min_size=11, max_size=11)
SECONDS = st.integers(0, 36_000_000).map(lambda milliseconds: milliseconds / 1000)


@given(VIDEO_ID, SECONDS, SECONDS)
def test_a_youtube_clip_is_recognised_by_its_usual_names(video_id: str, start: float, end: float) -> None:
    clip_id = youtube_clip_id(video_id, start, end)
    for name in (clip_id, f"Y{clip_id}", f"Y{clip_id}.wav", f"audio/{clip_id}.m4a", f"C:\\audio\\Y{clip_id}.FLAC"):
        assert clip_id_of_filename(name) == clip_id
    assert clip_id_of_filename(event_list_filename(clip_id)) == clip_id


@pytest.mark.parametrize(
    ("filename", "clip_id"),
    [
        ("YbCdEfGhIjK_0.000_10.000.wav", "YbCdEfGhIjK_0.000_10.000"),  # a real id of 11 characters
        ("YYbCdEfGhIjK_0.000_10.000.wav", "YbCdEfGhIjK_0.000_10.000"),
        ("YYYbCdEfGhIjK_0.000_10.000.wav", "YYYbCdEfGhIjK_0.000_10.000"),
        ("Yard.wav", "Yard"),
        ("Yard_0.000_10.000", "Yard_0.000_10.000"),
        ("Y-5QrBL6MzLg_60_70.wav", "Y-5QrBL6MzLg_60_70"),
    ],
)
def test_a_leading_y_is_dropped_only_before_eleven_characters_and_times(filename: str, clip_id: str) -> None:
    assert clip_id_of_filename(filename) == clip_id


@pytest.mark.parametrize(
    ("filename", "clip_id"),
    [
        ("a/b/dog.1.wav", "dog.1"),
        ("dog.OGG", "dog"),
        ("dog_0.000", "dog_0.000"),
        ("dog.wav.wav", "dog.wav"),
        ("dog", "dog"),
        ("dog.txt", "dog.txt"),
    ],
)
def test_folders_and_a_known_extension_are_dropped_and_nothing_else(filename: str, clip_id: str) -> None:
    assert clip_id_of_filename(filename) == clip_id


def test_duration_is_the_listed_length() -> None:
    assert Clip("a", "training", "a.wav", 2.5, 10.0, ()).duration == 7.5
