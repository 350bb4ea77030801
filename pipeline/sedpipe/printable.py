"""Names that somebody else chose (labels, files, reasons), made safe for those who look at them.

- :func:`printable`: for a terminal, which obeys control characters
- :func:`shortened`: so that a sentence stays one
- :func:`spreadsheet_cell`: for a program that would compute it
"""

from __future__ import annotations

import re

MOST_OF_A_SENTENCE = 300
"""Characters of an error's message: more of it is not read."""

# C0, DEL, C1 (one of which begins a command as ESC [ does), line ends of Unicode, what turns the direction of text,
# and halves of pairs, which no encoding can write.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def printable(text: str) -> str:
    r"""The text in one line, control characters as Python writes them.

    >>> printable("Car\x1b[2J")
    'Car\\x1b[2J'
    """
    return _CONTROLS.sub(lambda found: repr(found.group())[1:-1], text)


def shortened(text: str, most: int = MOST_OF_A_SENTENCE) -> str:
    """At most so many characters: of a longer text, its beginning and its end.

    >>> shortened("from the beginning to the end", 16)
    'from the ... end'
    """
    if len(text) <= most:
        return text
    tail = (most - 5) // 3
    return f"{text[: most - 5 - tail]} ... {text[len(text) - tail :]}"


def spreadsheet_cell(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would take for a formula; numbers stay numbers.

    >>> spreadsheet_cell("=cmd()"), spreadsheet_cell("-1.5"), spreadsheet_cell("Car")
    ("'=cmd()", '-1.5', 'Car')
    """
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text
