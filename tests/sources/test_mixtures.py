import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from builders import recorded_mixtures, recordings, tiny_mixtures
from sedpipe.clips import Clip
from sedpipe.errors import ManifestError
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.manifests.load import load_manifest
from sedpipe.io.manifests.mixtures import MixtureManifest
from sedpipe.sources.access import Access
from sedpipe.sources.mixtures import MixtureSource
from sedpipe.sources.source import SplitRows


def manifest_at(path: Path | str) -> MixtureManifest:
    manifest = load_manifest(str(path))
    assert isinstance(manifest, MixtureManifest)
    return manifest


def source_of(
    manifest: MixtureManifest, cache: Path, folder: Path | None = None, *, jobs: int = 1
) -> tuple[MixtureSource, Dataset]:
    there = Dataset(cache, manifest.name)
    return MixtureSource(manifest, there, Access(() if folder is None else (str(folder),), jobs)), there


def made(source: MixtureSource, cache: Dataset, clips: Sequence[Clip]) -> dict[str, bytes]:
    fates = list(source.fetch(clips))
    assert sorted(fate.clip_id for fate in fates) == sorted(clip.clip_id for clip in clips)
    assert {fate.state for fate in fates} <= {"ok"}
    return {clip.clip_id: cache.audio_path(clip).read_bytes() for clip in clips}


def resolved(source: MixtureSource) -> dict[str, SplitRows]:
    return {rows.split: rows for rows in source.resolve()}


def assert_same_whoever_makes_it(manifest: MixtureManifest, tmp_path: Path, folder: Path | None, n_clips: int) -> None:
    source, cache = source_of(manifest, tmp_path / "one", folder)
    rows = resolved(source)
    clips = [clip for split in rows.values() for clip in split.clips]
    some = random.Random(0).sample(clips, n_clips)
    expected = made(source, cache, some)
    parallel, cache = source_of(manifest, tmp_path / "two", folder, jobs=2)
    assert resolved(parallel) == rows
    assert made(parallel, cache, some[::-1]) == expected
    alone, cache = source_of(manifest, tmp_path / "three", folder)
    assert made(alone, cache, some[-1:]) == {some[-1].clip_id: expected[some[-1].clip_id]}


def test_audio_does_not_depend_on_workers_subset_or_order(tmp_path: Path) -> None:
    manifest = manifest_at(tiny_mixtures(tmp_path, "tiny", n_training=20))
    assert_same_whoever_makes_it(manifest, tmp_path, None, n_clips=6)


def test_benchmark_audio_does_not_depend_on_workers_subset_or_order(tmp_path: Path, shared_data: Path) -> None:
    shipped = manifest_at("esc10-fold4").path
    text = shipped.read_text()
    for clips in ("clips = 1000", "clips = 300", "clips = 300"):  # mixture 0 is the same however many follow
        text = text.replace(clips, "clips = 9", 1)
    (tmp_path / "some.toml").write_text(text)
    (tmp_path / "esc10.sha256").write_bytes((shipped.parent / "esc10.sha256").read_bytes())
    assert_same_whoever_makes_it(manifest_at(tmp_path / "some.toml"), tmp_path, shared_data / "esc10", n_clips=6)


def test_clips_are_numbered_and_labelled_with_the_classes_of_their_events(tmp_path: Path) -> None:
    manifest = manifest_at(tiny_mixtures(tmp_path, "tiny"))
    rows = resolved(source_of(manifest, tmp_path)[0])
    assert list(rows) == ["training", "testing", "evaluation"]
    assert [clip.clip_id for clip in rows["testing"].clips] == ["testing-00000", "testing-00001", "testing-00002"]
    for split in rows.values():
        assert split.reference is not None
        assert list(split.reference) == [clip.clip_id for clip in split.clips]
        for clip in split.clips:
            events = split.reference[clip.clip_id]
            assert set(clip.labels) == {event.label for event in events} != set()
            assert list(clip.labels) == [label for label in manifest.labels if label in clip.labels]
            assert all(0 <= event.onset < event.offset <= 10 for event in events)
            assert (clip.start_s, clip.end_s) == (0, 10)


def test_a_class_that_cannot_be_synthesised_is_an_error_that_lists_the_valid_ones(tmp_path: Path) -> None:
    path = tiny_mixtures(tmp_path, "tiny")
    path.write_text(path.read_text().replace("Screaming", "Scream"))
    expected = rf"{path}: labels: 'Scream' cannot be synthesised \(did you mean 'Screaming'\?\)$"
    with pytest.raises(ManifestError, match=expected) as caught:
        resolved(source_of(manifest_at(path), tmp_path)[0])
    assert "Train horn; Air horn, truck horn; " in caught.value.hint


def test_the_first_mixtures_stay_the_same_when_a_split_grows(tmp_path: Path) -> None:
    few = resolved(source_of(manifest_at(tiny_mixtures(tmp_path, "few")), tmp_path)[0])["training"]
    more = resolved(source_of(manifest_at(tiny_mixtures(tmp_path, "more", 9)), tmp_path)[0])["training"]
    assert list(more.clips[:6]) == list(few.clips)


