import io
from pathlib import Path

import numpy as np
import pytest
from encoded import FORMS, clock, encoded
from sedpipe.io.audio.cut import cut
from sedpipe.io.audio.losses import Losses
from sedpipe.io.audio.waveforms import Recording

LENGTH_S = 20.0
N_BYTES = 3000


def damaged(body: bytes) -> bytes:
    """Return a recording of which some bytes near its middle are zeros."""
    at = len(body) // 2
    return body[:at] + bytes(N_BYTES) + body[at + N_BYTES :]


def decoded(path: Path) -> tuple[np.ndarray, Recording]:
    recording = Recording(path)
    return np.concatenate(list(recording.blocks())), recording


@pytest.mark.parametrize("form", FORMS)
def test_an_intact_recording_has_no_remark_on_losses(tmp_path: Path, form: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(encoded(clock(LENGTH_S, FORMS[form].rate), FORMS[form]))
    assert decoded(path)[1].remarks == []
    assert cut(path, 0.0, 10.0, 44_100).remarks == cut(path, 5.0, 15.0, 44_100).remarks == ()


@pytest.mark.parametrize("form", ["m4a", "ogg opus", "flac", "webm, no duration, no cues"])
def test_the_time_that_damage_has_made_silent_is_reported(tmp_path: Path, form: str) -> None:
    path, body = tmp_path / "a", encoded(clock(LENGTH_S, FORMS[form].rate), FORMS[form])
    path.write_bytes(damaged(body))
    samples, recording = decoded(path)
    silent = np.flatnonzero(samples == 0)
    in_a_row = max(map(len, np.split(silent, np.flatnonzero(np.diff(silent) > 1) + 1))) / recording.rate
    [(name, sentence)] = recording.remarks
    assert name == "damaged"
    assert float(sentence.split()[0]) == pytest.approx(in_a_row, abs=0.03)
    assert float(sentence.split()[0]) > 0.5 * N_BYTES / len(body) * LENGTH_S
    assert cut(path, 5.0, 15.0, recording.rate).remarks == ((name, sentence),)
    assert cut(path, 0.0, 5.0, recording.rate).remarks == ()


def test_damaged_packets_of_an_mp3_which_has_no_timestamps_are_counted(tmp_path: Path) -> None:
    body = damaged(encoded(clock(LENGTH_S, FORMS["mp3"].rate), FORMS["mp3"]))
    (tmp_path / "a").write_bytes(body)
    expected = ("damaged", "1 damaged packet left out: what follows is too early by what was lost")
    assert decoded(tmp_path / "a")[1].remarks == [expected]
    assert cut(io.BytesIO(body), 5, 15, 44_100).remarks == (expected,)


def test_damaged_packets_at_the_end_are_not_counted() -> None:
    losses = Losses()
    for is_intact in (True, False, True, False, False):
        losses.packet(is_intact=is_intact)
    assert losses.n_damaged == 1
    assert Losses(missing_s=0.009).remarks == ()
