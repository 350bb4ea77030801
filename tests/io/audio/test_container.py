from pathlib import Path

import pytest
from encoded import FORMS, clock, encoded
from sedpipe.failures import FailedClipError
from sedpipe.io.audio.container import lasts


@pytest.mark.parametrize("form", FORMS)
def test_how_long_a_recording_lasts_is_told_without_decoding(tmp_path: Path, form: str) -> None:
    (tmp_path / "a").write_bytes(encoded(clock(20, FORMS[form].rate), FORMS[form]))
    assert [lasts(tmp_path / "a", seconds) for seconds in (10, 19.9, 20.5)] == [True, True, False]


def test_what_holds_no_audio_lasts_for_no_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a dog barks")
    with pytest.raises(FailedClipError, match="cannot be decoded as audio"):
        lasts(tmp_path / "a", 1)