def test_audio_is_louder_during_reference_events(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "recordings")
    path = recorded_mixtures(tmp_path, folder, "http://127.0.0.1:1/none.zip")
    path.write_text(path.read_text().replace("gain_db = [6, 24]", "gain_db = [20, 24]"))
    source, cache = source_of(manifest_at(path), tmp_path / "cache", folder)
    rows = resolved(source)["training"]
    made(source, cache, rows.clips)
    assert rows.reference is not None
    for clip in rows.clips:
        waveform, _ = soundfile.read(cache.audio_path(clip))
        level = np.sqrt(np.mean(waveform.reshape(-1, 882) ** 2, axis=1))
        sounding = np.zeros(500, dtype=bool)
        for event in rows.reference[clip.clip_id]:
            sounding[round(event.onset * 50) : round(event.offset * 50)] = True
        inside, outside = (np.convolve(mask, np.ones(5), "same") == 5 for mask in (sounding, ~sounding))
        assert level[inside].min() > 1.5 * level[outside].max()


def test_events_that_are_not_truncated_last_as_long_as_their_recording_sounds(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "recordings")
    manifest = manifest_at(recorded_mixtures(tmp_path, folder, "http://127.0.0.1:1/none.zip"))
    rows = resolved(source_of(manifest, tmp_path / "cache", folder)[0])
    durations = {
        round(event.duration, 2)
        for split in rows.values()
        for events in (split.reference or {}).values()
        for event in events
        if event.offset < 10
    }
    assert durations <= {1.5, 1.52}  # frames of 20 ms around a beep of 1.5 s


def test_a_damaged_recording_is_reported_and_drops_only_mixtures_that_draw_it(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "recordings")
    manifest = manifest_at(recorded_mixtures(tmp_path, folder, "http://127.0.0.1:1/none.zip"))
    whole, _ = source_of(manifest, tmp_path / "whole", folder)
    expected = resolved(whole)
    hurt = recordings(tmp_path / "hurt")
    damaged = "001 - Low tone/1-2.wav"
    (hurt / damaged).write_bytes(b"RIFF")
    (hurt / "002 - High tone" / "2-1.wav").unlink()
    source, cache = source_of(manifest, tmp_path / "cache", hurt)
    rows = resolved(source)
    name = f"{hurt / damaged} is damaged (its sha256 is not the listed one): mixtures that draw it are dropped"
    assert list(rows["training"].notes) == [name]
    assert list(rows["testing"].notes) == [
        "recording '002 - High tone/2-1.wav' was not found: mixtures that draw it are dropped"
    ]
    assert rows["evaluation"] == expected["evaluation"]
    dropped = {fate.clip_id for fate in rows["training"].dropped}
    assert 0 < len(dropped) < 8
    assert {(fate.state, fate.message) for fate in rows["training"].dropped} == {
        ("gone", f"recording {damaged} is missing or damaged")
    }
    kept = [clip for clip in expected["training"].clips if clip.clip_id not in dropped]
    assert list(rows["training"].clips) == kept
    assert rows["training"].listed == 8
    again, there = source_of(manifest, tmp_path / "whole", folder)
    assert made(source, cache, kept) == made(again, there, kept)
    undamaged = resolved(again)["training"].reference
    assert undamaged is not None
    assert rows["training"].reference == {clip.clip_id: undamaged[clip.clip_id] for clip in kept}


def test_a_silent_recording_is_reported_as_the_reason_for_dropped_mixtures(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "recordings")
    soundfile.write(folder / "001 - Low tone" / "1-1.wav", np.zeros(44_100), 44_100)
    manifest = manifest_at(recorded_mixtures(tmp_path, folder, "http://127.0.0.1:1/none.zip"))
    rows = resolved(source_of(manifest, tmp_path / "cache", folder)[0])["training"]
    assert {fate.message for fate in rows.dropped} == {f"{folder}/001 - Low tone/1-1.wav: silent"}


def test_a_split_without_recordings_is_reported_as_unavailable_in_one_line(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "recordings")
    manifest = manifest_at(recorded_mixtures(tmp_path, folder, "http://127.0.0.1:1/none.zip"))
    for path in folder.rglob("3-*.wav"):
        path.unlink()
    source, _ = source_of(manifest, tmp_path / "cache", folder)
    rows = resolved(source)["evaluation"]
    assert (rows.listed, list(rows.clips), rows.reference) == (3, [], None)
    assert list(rows.notes) == ["evaluation is unavailable: no recording of fold 3 was found"]
    assert list(source.fetch([])) == []


def test_a_split_whose_recordings_are_all_unusable_is_reported_with_the_reason(tmp_path: Path) -> None:
    folder = recordings(tmp_path / "recordings")
    manifest = manifest_at(recorded_mixtures(tmp_path, folder, "http://127.0.0.1:1/none.zip"))
    others = sorted(folder.rglob("3-*.wav"))
    for path in others:
        soundfile.write(path, np.ones(44_100), 44_100)
    rows = resolved(source_of(manifest, tmp_path / "cache", folder)[0])["evaluation"]
    assert list(rows.notes) == [
        f"evaluation is unavailable: no recording of fold 3 can be used: {others[0]} is damaged (its sha256 is not the "
        f"listed one), and so with {len(others) - 1} more"
    ]
