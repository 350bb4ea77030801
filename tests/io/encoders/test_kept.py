from pathlib import Path

import pytest
from sedpipe.errors import MissingStageError, SedpipeError
from sedpipe.io.encoders.cards import load_encoder
from sedpipe.io.encoders.fetch import keep_encoder
from sedpipe.io.encoders.kept import KeptWeights, encoder_path
from tiny_encoder import write_encoder


def test_a_damaged_or_missing_encoder_file_is_an_error(tmp_path: Path) -> None:
    card = load_encoder(str(write_encoder(tmp_path / "mine")))
    path = keep_encoder(card, tmp_path)
    kept = KeptWeights(tmp_path, card.encoder)
    assert kept.read() == path.read_bytes() == (tmp_path / "mine" / "ears.onnx").read_bytes()
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(SedpipeError, match=r"is not the file of the encoder ears: its sha256 differs") as caught:
        kept.read()
    assert f"encoders fetch ITS.toml --cache {tmp_path}` with the TOML that describes ears.onnx" in caught.value.hint
    path.unlink()
    with pytest.raises(MissingStageError, match=r"^the encoder ears "):
        kept.read()


def test_encoders_with_the_same_file_name_are_stored_separately(tmp_path: Path) -> None:
    first = load_encoder(str(write_encoder(tmp_path / "a"))).encoder
    second = load_encoder(str(write_encoder(tmp_path / "b", batch=1))).encoder
    assert first.file == second.file
    assert encoder_path(tmp_path, first) != encoder_path(tmp_path, second)
