"""Tensors and plain values of bytes that ``torch.save`` wrote, which may come from anybody.

``weights_only`` keeps them from running anything. What is left to do harm is looked at before and after: archives that
unpack to more than they are, tensors and lists that claim more values than there are bytes, and tuples nested so deep
that hashing them would overflow the stack, or shared so often that it would never end.

- :func:`values_of`: bytes -> values
"""

from __future__ import annotations

import io
import pickletools
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

_DEEPEST = 100  # of values in one another; in states of training there are five
_MOST_WORK = 100  # values that are hashed for each byte; in states of training there is less than one
_IN_MEMO = ("BINPUT", "LONG_BINPUT")  # torch knows no other opcodes for it
_OUT_OF_MEMO = ("BINGET", "LONG_BINGET")
_TUPLES = ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")


def values_of(raw: bytes, allowed: Sequence[Any] = ()) -> Any:
    """What ``torch.save`` wrote; it needs no more memory than the bytes.

    Parameters
    ----------
    raw : bytes
    allowed : sequence, optional
        Classes and functions that may be among the values besides those of tensors, as for
        ``torch.serialization.safe_globals``.

    Raises
    ------
    ValueError
        For any other bytes; its text never tells to load them unsafely.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> torch.save({"epoch": 3, "weights": [torch.zeros(2)]}, file)
    >>> values_of(file.getvalue())
    {'epoch': 3, 'weights': [tensor([0., 0.])]}
    """
    try:
        _check_members(raw)
        with torch.serialization.safe_globals([*allowed]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except Exception as error:  # torch trips over damaged bytes in a dozen ways
        raise ValueError("it is damaged, or contains more than tensors and plain values") from error
    # a tensor that stands in several places, as a best epoch's among the last ones, is in the file once
    different = {id(tensor): tensor for tensor in _tensors(content, len(raw))}.values()
    if sum(tensor.numel() * tensor.element_size() for tensor in different) > len(raw):
        raise ValueError("its tensors claim more values than the file has bytes")
    return content


def _check_members(raw: bytes) -> None:
    """``ValueError`` for an archive that unpacks to more than it is, or whose checksums are wrong: torch asks none."""
    if not raw.startswith(b"PK\x03\x04"):  # with other bytes before an archive, torch would read these
        raise ValueError("it is no archive")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise ValueError("a member is compressed")
        if sum(member.file_size for member in members) > len(raw):
            raise ValueError("its members overlap")
        if archive.testzip() is not None:
            raise ValueError("a member is damaged")
        for member in members:
            if member.filename.lower().endswith("data.pkl"):  # torch looks for it in any case of letters
                _check_tuples(archive.read(member))


def _check_tuples(program: bytes) -> None:
    """``ValueError`` where a pickle makes tuples in tuples without end: as keys, they are hashed while it is read.

    What each opcode leaves on the pickle's stack is as deep as the deepest value that it took, and a tuple one deeper.
    A tuple in several places is hashed in each, so that a few bytes can make work for years.
    """
    stack: list[tuple[int, int]] = []  # how deep each value is, and how many values a tuple is hashed by
    marks: list[int] = []
    memo: dict[Any, tuple[int, int]] = {}
    work = 0
    for opcode, argument, _ in pickletools.genops(program):
        name = opcode.name
        if name == "MARK":
            marks.append(len(stack))
        elif name in _IN_MEMO:
            memo[argument] = stack[-1]
        elif name in _OUT_OF_MEMO:
            stack.append(memo[argument])
        else:
            first = len(stack) - len(opcode.stack_before)
            if pickletools.markobject in opcode.stack_before:
                below = opcode.stack_before.index(pickletools.markobject)
                first = marks.pop() - below
            depths, sizes = zip(*stack[first:], strict=True) if stack[first:] else ((0,), (1,))
            is_tuple = name in _TUPLES
            made = max(depths) + is_tuple, 1 + sum(sizes) if is_tuple else max(sizes)
            work += sum(sizes)
            if made[0] > _DEEPEST or work > _MOST_WORK * len(program):
                raise ValueError("its tuples lie in one another without end")
            stack[first:] = [made] * len(opcode.stack_after)


def _tensors(content: Any, most: int) -> Iterator[Tensor]:
    """Every tensor in nested tables and lists; ``ValueError`` where these are deep or hold more than so many values.

    A list may stand in many places, or in itself, so that a few bytes make values without end.
    """
    left = [(content, 0)]
    for _ in range(most):
        if not left:
            return
        part, depth = left.pop()
        if isinstance(part, Tensor):
            yield part
        elif isinstance(part, dict | list | tuple):
            if depth == _DEEPEST:
                raise ValueError("its tables and lists lie in one another without end")
            left += ((value, depth + 1) for value in (part.values() if isinstance(part, dict) else part))
    raise ValueError("its tables and lists claim more values than the file has bytes")
