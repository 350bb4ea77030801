from pathlib import Path

import pytest
from builders import write_tone
from leftovers import left_by_a_killed_process
from sedpipe.errors import SettingsError
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.listed import read_splits
from sedpipe.io.manifests.load import load_manifest
from sedpipe.stages.check import check
from sedpipe.stages.init import init


@pytest.fixture
def birds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four recordings in one folder per class; the working directory contains these folders' parent."""
    monkeypatch.chdir(tmp_path)
    for name in ("Blackbird/a.wav", "Blackbird/b.wav", "Crow/a.wav", "Crow/c.flac"):
        write_tone(tmp_path / "birds" / name, 1.5, 440, sample_rate=16_000)
    return Path("birds")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_init_turns_a_folder_into_a_loadable_dataset_without_changing_it(birds: Path) -> None:
    before = sorted(birds.rglob("*"))
    report = init(birds)
    assert sorted(birds.rglob("*")) == before
    assert (report.path, report.lists) == ("birds.toml", ("birds-training-weak.tsv",))
    assert (report.importer, report.recordings, report.labelled) == ("class-folders", 4, 4)
    assert report.classes == {"Blackbird": {"training": 2}, "Crow": {"training": 2}}
    assert (report.shape.clip_s, report.shape.sample_rate, report.shape.long) == (2, 16_000, "refuse")
    assert report.seconds == pytest.approx(6)
    manifest = load_manifest("birds.toml")
    assert (manifest.name, manifest.labels) == ("birds", ("Blackbird", "Crow"))
    assert manifest.split_names == ("training", "testing")


def test_init_can_be_repeated_but_does_not_overwrite_changed_files(birds: Path, tmp_path: Path) -> None:
    init(birds)
    before = contents(tmp_path)
    init(birds)
    assert contents(tmp_path) == before
    (tmp_path / "birds-training-weak.tsv").write_text("mine\n")
    with pytest.raises(SettingsError, match=r"birds-training-weak\.tsv already exists with different content"):
        init(birds)
    assert (tmp_path / "birds-training-weak.tsv").read_text() == "mine\n"
    init(birds, name="others")
    assert (tmp_path / "others.toml").exists()


def test_an_incomplete_init_is_completed_to_the_same_bytes(birds: Path, tmp_path: Path) -> None:
    init(birds)
    whole = contents(tmp_path)
    (tmp_path / "birds.toml").unlink()
    init(birds)
    assert contents(tmp_path) == whole


def test_unfinished_files_of_a_killed_process_are_removed(birds: Path, tmp_path: Path) -> None:
    unfinished = left_by_a_killed_process(tmp_path, ".toml")
    init(birds)
    assert not unfinished.exists()


def test_toml_and_lists_can_be_written_to_another_folder(birds: Path, tmp_path: Path) -> None:
    report = init(birds, out=Path("sets") / "mine")
    assert report.path == "sets/mine/birds.toml"
    assert load_manifest(report.path).audio_dir("training").samefile(birds)


def test_recordings_are_found_if_the_output_folder_is_a_symlink(birds: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "sets").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "sets")
    report = init(birds, out=Path("link"))
    assert load_manifest(report.path).audio_dir("training").samefile(birds)


