import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.io.lists.known_names import KnownNames, agreement

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
def test_a_name_means_the_only_recording_whose_path_ends_in_the_same_parts(name: str, meant: str | None) -> None:
    assert KNOWN.find(name) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("a", "a.flac"),  # a label file lies beside its recording, whatever the folders below contain
        ("./a", "a.flac"),
        ("a.flac", "a.flac"),
        ("a.mp3", "a.flac"),
        ("a.wav", None),  # another recording has exactly this file name
        ("site 1/a.flac", "site 1/a.wav"),
        ("site 2/a.flac", None),
    ],
)
def test_a_recording_with_the_same_path_is_preferred_to_those_in_other_folders(name: str, meant: str | None) -> None:
    assert KnownNames(["site 1/a.wav", "a.flac"]).find(name) == meant


def test_blanks_around_a_file_name_matter_only_if_both_names_exist() -> None:
    assert KnownNames(["site 1/ a.wav"]).find("a.wav") == "site 1/ a.wav"
    both = KnownNames([" a.wav", "a.wav"])
    assert (both.find(" a.wav"), both.find("a.wav"), both.find("a")) == (" a.wav", "a.wav", None)


def test_an_ambiguous_name_has_candidates_and_a_misspelt_one_a_suggestion() -> None:
    assert KNOWN.candidates("a.wav") == ["site 1/a.wav", "site 2/a.wav"]
    assert KNOWN.suggestion("site 2/Vogel.WAV") == " (did you mean 'site 2/Vögel.WAV'?)"


@pytest.mark.parametrize(
    ("known", "names", "meant"),
    [
        # a partial copy: the other site's recording is missing, and its namesake is a different one
        (["site1/a.wav"], ["site1/a.wav", "site2/a.wav"], {"site1/a.wav": "site1/a.wav"}),
        (["site1/a.wav"], ["site2/a.wav", "site1/a.wav"], {"site1/a.wav": "site1/a.wav"}),
        (["site1/a.wav"], ["site2/a.wav", "/data/site1/a.flac"], {"/data/site1/a.flac": "site1/a.wav"}),
        (["audio/a.wav"], ["site1/a.wav", "site2/a.wav"], {}),  # either name may mean it
        (["a.wav"], ["a.mp3", "a.wav"], {"a.wav": "a.wav"}),
        (["site1/a.wav"], ["a.wav"], {"a.wav": "site1/a.wav"}),
        (["site1/a.wav"], ["site2/a.wav"], {"site2/a.wav": "site1/a.wav"}),
        (["site1/a.wav"], ["a.wav", "a.wav"], {"a.wav": "site1/a.wav"}),
        (["site1/a.wav", "site2/a.wav"], ["site2/a.wav", "b.wav"], {"site2/a.wav": "site2/a.wav"}),
    ],
)
def test_no_two_names_of_one_list_mean_the_same_recording(
    known: list[str], names: list[str], meant: dict[str, str]
) -> None:
    assert KnownNames(known).find_all(names) == meant


@pytest.mark.parametrize(
    ("known", "names", "meant"),
    [
        (["a.wav"], ["a.wav", "a", "./a.wav"], {"a.wav", "a", "./a.wav"}),
        (["a.wav"], ["a", "./a"], {"a", "./a"}),
        (["a.wav"], ["a.wav", "a.mp3", "a"], {"a.wav", "a"}),
        (["site1/a.wav"], ["site1/a.wav", "site2/a.wav", "site1/a"], {"site1/a.wav", "site1/a"}),
        (["audio/a.wav"], ["site1/a.wav", "site2/a.wav"], set()),
        (["site1/a.wav"], ["/data/site1/a.flac", "/data/site1/a"], {"/data/site1/a.flac", "/data/site1/a"}),
        (["b.wav"], ["a.wav"], set()),
    ],
)
def test_several_spellings_of_one_name_mean_one_recording_if_spellings_is_set(
    known: list[str], names: list[str], meant: set[str]
) -> None:
    assert KnownNames(known).find_all(names, spellings=True) == dict.fromkeys(
        (name for name in names if name in meant), known[0]
    )


NAMES = st.lists(
    st.builds("{}{}".format, st.sampled_from(["", "x/", "y/", "z/x/"]), st.sampled_from(["a.wav", "a.mp3", "b"]))
)


@given(NAMES, NAMES)
def test_names_are_matched_one_to_one_in_any_order_and_exact_names_always_match(
    known: list[str], names: list[str]
) -> None:
    known = list(dict.fromkeys(known))
    meant = KnownNames(known).find_all(names)
    assert len(set(meant.values())) == len(meant)
    assert meant == KnownNames(known).find_all(reversed(names))
    assert {name: name for name in names if name in known}.items() <= meant.items()
    for name, recording in meant.items():
        assert KnownNames(known).find(name) == recording


@given(NAMES, NAMES)
def test_candidates_are_the_recordings_that_agree_most_or_a_single_one_of_them(
    known: list[str], names: list[str]
) -> None:
    known = list(dict.fromkeys(known))
    for name in names:
        agreeing = {path: agreement(name, path) for path in known}
        most = max(agreeing.values(), default=0)
        best = [path for path in known if most and agreeing[path] == most]
        found = KnownNames(known).candidates(name)
        assert found == best or (len(found) == 1 and set(found) < set(best))


def test_many_recordings_of_the_same_name_do_not_take_quadratic_time() -> None:
    begin = time.process_time()
    names = [f"{k}/a.wav" for k in range(5_000)]
    assert KnownNames([f"x{name}" for name in names]).find_all(names) == {}
    assert KnownNames(["a.wav"]).find_all(names) == {}
    assert time.process_time() - begin < 20
