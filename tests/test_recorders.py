from datetime import datetime

import pytest
from sedpipe.recorders import recorded_at

NIGHT = datetime(2023, 5, 1, 5, 30)


@pytest.mark.parametrize(
    "name",
    [
        "20230501_053000.WAV", "20230501_053000T.WAV", "site 1/20230501_053000.WAV", "SM4_20230501_053000.wav",
        "2023-05-01T05-30-00.flac", "2023-05-01 05.30.00.m4a", "back\\20230501-053000.wav",
    ],
)  # fmt: skip
def test_the_start_time_is_read_from_the_file_names_of_recorders(name: str) -> None:
    assert recorded_at(name) == NIGHT


@pytest.mark.parametrize(
    "name",
    [
        "street.wav", "20231301_053000.WAV", "20230501_250000.WAV", "120230501_053000.wav", "20230501_0530001.wav",
        "20230501_053000/monday.wav", "30230501_053000.wav", "",
    ],
)  # fmt: skip
def test_other_names_give_no_start_time(name: str) -> None:
    assert recorded_at(name) is None
