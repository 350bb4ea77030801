import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.choices import SPLITS
from sedpipe.clips import Clip
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.clips import read_clips, write_clips
from sedpipe.labels import LabelSet

LABELS = LabelSet(("Car", "Air horn, truck horn"))
HEADER = "clip_id\tsplit\tsource\tstart_s\tend_s\tlabels\n"
CLIP = Clip("a", "training", "b/a.wav", 0.0, 10.0, ("Car", "Air horn, truck horn"))


def read(tmp_path: Path, text: str) -> list[Clip]:
    path = tmp_path / "clips.tsv"
    path.write_bytes(text.encode())
    return read_clips(path, LABELS)


def test_the_table_is_readable_tab_separated_text(tmp_path: Path) -> None:
    write_clips(tmp_path / "clips.tsv", [CLIP, Clip("quiet", "testing", "quiet.wav", 0.5, 7.25, ())])
    rows = [
        "a\ttraining\tb/a.wav\t0.000\t10.000\tCar;Air horn, truck horn",
        "quiet\ttesting\tquiet.wav\t0.500\t7.250\t",
    ]
    assert (tmp_path / "clips.tsv").read_bytes() == (HEADER + "\n".join(rows) + "\n").encode()


text_cells = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
clips = st.builds(
    lambda clip_id, split, source, start, length, labels: Clip(clip_id, split, source, start, start + length, labels),
    text_cells.filter(lambda text: not set(text) & set("/\\") and text not in (".", "..")),
    st.sampled_from(SPLITS),
    text_cells,
    st.floats(0, 6e5),
    st.floats(0, 1e3),
    st.lists(st.sampled_from(LABELS.names), unique=True).map(tuple),
)


@given(st.lists(clips, unique_by=lambda clip: clip.clip_id, max_size=5))
def test_clips_are_read_back_exactly_as_they_were_written(some: list[Clip]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clips.tsv"
        write_clips(path, some)
        assert read_clips(path, LABELS) == some


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("b\ttraining\tb.wav\t0\t10", r"found '.*', expected 6 columns: clip_id split source start_s end_s labels"),
        ("b\ttrain\tb.wav\t0\t10\tCar", r"found 'train', expected one of the splits training, testing, evaluation"),
        ("b\ttraining\tb.wav\tzero\t10\tCar", r"found 'zero', expected a time in seconds"),
        ("b\ttraining\tb.wav\t11\t10\tCar", r"found 'start_s 11, end_s 10', expected 0 <= start_s <= end_s in seconds"),
        ("b\ttraining\tb.wav\t0\t10\tCra", r"label 'Cra' is not one of the 2 classes \(did you mean 'Car'\?\)"),
        ("b\ttraining\tb.wav\t0\t10\tCar;", r"label '' is not one of the 2 classes.*"),
        ("a\ttraining\tb.wav\t0\t10\tCar", r"found 'a', expected every clip once; line 2 has it too"),
        ("../b\ttraining\tb.wav\t0\t10\tCar", r"found '\.\./b', expected a clip_id, a path that stays below .*"),
    ],
)
def test_wrong_rows_are_reported_with_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(ListFormatError, match=rf"^.*clips\.tsv:3: {message}$"):
        read(tmp_path, f"{HEADER}a\ttraining\ta.wav\t0\t10\tCar\n{row}\n")


@pytest.mark.parametrize("text", ["", "clip_id\tsplit\n"])
def test_table_without_its_header_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ListFormatError, match=r"clips\.tsv:1: found .*, expected the header clip_id split source"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "clip",
    [
        Clip("a\tb", "training", "a", 0, 1, ()),
        Clip("a", "training", "a\nb", 0, 1, ()),
        Clip("../a", "training", "a", 0, 1, ()),
        Clip("a", "training", "a", 0, float("nan"), ()),
        Clip("a", "training", "a", 0, 1, ("b;c",)),
    ],
)
def test_clips_that_could_not_be_read_back_are_not_written(tmp_path: Path, clip: Clip) -> None:
    with pytest.raises(ValueError, match=r"contains a tab|that the table cannot contain|must be finite"):
        write_clips(tmp_path / "clips.tsv", [clip])
    assert not (tmp_path / "clips.tsv").exists()


def test_a_table_of_the_official_size_is_read_in_under_two_seconds(tmp_path: Path) -> None:
    many = [
        Clip(f"-5QrBL6MzLg_{i}.000_10.000", "training", "-5QrBL6MzLg", 0.0, 10.0, CLIP.labels) for i in range(52_763)
    ]
    write_clips(tmp_path / "clips.tsv", many)
    start = time.process_time()
    assert len(read_clips(tmp_path / "clips.tsv", LABELS)) == 52_763
    assert time.process_time() - start < 2  # 0.4 s when the machine is idle
