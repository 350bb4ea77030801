import unicodedata

import pytest
from sedpipe.io.lists.known_names import KnownNames

KNOWN = KnownNames(["site 1/a.wav", "site 2/a.wav", "site 2/Vögel.WAV", "c"])


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("site 1/a.wav", "site 1/a.wav"),
        ("/data/site 2/a.flac", "site 2/a.wav"),
        ("D:\\data\\site 2\\a.wav", "site 2/a.wav"),
        (unicodedata.normalize("NFD", "Vögel.wav"), "site 2/Vögel.WAV"),
        ("Vögel", "site 2/Vögel.WAV"),
        ("elsewhere/c.mp3", "c"),
        ("a.wav", None),
        ("site 3/a.wav", None),
        ("d.wav", None),
    ],
)
def test_a_name_means_the_only_recording_that_ends_in_the_same_parts(name: str, meant: str | None) -> None:
    assert KNOWN.find(name) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("a", "a.flac"),  # a label file lies beside one, whatever lies in the folders below
        ("./a", "a.flac"),
        ("a.flac", "a.flac"),
        ("a.mp3", "a.flac"),
        ("a.wav", None),  # another one is called just so
        ("site 1/a.flac", "site 1/a.wav"),
        ("site 2/a.flac", None),
    ],
)
def test_of_several_in_other_folders_the_one_of_the_same_path_is_meant(name: str, meant: str | None) -> None:
    assert KnownNames(["site 1/a.wav", "a.flac"]).find(name) == meant


def test_who_cannot_decide_hears_of_the_candidates() -> None:
    assert KNOWN.candidates("a.wav") == ["site 1/a.wav", "site 2/a.wav"]
    assert KNOWN.suggestion("site 2/Vogel.WAV") == " (did you mean 'site 2/Vögel.WAV'?)"
