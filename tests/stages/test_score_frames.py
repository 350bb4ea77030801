"""Frame probabilities of any system: the same scores as from a run, whatever the format of the table."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from sedpipe.detection.frame_scores import FrameScores
from sedpipe.errors import ListFormatError
from sedpipe.frames import FrameGrid
from sedpipe.io.cache.frame_scores import export_frame_scores
from sedpipe.io.lists.frame_tables import read_frame_tables
from sedpipe.labels import LabelSet
from sedpipe.stages.score_frames import score_frames

REFERENCE = "".join(f"c{n}.wav\t0.2\t0.6\tDog\n" for n in range(5))
RIGHT = [0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1]


def table(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def frames(*, onsets: bool = True) -> str:
    head = "filename\tonset\tDog\n" if onsets else "filename\tDog\n"
    rows = [(n, k, p) for n in range(5) for k, p in enumerate(RIGHT)]
    return head + "".join(f"c{n}.wav\t{f'{k / 10:.3f}' + chr(9) if onsets else ''}{p}\n" for n, k, p in rows)


def test_a_perfect_system_gets_perfect_scores(tmp_path: Path) -> None:
    reference = table(tmp_path / "reference.tsv", REFERENCE)
    report = score_frames(table(tmp_path / "frames.tsv.gz", frames()), reference)
    assert report.tuned_on_this_split
    assert report.clips.scored == 5
    assert report.segment_based.f1 == 1
    assert report.operating_points["min_er"].error_rate == 0
    assert report.threshold_free["frame_map"] == pytest.approx(1)
    assert "the probability of a clip is the maximum over its frames" in report.remarks


def test_one_table_and_a_folder_of_tables_are_read_the_same(tmp_path: Path) -> None:
    whole = read_frame_tables(table(tmp_path / "frames.tsv", frames()))
    folder = tmp_path / "each"
    folder.mkdir()
    rows = "".join(f"{k / 10:.3f}\t{(k + 1) / 10:.3f}\t{p}\n" for k, p in enumerate(RIGHT))
    for n in range(5):
        table(folder / f"c{n}.tsv", "onset\toffset\tDog\n" + rows)
    each = read_frame_tables(folder)
    assert each.labels == whole.labels == ("Dog",)
    assert sorted(each.probs) == [f"c{n}" for n in range(5)]
    np.testing.assert_array_equal(each.probs["c0"], whole.probs["c0.wav"])
    assert each.frame_period(None) == pytest.approx(whole.frame_period(None))
    assert each.ends["c3"] == 1.0


def test_without_onsets_the_frame_period_follows_from_the_duration(tmp_path: Path) -> None:
    tables = read_frame_tables(table(tmp_path / "frames.tsv", frames(onsets=False)))
    assert tables.frame_period(1.0) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="no column onset: give the length of the clips with --duration"):
        tables.frame_period(None)


def test_single_frame_clips_require_a_duration_which_is_the_frame_period(tmp_path: Path) -> None:
    tables = read_frame_tables(table(tmp_path / "frames.tsv", "filename\tonset\tDog\na.wav\t0\t0.1\nb.wav\t0\t0.7\n"))
    assert tables.frame_period(10.0) == 10.0
    with pytest.raises(ValueError, match="a single frame: give their length with --duration"):
        tables.frame_period(None)


def test_a_given_duration_sets_the_clip_length_without_an_offset_column(tmp_path: Path) -> None:
    wrong = frames().replace("0.900\t0.1", "0.900\t0.95")  # the last frame is active and should not be
    tables, reference = table(tmp_path / "frames.tsv", wrong), table(tmp_path / "reference.tsv", REFERENCE)
    labels = LabelSet(("Dog",))
    insertions = []
    for duration, remark in ((None, False), (1.0, False), (0.9, True), (3.0, False)):
        report = score_frames(tables, reference, labels=labels, duration=duration)
        assert report.yardsticks["commonest_everywhere"].insertion_rate == (2.0 if duration == 3 else 0.0)
        told = "5 clips with frames after the 0.9 s of --duration: these are left out"
        assert (told in report.remarks) == remark
        insertions.append(report.threshold_free["frame_map"])
    assert insertions[0] == insertions[1] < insertions[2] == 1


def test_a_duration_that_contradicts_the_tables_gives_an_error(tmp_path: Path) -> None:
    rows = "".join(f"{k / 10:.3f}\t{(k + 1) / 10:.3f}\t{p}\n" for k, p in enumerate(RIGHT))
    for n in range(5):
        (tmp_path / "each").mkdir(exist_ok=True)
        table(tmp_path / "each" / f"c{n}.tsv", "onset\toffset\tDog\n" + rows)
    reference = table(tmp_path / "reference.tsv", REFERENCE)
    assert score_frames(tmp_path / "each", reference, duration=1.0).segment_based.f1 == 1
    with pytest.raises(ListFormatError, match=r"each: 'c0' ends at 1 s by its column offset, expected 3 s") as caught:
        score_frames(tmp_path / "each", reference, duration=3.0)
    assert "leave --duration out" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c0.wav\t0.1\t0.2\n", "expected a header: filename, onset and one column per class"),
        ("onset\tDog\n0.0\t0.5\n", "no column filename"),
        ("filename\tonset\tDog\nc0.wav\t0.0\t1.5\n", r"frames.tsv:2: .*1.5.*a probability from 0 to 1"),
        ("filename\tonset\tDog\nc0.wav\t0.0\n", r"frames.tsv:2: .*2 cells.*3, as in the header"),
        ("filename\tonset\tDog\nc0.wav\t0.0\tnan\n", "a probability from 0 to 1"),
        ("filename\tonset\tDog\n", "has no frames"),
        ("filename\tonset\nc0.wav\t0.0\n", "one column per class: .*at least one class, got none"),
        ("filename\tonset\tDog\tDog\nc0.wav\t0.0\t0.1\t0.2\n", "one column per class: .*'Dog' is listed twice"),
        (",filename,onset,Dog\n0,c0.wav,0.0,0.1\n", "one column per class: label '' is empty"),
        ("", "expected a header"),
    ],
)
def test_an_invalid_table_gives_an_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ListFormatError, match=said):
        read_frame_tables(table(tmp_path / "frames.tsv", text))


def test_a_damaged_gzip_table_gives_an_error(tmp_path: Path) -> None:
    path = table(tmp_path / "frames.tsv.gz", frames())
    raw = bytearray(path.read_bytes())
    raw[12] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(ListFormatError, match=r"cannot read .*frames\.tsv\.gz: "):
        read_frame_tables(path)


def test_macos_metadata_files_are_ignored_and_duplicate_clips_refused(tmp_path: Path) -> None:
    table(tmp_path / "a.tsv", frames())
    table(tmp_path / "._a.tsv", "\0\5\x16\7")
    assert len(read_frame_tables(tmp_path).probs) == 5
    table(tmp_path / "b.tsv", frames().replace("0.95", "0.05"))
    with pytest.raises(ListFormatError, match=r"several of its tables have frames of 'c0\.wav'"):
        read_frame_tables(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (frames().replace("c3.wav", "d3.wav"), "has no frames of clip 'c3'"),
        (frames().replace("Dog", "Dgo"), "Dgo|Dog"),
        (frames().replace("0.300", "0.350"), r"frame 4 of 'c0.wav' begins at 0.35 s, expected 0.3 s"),
    ],
)
def test_a_table_that_does_not_fit_the_reference_gives_an_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ListFormatError, match=said):
        score_frames(table(tmp_path / "frames.tsv", text), table(tmp_path / "reference.tsv", REFERENCE))


def test_one_table_is_not_scored_as_the_frames_of_two_clips(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    (folder / "site 1").mkdir(parents=True)
    rows = "".join(f"{k / 10:.3f}\t{(k + 1) / 10:.3f}\t{p}\n" for k, p in enumerate(RIGHT))
    table(folder / "site 1" / "a.tsv", "onset\toffset\tDog\n" + rows)
    reference = table(tmp_path / "reference.tsv", "site 1/a.wav\t0.2\t0.6\tDog\nsite 2/a.wav\t0.1\t0.3\tDog\n")
    with pytest.raises(ListFormatError, match=r"frames has no frames of clip 'site 2/a', which the reference lists"):
        score_frames(folder, reference)
    (folder / "site 1" / "a.tsv").rename(folder / "a.tsv")  # now nothing says which site it is from
    with pytest.raises(ListFormatError, match=r"frames has no frames of clip 'site 1/a' and 1 more, which the "):
        score_frames(folder, reference)


def test_class_and_clip_names_may_contain_delimiters_and_quotes(tmp_path: Path) -> None:
    header = 'filename,onset,"Air horn, truck horn","say ""hello""",Car\n'
    rows = '"site 1, east/a.wav",0.0,0.25,0.5,0.75\n"site 1, east/a.wav",0.1,0.25,0.5,1\n'
    tables = read_frame_tables(table(tmp_path / "frames.csv", header + rows))  # as pandas and csv write it
    assert tables.labels == ("Air horn, truck horn", 'say "hello"', "Car")
    np.testing.assert_array_equal(tables.probs["site 1, east/a.wav"], [[0.25, 0.5, 0.75], [0.25, 0.5, 1.0]])
    with pytest.raises(
        ListFormatError, match=r"frames\.csv:1: found .*, expected a quote that ends where its cell ends"
    ):
        read_frame_tables(table(tmp_path / "frames.csv", header.replace('horn"', "horn") + rows))


def test_exported_frame_scores_are_read_back_whatever_the_class_names(tmp_path: Path) -> None:
    labels = LabelSet(('"Dog"', "Air horn, truck horn"))
    probs = np.array([[[0.25, 0.5], [0.75, 1.0]]])
    grid = FrameGrid(10, 1)
    export_frame_scores(tmp_path, FrameScores(["a"], probs, probs.max(1), np.array([2]), np.array([0.2]), labels, grid))
    tables = read_frame_tables(tmp_path)
    assert tables.labels == labels.names
    np.testing.assert_array_equal(tables.probs["a"], probs[0])
