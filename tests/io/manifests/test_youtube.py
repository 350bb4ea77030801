import hashlib
from pathlib import Path

import pytest
from sedpipe.errors import ManifestError
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.manifests.youtube import YoutubeManifest


def dcase() -> YoutubeManifest:
    manifest = load_manifest("dcase2017-task4")
    assert isinstance(manifest, YoutubeManifest)
    return manifest


def test_list_checksums_match_the_organisers_files(shared_data: Path) -> None:
    for split in ("training", "testing"):
        for item in dcase().lists_of(split):
            content = (shared_data / "dcase2017-task4" / item.file_name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == item.sha256


def test_each_split_names_a_clip_or_weak_list_before_any_strong_list() -> None:
    roles = {split: [item.role for item in dcase().lists_of(split)] for split in dcase().split_names}
    assert roles == {"training": ["clips"], "testing": ["clips", "strong"], "evaluation": ["weak", "strong"]}


def test_list_addresses_are_pinned_to_one_commit() -> None:
    weak, strong = dcase().lists_of("evaluation")
    base = "https://raw.githubusercontent.com/ankitshah009/Task-4-Large-scale-weakly-supervised-sound-event-detection-"
    assert weak.url.startswith(base + "for-smart-cars/96dc262e3869580c0ff4c4de622995a8e3573ad9/groundtruth_release/")
    assert weak.file_name == "groundtruth_weak_label_evaluation_set.csv"
    assert weak.sha256.startswith("a275dcfd")
    assert strong.sha256.startswith("374d8d12")


def test_labels_and_audio_set_ids_are_the_official_ones(shared_data: Path) -> None:
    lines = (shared_data / "dcase2017-task4" / "sound_event_list_17_classes.txt").read_text().splitlines()[1:]
    assert dcase().label_of_mid == {line.split("\t")[0]: line.split("\t")[2] for line in lines}
    assert dcase().labels[:2] == ("Train horn", "Air horn, truck horn")
    assert dcase().labels[-2:] == ("Motorcycle", "Train")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"Train" = ', '"Trian" = ', r"mids: 'Trian' is not one of the labels \(did you mean 'Train'\?\)"),
        ('"Train" = "/m/07jdr"\n', "", r"mids: 'Train' has no Audio Set id"),
        ('"/m/07jdr"', '"/m/04_sv"', r"mids: expected every Audio Set id once"),
        ('"/m/07jdr"', '"07jdr"', r"mids: 'Train' has '07jdr', expected an Audio Set id like /m/07jdr"),
        ("d568baa", "D568Baa", r"splits\.training\.clips\.sha256: found 'D568.*, expected 64 lower-case hex"),
        ('"training_set', '"../training_set', r"clips\.path: found .*, expected a relative path that stays below its"),
        ("clips = {", "strong = {", r"splits\.training: expected one of the lists 'clips' and 'weak'"),
        ("https://", "ftp://", r"lists: found 'ftp://.*, expected https:// \(http:// only to this machine\)"),
        ("https://", "https://me:secret@", r"lists: found .*, expected an address like .*, without a password in it"),
        ('573ad9/"', '573ad9"', r"lists: found .*, expected the address of a folder, ending with '/'"),
        ("sha256", "sha265", r"splits\.training\.clips\.sha265: unknown key \(did you mean 'sha256'\?\)"),
    ],
)
def test_mistakes_are_reported(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = dcase().path.read_text()
    assert old in text
    (tmp_path / "edited.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(ManifestError, match=rf"edited\.toml: .*{message}"):
        load_manifest(str(tmp_path / "edited.toml"))


def test_the_fingerprint_depends_on_list_checksums_but_not_on_addresses(tmp_path: Path) -> None:
    text = dcase().path.read_text()
    path = tmp_path / "edited.toml"
    path.write_text(text.replace("raw.githubusercontent.com", "example.org"))
    assert load_manifest(str(path)).fingerprint == dcase().fingerprint
    path.write_text(text.replace("d568b", "d568c"))
    assert load_manifest(str(path)).fingerprint != dcase().fingerprint
