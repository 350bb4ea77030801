from pathlib import Path

import pytest
from builders import write_tone
from leftovers import left_by_a_killed_process
from sedpipe.errors import SettingsError
from sedpipe.io.manifests.load import load_manifest
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


def test_labels_spelt_in_several_ways_are_said(birds: Path) -> None:
    write_tone(birds / "black_bird" / "d.wav", 1, 440)
    assert "spelled in several ways, and kept as separate classes: 'Blackbird', 'black_bird'" in init(birds).remarks


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
