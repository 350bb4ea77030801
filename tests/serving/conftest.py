"""A server on this machine with a model that detects each class in about half of the frames of noise."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.io.models.open import OpenModel
from sedpipe.serving.ear import Ear
from sedpipe.serving.recordings import Recordings
from sedpipe.serving.server import Server
from tiny_dataset import untrained_model

POINT = PostProcessing(0.5, hysteresis=0.9, min_duration_s=0.4)


@pytest.fixture
def ear() -> Ear:
    torch.set_num_threads(1)
    model = replace(untrained_model(), operating_points=dict.fromkeys(("min_er", "max_f1"), POINT))
    return Ear(OpenModel(model, Path("nightwatch"), "0" * 64), POINT)


@pytest.fixture
def served(tmp_path: Path, ear: Ear) -> Iterator[Server]:
    """A running server for the folder ``served``."""
    server = Server(Recordings(tmp_path / "served"), ear)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.stop()
    thread.join()
