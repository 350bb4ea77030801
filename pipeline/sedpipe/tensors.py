"""Tensors and plain values from bytes that ``torch.save`` wrote, which may come from an untrusted source.

``weights_only`` keeps them from executing code. Checks before and after loading cover the remaining dangers: archives
that unpack to more bytes than they have, tensors and lists that claim more values than there are bytes, calls that
tensors do not need, and values nested so deeply that hashing them would overflow the stack, or shared so often that it
would never end.

- :func:`values_of`: bytes -> values
"""

from __future__ import annotations

import io
import pickletools
import re
import warnings
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_DEEPEST = 100  # levels of nested values; training states have five
_MOST_WORK = 100  # values and characters visited for each byte; in training states there are five
_MOST_MADE = 12  # by an allowed call, for each value or character: ``_codecs.encode`` makes up to ten bytes of one
_TABLE = "collections.OrderedDict"  # class of the state dicts that modules return
_TENSOR = "torch._utils._rebuild_tensor_v2"
_STORAGE = re.compile(r"torch\.[A-Z][A-Za-z0-9]*Storage")
_IN_MEMO = ("BINPUT", "LONG_BINPUT")  # torch has no other opcodes for it
_OUT_OF_MEMO = ("BINGET", "LONG_BINGET")
_TUPLES = ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")
_DICTS = ("EMPTY_DICT", "SETITEM", "SETITEMS")
_GROWING = ("APPEND", "APPENDS", "SETITEM", "SETITEMS", "BUILD")  # opcodes that add to an existing value
_STRINGS = ("BINUNICODE", "SHORT_BINSTRING")


def values_of(raw: bytes, allowed: Sequence[Any] = ()) -> Any:
    """Return the values that ``torch.save`` wrote; takes no more memory and time than the number of bytes justifies.

    Parameters
    ----------
    raw : bytes
        Content of the file.
    allowed : sequence, optional
        Classes and functions that may occur in the values besides those of tensors, as for
        ``torch.serialization.safe_globals``.

    Raises
    ------
    ValueError
        If the bytes are anything else; the message never advises to load them unsafely.

    Examples
    --------
    >>> file = io.BytesIO()
    >>> torch.save({"epoch": 3, "weights": [torch.zeros(2)]}, file)
    >>> values_of(file.getvalue())
    {'epoch': 3, 'weights': [tensor([0., 0.])]}
    """
    try:
        _check_members(raw, [_name(value) for value in allowed])
        with torch.serialization.safe_globals([*allowed]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds of exceptions for damaged bytes
        raise ValueError("it is damaged, or contains more than tensors and plain values") from error
    # a tensor in several places, such as the weights of a best epoch that is also among the last, is in the file once
    different = {id(tensor): tensor for tensor in _tensors(content, len(raw))}.values()
    if sum(tensor.numel() * tensor.element_size() for tensor in different) > len(raw):
        raise ValueError("its tensors claim more values than the file has bytes")
    return content


def _name(allowed: Any) -> str:
    """Return the name of a class or function in a pickle; given a pair of a class or function and a name, that name."""
    return str(allowed[1]) if isinstance(allowed, tuple) else f"{allowed.__module__}.{allowed.__qualname__}"


def _check_members(raw: bytes, allowed: Collection[str]) -> None:
    """Raise ``ValueError`` if an archive unpacks to more than its size or a checksum is wrong: torch checks none."""
    if not raw.startswith(b"PK\x03\x04"):  # if other bytes precede an archive, torch would read these instead
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
            if member.filename.lower().endswith("data.pkl"):  # torch ignores case when it looks for it
                _check_pickle(archive.read(member), allowed)


@dataclass
class _Value:
    """What is known about a value on a pickle's stack without creating it."""

    depth: int = 0  # levels of nested tuples
    size: int = 1  # number of values and characters in it, which hashing or copying visits
    of: str = ""  # name of the class or function that it is; with "()", of the one whose call returned it


def _check_pickle(program: bytes, allowed: Collection[str]) -> None:
    """Raise ``ValueError`` if a pickle calls more than tensors need, or would create far more than its own size.

    A tuple is hashed wherever it is a key, dictionaries and tensors copy their arguments, and the memo returns any
    value again for two bytes. A tensor that is taken for a list has as many rows as it claims.
    """
    stack: list[_Value] = []
    marks: list[int] = []
    memo: dict[Any, _Value] = {}
    work = 0
    last = ""  # last opcode other than the memo's: the one that made the top of the stack
    for opcode, argument, _ in pickletools.genops(program):
        name = opcode.name
        if name in _IN_MEMO:
            memo[argument] = stack[-1]
            continue
        if name == "MARK":
            marks.append(len(stack))
        elif name in _OUT_OF_MEMO:
            stack.append(memo[argument])  # the same one: it may still grow
        else:
            first = len(stack) - len(opcode.stack_before)
            if pickletools.markobject in opcode.stack_before:
                first = marks.pop() - opcode.stack_before.index(pickletools.markobject)
            taken = stack[first:]
            if name == "GLOBAL":
                made = _Value(of=_known(str(argument).replace(" ", "."), allowed))
            elif name == "REDUCE":
                made = _Value(of=_called(taken[0].of, last, allowed) + "()")
            elif name in _STRINGS:
                made = _Value(size=1 + len(str(argument)))
            elif name in _GROWING:
                if name == "BUILD":
                    _check_state(taken[0].of, last, allowed)
                made = taken.pop(0)
            else:
                made = _Value()
            size = sum(value.size for value in taken)
            work += size
            made.size += size * (_MOST_MADE if made.of.removesuffix("()") in allowed else 1)
            made.depth = max([made.depth, *(value.depth for value in taken)]) + (name in _TUPLES)
            if made.depth > _DEEPEST or work > _MOST_WORK * len(program):
                raise ValueError("its tuples, lists and tables lie in one another without end")
            stack[first:] = [made] * len(opcode.stack_after)
        last = name


def _known(name: str, allowed: Collection[str]) -> str:
    """Return the name of a class or function if tensors and plain values need it, else raise ``ValueError``."""
    if name in (_TABLE, _TENSOR) or name in allowed or _STORAGE.fullmatch(name):
        return name
    raise ValueError(f"it names {name}")


def _called(name: str, arguments: str, allowed: Collection[str]) -> str:
    """Return the name of the callee if ``torch.save`` calls it this way, else raise ``ValueError``.

    ``arguments`` is the opcode that made the arguments: it tells their kind.
    """
    as_saved = ("EMPTY_TUPLE",) if name == _TABLE else _TUPLES if name in (_TENSOR, *allowed) else ()
    if arguments in as_saved:
        return name
    raise ValueError(f"it calls {name or 'a value'} with what torch.save does not")


def _check_state(of: str, state: str, allowed: Collection[str]) -> None:
    """Raise ``ValueError`` if attributes are set that ``torch.save`` does not set; an OrderedDict's are a dict."""
    if not (of.removesuffix("()") in allowed or (of == f"{_TABLE}()" and state in _DICTS)):
        raise ValueError(f"it sets attributes of {of or 'a value'}")


def _tensors(content: Any, most: int) -> Iterator[Tensor]:
    """Yield every tensor in nested dicts and lists.

    A list may occur in many places, or in itself, so that a few bytes can stand for infinitely many values.
    ``ValueError`` is raised if the nesting is too deep, or there are more than ``most`` values.
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
