import numpy as np
import pytest
from sedpipe.features.logmel import LogMelConfig, log_mel
from sedpipe.views.page import recording_picture
from sedpipe.views.page.recording_picture import N_MELS, picture_of_blocks, whole_picture

RATE = 8000
G = np.random.default_rng(0)


def whole(waveform):
    """Return all columns, computed in one piece."""
    n_columns = -(-len(waveform) // 160)
    return log_mel(waveform, LogMelConfig(RATE, 320, 160, 2048, n_columns, N_MELS))[0]


@pytest.mark.parametrize("n_samples", [100, 160, 8000, 8001, 41_234])
@pytest.mark.parametrize("cuts", [[], [1, 7, 160, 5000, 5001]])
def test_a_picture_made_block_by_block_equals_one_made_in_one_piece(monkeypatch, n_samples, cuts):
    monkeypatch.setattr(recording_picture, "_CHUNK_COLUMNS", 50)
    waveform = G.normal(0, 0.1, n_samples).astype(np.float32)
    picture = picture_of_blocks(np.split(waveform, [cut for cut in cuts if cut < n_samples]), RATE, n_samples / RATE)
    assert picture.column_s == pytest.approx(0.02)
    assert picture.features == pytest.approx(whole(waveform), abs=1e-3)


def test_a_very_long_recording_is_drawn_with_the_maximum_of_adjacent_columns(monkeypatch):
    monkeypatch.setattr(recording_picture, "MOST_COLUMNS", 100)
    monkeypatch.setattr(recording_picture, "_CHUNK_COLUMNS", 20)
    waveform = G.normal(0, 0.1, 5 * RATE).astype(np.float32)
    picture = picture_of_blocks([waveform], RATE, 5.0)
    assert picture.column_s == pytest.approx(0.06)
    expected = np.maximum.reduceat(whole(waveform), np.arange(0, 250, 3), axis=0)
    assert picture.features == pytest.approx(expected, abs=1e-3)


def test_the_overview_of_the_whole_recording_is_an_image(monkeypatch):
    picture = picture_of_blocks([G.normal(0, 0.1, 40 * RATE).astype(np.float32)], RATE, 40.0)
    assert whole_picture(picture, (-60.0, -20.0)).startswith("data:image/")
