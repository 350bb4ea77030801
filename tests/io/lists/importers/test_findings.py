from pathlib import Path

from sedpipe.io.lists.importers.findings import look_into


def test_hidden_files_and_folders_are_ignored(tmp_path: Path) -> None:
    for name in ("b/2.wav", "a.WAV", "b/2.txt", ".cache/3.wav", ".x.txt", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = look_into(tmp_path)
    assert found.recordings == ("a.WAV", "b/2.wav")
    assert [path.name for path in found.lists] == ["2.txt"]
