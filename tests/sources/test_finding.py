import unicodedata
from pathlib import Path

from sedpipe.sources.finding import find_listed


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_a_recording_is_found_by_an_inexact_name_if_it_is_unambiguous(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "V\u00f6gel.wav")
    make(tmp_path, decomposed, "crow.WAV", "site 1/owl.flac", "site 2/jay.wav", "site 3/jay.wav")
    names = ["V\u00f6gel.wav", "crow.wav", "owl", "site 3/jay.mp3", "jay.wav", "onl.flac"]
    found = find_listed(tmp_path, names)
    assert found.files == {
        "V\u00f6gel.wav": decomposed,
        "crow.wav": "crow.WAV",
        "owl": "site 1/owl.flac",
        "site 3/jay.mp3": "site 3/jay.wav",
    }
    assert found.n_renamed == 4
    assert found.suggestions["jay.wav"].startswith(" (did you mean 'site ")
    assert found.others == ["site 2/jay.wav"]


def test_a_file_listed_by_its_exact_name_matches_no_other_entry(tmp_path: Path) -> None:
    make(tmp_path, "sub/a.wav", "b.wav")
    found = find_listed(tmp_path, ["sub/a.wav", "a.wav", "b.wav"])
    assert found.files == {"sub/a.wav": "sub/a.wav", "b.wav": "b.wav"}
    assert found.others == []


def test_an_ambiguous_name_counts_as_missing(tmp_path: Path) -> None:
    make(tmp_path, "a.mp3", "a.flac")
    found = find_listed(tmp_path, ["a.wav"])
    assert found.files == {}
    assert sorted(found.others) == ["a.flac", "a.mp3"]


def test_an_exact_name_is_found_whatever_its_suffix_and_nothing_in_a_missing_folder(tmp_path: Path) -> None:
    make(tmp_path, "a.dat")
    assert find_listed(tmp_path, ["a.dat"]).files == {"a.dat": "a.dat"}
    assert find_listed(tmp_path / "none", ["a.dat"]).files == {}
