"""Which weights of an ONNX file lie in other files, told from its bytes alone; nothing else is read.

ONNX Runtime would look for them in the working directory, or wherever the file says, and a checksum of the file does
not cover them.

- :func:`external_files`: names of these other files

Source: ``onnx.proto3`` (numbers of fields), and the Protocol Buffers encoding guide (how bytes hold fields).
"""

from __future__ import annotations

from collections.abc import Iterator

_HOLDS: dict[str, dict[int, str]] = {
    "Model": {7: "Graph", 20: "Training", 25: "Function"},
    "Graph": {1: "Node", 5: "Tensor", 15: "SparseTensor"},
    "Function": {7: "Node", 11: "Attribute"},
    "Training": {1: "Graph", 2: "Graph"},
    "Node": {5: "Attribute"},
    "Attribute": {
        5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "SparseTensor", 23: "SparseTensor",
    },
    "SparseTensor": {1: "Tensor", 2: "Tensor"},
    "Tensor": {13: "Entry"},
}  # fmt: skip
"""Messages in which tensors may lie, however deep, by the numbers of their fields."""

_DATA_LOCATION = 14
_IS_NONE = "it is not an ONNX file, or damaged"
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


def external_files(raw: bytes) -> list[str]:
    """Names of the other files that hold some of a model's weights, as it calls them.

    Parameters
    ----------
    raw : bytes
        An ONNX file.

    Returns
    -------
    list of str
        Sorted, each once; ``""`` stands for one whose name is not said. Empty if the file holds all of its weights.

    Raises
    ------
    ValueError
        If it is no ONNX file.
    """
    found, left = set(), [("Model", memoryview(raw))]
    while left:
        message, content = left.pop()
        for number, kind, value in _fields(content):
            if message == "Tensor" and (number, kind) == (_DATA_LOCATION, _VARINT) and value:
                found.add("")
            elif isinstance(value, memoryview) and number in _HOLDS[message]:
                held = _HOLDS[message][number]
                if held == "Entry":
                    found.add(_location(value))
                else:
                    left.append((held, value))
    return sorted(found - {""}) or sorted(found)


def _location(entry: memoryview) -> str:
    """What an entry of a tensor's ``external_data`` says of the file's name; "" if it is about something else."""
    said = {number: bytes(value) for number, _, value in _fields(entry) if isinstance(value, memoryview)}
    return said.get(2, b"").decode(errors="replace") if said.get(1) == b"location" else ""


def _fields(content: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """(number, wire type, value) of each field of a message."""
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        tag &= 2**32 - 1  # as Google's parser takes it
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(content, at)
            yield number, kind, value
            continue
        if kind == _BYTES:
            size, at = _varint(content, at)
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            size = 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(_IS_NONE)
        if at + size > len(content):
            raise ValueError(_IS_NONE)
        if kind == _BYTES:
            yield number, kind, content[at : at + size]
        at += size


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, the lowest first, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            break
        value |= (content[at] & 0x7F) << shift
        at += 1
        if content[at - 1] < 0x80:
            return value & (2**64 - 1), at
    raise ValueError(_IS_NONE)
