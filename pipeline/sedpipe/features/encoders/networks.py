"""Networks whose weights come as a PyTorch checkpoint, by name: the ``network`` of an encoder's TOML.

- :data:`NETWORKS`: opens the bytes of a checkpoint; a new network is a file and a line there
- :func:`open_network`: of an encoder
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sedpipe.features.encoders.aisfx import open_aisfx
from sedpipe.features.encoders.encoder import Encoder

NETWORKS: dict[str, Callable[[bytes], Callable[[np.ndarray], np.ndarray]]] = {"aisfx": open_aisfx}


def open_network(raw: bytes, encoder: Encoder) -> Callable[[np.ndarray], np.ndarray]:
    """The network of an encoder with its weights; ``ValueError`` if there is none of its name."""
    if encoder.network not in NETWORKS:
        raise ValueError(f"network must be one of {', '.join(NETWORKS)}, got {encoder.network!r}")
    return NETWORKS[encoder.network](raw)
