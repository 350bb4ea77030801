from pathlib import Path

import pytest
from sedpipe.errors import SettingsError
from sedpipe.events import Event
from sedpipe.io.lists.importers.findings import Findings, look_into
from sedpipe.io.lists.importers.label_files import from_label_files
from sedpipe.io.lists.recordings import Recording

RAVEN = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)\tAnnotation\n"


def found(folder: Path, **files: str) -> Findings | None:
    """Return the findings in a folder with these files; ``__`` stands for a dot, ``___`` for a slash."""
    for name, text in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return from_label_files(look_into(folder))


def recordings(made: Findings | None) -> list[Recording]:
    assert made is not None
    return list(made.recordings)


DOG = Recording("a.wav", ("Dog",), (Event(1.0, 2.0, "Dog"),))


def test_label_files_of_several_programs_beside_their_recordings_are_read(tmp_path: Path) -> None:
    made = found(
        tmp_path,
        a__wav="", a__txt="1.0\t2.0\tDog\n",
        b__WAV="", b__Table__1__selections__txt=RAVEN + "1\tSpectrogram 1\t1\t1.0\t2.0\t0\t1\tDog\n",
        c__flac="", c__BirdNET__results__csv="Start (s),End (s),Scientific name,Common name,Confidence\n1,2,C,Dog,1\n",
        d__mp3="", d_labels__txt="1.0\t2.0\tDog\n",
        quiet__wav="", quiet__txt="",
    )  # fmt: skip
    events = (Event(1.0, 2.0, "Dog"),)
    assert recordings(made) == [
        *(Recording(name, ("Dog",), events) for name in ("a.wav", "b.WAV", "c.flac", "d.mp3")),
        Recording("quiet.wav", (), ()),
    ]


def test_one_table_for_all_recordings_may_have_absolute_paths_and_other_extensions(tmp_path: Path) -> None:
    table = "file;start;end;label\n/data/x/a.flac;1,0;2,0;Dog\nsub/b.wav;;;\n"
    made = found(tmp_path, a__wav="", sub___b__wav="", labels__csv=table)
    assert recordings(made) == [DOG, Recording("sub/b.wav", (), ())]
    assert made is not None
    assert "separated by semicolons" in made.remarks
    assert "decimal commas (2 times)" in made.remarks


def test_events_are_unknown_if_there_are_only_tags(tmp_path: Path) -> None:
    made = found(tmp_path, a__wav="", b__wav="", tags__csv='name,x\nfilename,labels\na.wav,"Dog,Cat"\nb.wav,\n'[7:])
    assert recordings(made) == [Recording("a.wav", ("Dog", "Cat"), None), Recording("b.wav", (), ())]


def test_recordings_of_the_same_name_are_distinguished_by_their_folders(tmp_path: Path) -> None:
    made = found(
        tmp_path,
        site1___a__wav="", site1___a__txt="1.0\t2.0\tDog\n",
        site2___a__wav="", site2___labels__csv="filename,onset,offset,label\na.wav,3,4,Cat\n",
    )  # fmt: skip
    assert recordings(made) == [
        Recording("site1/a.wav", ("Dog",), (Event(1.0, 2.0, "Dog"),)),
        Recording("site2/a.wav", ("Cat",), (Event(3.0, 4.0, "Cat"),)),
    ]


def test_label_files_may_be_in_a_separate_folder(tmp_path: Path) -> None:
    made = found(
        tmp_path,
        audio___s1___a__wav="", audio___s2___a__wav="",
        labels___s1___a__txt="1.0\t2.0\tDog\n", labels___s2___a__txt="3.0\t4.0\tCat\n",
    )  # fmt: skip
    assert [(r.filename, r.labels) for r in recordings(made)] == [
        ("audio/s1/a.wav", ("Dog",)),
        ("audio/s2/a.wav", ("Cat",)),
    ]
    assert made is not None
    assert "2 label files in a different folder from their recordings" in made.remarks


def test_a_lone_label_file_beside_a_lone_recording_belongs_to_it(tmp_path: Path) -> None:
    made = found(tmp_path, one___a__wav="", one___marks__txt="1.0\t2.0\tDog\n")
    assert [r.filename for r in recordings(made)] == ["one/a.wav"]


def test_recordings_labels_and_files_that_are_left_out_are_reported_by_name(tmp_path: Path) -> None:
    table = "filename\tonset\toffset\tlabel\na.wav\t1\t2\tDog\nbb.wav\t1\t2\tDog\n"
    made = found(tmp_path, a__wav="", b__wav="", labels__tsv=table, README__txt="These are our recordings.\n")
    assert recordings(made) == [DOG]
    assert made is not None
    assert made.remarks[0] == "1 recording without labels left out: 'b.wav'"
    assert made.remarks[1].startswith("labels of 1 recording not found here left out: 'bb.wav' (did you mean 'b")
    assert made.remarks[2].startswith("not understood and ignored: ")
    assert "README.txt" in made.remarks[2]


