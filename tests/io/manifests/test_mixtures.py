import hashlib
from pathlib import Path

import pytest
from sedpipe.errors import ManifestError
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.manifests.mixtures import MixtureManifest

SHIPPED = Path(load_manifest("esc10").path).parent


def shipped(name: str) -> MixtureManifest:
    manifest = load_manifest(name)
    assert isinstance(manifest, MixtureManifest)
    return manifest


def edited(tmp_path: Path, old: str, new: str, name: str = "esc10-fold4") -> MixtureManifest:
    text = (SHIPPED / f"{name}.toml").read_text()
    assert old in text
    (tmp_path / "esc10.sha256").write_bytes((SHIPPED / "esc10.sha256").read_bytes())
    (tmp_path / "edited.toml").write_text(text.replace(old, new, 1))
    return shipped(str(tmp_path / "edited.toml"))


def test_recordings_of_a_split_come_from_its_folds_and_are_sorted_within_each_class() -> None:
    manifest = shipped("esc10-fold4")
    recordings = manifest.recordings_of("training")
    assert [len(paths) for paths in recordings] == [16, 16, 16, 16, 15, 16, 16, 16, 16, 16]
    assert [len(paths) for paths in manifest.recordings_of("testing")] == [8, 8, 8, 8, 7, 8, 8, 8, 8, 8]
    assert recordings[0][:2] == ("001 - Dog bark/1-100032-A.ogg", "001 - Dog bark/1-110389-A.ogg")
    for label, paths in zip(manifest.labels, recordings, strict=True):
        assert list(paths) == sorted(paths)
        assert all(path[6:].startswith(f"{label}/") and path.split("/")[1][0] in "12" for path in paths)


def test_recordings_without_active_region_are_never_drawn() -> None:
    for name in ("esc10", "esc10-fold4"):
        manifest = shipped(name)
        drawn = {path for split in manifest.split_names for paths in manifest.recordings_of(split) for path in paths}
        assert not drawn & {"005 - Clock tick/2-141584-A.ogg", "005 - Clock tick/3-171012-A.ogg"}


def test_esc10_uses_all_five_folds_and_no_recording_twice() -> None:
    manifest = shipped("esc10")
    drawn = [path for split in manifest.split_names for paths in manifest.recordings_of(split) for path in paths]
    assert len(drawn) == len(set(drawn)) == 398


@pytest.mark.parametrize(
    ("name", "splits"),
    [
        ("esc10", {"training": (1500, 101), "testing": (300, 102), "evaluation": (300, 103)}),
        ("esc10-fold4", {"training": (1000, 201), "testing": (300, 202), "evaluation": (300, 203)}),
    ],
)
def test_sizes_seeds_and_mixture_settings_match_the_recipe(name: str, splits: dict[str, tuple[int, int]]) -> None:
    manifest = shipped(name)
    assert {split: (form.clips, form.seed) for split, form in manifest.splits.items()} == splits
    recipe = manifest.mixture
    assert (recipe.background_slope, recipe.background_rms, recipe.gain_db) == ((0.3, 1.0), 0.003, (6.0, 24.0))
    assert (recipe.n_events, recipe.n_events_p) == ((1, 2, 3), (0.45, 0.35, 0.20))


