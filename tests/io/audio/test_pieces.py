import io

from hypothesis import given
from hypothesis import strategies as st
from sedpipe.io.audio.pieces import Pieces

BODY = bytes(range(100))
PIECE = st.one_of(st.binary(max_size=9), st.tuples(st.integers(0, 60), st.integers(0, 40)))
STEP = st.tuples(st.sampled_from(["read", "seek", "end", "on"]), st.integers(0, 50))


@given(st.lists(PIECE, max_size=5), st.lists(STEP, max_size=12))
def test_pieces_are_read_like_the_file_that_they_form_together(
    pieces: list[bytes | tuple[int, int]], steps: list
) -> None:
    whole = b"".join(piece if isinstance(piece, bytes) else BODY[piece[0] : sum(piece)] for piece in pieces)
    ours, plain = Pieces(io.BytesIO(BODY), pieces), io.BytesIO(whole)
    for what, number in steps:
        if what == "read":
            assert ours.read(number) == plain.read(number)
        elif what == "seek":
            assert ours.seek(number) == plain.seek(number)
        elif what == "on":
            assert ours.seek(number, io.SEEK_CUR) == plain.seek(number, io.SEEK_CUR)
        else:
            assert ours.seek(-number, io.SEEK_END) == plain.seek(-number, io.SEEK_END)
        assert ours.tell() == plain.tell()
    ours.seek(0)
    buffer = bytearray(len(whole) + 3)
    assert ours.readinto(buffer) == len(whole)
    assert ours.readable()
    assert ours.seekable()
    assert bytes(buffer[: len(whole)]) == whole
