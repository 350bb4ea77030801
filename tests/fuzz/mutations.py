"""Random damage to files as caused by disks, editors, other programs and attackers, determined by a seed.

- :func:`damaged`: bytes -> damaged bytes
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

Damage = Callable[[bytes, random.Random], bytes]

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 7, 2**31, 2**63, 10**30, 1e308, -1e-308, 0.5, float("nan"), float("inf"), "", "x",
    "NaN", "1", "../../x", "/etc/passwd", "\x1b[2J\x07", "a\tb", "a\nb", "\ud800", "\u202e", "=cmd()", "x" * 5000,
    [], [[]], [1, "a", None], {}, {"a": 1}, {"": {}}, [0.5] * 999,
]  # fmt: skip
TEXTS = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b"\t", b";", b",", b'"', b"'", b"{", b"[" * 5000, b"NaN",
    b"1e999", b"-1", b"9" * 5000, b"\x1b[2J", b"..", b"/", b"\\", b"\xc3", "\u2028\x85".encode(), b"#", b"=" * 100,
]  # fmt: skip


def flipped(raw: bytes, g: random.Random) -> bytes:
    """Flip a few bits."""
    content = bytearray(raw)
    for _ in range(g.choice((1, 1, 4, 32))):
        if content:
            content[g.randrange(len(content))] ^= 1 << g.randrange(8)
    return bytes(content)


def cut_short(raw: bytes, g: random.Random) -> bytes:
    """Truncate the content, as a full disk or a power failure does."""
    return raw[: g.randrange(len(raw) + 1)]


def zeroed(raw: bytes, g: random.Random) -> bytes:
    """Zero a block, as if the file system had lost it."""
    start, n = g.randrange(len(raw) + 1), g.choice((1, 16, 512, 4096))
    return raw[:start] + bytes(min(n, len(raw) - start)) + raw[start + n :]


def moved(raw: bytes, g: random.Random) -> bytes:
    """Remove, double or move a piece."""
    first, last = sorted(g.randrange(len(raw) + 1) for _ in range(2))
    piece, place = raw[first:last], g.randrange(len(raw) + 1)
    return g.choice((raw[:first] + raw[last:], raw[:last] + piece + raw[last:], raw[:place] + piece + raw[place:]))


def spliced(raw: bytes, g: random.Random) -> bytes:
    """Insert something unexpected anywhere."""
    place = g.randrange(len(raw) + 1)
    return raw[:place] + g.choice(TEXTS) + raw[place + g.choice((0, 0, 1, 5)) :]


def renumbered(raw: bytes, g: random.Random) -> bytes:
    """Replace a number by another one."""
    numbers = list(re.finditer(rb"-?\d+(\.\d+)?(e[+-]?\d+)?", raw))
    if not numbers:
        return flipped(raw, g)
    match = g.choice(numbers)
    other = g.choice((b"-1", b"0", b"1e308", b"1e999", b"nan", b"9" * 400, b"0x10", b"1_000", b"10000000", b"'5'", b""))
    return raw[: match.start()] + other + raw[match.end() :]


def relined(raw: bytes, g: random.Random) -> bytes:
    """Remove, double or shuffle lines, or insert foreign text as a line."""
    lines = raw.split(b"\n")
    k = g.randrange(len(lines))
    kind = g.randrange(4)
    if kind == 0:
        del lines[k]
    elif kind == 1:
        lines.insert(k, lines[k])
    elif kind == 2:
        g.shuffle(lines)
    else:
        lines.insert(k, g.choice(TEXTS))
    return b"\n".join(lines)


def retyped(raw: bytes, g: random.Random) -> bytes:
    """Change JSON, one line of it or all: another value, a key removed or added, or nesting that is too deep."""
    lines = raw.split(b"\n") if raw.count(b"\n{") else [raw]
    k = g.randrange(len(lines))
    try:
        content = json.loads(lines[k])
    except (ValueError, RecursionError):
        return spliced(raw, g)
    lines[k] = json.dumps(_changed(content, g), indent=None if len(lines) > 1 else 2).encode()
    if g.random() < 0.1:
        lines[k] = lines[k].replace(b": ", b": " + b'{"a": ' * g.choice((3, 70, 250, 3000)), 1)
    return b"\n".join(lines)


def _changed(content: Any, g: random.Random) -> Any:
    """Return the content with one element changed."""
    if isinstance(content, dict) and content:
        key = g.choice(list(content))
        kind = g.randrange(8)
        if kind == 0:
            return {name: value for name, value in content.items() if name != key}
        if kind == 1:
            return {**content, g.choice(("later", "", "x" * 3000, "\x1b[2J")): g.choice(VALUES)}
        if kind < 6:
            return {**content, key: _changed(content[key], g)}
        return {**content, key: g.choice(VALUES)}
    if isinstance(content, list) and content and g.random() < 0.7:
        k = g.randrange(len(content))
        return [*content[:k], _changed(content[k], g), *content[k + 1 :]]
    return g.choice(VALUES)


TEXT: tuple[Damage, ...] = (retyped, retyped, retyped, renumbered, relined, spliced, moved, cut_short, flipped)
BINARY: tuple[Damage, ...] = (flipped, flipped, zeroed, cut_short, moved, spliced)


def damaged(raw: bytes, seed: str, *, is_text: bool) -> bytes:
    """Return the bytes with damage applied one to three times; equal seeds give equal damage."""
    g = random.Random(seed)
    for _ in range(g.choice((1, 1, 1, 2, 3))):
        raw = g.choice(TEXT if is_text else BINARY)(raw, g)
    return raw