def test_checksums_match_the_recordings(shared_data: Path) -> None:
    manifest = shipped("esc10-fold4")
    drawn = [path for split in manifest.split_names for paths in manifest.recordings_of(split) for path in paths]
    assert len(drawn) == 159 + 79 + 80
    for path in drawn:
        content = (shared_data / "esc10" / path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == manifest.checksum_of(path)


def test_demo_synthesises_takes_of_each_class_and_fold() -> None:
    manifest = shipped("demo")
    assert manifest.is_synthesised
    assert manifest.synthesis is not None
    recordings = manifest.recordings_of("testing")
    assert len(recordings) == 17
    assert recordings[0][:2] == ("Train horn/3-01", "Train horn/3-02")
    assert all(len(paths) == manifest.synthesis.takes for paths in recordings)
    with pytest.raises(KeyError):
        manifest.checksum_of("Train horn/3-01")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("clips = 1000", "clips = 1000.0", r"splits\.training\.clips: found 1000\.0, expected a whole number$"),
        (
            "clips = 1000",
            "clips = 100000",
            r"splits\.training\.clips: found 100000, expected less than or equal to 99999$",
        ),
        ("seed = 201", "seed = -1", r"splits\.training\.seed: found -1, expected greater than or equal to 0$"),
        ("folds = [1, 2]", "folds = [1, 1]", r"splits\.training\.folds: found \[1, 1\], expected every fold once$"),
        ("folds = [3]", "folds = [2]", r"splits\.testing\.folds: fold 2 already belongs to training$"),
        ("folds = [3]", "folds = [7]", r"splits\.testing\.folds: no recording of 'Dog bark' in these folds$"),
        ("gain_db = [6, 24]", "gain_db = [24, 6]", r"mixture\.gain_db: found \[24, 6\], expected \[low, high\]$"),
        ("gain_db = [6, 24]", "gain_db = [nan, 6]", r"mixture\.gain_db\.0: found nan, expected a finite number$"),
        ("gain_db = [6, 24]", "gain_db = [6, 100000]", r"mixture\.gain_db\.1: found 100000, expected less .* to 200$"),
        ("slope = [0.3, 1.0]", "slope = [-900, 1]", r"background_slope\.0: found -900, expected greater .* to -10$"),
        ("gain_db = [6, 24]", "gain_db = [6]", r"mixture\.gain_db\.1 is missing$"),
        ("0.35", "0.36", r"mixture\.n_events_p: found \[0\.45, 0\.36, 0\.2\], expected 3 probabilities that sum to 1"),
        ("n_events = [1, 2, 3]", "n_events = [1, 2, 11]", r"mixture\.n_events: expected at most .* labels, 10$"),
        ("background_rms = 0.003", "background_rms = true", r"background_rms: found True, expected a number$"),
        (
            "[recordings]",
            "[synthesis]\ntakes = 1\nfolds = 4\nseed = 1\n[recordings]",
            r"one of the tables \[recordings\]",
        ),
        (
            '"Rain", "Sea waves"',
            '"Sea waves", "Rain"',
            r"found folder '002 - Rain', expected by the .* labels: 002 - Sea waves",
        ),
        (', "Fire crackling"', "", r"found folder '010 - Fire crackling', expected by .*: no folder above 009"),
        ("2-141584-A", "2-141585-A", r"recordings\.exclude: .* is not a listed recording \(did you mean '005 - Cl"),
        ("https:", "http:", r"recordings\.archive: found .*, expected https:// \(http:// only to this machine\)$"),
        (
            '"esc10.sha256"',
            '"../esc10.sha256"',
            r"recordings\.checksums: found .*, expected a relative path that stays",
        ),
        ('"esc10.sha256"', '"gone.sha256"', r"^cannot read .*gone\.sha256: No such file or directory$"),
    ],
)
def test_mistakes_in_a_recipe_are_reported(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        edited(tmp_path, old, new)


def test_a_split_may_use_only_synthesised_folds(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"splits\.evaluation\.folds: found 5, expected at most synthesis\.folds$"):
        edited(tmp_path, "folds = [4]", "folds = [5]", "demo")


def test_archives_may_be_downloaded_from_this_machine_over_http(tmp_path: Path) -> None:
    for host in ("localhost:8000", "127.0.0.1", "[::1]:80"):
        assert edited(tmp_path, "https://github.com/", f"http://{host}/")


@pytest.mark.parametrize(
    "line", ["nonsense", f"{'0' * 64}  ./../a.ogg", f"{'0' * 64}  /etc/passwd", f"{'0' * 63}  ./a"]
)
def test_checksum_lists_are_checked_line_by_line(tmp_path: Path, line: str) -> None:
    edited(tmp_path, "name", "name")
    with (tmp_path / "esc10.sha256").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(ManifestError, match=r"esc10\.sha256:401: found .*, expected '<64 hex digits>  \./path'$"):
        load_manifest(str(tmp_path / "edited.toml"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "esc10-fold4"', 'name = "other"'),
        ("description = ", 'description = "Other." # '),
        ("licence = ", 'licence = "Other." # '),
        ("https://github.com/", "https://example.org/"),
        ("gain_db = [6, 24]", "gain_db = [6.0, 24.0]"),
    ],
)
def test_the_fingerprint_ignores_names_texts_and_addresses(tmp_path: Path, old: str, new: str) -> None:
    assert edited(tmp_path, old, new).fingerprint == shipped("esc10-fold4").fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed = 202", "seed = 203"),
        ("clips = 300", "clips = 301"),
        ("gain_db = [6, 24]", "gain_db = [6, 25]"),
        ("folds = [3]", "folds = [5]"),
        ('    "005 - Clock tick/2-141584-A.ogg",\n', ""),
    ],
)
def test_the_fingerprint_depends_on_settings_that_determine_rows_and_audio(tmp_path: Path, old: str, new: str) -> None:
    assert edited(tmp_path, old, new).fingerprint != shipped("esc10-fold4").fingerprint


def test_the_fingerprint_depends_on_the_checksum_of_a_used_recording(tmp_path: Path) -> None:
    edited(tmp_path, "name", "name")
    path = tmp_path / "esc10.sha256"
    path.write_text("0" + path.read_text()[1:])
    assert shipped(str(tmp_path / "edited.toml")).fingerprint != shipped("esc10-fold4").fingerprint
