"""aiSFX: convolutions that were trained to tell sound effects apart, frame by frame.

Its authors take the maximum over two seconds; here the output is the maps before that, a vector every 8192 samples, so
that sounds can be located in time.

- :func:`open_aisfx`: the bytes of ``checkpoint.pth`` -> a function from samples to vectors
- :func:`scaled_log_mel`: the input of the convolutions

Source: Ma and Lerch, "Representation Learning for the Automatic Indexing of Sound Effects Libraries", ISMIR 2022, and
their package ``aisfx`` 0.1.2: 96 HTK bands of unit sum, peak-normalised samples, ``log10(10000 x + 1) / 9.4578``, four
blocks of two 3 x 3 convolutions.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from sedpipe.tensors import values_of

SAMPLE_RATE = 44_100
N_FFT, HOP, N_MELS = 2048, 1024, 96
MAPS, POOLS = (64, 128, 256, 512), (2, 2, 2, 1)
STRIDE = HOP * 8
LARGEST = 9.457798957824707
"""Largest ``log10(10000 x + 1)`` in its training data, by which its input is divided."""


def open_aisfx(raw: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Open a checkpoint.

    Parameters
    ----------
    raw : bytes
        ``aisfx/models/checkpoint.pth``; read with ``weights_only``, so that no code in it is run.

    Returns
    -------
    callable
        Samples (N, L) at 44.1 kHz -> vectors (N, ceil(L / 8192), 512), float32.

    Raises
    ------
    ValueError, KeyError, RuntimeError
        If the bytes are those of another file.
    """
    network = _Convolutions()
    kept = "embedding_net."
    weights = {name.removeprefix(kept): value for name, value in _weights(raw).items() if name.startswith(kept)}
    network.load_state_dict(weights)
    network.eval()

    def heard(windows: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.stack([network(torch.from_numpy(scaled_log_mel(one))[None])[0].numpy() for one in windows])

    return heard


def scaled_log_mel(samples: np.ndarray) -> np.ndarray:
    """Compute the input of the convolutions.

    Parameters
    ----------
    samples : ndarray [shape=(L,)]
        Samples at 44.1 kHz, at any level: the loudest one is scaled to 1.

    Returns
    -------
    ndarray [shape=(8 * ceil(L / 8192), 96)]
        Values in about [0, 1], float32; frame ``k`` is centred on sample ``1024 k``.
    """
    n_frames = 8 * -(-len(samples) // STRIDE)
    peak = np.abs(samples).max(initial=0.0)
    centred = np.zeros(N_FFT + (n_frames - 1) * HOP, np.float32)
    heard = samples[: len(centred) - N_FFT // 2]
    centred[N_FFT // 2 : N_FFT // 2 + len(heard)] = heard / peak if peak else heard
    frames = np.lib.stride_tricks.sliding_window_view(centred, N_FFT)[::HOP]
    spectrum = np.fft.rfft(frames * _window(), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return np.asarray(np.log10(power @ _bands() * 10_000 + 1) / LARGEST, np.float32)


@cache
def _window() -> np.ndarray:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_FFT) / N_FFT), np.float32)


@cache
def _bands() -> np.ndarray:
    """Return the mel bands, (n_fft // 2 + 1, 96)."""
    import librosa.filters  # takes a second to import: only when needed

    return np.ascontiguousarray(
        librosa.filters.mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, htk=True, norm=1).T, np.float32
    )


class _Block(nn.Module):
    """Two convolutions, each normalised and rectified; their names are those in the checkpoint."""

    def __init__(self, maps_in: int, maps_out: int, pool: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(maps_in, maps_out, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(maps_out)
        self.conv2 = nn.Conv2d(maps_out, maps_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(maps_out)
        self._pool = nn.MaxPool2d(pool) if pool > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, F) -> (B, C', T / pool, F / pool)."""
        x = self.bn1(self.conv1(x)).relu()
        pooled: Tensor = self._pool(self.bn2(self.conv2(x)).relu())
        return pooled


class _Convolutions(nn.Module):
    """(B, T, 96) -> (B, T / 8, 512)."""

    def __init__(self) -> None:
        super().__init__()
        for number, sizes in enumerate(zip((1, *MAPS), MAPS, POOLS, strict=False), start=1):
            self.add_module(f"conv_block{number}", _Block(*sizes))

    def forward(self, x: Tensor) -> Tensor:
        x = x.unsqueeze(1)
        for block in self.children():
            x = block(x)
        return x.mean(dim=3).transpose(1, 2)


class _Unread:
    """Replacement of numpy's numbers and their types, which are not needed: it takes anything and keeps nothing."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


def _weights(raw: bytes) -> dict[str, Tensor]:
    """Return the first of the checkpoint's two tables; the other one counts classes, with numpy's integers."""
    # scalars under the names that old and new numpy gave them
    numbers = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype")
    content = values_of(raw, [*((_Unread, name) for name in numbers), (codecs.encode, "_codecs.encode")])
    if not (isinstance(content, tuple) and len(content) == 2 and isinstance(content[0], dict)):
        raise ValueError("it does not hold two tables")
    return content[0]
