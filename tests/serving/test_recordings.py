import math
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sedpipe.errors import SedpipeError, SettingsError
from sedpipe.events import Event
from sedpipe.io.audio.find import AudioFile
from sedpipe.io.lists.events import read_event_list
from sedpipe.serving.recordings import MOST_EVENTS, Listing, Recordings, SavedList, checked_events, safe_audio_name

OWL = Event(1.0, 2.5, "Owl")


def touch(folder: Path, *names: str) -> Recordings:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return Recordings(folder)


def test_a_list_is_saved_beside_its_recording_and_read_back(tmp_path: Path) -> None:
    folder = touch(tmp_path, "night 1/a.wav", "b.flac")
    file = folder.files()["night 1/a.wav"]
    nothing = folder.saved(file)
    assert (nothing.events, nothing.state) == (None, "")
    saved = folder.save(file, [Event(3.0, 4.0, "Car"), OWL], nothing.state)
    assert saved.path == tmp_path / "night 1" / "a.tsv"
    assert saved.events == [OWL, Event(3.0, 4.0, "Car")]
    assert read_event_list(saved.path) == {"a": saved.events}
    assert folder.save(file, [], saved.state).events == []  # somebody listened and heard no events


def test_a_list_of_a_recording_whose_name_begins_with_a_space_is_read_back(tmp_path: Path) -> None:
    folder = touch(tmp_path, " a.wav")
    file = folder.files()[" a.wav"]
    assert folder.save(file, [OWL], "").events == [OWL]
    assert folder.saved(file).events == [OWL]


def test_recordings_that_would_share_a_list_get_separate_ones(tmp_path: Path) -> None:
    folder = touch(tmp_path, "a.wav", "a.flac", "[b].wav", "[b]x.wav", "c.wav", "c.txt")
    paths = {name: folder.list_path(file).name for name, file in folder.files().items()}
    assert paths == {
        "a.wav": "a.wav.tsv", "a.flac": "a.flac.tsv", "[b].wav": "[b].tsv", "[b]x.wav": "[b]x.tsv", "c.wav": "c.tsv"
    }  # fmt: skip
    file = folder.files()["a.wav"]
    assert folder.save(file, [OWL], "").events == [OWL]


def test_a_listing_locates_every_list_without_a_folder_scan_per_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [
        f"night {night}/{k}{suffix}" for night in (1, 2) for k in range(20) for suffix in (".wav", ".x.flac", "-1.ogg")
    ]
    folder = touch(tmp_path, *names)
    one_by_one = {name: folder.list_path(file) for name, file in folder.files().items()}
    looked, listdir = [], os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: looked.append(path) or listdir(path))
    listing = folder.listing()
    assert listing.lists == one_by_one
    assert len(one_by_one) == len(names)
    assert {path.name for name, path in one_by_one.items() if name.startswith("night 1/7")} == {
        "7.wav.tsv", "7.x.tsv", "7-1.tsv"
    }  # fmt: skip
    assert all(looked.count(path) <= 2 for path in looked)  # once for the audio, once for the lists beside it


def test_a_list_changed_meanwhile_or_a_file_that_is_no_list_is_never_overwritten(tmp_path: Path) -> None:
    folder = touch(tmp_path, "a.wav", "b.wav", "c.wav")
    files = folder.files()
    seen = folder.save(files["a.wav"], [OWL], "")
    (tmp_path / "a.tsv").write_text("1.0\t2.0\tCrow by hand\n")
    with pytest.raises(SedpipeError, match=r"a\.tsv has been changed in the meantime"):
        folder.save(files["a.wav"], [], seen.state)
    for name, content in {
        "b": "my notes, long ago",
        "c": "filename\tonset\toffset\tevent_label\nz.wav\t1\t2\tOwl\n",
    }.items():
        (tmp_path / f"{name}.tsv").write_text(content)
        found = folder.saved(files[f"{name}.wav"])
        assert found.events is None
        assert found.complaint
        with pytest.raises(SedpipeError, match="is not a list of this recording's events"):
            folder.save(files[f"{name}.wav"], [OWL], found.state)
        assert (tmp_path / f"{name}.tsv").read_text() == content


