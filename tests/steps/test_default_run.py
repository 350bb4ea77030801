"""Default names distinguish runs that the user has not named."""

import pytest
from sedpipe.features.logmel import LogMelConfig
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.encoders.front_end import named_front_end
from sedpipe.steps.default_run import default_run_name
from tiny_dataset import SETTINGS


def test_the_default_name_of_a_log_mel_run_is_that_of_the_first_edition() -> None:
    assert default_run_name(SETTINGS, FeatureSpec(LogMelConfig())) == "tiny-linear-5-seed0"


@pytest.mark.parametrize(
    ("encoders", "hop_s", "name"),
    [
        ("yamnet", None, "tiny-yamnet-80ms-linear-5-seed0"),
        ("yamnet", 0.16, "tiny-yamnet-160ms-linear-5-seed0"),
        ("yamnet,aisfx", 0.1, "tiny-yamnet-aisfx-100ms-linear-5-seed0"),
        ("logmel,yamnet", None, "tiny-yamnet-80ms-linear-5-seed0"),
    ],
)
def test_the_default_name_includes_encoders_and_hop(encoders: str, hop_s: float | None, name: str) -> None:
    assert default_run_name(SETTINGS, FeatureSpec(named_front_end(encoders, hop_s))) == name
