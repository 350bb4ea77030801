import io

import numpy as np
import pytest
import soundfile
from sedpipe.failures import FailedClipError, Failure
from sedpipe.io.audio.container import open_track


def test_a_track_with_an_unknown_codec_is_undecodable() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.full(800, 0.1), 8_000, format="WAV", subtype="PCM_16")
    raw = bytearray(file.getvalue())
    assert raw[20:22] == b"\1\0"  # plain PCM
    raw[20:22] = b"\x99\x99"
    with (
        pytest.raises(FailedClipError, match="in no format that FFmpeg knows") as caught,
        open_track(io.BytesIO(raw), "x.wav"),
    ):
        pass
    assert caught.value.failure == Failure("retryable", "undecodable")
