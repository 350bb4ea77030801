import zlib

import numpy as np
from sedpipe.io.cache.row_checksums import checksum_of, is_intact

SHA256 = "0" * 64


def test_the_checksum_is_the_crc_32_of_the_values_then_frame_count_and_sha256() -> None:
    features = np.array([[1.0, 2.0], [-0.5, 0.0]], np.float16)
    expected = zlib.crc32(bytes.fromhex("003c004000b80000") + f"2 {SHA256}".encode())
    assert checksum_of(features, 2, SHA256) == expected
    assert checksum_of(features.astype(">f2"), 2, SHA256) == expected
    assert checksum_of(np.asfortranarray(features), 2, SHA256) == expected


def test_any_difference_is_detected() -> None:
    features = np.zeros((3, 2), np.float32)
    checksum = checksum_of(features, 3, SHA256)
    other = features.copy()
    other[2, 1] = -0.0
    assert is_intact(features, 3, SHA256, checksum)
    assert not is_intact(other, 3, SHA256, checksum)
    assert not is_intact(features, 2, SHA256, checksum)
    assert not is_intact(features, 3, "1" * 64, checksum)
    assert not is_intact(features, 3, SHA256, checksum ^ 1)


def test_without_a_checksum_impossible_values_are_detected() -> None:
    features = np.zeros((3, 2), np.float32)
    assert all(is_intact(features, n_frames, SHA256, None) for n_frames in (0, 1, 3))
    for n_frames in (-1, 4):
        assert not is_intact(features, n_frames, SHA256, None)
    features[0, 0] = np.inf
    assert not is_intact(features, 3, SHA256, None)
