import io

import numpy as np
import pytest
import soundfile
from encoded import clock, start_error_ms
from sedpipe.io.audio.cut import cut
from sedpipe.io.audio.ogg import has_intact_pages
from sedpipe.io.audio.waveforms import Recording

RATE = 44_100
LENGTH_S = 30


@pytest.fixture(scope="module")
def vorbis() -> bytes:
    file, samples = io.BytesIO(), clock(LENGTH_S, RATE)
    with soundfile.SoundFile(file, "w", RATE, 1, format="OGG", subtype="VORBIS") as written:
        for begin in range(0, len(samples), 4096):  # libsndfile crashes on long blocks
            written.write(samples[begin : begin + 4096])
    return file.getvalue()


def pages_of(body: bytes) -> list[bytes]:
    return [b"OggS" + page for page in body.split(b"OggS")[1:]]


def test_what_libvorbis_writes_is_intact(vorbis: bytes) -> None:
    assert has_intact_pages(io.BytesIO(vorbis))
    assert len(pages_of(vorbis)) > 8


def test_a_flipped_bit_anywhere_is_damage(vorbis: bytes) -> None:
    page = sum(map(len, pages_of(vorbis)[:4]))
    for at in (*range(page, page + 27), page + 40, page + 2000, len(vorbis) - 1):
        damaged = bytearray(vorbis)
        damaged[at] ^= 4
        assert not has_intact_pages(io.BytesIO(bytes(damaged))), at - page


@pytest.mark.parametrize("n_left_out", [1, 2])
def test_a_missing_page_is_damage_but_not_at_the_end(vorbis: bytes, n_left_out: int) -> None:
    pages = pages_of(vorbis)
    assert not has_intact_pages(io.BytesIO(b"".join(pages[:4] + pages[4 + n_left_out :])))
    assert has_intact_pages(io.BytesIO(b"".join(pages[:-n_left_out])))


@pytest.mark.parametrize("n_bytes", [1, 3, 20, 27, 30, 500])
def test_a_last_page_that_is_cut_off_is_no_damage(vorbis: bytes, n_bytes: int) -> None:
    pages = pages_of(vorbis)
    assert has_intact_pages(io.BytesIO(b"".join(pages[:-1]) + pages[-1][:n_bytes]))


def test_sound_after_a_damaged_page_stays_in_place(vorbis: bytes, tmp_path) -> None:
    truth, path = clock(LENGTH_S, RATE), tmp_path / "a.ogg"
    at = len(vorbis) // 3
    path.write_bytes(vorbis[:at] + bytes(500) + vorbis[at + 500 :])
    recording = Recording(path)
    samples = np.concatenate(list(recording.blocks()))
    assert len(samples) == LENGTH_S * RATE
    for second in (5, 10.8, 13, 16, 20, 27):  # the lost page ends before 10.8 s
        begin = round(second * RATE)
        assert abs(start_error_ms(samples[begin : begin + RATE], truth, second, RATE)) < 1
    assert [name for name, _ in recording.remarks] == ["damaged"]
    assert cut(path, 12, 22, RATE).remarks == ()
