import csv
from collections import Counter
from pathlib import Path

import pytest
from sedpipe.clips import Clip
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.dcase import read_clip_list, read_dcase_weak_list
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.manifests.youtube import YoutubeManifest
from sedpipe.labels import LabelSet

LABEL_OF_MID = {"/m/0284vy3": "Train horn", "/m/05x_td": "Air horn, truck horn", "/t/dd00134": "Car passing by"}
LABELS = LabelSet(tuple(LABEL_OF_MID.values()))
HORN = "Air horn, truck horn"


def read(tmp_path: Path, text: str) -> list[Clip]:
    path = tmp_path / "clips.csv"
    path.write_bytes(text.encode())
    return read_clip_list(path, "testing", LABEL_OF_MID)


def read_weak(tmp_path: Path, text: str) -> list[Clip]:
    path = tmp_path / "weak.csv"
    path.write_bytes(text.encode())
    return read_dcase_weak_list(path, "evaluation", LABELS)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        ("Train horn,/m/0284vy3", ("Train horn",)),
        ("Car passing by,/t/dd00134", ("Car passing by",)),
        (f"{HORN},/m/05x_td", (HORN,)),
        (f'"{HORN}",/m/05x_td', (HORN,)),
        (f'"Train horn,{HORN}","/m/0284vy3,/m/05x_td"', ("Train horn", HORN)),
        (f"Train horn,{HORN},/m/0284vy3,/m/05x_td", ("Train horn", HORN)),
        (f'"{HORN},Train horn","/m/0284vy3,/m/05x_td"', ("Train horn", HORN)),
    ],
)
def test_audio_set_ids_determine_the_labels_with_and_without_quotes(
    tmp_path: Path, cells: str, labels: tuple[str, ...], end: str
) -> None:
    assert read(tmp_path, f"-5Qr_L6MzLg,60.000,70.000,{cells}{end}") == [
        Clip("-5Qr_L6MzLg_60.000_70.000", "testing", "-5Qr_L6MzLg", 60.0, 70.0, labels)
    ]


@pytest.mark.parametrize("video_id", ["-----------", "Y0123456789", "___________"])
def test_unusual_youtube_ids_are_kept_unchanged(tmp_path: Path, video_id: str) -> None:
    (clip,) = read(tmp_path, f"{video_id},0.000,9.000,Train horn,/m/0284vy3\n")
    assert (clip.source, clip.clip_id) == (video_id, f"{video_id}_0.000_9.000")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0123456789,0,1,Train horn,/m/0284vy3", r"found '0123456789', expected a YouTube id of 11 characters"),
        (
            "../../../..,0,1,Train horn,/m/0284vy3",
            r"found '\.\./\.\./\.\./\.\.', expected a YouTube id of 11 characters",
        ),
        ("01234567890,2,1,Train horn,/m/0284vy3", r"found 'start 2, end 1', expected 0 <= start < end in seconds"),
        ("01234567890,nan,1,Train horn,/m/0284vy3", r"found 'nan', expected a time in seconds"),
        ("01234567890,0,1,Train horn", r"found '.*', expected Audio Set ids like /m/07jdr at the end of the line"),
        ("01234567890,0,1", r"found '.*', expected id,start,end,labels,Audio Set ids"),
        ("01234567890,0,1,Train horn,/m/xx", r"found '/m/xx', expected one of the 3 Audio Set ids of the manifest"),
        ("01234567890,0,1,Car,/m/0284vy3", r"found 'Car', expected the labels .* ids stand for, Train horn"),
        ("aaaaaaaaaaa,0,10,Train horn,/m/0284vy3", r"found '.*', expected every clip once; line 1 has it too"),
    ],
)
def test_wrong_lines_are_reported_with_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ListFormatError, match=rf"^.*clips\.csv:2: {message}$"):
        read(tmp_path, f"aaaaaaaaaaa,0.000,10.000,Train horn,/m/0284vy3\n{line}\n")