def test_the_dataset_of_a_symlinked_folder_is_written_beside_the_symlink(birds: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    link = tmp_path / "here" / "linked"
    link.symlink_to(birds.absolute())
    init(link)
    assert (tmp_path / "here" / "linked.toml").exists()
    assert not (tmp_path / "linked.toml").exists()


def test_the_name_of_a_bundled_dataset_is_not_used(birds: Path, tmp_path: Path) -> None:
    assert init(birds.rename("esc10")).dataset == "own-esc10"
    assert init(Path("esc10"), name="My birds!").dataset == "My-birds"


def test_unreadable_recordings_are_left_out_and_reported(birds: Path) -> None:
    (birds / "Crow" / "broken.wav").write_text("no audio")
    report = init(birds)
    assert (report.recordings, report.labelled) == (5, 4)
    assert "1 recording that cannot be read left out: 'Crow/broken.wav'" in report.remarks


def test_only_one_of_two_encodings_of_a_recording_is_used_and_the_other_is_reported(birds: Path) -> None:
    path = next((birds / "Crow").glob("*.wav"))
    path.with_suffix(".flac").write_bytes(path.read_bytes())
    report = init(birds)
    assert (report.recordings, report.labelled) == (5, 4)
    told = f"1 recording left out, named like another one except for the extension: 'Crow/{path.name}'"
    assert told in report.remarks
    assert not [one for one in check(load_manifest(report.path)).problems if "one file a clip" in one]


def test_if_no_recording_is_readable_the_error_explains_the_first(birds: Path, tmp_path: Path) -> None:
    for path in [path for path in birds.rglob("*") if path.is_file()]:
        path.write_bytes(b"RIFF")
    with pytest.raises(SettingsError, match=r"^birds: .*, but none of 4 recordings can be read$") as caught:
        init(birds)
    assert "a.wav: cannot be decoded as audio" in caught.value.hint
    assert not list(tmp_path.glob("*.t*"))


@pytest.mark.parametrize("name", ["NA", "nan", "null"])
def test_a_class_name_that_would_be_read_as_no_label_is_refused(birds: Path, tmp_path: Path, name: str) -> None:
    (birds / "Crow").rename(birds / name)
    with pytest.raises(SettingsError, match=rf"the class name '{name}' would be read as no label$"):
        init(birds)
    assert not list(tmp_path.glob("*.t*"))


def test_too_many_classes_give_an_error(birds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sedpipe.stages.init.MOST_LABELS", 1)
    with pytest.raises(SettingsError, match=r": 2 classes, more than the 1 that a dataset can have$"):
        init(birds)
    assert not list(tmp_path.glob("*.t*"))


def test_several_spellings_of_a_label_are_reported(birds: Path) -> None:
    write_tone(birds / "black_bird" / "d.wav", 1, 440)
    assert "spelled in several ways, and kept as separate classes: 'Blackbird', 'black_bird'" in init(birds).remarks


def test_labels_without_letters_are_not_taken_for_spellings_of_one_label(birds: Path) -> None:
    (birds / "Blackbird").rename(birds / "+")
    (birds / "Crow").rename(birds / "-")
    assert not [remark for remark in init(birds).remarks if "spelled" in remark]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.wav": ""}, r"holds 1 recording: nothing says what is in them$"),
        (
            {"a.wav": "", "notes.txt": "hello\n"},
            r"holds 1 recording and 1 text file, none of them a list of labels",
        ),
        ({"a.txt": "1\t2\tDog\n"}, r"contains no audio file"),
    ],
)
def test_folders_without_audio_or_labels_give_an_error_with_advice(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    for name, text in files.items():
        (tmp_path / "x").mkdir(exist_ok=True)
        (tmp_path / "x" / name).write_text(text)
    with pytest.raises(SettingsError, match=message) as caught:
        init(tmp_path / "x")
    assert caught.value.hint


def test_label_files_without_any_event_give_an_error(tmp_path: Path) -> None:
    write_tone(tmp_path / "x" / "a.wav", 1, 440)
    (tmp_path / "x" / "a.txt").write_text("")
    with pytest.raises(SettingsError, match=r"but no label$"):
        init(tmp_path / "x")


def test_remarks_about_a_random_split_match_the_split_that_is_drawn(tmp_path: Path) -> None:
    for n in range(20):
        write_tone(tmp_path / "x" / f"{'dog' if n % 2 else 'cat'}" / f"p{n % 5}_{n}.wav", 0.2, 440, sample_rate=8000)
    write_tone(tmp_path / "x" / "owl" / "p0_owl.wav", 0.2, 440, sample_rate=8000)
    report = init(tmp_path / "x", share=0.2)
    assert report.remarks[0] == "recordings whose names begin alike up to '_' stay in one split (5 groups)"
    manifest = load_manifest(str(tmp_path / "x.toml"))
    assert isinstance(manifest, FolderManifest)
    of = {split.split: split.recordings for split in read_splits(manifest)}
    assert {one.filename.split("/")[1][:2] for one in of["testing"]}.isdisjoint(
        one.filename.split("/")[1][:2] for one in of["training"]
    )
    side = "training" if "p0_owl.wav" in {one.filename.split("/")[1] for one in of["training"]} else "testing"
    told = {"training": "without a recording in testing", "testing": "with all recordings in testing, none to train on"}
    assert report.remarks[1:] == (f"1 of 3 classes {told[side]}: 'owl'",)


def test_share_is_refused_for_recordings_that_are_already_split(birds: Path, tmp_path: Path) -> None:
    for split, names in {
        "train": ("Blackbird/a.wav", "Crow/a.wav"),
        "test": ("Blackbird/b.wav", "Crow/c.flac"),
    }.items():
        for name in names:
            (birds / split / name).parent.mkdir(parents=True)
            (birds / name).rename(birds / split / name)
    with pytest.raises(SettingsError, match=r"already split \(training 2, testing 2\), so --share cannot") as caught:
        init(birds, share=0.2)
    assert caught.value.hint
    assert not contents(tmp_path)
    assert init(birds).splits == {"training": 2, "testing": 2}


@pytest.mark.parametrize("killed", [False, True])
def test_lists_written_by_init_are_not_imported_as_labels(birds: Path, killed: bool) -> None:
    first = init(birds, out=birds)
    before = contents(birds)
    if killed:
        (birds / "birds.toml").unlink()
    again = init(birds, out=birds)
    assert contents(birds) == before
    assert (again.importer, again.story, again.classes) == (first.importer, first.story, first.classes)
    assert "1 list of a dataset that lies in this folder not read: 'birds-training-weak.tsv'" in again.remarks


def test_lists_written_by_init_are_not_imported_under_another_name_or_place(birds: Path) -> None:
    init(birds, out=birds)
    for made in (init(birds), init(birds, out=birds, name="others")):
        assert made.importer == "class-folders"
    assert (birds / "others-training-weak.tsv").read_bytes() == (birds / "birds-training-weak.tsv").read_bytes()


def test_a_label_list_named_like_one_written_by_init_is_imported(birds: Path) -> None:
    (birds / "owls-training-weak.tsv").write_text("filename\tevent_label\nCrow/a.wav\tOwl\n")
    assert init(birds).classes == {"Owl": {"training": 1}}


def test_the_error_names_ignored_lists_if_there_are_no_other_labels(tmp_path: Path) -> None:
    write_tone(tmp_path / "x" / "a.wav", 1, 440, sample_rate=16_000)
    write_tone(tmp_path / "x" / "b.wav", 1, 440, sample_rate=16_000)
    labels = tmp_path / "x" / "labels.csv"
    labels.write_text("filename,event_label\na.wav,Owl\nb.wav,Crow\n")
    init(tmp_path / "x", out=tmp_path / "x")
    labels.unlink()
    with pytest.raises(SettingsError, match=r"1 list of a dataset that lies in this folder not read: 'x-training-weak"):
        init(tmp_path / "x", out=tmp_path / "x")
