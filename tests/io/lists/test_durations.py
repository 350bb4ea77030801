from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.durations import read_durations


def read(tmp_path: Path, text: str) -> dict[str, float]:
    path = tmp_path / "d.csv"
    path.write_text(text)
    return read_durations(path)


@pytest.mark.parametrize(
    "text",
    [
        "a.wav\t1.5\nb.wav\t10\n",
        "a.wav  \t 1.500000\nb.wav  \t 10.000000\n",
        "filename,duration\na.wav,1.5\nb.wav,10\n",
        "Länge;duration_ms;file\nx;1500;a.wav\ny;10000;b.wav\n",
        "a.wav;1,5\nb.wav;10,0\na.wav;1,5\n",
    ],
    ids=["DCASE", "blanks", "header", "milliseconds", "decimal commas"],
)
def test_common_forms_of_duration_lists_are_read(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == {"a": 1.5, "b": 10.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.wav\t0\n", r"d\.csv:1: found '0', expected a length in seconds, more than 0"),
        ("a.wav\t1\na.wav\t2\n", r"d\.csv:2: found '2', expected one length of clip 'a', which was 1\.0 before"),
        ("a.wav\t1e9\n", r"expected a time in seconds from 0 to"),
        ("a.wav\n", r"d\.csv:1: found 'a\.wav', expected 2 columns: file name and seconds"),
        ("a.wav\t1\t2\n", r"expected 2 columns: file name and seconds"),
        ("filename,label\na.wav,Dog\n", r"found the columns 'filename', 'label', expected filename and duration"),
    ],
)
def test_invalid_durations_give_a_one_line_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ListFormatError, match=message):
        read(tmp_path, text)


def test_the_official_duration_list_has_51172_clips(shared_data: Path) -> None:
    found = read_durations(shared_data / "dcase2017-task4" / "duration_of_files_in_training_set.csv")
    assert (len(found), found["001z70lKtzQ_30.000_40.000"]) == (51_172, 10.0)