@pytest.mark.parametrize("name", ["night 1/a.wav", "./a.wav", "/data/2025/night 1/a.wav", "a"])
def test_a_list_may_name_the_recording_with_its_folders_or_without_its_extension(tmp_path: Path, name: str) -> None:
    """Lists of ``predict``, and those saved from its pages, name recordings in these ways."""
    folder = touch(tmp_path, "night 1/a.wav")
    file = folder.files()["night 1/a.wav"]
    path = folder.list_path(file)
    path.write_text(f"{HEADER}{name}\t1.000\t2.500\tOwl\n")
    there = folder.saved(file, 10.0)
    assert there.complaint == ""
    assert (there.found.events if there.found else there.events) == [OWL]
    assert folder.save(file, [OWL], there.state, 10.0).events == [OWL]
    path.write_text(f"{HEADER}{name}\t1.000\t2.500\tOwl\nnight 2/a.wav\t1.000\t2.500\tOwl\n")
    assert folder.saved(file, 10.0).complaint == "it also lists other recordings (night 2/a.wav)"


HEADER = "filename\tonset\toffset\tevent_label\n"
MORE = f"# checked by Anna\n{HEADER[:-1]}\tnote\na.wav\t1.0\t2.5\tOwl\tfar away\n"
RAVEN = "Selection\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tAnnotation\n1\t1.0\t2.5\t200.0\tOwl\n"


@pytest.mark.parametrize("content", [MORE, RAVEN, f"{HEADER}a.wav\t1\t2.5\tOwl\na.wav\t0\t0\tDog\n"])
def test_a_list_with_content_that_saving_would_lose_is_backed_up(tmp_path: Path, content: str) -> None:
    folder = touch(tmp_path, "a.wav")
    file = folder.files()["a.wav"]
    (tmp_path / "a.tsv").write_text(content)
    (tmp_path / "a.tsv.bak").write_text("of the year before")
    there = folder.saved(file, 10.0)
    assert there.found is not None
    assert there.found.events == [OWL]
    saved = folder.save(file, [OWL], there.state, 10.0)
    assert (saved.found, saved.events, saved.kept_as) == (None, [OWL], "a.tsv.bak2")
    assert (tmp_path / "a.tsv.bak2").read_text() == content
    assert (tmp_path / "a.tsv.bak").read_text() == "of the year before"
    assert folder.save(file, [], saved.state, 10.0).kept_as == ""  # a list saved by sedpipe has no other content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tsv", "a.tsv.bak", "a.tsv.bak2", "a.wav"]


def test_events_beyond_the_end_are_cut_and_reported_and_the_list_is_backed_up(tmp_path: Path) -> None:
    folder = touch(tmp_path, "a.wav")
    file = folder.files()["a.wav"]
    folder.save(file, [OWL, Event(9.0, 10.5, "Rain"), Event(9.5, 10.001, "Owl")], "", 11.0)
    there = folder.saved(file, 10.0)  # the recording has been replaced by a shorter one
    assert there.found is not None
    assert there.events == there.found.events == [OWL, Event(9.0, 10.0, "Rain"), Event(9.5, 10.001, "Owl")]
    assert there.found.told == "3 events of a.tsv; 1 event beyond the end of the recording cut there"
    rows = [{"onset": e.onset, "offset": e.offset, "label": e.label} for e in there.events]
    assert folder.save(file, checked_events(rows, 10.0), there.state, 10.0).kept_as == "a.tsv.bak"
    assert folder.saved(file, 10.0).found is None


def test_a_cell_with_several_labels_is_split_unless_it_was_saved_as_one_label(tmp_path: Path) -> None:
    folder = touch(tmp_path, "a.wav")
    file = folder.files()["a.wav"]
    (tmp_path / "a.tsv").write_text(f"{HEADER}a.wav\t1.0\t2.5\tDog;Owl\n")
    assert folder.saved(file).events == [Event(1.0, 2.5, "Dog"), OWL]
    (tmp_path / "a.tsv").unlink()
    assert folder.save(file, [Event(1.0, 2.5, "Dog,Owl")], "").events == [Event(1.0, 2.5, "Dog,Owl")]


