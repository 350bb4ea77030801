from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.annotations import Asked
from sedpipe.io.lists.layout import Layout, layout_of
from sedpipe.io.lists.tables import Table


def layout(rows: list[str], header: str = "", asked: Asked = "events", separator: str = ",") -> Layout:
    cells = [(number, row.split(separator)) for number, row in enumerate(rows, start=2)]
    return layout_of(Table(Path("l.csv"), tuple(header.split(",")) if header else (), cells, separator, ()), asked)


def places(of: Layout) -> tuple[int | None, int | None, int | None, int]:
    return of.filename, of.onset, of.offset, of.label


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("filename,onset,offset,event_label", (0, 1, 2, 3)),
        ("event_label,offset,onset,filename", (3, 2, 1, 0)),
        ("onset,offset,event_label", (None, 0, 1, 2)),
        (",file,fold,start,end,class", (1, 3, 4, 5)),
    ],
)
def test_named_columns_stand_in_any_order(header: str, found: tuple[int | None, ...]) -> None:
    width = header.count(",") + 1
    assert places(layout([",".join(["1"] * width)], header)) == found


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["a.wav,1,2,Dog"], (0, 1, 2, 3)),
        (["1,2,Dog"], (None, 0, 1, 2)),
        (["0,a.wav,1,2,Dog", "1,b.wav,3,4,Cat"], (1, 2, 3, 4)),
        (["a.wav,street,1,2,Dog", "b.wav,park,3,4,Cat"], (0, 2, 3, 4)),
        (["64760,1,2,Dog", "7,3,4,Cat"], (0, 1, 2, 3)),
        (["a.wav,1,2,7", "b.wav,1,2,8"], (0, 1, 2, 3)),
        (["a.wav", "b.wav"], (0, 1, 2, 3)),
    ],
)
def test_columns_without_names_are_known_by_what_stands_in_them(rows: list[str], found: tuple[int | None, ...]) -> None:
    assert places(layout(rows)) == found


def test_an_empty_label_column_gives_way_to_one_that_is_filled() -> None:
    assert layout(["a.wav,1,2,,Dog"], "filename,onset,offset,annotation,species").label == 4


def test_r_s_row_names_have_no_name() -> None:
    assert places(layout(["1,a.wav,1,2,Dog"], "filename,onset,offset,event_label")) == (1, 2, 3, 4)


def test_of_two_columns_for_a_time_it_is_said_which_was_taken() -> None:
    (said,) = layout(["a.wav,1,1,2,Dog"], "filename,start,onset,end,label").remarks
    assert str(said) == "onset is taken from 'onset', not from 'start'"


def test_when_a_slice_was_cut_out_of_a_longer_recording_is_no_time_in_it() -> None:
    urban_sound = "slice_file_name,fsID,start,end,salience,fold,classID,class"
    found = layout(["100032-3-0-0.wav,100032,68.5,72.5,1,5,3,dog_bark"], urban_sound, asked="either")
    assert places(found) == (0, None, None, 7)
    assert str(found.remarks[0]) == "'start' and 'end' not read: they say where a slice was cut out"


def test_tags_need_no_times_but_a_file_name() -> None:
    assert places(layout(["a.wav,Dog"], "file,tags", asked="tags")) == (0, None, None, 1)
    with pytest.raises(ListFormatError, match=r"found the columns 'onset', 'offset', 'label' .*, expected filename"):
        layout(["1,2,Dog"], "onset,offset,label", asked="tags")


def test_without_a_label_column_nothing_is_understood() -> None:
    with pytest.raises(ListFormatError, match=r"found the columns 'filename', 'onset', 'offset' \(first row: a\.wav"):
        layout(["a.wav,1,2"], "filename,onset,offset")
