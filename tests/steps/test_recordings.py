from pathlib import Path

import pytest
from builders import tiny_mixtures
from grouped import grouped_birds
from sedpipe.clips import Clip
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.lists.clips import write_clips
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.records.dataset import DatasetRecord
from sedpipe.soundscapes.mixer import Recipe, draw
from sedpipe.sources.access import Access
from sedpipe.sources.mixtures import MixtureSource, mixture_id
from sedpipe.steps.recordings import Recordings, recordings_listed, recordings_of


def dataset_of(clips: list[Clip], cache: Path, **record: str) -> Dataset:
    dataset = Dataset(cache, "mine")
    plain = {"dataset": "mine", "fingerprint": "?", "labels": ("Dog bark",), "listed": {"testing": len(clips)}}
    dataset.write_record(DatasetRecord(**{**plain, **record}))
    write_clips(dataset.clips_path, clips)
    return dataset


def clip(clip_id: str, source: str) -> Clip:
    return Clip(clip_id, "testing", source, 0.0, 10.0, ())


def test_the_source_recordings_of_mixtures_are_known_without_any_audio(tmp_path: Path) -> None:
    manifest = load_manifest("esc10-fold4")
    found = recordings_listed(Dataset(tmp_path, "esc10-fold4"), "testing", 300)
    assert found.remark == ""
    names = {name for of_class in manifest.recordings_of("testing") for name in of_class}
    assert {name for of_clip in found.of_clips for name in of_clip} <= names
    assert {len(of_clip) for of_clip in found.of_clips} == {1, 2, 3}
    assert found.sharing.n_recordings > 70


def test_the_source_recordings_of_a_mixture_match_its_drawn_placements(tmp_path: Path) -> None:
    manifest = load_manifest(str(tiny_mixtures(tmp_path, "mine", 4, 6)))
    source = MixtureSource(manifest, Dataset(tmp_path, "mine"), Access())
    plan = source._plan("testing")
    drawn = source.recordings([clip(mixture_id("testing", index), "") for index in range(6)])
    for index in range(6):
        placements = draw(Recipe(**manifest.mixture.model_dump()), plan.seed, index, [len(n) for n in plan.recordings],
                          plan.library).placements  # fmt: skip
        expected = {plan.recordings[one.class_index][one.recording_index] for one in placements}
        assert drawn[mixture_id("testing", index)] == expected


def test_a_users_manifest_is_used_only_while_it_is_unchanged(tmp_path: Path) -> None:
    manifest = load_manifest(str(tiny_mixtures(tmp_path, "mine", 4, 2)))
    clips = [clip(mixture_id("testing", index), f"mixture {index}") for index in range(2)]
    ids = [one.clip_id for one in clips]
    known = dataset_of(clips, tmp_path / "a", fingerprint=manifest.fingerprint, manifest=str(manifest.path))
    assert all(recordings_of(known, "testing", ids).of_clips)
    changed = dataset_of(clips, tmp_path / "b", manifest=str(manifest.path))
    gone = dataset_of(clips, tmp_path / "c", fingerprint=manifest.fingerprint, manifest="/nowhere.toml")
    for unknown in (changed, gone):
        told = "it is not known which recordings the clips of testing were made from: each clip counts as a recording"
        assert recordings_of(unknown, "testing", ids) == Recordings(((), ()), told)


def test_clips_cut_from_one_recording_share_it_even_without_a_manifest(
    tmp_path: Path,
) -> None:
    clips = [clip("monday@0.000-10.000", "monday.wav"), clip("monday@10.000-20.000", "monday.wav"), clip("b", "b.wav")]
    found = recordings_of(dataset_of(clips, tmp_path), "testing", [one.clip_id for one in clips])
    assert found == Recordings((("monday.wav",), ("monday.wav",), ("b.wav",)))
    assert found.sharing.share == pytest.approx(5 / 9)
    ids = [one.clip_id for one in clips]
    assert found.groups(ids) == [ids[0], ids[0], "b"]


def test_clips_with_several_or_unknown_recordings_form_no_groups() -> None:
    assert Recordings((("a", "b"), ("a",), ("a",))).groups(["1", "2", "3"]) == ["1", "2", "3"]
    assert Recordings(((), (), ("a",))).groups(["1", "2", "3"]) == ["1", "2", "3"]


def test_groups_come_from_the_manifest_and_a_missing_manifest_is_reported(tmp_path: Path) -> None:
    manifest = grouped_birds(tmp_path)
    clips = [clip(f"{place}_{n}", f"{place}_{n}.wav") for place in "ab" for n in range(2)]
    ids = [one.clip_id for one in clips]
    known = dataset_of(clips, tmp_path / "c", fingerprint=manifest.fingerprint, manifest=str(manifest.path))
    assert recordings_of(known, "testing", ids) == Recordings((("a",), ("a",), ("b",), ("b",)))
    moved = manifest.path.rename(tmp_path / "elsewhere.toml")
    found = recordings_of(known, "testing", ids)
    assert found.of_clips == tuple((one.source,) for one in clips)
    assert found.remark.startswith("it is not known which recordings of testing belong together (`group`)")
    assert f"{manifest.path} has changed or is no longer there" in found.remark
    moved.rename(manifest.path)
    assert recordings_of(known, "testing", ids).remark == ""


@pytest.mark.parametrize(("name", "n_clips"), [("esc10-fold4", 299), ("nobody-knows", 3), ("dcase2017-task4", 3)])
def test_without_a_cache_the_recordings_are_reported_as_unknown(tmp_path: Path, name: str, n_clips: int) -> None:
    found = recordings_listed(Dataset(tmp_path, name), "testing", n_clips)
    assert found.of_clips == ((),) * n_clips
    assert "not known" in found.remark
