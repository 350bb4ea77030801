"""Lists in the forms that are common in the field, each read as its author meant it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Annotations, Asked
from sedpipe.io.lists.read import read_annotations

Rows = list[tuple[str, tuple[float, float] | None, str]]

RAVEN = "Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tLow Freq (Hz)\tHigh Freq (Hz)"
DOG, CAT = ("a.wav", (1.5, 3.0), "Dog"), ("b.wav", (2.0, 3.25), "Cat")
HORN = "Air horn, truck horn"
NO_HEADER = "no header: columns taken as {}onset, offset, event_label"


def read(folder: Path, text: str | bytes, name: str = "list.csv", asked: Asked = "events") -> Annotations:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_annotations(folder / name, asked)


def rows(found: Annotations) -> Rows:
    return [(row.filename, row.times, row.label) for row in found.rows]


def said(found: Annotations) -> list[str]:
    return [str(remark) for remark in found.remarks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.wav\t1.5\t3\tDog\nb.wav\t2\t3.25\tCat\n", [DOG, CAT]),
        ("label,end,start,file\nDog,3,1.5,a.wav\nCat,3.25,2,b.wav\n", [DOG, CAT]),
        ("Filename,Event Onset,Event Offset,Event Label\na.wav,1.5,3,Dog\n", [DOG]),
        ("segment_id\tstart_time_seconds\tend_time_seconds\tlabel\na.wav\t1.5\t3\tDog\n", [DOG]),
        (",filename,onset,offset,event_label\n0,a.wav,1.5,3.0,Dog\n1,b.wav,2.0,3.25,Cat\n", [DOG, CAT]),
        ("0,a.wav,1.5,3.0,Dog\n1,b.wav,2.0,3.25,Cat\n", [DOG, CAT]),
        ('filename\tonset\toffset\tevent_label\n"1"\t"a.wav"\t1.5\t3\t"Dog"\n', [DOG]),
        ("a.wav\tstreet\t1.5\t3.0\tDog\nb.wav\tpark\t2\t3.25\tCat\n", [DOG, CAT]),
        ("a.wav,1.5,3.0,Dog,0.93\nb.wav,2.0,3.25,Cat,0.5\n", [DOG, CAT]),
        ("a.wav,1.5,3.0,Air horn, truck horn\nb.wav\n", [("a.wav", (1.5, 3.0), HORN), ("b.wav", None, "")]),
        ("a.wav 1.5 3.0 Dog\nb.wav\n", [DOG, ("b.wav", None, "")]),
        ("Start (s),End (s),Scientific name,Common name,Confidence,File\n1.5,3.0,Canis lupus,Dog,0.93,a.wav\n", [DOG]),
        ("INDIR,FOLDER,IN FILE,OFFSET,DURATION,scientific_name,common_name\n/x,y,a.wav,1.5,1.5,Canis,Dog\n", [DOG]),
        ("file,start_ms,end_ms,label\na.wav,1500,3000,Dog\n", [DOG]),
        ("file,start,duration,label\na.wav,1.5,1.5,Dog\n", [DOG]),
        ("file,onset,offset,label\na.wav,NA,NA,NA\nb.wav,nan,nan,\nc.wav,0,0,\nd.wav\n",
         [(f"{name}.wav", None, "") for name in "abcd"]),
        ("file,onset,offset,label\n/data/set/a.wav,1.5,3,Dog\n", [("/data/set/a.wav", (1.5, 3.0), "Dog")]),
    ],
    ids=["DCASE", "any order", "dcase_util", "Audio Set strong", "pandas", "pandas without header", "R", "scene",
         "probability", "commas in labels", "blanks", "BirdNET", "Kaleidoscope", "milliseconds", "durations", "NA",
         "absolute"],
)  # fmt: skip
def test_common_forms_of_lists_of_several_recordings_are_read(tmp_path: Path, text: str, expected: Rows) -> None:
    found = read(tmp_path, text)
    assert rows(found) == expected
    assert found.names_recordings


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "1.500000\t3.000000\tDog\n"),
        ("a.txt", "1.500000\t3.000000\tDog\n\\\t500.000000\t2000.000000\n"),
        ("a.txt", "1.5\t3.0\tDog\n"),
        ("a.csv", "onset,offset,event_label\n1.5,3.0,Dog\n"),
        ("a.Table.1.selections.txt", f"{RAVEN}\tSpecies\n1\tSpectrogram 1\t1\t1.5\t3.0\t0\t9\tDog\n"),
        ("a.BirdNET.results.csv", "Start (s),End (s),Scientific name,Common name,Confidence\n1.5,3.0,Canis,Dog,1\n"),
    ],
    ids=["Audacity", "Audacity with frequencies", "sed_eval and URBAN-SED", "header", "Raven", "BirdNET"],
)
def test_a_list_without_file_names_belongs_to_the_recording_it_is_named_after(
    tmp_path: Path, name: str, text: str
) -> None:
    found = read(tmp_path, text, name)
    assert rows(found) == [("a", (1.5, 3.0), "Dog")]
    assert not found.names_recordings


def test_repeated_views_in_a_raven_table_are_dropped_and_onsets_are_relative_to_each_file(tmp_path: Path) -> None:
    header = f"{RAVEN}\tBegin File\tFile Offset (s)\tAnnotation\n"
    views = "".join(f"7\t{view}\t1\t61.5\t63.0\t0\t9\ta.wav\t1.5\tDog\n" for view in ("Waveform 1", "Spectrogram 1"))
    found = read(tmp_path, header + views, "raven.txt")
    assert rows(found) == [DOG]
    assert said(found) == [
        "onsets are taken from 'File Offset (s)', each in its own file",
        "second views of a selection left out (1 row)",
    ]


def test_different_selections_with_the_same_number_are_all_kept(tmp_path: Path) -> None:
    rows_of_two = "1\tS\t1\t1.5\t3.0\t0\t9\tDog\n1\tS\t1\t4.5\t5.0\t0\t9\tCat\n"
    found = read(tmp_path, f"{RAVEN}\tAnnotation\n{rows_of_two}", "a.txt")
    assert rows(found) == [("a", (1.5, 3.0), "Dog"), ("a", (4.5, 5.0), "Cat")]


def test_row_numbers_and_numeric_names_are_not_read_as_decimals(tmp_path: Path) -> None:
    found = read(tmp_path, "0,64760,1,2,Dog\n1,64761,3,4,Cat\n")
    assert rows(found) == [("64760", (1.0, 2.0), "Dog"), ("64761", (3.0, 4.0), "Cat")]


def test_a_german_spreadsheet_is_read_and_every_guess_is_reported(tmp_path: Path) -> None:
    text = "Datei;Beginn (s);Ende (s);Klasse\r\nVögel/a.wav;1,5;3;Krähe\r\nb.wav;;;\r\n;;;\r\n"
    found = read(tmp_path, text.encode("cp1252"))
    assert rows(found) == [("Vögel/a.wav", (1.5, 3.0), "Krähe"), ("b.wav", None, "")]
    assert said(found) == [
        "read as Windows-1252, since it is not UTF-8",
        "separated by semicolons",
        "rows of empty cells skipped (1 line)",
        "decimal commas (1 time)",
    ]


def test_labels_of_whole_segments_are_not_read_as_events(tmp_path: Path) -> None:
    text = '# YTID, start_seconds, end_seconds, positive_labels\n--PJHxphWEs, 30.000, 40.000, "/m/09x0r,/t/dd00088"\n'
    found = read(tmp_path, text, asked="tags")
    assert rows(found) == [("--PJHxphWEs_30.000_40.000", None, "/m/09x0r,/t/dd00088")]
    with pytest.raises(ListFormatError, match=r"found the columns 'YTID', .* expected onset, offset, event_label"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo,bar,baz\na.wav,1.5,Dog\n",
         r"list\.csv: found the columns 'foo', 'bar', 'baz' \(first row: a\.wav \| 1\.5 \| Dog\), "
         r"expected onset, offset, event_label and, unless the list is about one recording, filename$"),
        ("a.wav,Dog\nb.wav,Cat\n",
         r"list\.csv: found 2 columns without a header \(first row: a\.wav \| Dog\), expected onset"),
        ("filename;event_labels\na.wav;Dog\n",
         r"found the columns 'filename', 'event_labels' \(first row: a\.wav \| Dog\)"),
        ("Exported on Monday\na.wav\t1.0\t2.0\tDog\n",
         r"list\.csv:1: found 'Exported on Monday', expected 4 columns, or"),
        ("a.wav;1,5;3.0;Dog\n", r"list\.csv:1: found '3\.0', expected decimal points throughout the list, or commas"),
        ("a.wav,1,1e7,Dog\n", r"list\.csv:1: found '1e7', expected a time in seconds from 0 to 604,800 \(a week\)$"),
        ("a.wav,1e12,1e308,Dog\n", r"list\.csv:1: found '1e12', expected a time in seconds"),
        ("1.0\t2.0\t\n1.0\t2.0\tDog\n", r"list\.csv:1: found '', expected a label$"),
        ("a.wav\t0\t1\tCar\tbus\nb.wav\t0\t1\tCar\n", r"list\.csv:1: found 'a\.wav.*', expected 4 columns$"),
        *((f"{header}{name}7,250,8,500,Dog\n{name}1,125,2,750,Cat\n",
           r"found '(a\.wav,)?7,250,8,500,Dog', expected times with decimal points, or decimal commas in quotes")
          for header, name in (("filename,onset,offset,event_label\n", "a.wav,"), ("onset,offset,event_label\n", ""),
                               ("", "a.wav,"), ("", ""))),
    ],
)  # fmt: skip
def test_a_list_that_is_not_understood_gives_a_one_line_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ListFormatError, match=message):
        read(tmp_path, text)


def test_comments_and_headers_do_not_become_clips(tmp_path: Path) -> None:
    comments = "# exported by a tool\n# file, onset, offset, label\na.wav\t1.5\t3.0\tDog\nc.wav\n"
    assert [row.filename for row in read(tmp_path, comments).rows] == ["a.wav", "c.wav"]
    semicolons = "filename;onset;offset;event_label\na.wav;1.5;3.0;Dog\n"
    assert rows(read(tmp_path, semicolons)) == [DOG]


pieces = st.sampled_from(
    ["a.wav", "1.5", "3,0", "Dog", "\t", ";", ",", " ", "\n", '"', "#", "\\", "NA", "filename", "onset", "offset",
     "label", "YTID", "duration", "Begin Time (s)", "View", "Selection", "File Offset (s)", "[", "{", "}", "]", ":",
     "1e308", "-1"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(pieces, max_size=30).map("".join), st.sampled_from(["csv", "json"]))
def test_any_text_gives_valid_rows_or_a_list_format_error(
    tmp_path_factory: pytest.TempPathFactory, text: str, suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"anything.{suffix}"
    path.write_text(text)
    asked: Asked
    for asked in ("events", "tags", "either"):
        try:
            found = read_annotations(path, asked)
        except ListFormatError:
            continue
        assert all(row.filename and (row.times is None or 0 <= row.times[0] <= row.times[1]) for row in found.rows)


def test_a_folder_may_contain_one_list_per_recording(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / ".hidden.txt").write_text("no list\n")
    (tmp_path / "site" / "a.wav.txt").write_text("1.5\t3.0\tDog\n")
    (tmp_path / "site" / "quiet.txt").write_text("")
    (tmp_path / "b.tsv").write_text("b.wav\t2\t3.25\tCat\n")
    found = read_annotations(tmp_path)
    assert rows(found) == [CAT, ("site/a.wav", (1.5, 3.0), "Dog"), ("site/quiet", None, "")]
    assert said(found) == [NO_HEADER.format("filename, "), NO_HEADER.format("")]


def test_the_tsv_of_several_formats_of_one_list_is_read_and_the_others_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.wav.tsv").write_text("filename\tonset\toffset\tevent_label\na.wav\t1.5\t3.0\tDog\n")
    (tmp_path / "a.wav.csv").write_text("filename,onset,offset,event_label\na.wav,1.5,3.0,Dog\n")
    (tmp_path / "b.Table.1.selections.txt").write_text("0.0\t9.0\tCat\n")
    (tmp_path / "b.tsv").write_text("filename\tonset\toffset\tevent_label\nb.wav\t2.0\t3.25\tCat\n")
    found = read_annotations(tmp_path)
    assert rows(found) == [DOG, CAT]
    assert said(found) == ["lists that are also there in another format, not read (2 files)"]


def test_several_tables_of_one_recording_in_a_folder_are_all_read(tmp_path: Path) -> None:
    for number, row in (1, "1.5\t3.0\tDog\n"), (2, "4\t5\tCat\n"):
        (tmp_path / f"a.Table.{number}.selections.txt").write_text(row)
    assert rows(read_annotations(tmp_path)) == [("a", (1.5, 3.0), "Dog"), ("a", (4.0, 5.0), "Cat")]


def test_a_folder_without_lists_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(ListFormatError, match=r"holds no list \(\.tsv, "):
        read_annotations(tmp_path)


def test_labels_that_differ_only_in_unicode_normalisation_are_the_same(tmp_path: Path) -> None:
    found = read(tmp_path, "a.wav\t1\t2\tM\u00e9sange\na.wav\t3\t4\tMe\u0301sange\n", "l.tsv")
    assert {row.label for row in found.rows} == {"M\u00e9sange"}


def test_a_long_list_with_thousands_of_columns_is_refused(tmp_path: Path) -> None:
    header = "filename\tevent_label" + "\tx" * 30_000
    with pytest.raises(ListFormatError, match=r"found 30,002 columns in 3,000 rows, which no list needs"):
        read(tmp_path, header + "\na.wav\tDog" * 3_000, "list.tsv", "tags")
