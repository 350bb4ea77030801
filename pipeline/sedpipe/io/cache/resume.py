"""The states from which unfinished training is resumed: the newest and the one before it, in two files.

A state is a table of tensors and plain values, followed by the sha256 of its bytes, since torch notices most damage
but not all. A newer state becomes ``resume.pt`` after the older one has become ``resume-before.pt``, so that at every
moment at least one complete state exists.

- :func:`write_resume`, :func:`find_resume`, :func:`forget_before`, :func:`remove_resume`: write a state, read the
  newest, delete the older one, delete both
"""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import torch

from sedpipe.errors import SedpipeError
from sedpipe.io.files.atomic import write_atomically
from sedpipe.io.files.reading import is_there, opened, unreadable
from sedpipe.io.models.checkpoints import MOST_BYTES as MOST_OF_A_MODEL
from sedpipe.io.models.checkpoints import table_of

# five models (weights, Adam's two means, the best epoch's weights and the average), and those of the last epochs
MOST_BYTES = 8 * MOST_OF_A_MODEL
_N_DIGEST = hashlib.sha256().digest_size


def _before(path: Path) -> Path:
    return path.with_stem(f"{path.stem}-before")


def write_resume(path: Path, state: dict[str, Any]) -> None:
    """Write a state, whole or not at all; the existing one is kept as the state before."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.write(hashlib.sha256(buffer.getbuffer()).digest())
    with write_atomically(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())
        if is_there(path):
            os.replace(path, _before(path))


def find_resume(path: Path) -> tuple[dict[str, Any] | None, str]:
    """Return the newest complete state, or None if there are no states, and what is wrong with a newer one, or "".

    Raises
    ------
    SedpipeError
        If there are states but none is complete, or one cannot be read.
    """
    complaints: list[str] = []
    for place in (path, _before(path)):
        if not is_there(place):
            continue
        try:
            return _read(place), "; ".join(complaints)
        except OSError as error:
            raise unreadable(place, error) from error
        except ValueError as error:
            complaints.append(f"{place.name}: {error}")
    if complaints:
        raise SedpipeError(
            f"{path.parent} contains no complete state of the training ({'; '.join(complaints)})",
            hint=f"delete {path.stem}*.pt there to start training again",
        )
    return None, ""


def forget_before(path: Path) -> None:
    """Delete the older state, once training has ended."""
    _before(path).unlink(missing_ok=True)


def remove_resume(path: Path) -> None:
    """Delete both states, the newest last, so that the older one is never mistaken for it."""
    forget_before(path)
    path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES / 2**30:.0f} GiB")
    with opened(path) as file:
        raw = file.read()
    content, digest = raw[:-_N_DIGEST], raw[-_N_DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise ValueError("it is damaged")
    return table_of(content)
