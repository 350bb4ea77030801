from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.clips import Clip, ClipFormat
from sedpipe.errors import MissingStageError, SedpipeError
from sedpipe.io.cache.dataset import Dataset, audio_name
from sedpipe.io.files.atomic import write_json
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.records.dataset import DatasetRecord

RECORD = DatasetRecord(
    dataset="own", fingerprint="f" * 64, labels=("Car", "Air horn, truck horn"), listed={"training": 2, "testing": 1}
)


@pytest.fixture
def cache(tmp_path: Path) -> Dataset:
    return Dataset(tmp_path / "cache", "own")


def clip(clip_id: str, split: str = "training") -> Clip:
    return Clip(clip_id, split, f"{clip_id}.wav", 0.0, 10.0, ("Car",))


def test_paths_of_a_dataset_lie_in_its_folder_and_sources_are_shared(cache: Dataset) -> None:
    folder = cache.root / "own"
    assert cache.clips_path == folder / "clips.tsv"
    assert cache.reference_path("testing") == folder / "reference-testing.tsv"
    assert cache.audio_path(clip("dog.1")) == folder / "audio" / "training" / "dog.1.flac"
    assert cache.features_dir("0123") == folder / "features" / "0123"
    assert cache.runs == folder / "runs"
    assert cache.sources == cache.root / "sources"  # archives and lists are shared by all datasets


def test_no_audio_file_name_begins_with_a_dash(cache: Dataset) -> None:
    assert cache.audio_path(clip("-5QrBL6MzLg_60.000_70.000")).name == "Y-5QrBL6MzLg_60.000_70.000.flac"
    assert cache.audio_path(clip("YbCdEfGhIjK_0.000_10.000")).name == "YbCdEfGhIjK_0.000_10.000.flac"


@given(st.lists(st.text("ab./%-", min_size=1, max_size=12), min_size=2, max_size=8, unique=True))
def test_audio_names_are_unique_and_none_is_the_folder_of_another(names: list[str]) -> None:
    clip_ids = [name for name in names if not {"", ".", ".."} & set(name.split("/"))]
    files = [audio_name(clip_id) for clip_id in clip_ids]
    assert len(set(files)) == len(files)
    folders = {str(parent) for file in files for parent in PurePosixPath(file).parents}
    assert not folders & set(files)
    assert not any(part.startswith((".", "-")) for file in files for part in file.split("/")[:1])
    assert not any(part.startswith(".") for file in files for part in file.split("/"))


def test_an_id_with_a_leading_dash_collides_with_its_y_prefixed_form(cache: Dataset) -> None:
    """The names are in use in existing caches, so they stay; the stage rejects the pair."""
    assert audio_name("-a/b") == audio_name("Y-a/b") == "Y-a/b.flac"


def test_audio_in_subfolders_is_found_and_temporary_files_are_ignored(cache: Dataset) -> None:
    for clip_id in ("a", "site 1/monday", "site 1/monday@10.000-20.000", "site 1/b/.c"):
        path = cache.audio_path(clip(clip_id))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for number in range(5):  # several, since a folder may list them in any order
        (cache.audio_dir("training") / "site 1" / f".tmp-{number}").write_bytes(b"x")
    expected = {"a.flac", "site 1/monday.flac", "site 1/monday@10.000-20.000.flac", "site 1/b/%2Ec.flac"}
    assert cache.audio_names("training") == expected == set(cache.audio_files("training"))
    assert cache.audio_names("testing") == set()


def test_a_symlink_to_a_folder_is_not_followed(cache: Dataset) -> None:
    folder = cache.audio_dir("training")
    (folder / "site").mkdir(parents=True)
    (folder / "site" / "back").symlink_to(folder)
    assert cache.audio_names("training") == {"site/back"}


def test_an_unreadable_audio_folder_is_an_error(cache: Dataset) -> None:
    folder = cache.audio_dir("training")
    folder.parent.mkdir(parents=True)
    folder.symlink_to(folder)
    with pytest.raises(SedpipeError, match="cannot read"):
        cache.audio_names("training")


def test_record_is_read_back_as_it_was_written(cache: Dataset) -> None:
    assert cache.find_record() is None
    cache.write_record(RECORD)
    assert cache.find_record() == RECORD


def test_a_first_edition_record_implies_ten_seconds_at_44100_hz(cache: Dataset) -> None:
    write_json(cache.record_path, {"dataset": "own", "fingerprint": "f", "labels": ["Car"], "listed": {"training": 2}})
    record = cache.find_record()
    assert record is not None
    assert record.clip_format == ClipFormat(10.0, 44_100)
    assert record.clip_format.n_samples == 441_000


def test_clip_length_and_sample_rate_are_read_back(cache: Dataset) -> None:
    cache.write_record(RECORD.model_copy(update={"clip_s": 3.0, "sample_rate": 96_000}))
    record = cache.find_record()
    assert record is not None
    assert record.clip_format == ClipFormat(3.0, 96_000)


def test_clips_are_grouped_by_split_in_their_order_without_empty_splits(cache: Dataset) -> None:
    cache.write_record(RECORD)
    some = [clip("b"), clip("c", "testing"), clip("a")]
    write_clips(cache.clips_path, some)
    assert cache.read_clips() == {"training": [some[0], some[2]], "testing": [some[1]]}
    assert list(cache.read_clips()) == ["training", "testing"]


@pytest.mark.parametrize("what_is_there", ["nothing", "record", "clips"])
def test_reading_clips_before_download_gives_an_error_that_names_the_command(
    cache: Dataset, what_is_there: str
) -> None:
    if what_is_there == "record":
        cache.write_record(RECORD)
    if what_is_there == "clips":
        write_clips(cache.clips_path, [clip("a")])
    with pytest.raises(MissingStageError, match=r"^own is not in .*cache yet$") as caught:
        cache.read_clips()
    assert caught.value.hint == f"run `sedpipe download own --cache {cache.root}` first"


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"dataset": "own"}', "\0"])
def test_a_damaged_record_gives_a_one_line_error(cache: Dataset, content: str) -> None:
    write_json(cache.record_path, {})
    cache.record_path.write_text(content)
    with pytest.raises(SedpipeError, match=r"dataset\.json is damaged: ") as caught:
        cache.find_record()
    assert caught.value.hint == f"delete it and run `sedpipe download own --cache {cache.root}`: existing audio is kept"


def test_a_file_in_place_of_the_cache_folder_has_no_record_and_is_not_writable(cache: Dataset) -> None:
    cache.root.write_text("")
    assert cache.find_record() is None
    with pytest.raises(SedpipeError, match=r"^cannot write .*dataset\.json: (Not a directory|File exists)$"):
        cache.write_record(RECORD)
