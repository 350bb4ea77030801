import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.clips import (
    LEAST_PIECE_S,
    Clip,
    clip_id_of_filename,
    clip_id_of_path,
    event_list_filename,
    piece_clip_id,
    pieces,
    recording_of_piece,
    youtube_clip_id,
)

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
def test_only_folders_and_a_known_extension_are_dropped(filename: str, clip_id: str) -> None:
    assert clip_id_of_filename(filename) == clip_id


def test_duration_is_end_minus_start() -> None:
    assert Clip("a", "training", "a.wav", 2.5, 10.0, ()).duration == 7.5


@pytest.mark.parametrize(
    ("path", "clip_id"),
    [
        ("monday.WAV", "monday"),
        ("site 1/monday.m4b", "site 1/monday"),
        ("site.1/mon.day", "site.1/mon.day"),
        ("a\\b.flac", "a/b"),
        ("Y-5QrBL6MzLg_60.000_70.000.wav", "-5QrBL6MzLg_60.000_70.000"),
        ("audio/Y-5QrBL6MzLg_60.000_70.000.wav", "audio/Y-5QrBL6MzLg_60.000_70.000"),
    ],
)
def test_the_clip_id_of_a_recording_in_a_folder_is_its_path(path: str, clip_id: str) -> None:
    assert clip_id_of_path(path) == clip_id
    assert clip_id_of_path(event_list_filename(clip_id)) == clip_id


@given(st.floats(0.04, 400), st.floats(0.5, 60))
def test_pieces_cover_a_recording_except_for_a_remainder_too_short_for_a_piece(
    duration_s: float, clip_s: float
) -> None:
    found = pieces(duration_s, clip_s)
    assert found[0][0] == 0
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(found))
    assert all(end - start == pytest.approx(clip_s) for start, end in found[:-1])
    assert found[-1][1] - found[-1][0] <= clip_s * (1 + 1e-9)
    assert 0 <= duration_s - found[-1][1] <= LEAST_PIECE_S + 1e-9
    assert len(found) == 1 or found[-1][1] - found[-1][0] > LEAST_PIECE_S - 1e-9


def test_a_piece_is_named_after_its_recording() -> None:
    for recording in ("a", "site 1/Yellowhammer", "b@1.000-2.000"):
        names = [piece_clip_id(recording, *piece) for piece in pieces(30.0, 10.0)]
        assert len(set(names)) == 3
        assert {recording_of_piece(name) for name in names} == {recording}
        assert [clip_id_of_path(event_list_filename(name)) for name in names] == names
