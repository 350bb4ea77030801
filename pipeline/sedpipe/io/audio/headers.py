"""New headers for chunked files whose own header is wrong.

The samples follow each header immediately; everything else in the file (titles, cue points) is left out.

- :data:`HEADERS`: (description of the samples, old header, number of bytes of samples) -> header, by kind of file
- :data:`SPEEDS`: description of the samples -> bytes per second, 0 if it does not say, by kind of file
"""

from __future__ import annotations

import math
import struct

GUID = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""End of every chunk name in Wave64 except that of the file itself."""

W64_RIFF = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000")
"""First bytes of a Wave64 file."""

_MOST = 2**32 - 1


def _wave(described: bytes, old: bytes, n_bytes: int) -> bytes:
    """Return a RIFF header, or RF64 if 32 bits are not enough."""
    fmt = struct.pack("<4sI", b"fmt ", len(described)) + described + bytes(len(described) % 2)
    if len(fmt) + n_bytes + 12 < _MOST:
        size = 4 + len(fmt) + 8 + n_bytes
        return struct.pack("<4sI4s", b"RIFF", size, b"WAVE") + fmt + struct.pack("<4sI", b"data", n_bytes)
    ds64 = struct.pack("<4sIQQQI", b"ds64", 28, 4 + 36 + len(fmt) + 8 + n_bytes, n_bytes, 0, 0)
    return struct.pack("<4sI4s", b"RF64", _MOST, b"WAVE") + ds64 + fmt + struct.pack("<4sI", b"data", _MOST)


def _big_endian_wave(described: bytes, old: bytes, n_bytes: int) -> bytes:
    fmt = struct.pack(">4sI", b"fmt ", len(described)) + described + bytes(len(described) % 2)
    size = min(4 + len(fmt) + 8 + n_bytes, _MOST)
    data = struct.pack(">4sI", b"data", min(n_bytes, _MOST))
    return struct.pack(">4sI4s", b"RIFX", size, b"WAVE") + fmt + data


def _aiff(described: bytes, old: bytes, n_bytes: int) -> bytes:
    """Return an AIFF header; the number of frames, which is part of the description, is corrected, too."""
    channels, _, bits = struct.unpack(">HIH", described[:8])
    frames = min(n_bytes // max(1, channels * -(-bits // 8)), _MOST)
    described = described[:2] + struct.pack(">I", frames) + described[6:]
    comm = struct.pack(">4sI", b"COMM", len(described)) + described + bytes(len(described) % 2)
    size = min(4 + len(comm) + 16 + n_bytes, _MOST)
    ssnd = struct.pack(">4sIII", b"SSND", min(8 + n_bytes, _MOST), 0, 0)
    return struct.pack(">4sI4s", b"FORM", size, old[8:12]) + comm + ssnd


def _caf(described: bytes, old: bytes, n_bytes: int) -> bytes:
    """Return the old header with another number of bytes; the rest stays, since compressed samples need its tables."""
    return old[:-12] + struct.pack(">q", n_bytes + 4) + old[-4:]


def _w64(described: bytes, old: bytes, n_bytes: int) -> bytes:
    fmt = b"fmt " + GUID + struct.pack("<Q", 24 + len(described)) + described + bytes(-len(described) % 8)
    data = b"data" + GUID + struct.pack("<Q", 24 + n_bytes)
    size = struct.pack("<Q", 40 + len(fmt) + len(data) + n_bytes)
    return W64_RIFF + size + b"wave" + GUID + fmt + data


HEADERS = {"RIFF": _wave, "RF64": _wave, "RIFX": _big_endian_wave, "AIFF": _aiff, "CAF": _caf, "W64": _w64}


def _wave_speed(described: bytes) -> float:
    return float(struct.unpack("<I", described[8:12])[0]) if len(described) >= 12 else 0.0


def _big_endian_wave_speed(described: bytes) -> float:
    return float(struct.unpack(">I", described[8:12])[0]) if len(described) >= 12 else 0.0


def _aiff_speed(described: bytes) -> float:
    if len(described) < 18:
        return 0.0
    channels, _, bits, exponent, mantissa = struct.unpack(">HIHHQ", described[:18])
    # an 80-bit float; rates beyond 2^64 Hz would overflow
    return float(channels * -(-bits // 8) * math.ldexp(mantissa, min(exponent - 16_383, 64) - 63))


def _caf_speed(described: bytes) -> float:
    if len(described) < 24:
        return 0.0
    rate, packet_bytes, packet_frames = struct.unpack(">d8xII", described[:24])
    return float(rate * packet_bytes / packet_frames) if packet_frames and math.isfinite(rate) else 0.0


SPEEDS = {
    "RIFF": _wave_speed,
    "RF64": _wave_speed,
    "RIFX": _big_endian_wave_speed,
    "AIFF": _aiff_speed,
    "CAF": _caf_speed,
    "W64": _wave_speed,
}
