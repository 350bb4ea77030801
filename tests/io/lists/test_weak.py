from pathlib import Path

import pytest
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.weak import read_weak_list
from sedpipe.labels import LabelSet

LABELS = LabelSet(("Car", "Air horn, truck horn", "Train", "Train horn"))
HORN = "Air horn, truck horn"


def read(tmp_path: Path, text: str) -> dict[str, tuple[str, ...]]:
    path = tmp_path / "weak.tsv"
    path.write_bytes(text.encode())
    return read_weak_list(path, LABELS)


@pytest.mark.parametrize(
    "text",
    [
        f"filename\tevent_labels\na.wav\tTrain horn,{HORN}\nb/c.wav\t\n",
        f"filename\tevent_label\na.wav\tTrain horn\na.wav\t{HORN}\nb/c.wav\n",
        f"a.wav\tTrain horn, {HORN}\nb/c.wav\t\n",
        f"./a.wav\tTrain horn\n\n./b/c.wav\na.wav\t{HORN}\na.wav\tTrain horn\n",
        f"\ufefffilename\tevent_labels\r\na.wav\tTrain horn,{HORN}\r\nb\\c.wav\r\n",
        f'filename,event_labels\na.wav,"Train horn,{HORN}"\nb/c.wav,\n',
        f"filename,event_labels\na.wav,Train horn,{HORN}\nb/c.wav\n",
        f"filename\tonset\toffset\tevent_label\na.wav\t0\t1\tTrain horn\na.wav\t1\t2\t{HORN}\nb/c.wav\n",
    ],
    ids=["joined", "row a label", "no header", "rows apart", "BOM and CRLF", "quotes", "CSV without", "strong labels"],
)
def test_all_common_forms_of_a_weak_list_give_the_same_labels(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == {"a.wav": ("Train horn", HORN), "b/c.wav": ()}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("b.wav\tTrian", r"label 'Trian' is not one of the 4 classes \(did you mean 'Train'\?\)"),
        ("b.wav\tCar,Air horn", r"label 'Air horn' is not one of the 4 classes .*"),
        ("b.wav\tCar\t10", r"found 'b\.wav\\tCar\\t10', expected 2 columns"),
        ("first.wav\t", r"found '', expected all rows of 'first\.wav' to have labels, or none"),
        ("first.flac\tCar", r"found 'first\.flac', expected one file a clip, but 'first\.wav' is clip 'first' too"),
        ("../first.wav\tCar", r"found '\.\./first\.wav', expected a file name, without .*"),
    ],
)
def test_wrong_rows_are_reported_with_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(ListFormatError, match=rf"^.*weak\.tsv:3: {message}$"):
        read(tmp_path, f"filename\tevent_labels\nfirst.wav\tCar\n{row}\n")
