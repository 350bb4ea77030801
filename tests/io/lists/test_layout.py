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
def test_named_columns_may_be_in_any_order(header: str, found: tuple[int | None, ...]) -> None:
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
def test_columns_without_names_are_recognised_by_their_content(rows: list[str], found: tuple[int | None, ...]) -> None:
    assert places(layout(rows)) == found


def test_a_filled_label_column_is_preferred_to_an_empty_one() -> None:
    assert layout(["a.wav,1,2,,Dog"], "filename,onset,offset,annotation,species").label == 4


def test_rs_row_names_are_a_column_without_a_header() -> None:
    assert places(layout(["1,a.wav,1,2,Dog"], "filename,onset,offset,event_label")) == (1, 2, 3, 4)


def test_which_of_two_onset_columns_is_used_is_reported() -> None:
    (said,) = layout(["a.wav,1,1,2,Dog"], "filename,start,onset,end,label").remarks
    assert str(said) == "onset is taken from 'onset', not from 'start'"


def test_times_of_urbansound_slices_are_not_read_as_event_times() -> None:
    urban_sound = "slice_file_name,fsID,start,end,salience,fold,classID,class"
    found = layout(["100032-3-0-0.wav,100032,68.5,72.5,1,5,3,dog_bark"], urban_sound, asked="either")
    assert places(found) == (0, None, None, 7)
    assert str(found.remarks[0]) == "'start' and 'end' not read: they say where a slice was cut out"


def test_tags_need_a_file_name_but_no_times() -> None:
    assert places(layout(["a.wav,Dog"], "file,tags", asked="tags")) == (0, None, None, 1)
    with pytest.raises(ListFormatError, match=r"found the columns 'onset', 'offset', 'label' .*, expected filename"):
        layout(["1,2,Dog"], "onset,offset,label", asked="tags")


def test_a_list_without_a_label_column_is_refused() -> None:
    with pytest.raises(ListFormatError, match=r"found the columns 'filename', 'onset', 'offset' \(first row: a\.wav"):
        layout(["a.wav,1,2"], "filename,onset,offset")
