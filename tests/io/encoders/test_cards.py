import hashlib

import pytest
from sedpipe.errors import SettingsError
from sedpipe.io.encoders.cards import encoder_names, load_encoder, shipped_card
from tiny_encoder import write_encoder


def test_shipped_encoders_state_title_training_data_and_licence() -> None:
    assert encoder_names() == ["aisfx", "birdnet", "yamnet"]
    for card in map(load_encoder, encoder_names()):
        assert card.title
        assert card.trained_on
        assert card.licence
        assert card.file.bytes > 1_000_000
        assert shipped_card(card.encoder) == card


def test_every_shipped_encoder_except_birdnet_is_public() -> None:
    assert [load_encoder(name).is_public for name in encoder_names()] == [True, False, True]


def test_only_yamnet_lists_dcase2017_task4_as_possibly_seen_in_training() -> None:
    assert [load_encoder(name).encoder.heard for name in encoder_names()] == [(), (), ("dcase2017-task4",)]


def test_a_ten_line_toml_and_a_model_file_define_an_encoder(tmp_path) -> None:
    path = write_encoder(tmp_path)
    assert len(path.read_text().splitlines()) <= 10
    card = load_encoder(str(path))
    raw = (tmp_path / "ears.onnx").read_bytes()
    assert (card.name, card.encoder.sha256) == ("ears", hashlib.sha256(raw).hexdigest())
    assert card.file.bytes == len(raw)
    assert shipped_card(card.encoder) is None


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"onnx"', '"pickle"', "runtime must be one of tflite, onnx, torch, got 'pickle'"),
        ("window = 800", "windwo = 800", r"unknown key 'windwo' \(did you mean 'window'\?\)"),
        ("window = 800", 'window = "800"', "window: found '800'"),
        ("window = 800", "", "window"),
        ("hop = 400", "hop = 0", r"hop must be 8 to 480,000 samples at 8,000 Hz \(0\.001 to 60 s\), got 0"),
        ("hop = 400", "hop = 1", r"hop must be 8 to 480,000 samples at 8,000 Hz \(0\.001 to 60 s\), got 1"),
        ("hop = 400", "hop = 400_000_000", "hop must be 8 to 480,000 samples .* got 400,000,000"),
        ("dimensions = 3", "dimensions = 0", "dimensions must be a whole number from 1 to 65536, got 0"),
        ("dimensions = 3", "dimensions = 3\nstride = 300", r"window \(800\) must be a multiple of stride \(300\)"),
        ("dimensions = 3", "dimensions = 3\nnetwork = 'aisfx'", "network goes with the runtime torch"),
        (
            "ears.onnx",
            "../ears.onnx",
            r"toml.file: expected the name of a file, without a folder, of letters.* got '\.\./ears\.onnx'",
        ),
        ("ears.onnx", "/etc/passwd", "name of a file, without a folder, .* got '/etc/passwd'"),
        ("ears.onnx", "../nowhere.tflite", "name of a file, without a folder, .* got '../nowhere.tflite'"),
        ("ears.onnx", "nose.onnx", "nose.onnx cannot be read: No such file"),
        ("[file]", '[file]\naddress = "https://host/x"', "an address needs both"),
    ],
)
def test_an_invalid_toml_gives_a_one_line_error(tmp_path, old: str, new: str, why: str) -> None:
    path = write_encoder(tmp_path)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SettingsError, match=why) as caught:
        load_encoder(str(path))
    assert str(path) in caught.value.message


@pytest.mark.parametrize("n_bytes", [0, 2 * 2**30 + 1])
def test_an_empty_or_oversized_model_file_gives_a_one_line_error(tmp_path, n_bytes: int) -> None:
    path = write_encoder(tmp_path)
    with (tmp_path / "ears.onnx").open("wb") as file:
        file.truncate(n_bytes)
    said = rf"ears\.onnx has {n_bytes:,} bytes, expected 1 to 2,147,483,648"
    with pytest.raises(SettingsError, match=said) as caught:
        load_encoder(str(path))
    assert caught.value.message.startswith(str(path))


@pytest.mark.parametrize(
    ("name", "n_bytes", "why"),
    [
        ("../w.whl", 9, "name of an archive, without a folder"),
        ("w.whl", 2**40, "a size of 1 to"),
        ("w.whl", 0, "a size"),
    ],
)
def test_an_archive_with_an_unsafe_name_or_size_is_rejected(tmp_path, name: str, n_bytes: int, why: str) -> None:
    path = write_encoder(tmp_path)
    table = f'\n[file.archive]\nname = "{name}"\nsha256 = "{"a" * 64}"\nbytes = {n_bytes}\naddress = "https://host/w"\n'
    path.write_text(path.read_text() + table)
    with pytest.raises(SettingsError, match=why):
        load_encoder(str(path))


def test_the_error_for_an_unknown_name_lists_the_encoders() -> None:
    with pytest.raises(
        SettingsError, match=r"'yamnte' is not one of aisfx, birdnet, yamnet \(did you mean 'yamnet'\?\)"
    ):
        load_encoder("yamnte")