def test_a_saved_list_stays_with_its_recording_when_another_of_the_same_stem_appears(tmp_path: Path) -> None:
    folder = touch(tmp_path, "a.wav", "b.wav")
    folder.save(folder.files()["a.wav"], [OWL], "")
    (tmp_path / "b.tsv").write_text("1.0\t2.5\tOwl\n")  # it is unknown which of the two it is about
    touch(tmp_path, "a.mp3", "b.mp3")
    files = folder.files()
    assert folder.saved(files["a.wav"]).events == [OWL]
    names = {name: folder.list_path(file).name for name, file in files.items()}
    assert names == {"a.wav": "a.tsv", "a.mp3": "a.mp3.tsv", "b.wav": "b.wav.tsv", "b.mp3": "b.mp3.tsv"}
    assert folder.save(files["a.wav"], [], folder.saved(files["a.wav"]).state).path.name == "a.tsv"
    assert folder.free_path("A.flac").name == "A-2.flac"


def test_of_two_simultaneous_saves_only_one_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = touch(tmp_path, "a.wav")
    file, outcomes, both = folder.files()["a.wav"], [], threading.Barrier(2)
    looked = Recordings.saved

    def slowly(self: Recordings, file: AudioFile, duration: float = math.inf) -> SavedList:
        seen = looked(self, file, duration)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # the other thread reads the list as well, if it is allowed to
        return seen

    def save(label: str) -> None:
        try:
            folder.save(file, [Event(1.0, 2.0, label)], "")
            outcomes.append("saved")
        except SedpipeError:
            outcomes.append("told")

    monkeypatch.setattr(Recordings, "saved", slowly)
    threads = [threading.Thread(target=save, args=(label,)) for label in ("Owl", "Longer owl")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["saved", "told"]


def test_files_of_one_name_added_at_the_same_time_get_different_names(tmp_path: Path) -> None:
    folder = Recordings(tmp_path)
    with folder.adding("a.wav") as one, folder.adding("a.wav") as other, folder.adding("a.mp3") as third:
        assert [path.name for path in (one, other, third)] == ["a.wav", "a-2.wav", "a-3.mp3"]
    with folder.adding("a.wav") as again:
        assert again == one


def test_a_symlink_in_place_of_a_list_is_replaced_and_not_followed(tmp_path: Path) -> None:
    folder = touch(tmp_path / "in", "a.wav")
    outside = tmp_path / "outside.tsv"
    outside.write_text("filename\tonset\toffset\tevent_label\na.wav\t1\t2\tCar\n")
    (tmp_path / "in" / "a.tsv").symlink_to(outside)
    before, file = outside.read_text(), folder.files()["a.wav"]
    folder.save(file, [OWL], folder.saved(file).state)
    assert outside.read_text() == before
    assert not (tmp_path / "in" / "a.tsv").is_symlink()


def test_only_audio_files_inside_the_folder_are_recordings(tmp_path: Path) -> None:
    folder = touch(tmp_path / "in", "a.wav", "notes.txt", ".hidden.wav", "e\x1bvil.wav", "\udce9.wav")
    touch(tmp_path, "outside.wav")
    assert list(folder.files()) == ["a.wav"]
    assert folder.listing().n_unlistable == 2
    for name in ("../outside.wav", str(tmp_path / "outside.wav"), "./a.wav", "notes.txt", "", ".."):
        assert folder.find(name) is None
    assert Recordings(tmp_path / "not there yet").files() == {}
    assert Recordings(tmp_path / "not there yet").listing() == Listing({}, {}, 0)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("street.wav", "street.wav"), ("../../etc/cron.d/x.wav", "x.wav"), ("C:\\a\\b.FLAC", "b.FLAC"),
        ("/etc/a.mp3", "a.mp3"), ("..wav.wav", "wav.wav"), ("a\x00b\x1b[2J.wav", "a_b_2J.wav"),
        ("<img src=x>.ogg", "_img src_x_.ogg"), ("Käuzchen 1.wav", "Käuzchen 1.wav"),
        ("x" * 300 + ".wav", "x" * 80 + ".wav"), ("  .wav.m4a", "wav.m4a"),
    ],
)  # fmt: skip
def test_an_added_file_gets_a_safe_name_at_the_top_of_the_folder(tmp_path: Path, name: str, safe: str) -> None:
    path = Recordings(tmp_path).free_path(name)
    assert path == tmp_path / safe
    path.touch()
    assert Recordings(tmp_path).free_path(name) == tmp_path / f"{path.stem}-2{path.suffix}"


