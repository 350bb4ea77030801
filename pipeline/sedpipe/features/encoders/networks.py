"""Networks whose weights come as a PyTorch checkpoint, by name: the ``network`` of an encoder's TOML.

- :data:`NETWORKS`: functions that open the bytes of a checkpoint; a new network is a file and an entry there
- :func:`open_network`: opens the network of an encoder
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sedpipe.features.encoders.aisfx import open_aisfx
from sedpipe.features.encoders.encoder import Encoder

NETWORKS: dict[str, Callable[[bytes], Callable[[np.ndarray], np.ndarray]]] = {"aisfx": open_aisfx}


def open_network(raw: bytes, encoder: Encoder) -> Callable[[np.ndarray], np.ndarray]:
    """Open the network of an encoder with its weights; raise ``ValueError`` if its name is unknown."""
    if encoder.network not in NETWORKS:
        raise ValueError(f"network must be one of {', '.join(NETWORKS)}, got {encoder.network!r}")
    return NETWORKS[encoder.network](raw)