@pytest.mark.parametrize("prefix", ["", "Y"])
def test_rows_of_a_clip_are_joined_and_its_name_gives_its_times(tmp_path: Path, prefix: str) -> None:
    name = f"{prefix}-5QrBL6MzLg_60.000_70.500.wav"
    text = f"{name}\t60.000\t70.500\tTrain horn\r\nYbCdEfGhIjK_0.000_10.000.wav\t0.000\t10.000\t{HORN}\n"
    assert read_weak(tmp_path, text + f"{name}\t60.000\t70.500\t{HORN}\n") == [
        Clip("-5QrBL6MzLg_60.000_70.500", "evaluation", "-5QrBL6MzLg", 60.0, 70.5, ("Train horn", HORN)),
        Clip("YbCdEfGhIjK_0.000_10.000", "evaluation", "YbCdEfGhIjK", 0.0, 10.0, (HORN,)),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.wav\t0\t1\tTrain horn", r"found 'a\.wav', expected <YouTube id>_<start>_<end>\.wav with three decimals"),
        ("../-5QrBL6MzLg_0.000_1.000.wav\t0\t1\tTrain horn", r"found '\.\./.*', expected <YouTube id>_<start>_<end>"),
        ("-5QrBL6MzLg_2.000_1.000.wav\t2\t1\tTrain horn", r"found '.*', expected <YouTube id>_.*, start < end"),
        ("-5QrBL6MzLg_0.000_1.000.wav\tTrain horn", r"found '.*', expected 4 columns separated by tabs"),
        (
            "-5QrBL6MzLg_0.000_1.000.wav\t0\t1\tTrian horn",
            r"label 'Trian horn' is not one .* \(did you mean 'Train horn'",
        ),
    ],
)
def test_wrong_rows_of_weak_labels_are_reported_with_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ListFormatError, match=rf"^.*weak\.csv:1: {message}"):
        read_weak(tmp_path, line + "\n")


@pytest.fixture(scope="module")
def official(shared_data: Path) -> dict[str, list[Clip]]:
    return {split: official_clips(shared_data, split) for split in ("training", "testing")}


def official_clips(shared_data: Path, split: str) -> list[Clip]:
    manifest = load_manifest("dcase2017-task4")
    assert isinstance(manifest, YoutubeManifest)
    path = shared_data / "dcase2017-task4" / manifest.lists_of(split)[0].file_name
    return read_clip_list(path, split, manifest.label_of_mid)


def test_official_lists_have_51172_and_488_clips_without_duplicates(official: dict[str, list[Clip]]) -> None:
    assert [len(official[split]) for split in ("training", "testing")] == [51_172, 488]
    assert len({clip.source for clips in official.values() for clip in clips}) == 51_172 + 488


def test_official_ids_begin_with_a_dash_1671_and_384_times(official: dict[str, list[Clip]]) -> None:
    begin = {split: sum(clip.source.startswith("-") for clip in clips) for split, clips in official.items()}
    assert begin == {"training": 1_671, "testing": 384}


@pytest.mark.parametrize("split", ["training", "testing"])
def test_official_class_counts_match(official: dict[str, list[Clip]], shared_data: Path, split: str) -> None:
    with (shared_data / "dcase2017-task4" / f"{split}_set_num_files_per_class.csv").open(newline="") as file:
        expected = {label: int(count) for label, count in csv.reader(file)}
    assert Counter(label for clip in official[split] for label in clip.labels) == expected


@pytest.mark.parametrize("split", ["training", "testing"])
def test_official_weak_labels_agree_with_the_clip_list(
    official: dict[str, list[Clip]], shared_data: Path, split: str
) -> None:
    path = shared_data / "dcase2017-task4" / f"groundtruth_weak_label_{split}_set.csv"
    weak = read_dcase_weak_list(path, split, load_manifest("dcase2017-task4").label_set)
    assert labels_by_clip(weak) == labels_by_clip(official[split])


def test_official_strong_labels_agree_with_the_clip_list(official: dict[str, list[Clip]], shared_data: Path) -> None:
    strong = read_event_list(shared_data / "dcase2017-task4" / "groundtruth_strong_label_testing_set.csv")
    labels = {clip_id: {event.label for event in events} for clip_id, events in strong.items()}
    assert labels == labels_by_clip(official["testing"])


def labels_by_clip(clips: list[Clip]) -> dict[str, set[str]]:
    return {clip.clip_id: set(clip.labels) for clip in clips}