def test_events_take_precedence_over_tags_and_the_first_event_list_over_the_second(tmp_path: Path) -> None:
    made = found(
        tmp_path,
        a__wav="", b__wav="",
        a_events__tsv="a.wav\t1\t2\tDog\n", b_events__tsv="a.wav\t5\t6\tCat\n",
        tags__csv="filename,label\na.wav,Bird\nb.wav,Bird\n",
    )  # fmt: skip
    assert recordings(made) == [DOG, Recording("b.wav", ("Bird",), None)]
    assert made is not None
    assert "1 recording in several lists of events, one of which is used: 'a.wav (a_events.tsv)'" in made.remarks


def test_a_folder_without_label_files_gives_no_findings(tmp_path: Path) -> None:
    assert found(tmp_path, a__wav="") is None
    assert found(tmp_path, README__txt="Our recordings.\n") is None


def test_a_folder_that_is_missing_or_has_no_recordings_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="contains no audio file"):
        look_into(tmp_path)
    with pytest.raises(SettingsError, match=" is not a folder"):
        look_into(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("table", "own"),
    [
        ("filename,onset,offset,label\nsite1/a.wav,1,2,Dog\nsite2/a.wav,3,4,Cat\n", (Event(1.0, 2.0, "Dog"),)),
        ("filename,onset,offset,label\nsite2/a.wav,3,4,Cat\nsite1/a.wav,1,2,Dog\n", (Event(1.0, 2.0, "Dog"),)),
        ("filename,label\nsite1/a.wav,Dog\nsite2/a.wav,Cat\n", None),
    ],
)
def test_labels_of_a_missing_recording_are_not_given_to_its_namesake(
    tmp_path: Path, table: str, own: tuple[Event, ...] | None
) -> None:
    made = found(tmp_path, site1___a__wav="", labels__csv=table)
    assert recordings(made) == [Recording("site1/a.wav", ("Dog",), own)]
    assert made is not None
    left_out = "labels of 1 recording not found here left out: 'site2/a.wav' (did you mean 'site1/a.wav'?)"
    assert left_out in made.remarks


def test_a_recording_spelt_in_several_ways_in_a_table_has_all_of_its_events(tmp_path: Path) -> None:
    table = "filename,onset,offset,label\na.wav,1,2,Dog\n./a.wav,3,4,Cat\na,5,6,Dog\n"
    made = found(tmp_path, a__wav="", labels__csv=table)
    events = (Event(1.0, 2.0, "Dog"), Event(3.0, 4.0, "Cat"), Event(5.0, 6.0, "Dog"))
    assert [(one.filename, tuple(sorted(one.events or ()))) for one in recordings(made)] == [("a.wav", events)]


def test_the_label_file_beside_its_recording_is_preferred_to_its_namesake_elsewhere(tmp_path: Path) -> None:
    made = found(
        tmp_path,
        site1___a__txt="3.0\t4.0\tCat\n", site2___a__wav="", site2___a__txt="1.0\t2.0\tDog\n",
    )  # fmt: skip
    assert recordings(made) == [Recording("site2/a.wav", ("Dog",), (Event(1.0, 2.0, "Dog"),))]
    assert made is not None
    assert "1 recording in several lists of events, one of which is used: 'site2/a.wav (site2/a.txt)'" in made.remarks


def test_tags_of_the_same_name_in_different_folders_are_joined_and_reported(tmp_path: Path) -> None:
    tags = {f"{site}___tags__csv": f"filename,label\na.wav,{label}\n" for site, label in (("s1", "Dog"), ("s2", "Cat"))}
    made = found(tmp_path, s1___a__wav="", **tags)
    assert recordings(made) == [Recording("s1/a.wav", ("Dog", "Cat"), None)]
    assert made is not None
    assert (
        "labels of 1 recording joined with those of the same name in a different folder: 's1/a.wav (s2/a.wav)'"
        in made.remarks
    )


def test_a_recording_beside_split_folders_is_left_out_and_reported(tmp_path: Path) -> None:
    events = {f"{name}__txt": "1.0\t2.0\tDog\n" for name in ("train___a", "test___b", "demo")}
    made = found(tmp_path, train___a__wav="", test___b__wav="", demo__wav="", **events)
    assert {r.filename: r.split for r in recordings(made)} == {"train/a.wav": "training", "test/b.wav": "testing"}
    assert made is not None
    assert "1 recording outside the folders of splits left out: 'demo.wav'" in made.remarks
