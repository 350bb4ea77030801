from pathlib import Path

import pytest
from sedpipe.clips import ClipFormat
from sedpipe.errors import ListFormatError, ManifestError
from sedpipe.io.manifests.folder import FolderManifest
from sedpipe.io.manifests.listed import read_splits
from sedpipe.io.manifests.load import load_manifest

HEAD = 'name = "own"\nkind = "folder"\nlabels = ["Bird", "Car"]\n'
TRAINING = '[splits.training]\naudio = "recordings"\nweak = "weak.tsv"\nstrong = "strong.tsv"\n'
DRAWN = '[splits.testing]\nfrom = "training"\nshare = 0.2\n'


def manifest(tmp_path: Path, text: str) -> FolderManifest:
    if not (tmp_path / "weak.tsv").exists():
        (tmp_path / "weak.tsv").write_text("".join(f"p{n // 4}_{n}.wav\tBird\n" for n in range(40)))
        (tmp_path / "strong.tsv").write_text("".join(f"p{n // 4}_{n}.wav\t0\t1\tBird\n" for n in range(40)))
    (tmp_path / "own.toml").write_text(text)
    loaded = load_manifest(str(tmp_path / "own.toml"))
    assert isinstance(loaded, FolderManifest)
    return loaded


def test_explicit_defaults_keep_the_fingerprint_and_other_values_change_it(tmp_path: Path) -> None:
    plain = manifest(tmp_path, HEAD + TRAINING)
    assert plain.clip_format(8_000) == ClipFormat(10.0, 44_100)
    assert plain.long_of("training") == "windows"
    said = manifest(tmp_path, HEAD + "clip_s = 10\nsample_rate = 44100\n" + TRAINING)
    assert said.fingerprint == plain.fingerprint
    others = [HEAD + f"{line}\n" + TRAINING for line in ("clip_s = 3", 'sample_rate = "native"', 'long = "inherit"')]
    fingerprints = {manifest(tmp_path, text).fingerprint for text in [*others, HEAD + TRAINING + DRAWN]}
    assert len(fingerprints | {plain.fingerprint}) == 5


def test_a_split_without_strong_labels_refuses_long_recordings_by_default(tmp_path: Path) -> None:
    assert manifest(tmp_path, HEAD + TRAINING.replace('strong = "strong.tsv"\n', "")).long_of("training") == "refuse"
    assert manifest(tmp_path, HEAD + 'long = "inherit"\n' + TRAINING).long_of("training") == "inherit"


def test_the_native_sample_rate_is_that_of_the_files_if_the_store_supports_it(tmp_path: Path) -> None:
    native = manifest(tmp_path, HEAD + 'sample_rate = "native"\nclip_s = 30\n' + TRAINING)
    assert native.clip_format(8_000) == ClipFormat(30.0, 8_000)
    with pytest.raises(
        ManifestError, match="the commonest rate of its files is 800 Hz, which the store does not support"
    ):
        native.clip_format(800)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("clip_s = 0", r"clip_s: found 0, expected .*greater than or equal to 0.1"),
        ("clip_s = inf", r"clip_s: found inf, expected .*"),
        ("sample_rate = 500", r'sample_rate: found 500, expected "native" or whole Hz from 1,000 to 655,350 that .*'),
        ("sample_rate = 70001", r"sample_rate: found 70001, expected .*"),
        ('sample_rate = "Native"', r"sample_rate: found 'Native', expected .*"),
        ("sample_rate = true", r"sample_rate: found True, expected .*"),
        ('long = "cut"', r"long: found 'cut', expected 'windows', 'inherit' or 'refuse'"),
    ],
)
def test_invalid_lengths_and_sample_rates_are_reported_with_their_key(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ManifestError, match=rf"own\.toml: {message}$"):
        manifest(tmp_path, f"{HEAD}{line}\n{TRAINING}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("share = 0.2\n", "", r"splits\.testing: share is missing: how much of training it is, between 0 and 1"),
        ("share = 0.2", "share = 1", r"splits\.testing\.share: found 1, expected .*"),
        ('from = "training"\n', "", r"splits\.testing\.weak is missing"),
        (
            '"training"\nshare',
            '"trainig"\nshare',
            r"splits\.testing\.from: 'trainig' is not a split with a weak list .*",
        ),
        ("share = 0.2", 'share = 0.2\naudio = "x"', r"splits\.testing: audio, weak and strong are those of training.*"),
        ("weak = ", "share = 0.5\nweak = ", r"splits\.training: share says how much of another split this one is, .*"),
    ],
)
def test_a_split_must_be_either_listed_or_drawn(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ManifestError, match=rf"own\.toml: {message}"):
        manifest(tmp_path, (HEAD + TRAINING + DRAWN).replace(old, new, 1))


def test_a_drawn_split_takes_whole_groups_and_their_events_from_another(tmp_path: Path) -> None:
    text = HEAD + TRAINING + DRAWN + 'group = "prefix_"\n[splits.evaluation]\nfrom = "training"\nshare = 0.2\n'
    found = {split.split: split for split in read_splits(manifest(tmp_path, text))}
    names = {split: {one.filename for one in seen.recordings} for split, seen in found.items()}
    assert {split: len(of_split) for split, of_split in names.items()} == {
        "training": 24,
        "testing": 8,
        "evaluation": 8,
    }
    assert len(set.union(*names.values())) == 40
    testing = {name.split("_")[0] for name in names["testing"]}
    assert not testing & {name.split("_")[0] for name in names["training"] | names["evaluation"]}
    assert found["testing"].remarks == (
        "testing: 8 of 40 recordings drawn from training (2 whole groups by 'prefix_')",
    )
    assert all(one.events for one in found["testing"].recordings)
    assert manifest(tmp_path, text).has_truth("testing")


def test_too_few_recordings_to_draw_from_give_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "weak.tsv").write_text("a.wav\tBird\n")
    (tmp_path / "strong.tsv").write_text("a.wav\t0\t1\tBird\n")
    with pytest.raises(ListFormatError, match=r"splits\.testing: 1 recording of training, too few to draw from$"):
        list(read_splits(manifest(tmp_path, HEAD + TRAINING + DRAWN)))


def test_lists_may_be_folders_and_each_file_in_them_changes_the_fingerprint(tmp_path: Path) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "a.txt").write_text("filename\tlabel\na.wav\tBird\n")
    text = HEAD + '[splits.training]\nweak = "labels"\n'
    first = manifest(tmp_path, text)
    before = first.fingerprint
    [split] = read_splits(first)
    assert [(one.filename, one.labels) for one in split.recordings] == [("a.wav", ("Bird",))]
    (folder / "b.txt").write_text("filename\tlabel\nb.wav\tCar\n")
    assert manifest(tmp_path, text).fingerprint != before


def test_labels_that_differ_only_in_unicode_normalisation_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is listed twice, with its accents written in two ways"):
        manifest(tmp_path, HEAD.replace('"Bird", "Car"', '"M\u00e9sange", "Me\u0301sange"') + TRAINING)
