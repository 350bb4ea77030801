"""Weights of an ONNX file that are in other files, found from its bytes alone; nothing else is read.

ONNX Runtime would look for them in the working directory, or wherever the file says, and a checksum of the file does
not cover them.

- :func:`external_files`: names of these other files
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sedpipe.errors import SettingsError

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from onnx import TensorProto


def external_files(raw: bytes) -> list[str]:
    """Return the names of other files that hold some of a model's weights, as the model gives them.

    Parameters
    ----------
    raw : bytes
        An ONNX file.

    Returns
    -------
    list of str
        Sorted, without duplicates; only ``""`` if no name is given. Empty if the file holds all of its weights.

    Raises
    ------
    ValueError
        If it is not an ONNX file.
    SettingsError
        If the package ``onnx``, which reads it, is not installed.
    """
    try:
        import onnx  # takes a quarter of a second to import: only for ONNX files
        from google.protobuf.message import DecodeError
        from onnx.external_data_helper import uses_external_data
    except ImportError as error:
        raise SettingsError(
            f"an encoder as an ONNX file needs the package onnx: {error}", hint='run `pip install "sedpipe[encoders]"`'
        ) from error
    try:
        model = onnx.load_model_from_string(raw)
    except DecodeError as error:
        raise ValueError("it is not an ONNX file, or damaged") from error
    found = {_location(tensor) for tensor in _tensors(model) if uses_external_data(tensor)}
    return sorted(found - {""}) or sorted(found)


def _location(tensor: TensorProto) -> str:
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def _tensors(model: Message) -> Iterator[TensorProto]:
    """Yield all tensors of a model, however deep: in graphs, branches, functions, attributes, sparse tensors."""
    from google.protobuf.message import Message
    from onnx import TensorProto

    left = [model]
    while left:
        message = left.pop()
        if isinstance(message, TensorProto):
            yield message
            continue
        for field, value in message.ListFields():
            if field.message_type is not None:
                left += [value] if isinstance(value, Message) else value
