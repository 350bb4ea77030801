from pathlib import Path

import pytest
from sedpipe.errors import ManifestError
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.form import Manifest
from sedpipe.io.manifests.load import load_manifest, manifest_names

TEN_LINES = """\
name = "garden"
kind = "folder"
labels = ["Bird", "Rain", "Air horn, truck horn"]

[splits.training]
audio = "recordings"
weak = "training.tsv"
[splits.testing]
weak = "testing.tsv"
strong = "testing-events.tsv"
"""


def write(tmp_path: Path, text: str) -> str:
    for name in ("training.tsv", "testing.tsv", "testing-events.tsv"):
        (tmp_path / name).write_text("")
    path = tmp_path / "garden.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def load(tmp_path: Path, text: str) -> Manifest:
    return load_manifest(write(tmp_path, text))


def test_shipped_datasets_are_loaded_by_name() -> None:
    assert manifest_names() == ("dcase2017-task4", "demo", "esc10", "esc10-fold4")
    for name in manifest_names():
        manifest = load_manifest(name)
        assert manifest.name == name
        assert manifest.split_names == ("training", "testing", "evaluation")


def test_an_unknown_dataset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ManifestError, match=r"^dataset 'esc10fold4' is not one of .* \(did you mean 'esc10-fold4'"):
        load_manifest("esc10fold4")
    with pytest.raises(ManifestError, match=r"one of dcase2017-task4, demo, esc10, esc10-fold4$"):
        load_manifest("zzz")


def test_ten_lines_describe_a_users_own_recordings(tmp_path: Path) -> None:
    manifest = load(tmp_path, TEN_LINES)
    assert isinstance(manifest, FolderManifest)
    assert manifest.split_names == ("training", "testing")
    assert manifest.audio_dir("training") == tmp_path / "recordings"
    assert manifest.audio_dir("testing") == tmp_path
    assert manifest.weak_path("training") == tmp_path / "training.tsv"
    assert manifest.strong_path("training") is None
    assert manifest.strong_path("testing") == tmp_path / "testing-events.tsv"
    assert manifest.label_set.names == ("Bird", "Rain", "Air horn, truck horn")


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + TEN_LINES).name == "garden"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("labels", "labls", r"labls: unknown key \(did you mean 'labels'\?\) \(and 1 more\)"),
        ("audio", "adio", r"splits\.training\.adio: unknown key \(did you mean 'audio'\?\)"),
        ("strong", "folds", r"splits\.testing\.folds: unknown key; known: audio, from, weak, strong, share, group"),
        ('name = "garden"\n', "", r"name is missing"),
        ('weak = "training.tsv"', "", r"splits\.training\.weak is missing"),
        ('"garden"', "3", r"name: found 3, expected text in quotes"),
        ('"garden"', '"../garden"', r"name: found '\.\./garden', expected letters, digits, '\.', '_' and '-', not .*"),
        ('"garden"', '"-rf"', r"name: found '-rf', expected letters, .*"),
        ('"garden"', '".hidden"', r"name: found '\.hidden', expected letters, .*"),
        ('"Rain"', '"Bird"', r"labels: found \['Bird', 'Bird', .*\]: label 'Bird' is listed twice"),
        ('"Rain"', "7", r"labels\.1: found 7, expected text in quotes"),
        ('["Bird", "Rain", "Air horn, truck horn"]', '"Bird"', r"labels: found 'Bird', expected an array"),
        ("splits.testing", "splits.test", r"splits: 'test' is not one of training, .* \(did you mean 'testing'\?\)"),
        ('"training.tsv"', "true", r"splits\.training\.weak: found True, expected text in quotes"),
        ('"training.tsv"', '"gone.tsv"', r"splits\.training\.weak: there is no file .*gone\.tsv"),
        ('"folder"', '"folders"', r"kind: found 'folders', expected one of .* \(did you mean 'folder'\?\)"),
        ('kind = "folder"\n', "", r"kind is missing, expected one of mixtures, folder, youtube"),
        ("[splits.testing]", "[splits.testing", r"not TOML: Expected '\]' at the end of a table .* \(column 16\)"),
    ],
)
def test_mistakes_are_reported_with_file_key_value_and_expectation(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(ManifestError, match=rf"^.*garden\.toml:(8:)? {message}$"):
        load(tmp_path, TEN_LINES.replace(old, new, 1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", r"not TOML: 'utf-8' codec can't decode"),
        (b"x = " + b"[" * 10_000, r"nested too deeply$"),
        (b"", r"kind is missing"),
    ],
    ids=["not text", "deep", "empty"],
)
def test_hostile_files_give_a_one_line_error(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=message):
        load_manifest(str(path))


@pytest.mark.parametrize("path", ["gone.toml", "no/such/place", "nul\0.toml"])
def test_an_unreadable_manifest_gives_a_one_line_error(path: str) -> None:
    with pytest.raises(ManifestError, match=r"^cannot read "):
        load_manifest(path)


def test_the_fingerprint_ignores_name_and_description(tmp_path: Path) -> None:
    before = load(tmp_path, TEN_LINES).fingerprint
    text = TEN_LINES.replace('"garden"', '"yard"\ndescription = "Birds."')
    assert load(tmp_path, text).fingerprint == before


def test_the_fingerprint_depends_on_labels_lists_and_audio_folder(tmp_path: Path) -> None:
    before = load(tmp_path, TEN_LINES).fingerprint
    assert load(tmp_path, TEN_LINES.replace('"Bird", "Rain"', '"Rain", "Bird"')).fingerprint != before
    assert load(tmp_path, TEN_LINES.replace("recordings", "other")).fingerprint != before
    path = write(tmp_path, TEN_LINES)
    (tmp_path / "training.tsv").write_text("a.wav\tBird\n")
    assert load_manifest(path).fingerprint != before


def test_lists_may_be_in_the_users_home_or_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "deep"
    folder.mkdir()
    write(tmp_path, "")
    text = TEN_LINES.replace('"training.tsv"', '"~/training.tsv"').replace('"testing', '"../testing')
    manifest = load(folder, text)
    assert isinstance(manifest, FolderManifest)
    assert manifest.weak_path("training") == tmp_path / "training.tsv"
