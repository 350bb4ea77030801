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
    """Four recordings in the folders of two classes; the current folder is the one above."""
    monkeypatch.chdir(tmp_path)
    for name in ("Blackbird/a.wav", "Blackbird/b.wav", "Crow/a.wav", "Crow/c.flac"):
        write_tone(tmp_path / "birds" / name, 1.5, 440, sample_rate=16_000)
    return Path("birds")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_folder_becomes_a_dataset_that_loads_and_is_itself_left_alone(birds: Path) -> None:
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


def test_nothing_is_overwritten_but_the_same_again_is_no_quarrel(birds: Path, tmp_path: Path) -> None:
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


def test_what_a_killed_process_left_is_completed_to_the_same_bytes(birds: Path, tmp_path: Path) -> None:
    init(birds)
    whole = contents(tmp_path)
    (tmp_path / "birds.toml").unlink()
    init(birds)
    assert contents(tmp_path) == whole


def test_what_a_killed_process_left_unfinished_is_removed(birds: Path, tmp_path: Path) -> None:
    unfinished = left_by_a_killed_process(tmp_path, ".toml")
    init(birds)
    assert not unfinished.exists()


def test_toml_and_lists_may_lie_elsewhere(birds: Path, tmp_path: Path) -> None:
    report = init(birds, out=Path("sets") / "mine")
    assert report.path == "sets/mine/birds.toml"
    assert load_manifest(report.path).audio_dir("training").samefile(birds)


def test_recordings_are_found_from_a_folder_that_is_named_by_a_link(birds: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "sets").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "sets")
    report = init(birds, out=Path("link"))
    assert load_manifest(report.path).audio_dir("training").samefile(birds)


def test_a_dataset_lies_beside_the_link_that_was_named(birds: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    link = tmp_path / "here" / "linked"
    link.symlink_to(birds.absolute())
    init(link)
    assert (tmp_path / "here" / "linked.toml").exists()
    assert not (tmp_path / "linked.toml").exists()


def test_a_name_that_comes_with_sedpipe_is_not_taken(birds: Path, tmp_path: Path) -> None:
    assert init(birds.rename("esc10")).dataset == "own-esc10"
    assert init(Path("esc10"), name="My birds!").dataset == "My-birds"


def test_recordings_that_cannot_be_read_are_left_out_and_said(birds: Path) -> None:
    (birds / "Crow" / "broken.wav").write_text("no audio")
    report = init(birds)
    assert (report.recordings, report.labelled) == (5, 4)
    assert "1 recording that cannot be read left out: 'Crow/broken.wav'" in report.remarks


def test_of_a_recording_in_two_encodings_one_is_taken_and_said_and_the_dataset_can_be_checked(birds: Path) -> None:
    path = next((birds / "Crow").glob("*.wav"))
    path.with_suffix(".flac").write_bytes(path.read_bytes())
    report = init(birds)
    assert (report.recordings, report.labelled) == (5, 4)
    told = f"1 recording left out, named like another one except for the extension: 'Crow/{path.name}'"
    assert told in report.remarks
    assert not [one for one in check(load_manifest(report.path)).problems if "one file a clip" in one]


def test_where_no_recording_can_be_read_the_first_says_why(birds: Path, tmp_path: Path) -> None:
    for path in [path for path in birds.rglob("*") if path.is_file()]:
        path.write_bytes(b"RIFF")
    with pytest.raises(SettingsError, match=r"^birds: .*, but none of 4 recordings can be read$") as caught:
        init(birds)
    assert "a.wav: cannot be decoded as audio" in caught.value.hint
    assert not list(tmp_path.glob("*.t*"))


@pytest.mark.parametrize("name", ["NA", "nan", "null"])
def test_a_class_that_lists_would_take_for_no_label_is_refused(birds: Path, tmp_path: Path, name: str) -> None:
    (birds / "Crow").rename(birds / name)
    with pytest.raises(SettingsError, match=rf"the class name '{name}' would be read as no label$"):
        init(birds)
    assert not list(tmp_path.glob("*.t*"))


def test_more_classes_than_a_dataset_can_have_are_a_sentence(
    birds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sedpipe.stages.init.MOST_LABELS", 1)
    with pytest.raises(SettingsError, match=r": 2 classes, more than the 1 that a dataset can have$"):
        init(birds)
    assert not list(tmp_path.glob("*.t*"))


def test_labels_spelt_in_several_ways_are_said(birds: Path) -> None:
    write_tone(birds / "black_bird" / "d.wav", 1, 440)
    assert "spelled in several ways, and kept as separate classes: 'Blackbird', 'black_bird'" in init(birds).remarks


def test_labels_without_a_letter_are_not_taken_for_spellings_of_one(birds: Path) -> None:
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
def test_what_is_not_understood_is_a_sentence_with_a_way_out(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    for name, text in files.items():
        (tmp_path / "x").mkdir(exist_ok=True)
        (tmp_path / "x" / name).write_text(text)
    with pytest.raises(SettingsError, match=message) as caught:
        init(tmp_path / "x")
    assert caught.value.hint


def test_a_folder_where_nothing_ever_sounds_is_a_sentence(tmp_path: Path) -> None:
    write_tone(tmp_path / "x" / "a.wav", 1, 440)
    (tmp_path / "x" / "a.txt").write_text("")
    with pytest.raises(SettingsError, match=r"but no label$"):
        init(tmp_path / "x")


def test_what_is_said_of_a_split_that_is_still_to_be_drawn_is_what_is_drawn(tmp_path: Path) -> None:
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


def test_a_share_of_recordings_that_are_split_already_is_refused(birds: Path, tmp_path: Path) -> None:
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
def test_lists_that_init_wrote_into_the_folder_are_no_labels_of_another_program(birds: Path, killed: bool) -> None:
    first = init(birds, out=birds)
    before = contents(birds)
    if killed:
        (birds / "birds.toml").unlink()
    again = init(birds, out=birds)
    assert contents(birds) == before
    assert (again.importer, again.story, again.classes) == (first.importer, first.story, first.classes)
    assert "1 list of a dataset that lies in this folder not read: 'birds-training-weak.tsv'" in again.remarks


def test_nor_are_they_for_a_dataset_of_another_name_or_place(birds: Path) -> None:
    init(birds, out=birds)
    for made in (init(birds), init(birds, out=birds, name="others")):
        assert made.importer == "class-folders"
    assert (birds / "others-training-weak.tsv").read_bytes() == (birds / "birds-training-weak.tsv").read_bytes()


def test_a_list_that_is_only_called_like_that_is_one_of_labels(birds: Path) -> None:
    (birds / "owls-training-weak.tsv").write_text("filename\tevent_label\nCrow/a.wav\tOwl\n")
    assert init(birds).classes == {"Owl": {"training": 1}}


def test_where_nothing_else_says_what_sounds_the_lists_are_named(tmp_path: Path) -> None:
    write_tone(tmp_path / "x" / "a.wav", 1, 440, sample_rate=16_000)
    write_tone(tmp_path / "x" / "b.wav", 1, 440, sample_rate=16_000)
    labels = tmp_path / "x" / "labels.csv"
    labels.write_text("filename,event_label\na.wav,Owl\nb.wav,Crow\n")
    init(tmp_path / "x", out=tmp_path / "x")
    labels.unlink()
    with pytest.raises(SettingsError, match=r"1 list of a dataset that lies in this folder not read: 'x-training-weak"):
        init(tmp_path / "x", out=tmp_path / "x")
