from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hostile_run import CLIP_ID, SPLIT, make_hostile_run
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.runs import named_run
from sedpipe.stages.report_scene import Scene
from sedpipe.views.page.scored_run import read_scored_run
from sedpipe.views.page.sound import QUALITIES


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_hostile_run(tmp_path_factory.mktemp("made") / "cache")


def test_a_run_on_raw_samples_is_drawn_with_a_spectrogram_of_the_audio(cache):
    run = read_scored_run(cache, named_run(cache, "run"), SPLIT)
    samples = SimpleNamespace(parameters={"front_end": "waveform", "sample_rate": 1000}, clip_ids=run.features.clip_ids)
    heard = replace(run, features=samples)
    ids = [clip.clip_id for clip in run.clips]
    scene = Scene(cache, [heard], ids)
    assert [name for name, _ in scene.frequencies] == ["500 Hz", "2 kHz", "8 kHz"]
    for clip_id in ids:
        card = scene.card(clip_id)
        assert card.pictures[-1].end == pytest.approx(card.duration, abs=0.02)
        assert scene.with_sound(card, QUALITIES[-1]).sound.startswith("data:audio/mpeg;base64,")


def test_a_clip_without_audio_has_neither_picture_nor_sound(cache):
    run = read_scored_run(cache, named_run(cache, "run"), SPLIT)
    samples = SimpleNamespace(parameters={"front_end": "waveform", "sample_rate": 1000}, clip_ids=run.features.clip_ids)
    [clip] = [clip for clip in run.clips if clip.clip_id == CLIP_ID]
    path = Path(cache.audio_path(clip))
    kept = path.read_bytes()
    path.unlink()
    try:
        scene = Scene(cache, [replace(run, features=samples)], [CLIP_ID])
        card = scene.with_sound(scene.card(CLIP_ID), QUALITIES[-1])
    finally:
        path.write_bytes(kept)
    assert (card.pictures, card.sound) == ((), "")
    assert card.tracks
    assert "No such file" in card.remark