@pytest.mark.parametrize("name", ["", "passwd", "a.py", "a.wav/b.sh", "..", "a.tsv"])
def test_a_name_without_an_audio_extension_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="does not have the extension of an audio file"):
        safe_audio_name(name)


def test_the_name_of_a_broken_link_is_not_reused(tmp_path: Path) -> None:
    os.symlink(tmp_path / "nowhere", tmp_path / "a.wav")
    assert Recordings(tmp_path).free_path("a.wav").name == "a-2.wav"


def test_labels_are_stripped_and_times_rounded_and_cut_at_the_end() -> None:
    good = {"onset": 1, "offset": 2.50049, "label": " Owl ", "more": "ignored"}
    assert checked_events([good], 3.0) == [OWL]
    assert checked_events([{**good, "offset": 3.0015}], 3.0) == [Event(1.0, 3.0, "Owl")]  # an end that was rounded up


@pytest.mark.parametrize(
    "change",
    [
        {"onset": -1}, {"onset": 3}, {"offset": 4}, {"offset": float("nan")}, {"offset": "2"}, {"onset": None},
        {"offset": float("inf")}, {"offset": 10**400}, {"onset": True, "offset": False}, {"label": ""},
        {"label": 3}, {"label": "\x1b[2J"},
        {"label": "a\tb"}, {"label": "a\nb"}, {"label": "x" * 10_001},
    ],
)  # fmt: skip
def test_invalid_events_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        checked_events([{"onset": 1.0, "offset": 2.5, "label": "Owl", **change}], 3.0)


def test_long_labels_and_very_short_events_are_accepted_and_refused_events_are_named() -> None:
    row = {"onset": 1.0, "offset": 2.5, "label": "x" * 300}
    assert checked_events([row], 3.0) == [Event(1.0, 2.5, "x" * 300)]
    assert checked_events([{**row, "offset": 1.0002}], 3.0) == [Event(1.0, 1.001, "x" * 300)]
    with pytest.raises(SettingsError, match=r"'Owl' from 1 to 4 s: an event lies within the recording, from 0 to 3 s"):
        checked_events([row, {"onset": 1, "offset": 4, "label": "Owl"}], 3.0)
    with pytest.raises(SettingsError, match=r"'y{80}\.\.\.' from 1\.0 to 2\.5 s: a label has 1 to 10,000 letters"):
        checked_events([{**row, "label": "y" * 10_001}], 3.0)


@pytest.mark.parametrize("duration", [0.04, 3.0, 7.919])
def test_a_very_short_event_at_the_end_stays_within_the_recording_and_is_read_back(
    tmp_path: Path, duration: float
) -> None:
    folder = touch(tmp_path, "a.wav")
    [event] = checked_events([{"onset": duration - 0.0002, "offset": duration, "label": "Owl"}], duration)
    assert 0 <= event.onset < event.offset <= duration
    assert folder.save(folder.files()["a.wav"], [event], "", duration).events == [event]


@pytest.mark.parametrize("rows", [None, {}, "events", [1], [[1, 2, "Owl"]], [{}] * (MOST_EVENTS + 1)])
def test_anything_but_a_list_of_events_is_refused(rows: object) -> None:
    with pytest.raises(SettingsError):
        checked_events(rows, 3.0)


def test_an_accented_label_is_saved_in_normal_form_and_read_back_unchanged(tmp_path: Path) -> None:
    folder = touch(tmp_path, "a.wav")
    events = checked_events([{"onset": 0, "offset": 1, "label": "Me\u0301sange"}], 10.0)
    saved = folder.save(folder.files()["a.wav"], events, "")
    assert (saved.events, saved.kept_as) == ([Event(0, 1, "M\u00e9sange")], "")
    assert folder.saved(folder.files()["a.wav"]).kept_as == ""
