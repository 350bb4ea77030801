"""Names from outside (labels, files, reasons), made safe to display.

- :func:`printable`, :func:`printable_json`: for terminals, which execute control characters
- :func:`markdown_text`: for Markdown pages, where names could act as markup or HTML
- :func:`shortened`: for messages, which must not get too long
- :func:`spreadsheet_cell`: for spreadsheets, which would compute formulas; :func:`plain_cell` is its inverse
"""

from __future__ import annotations

import json
import re

MOST_OF_A_SENTENCE = 300
"""Maximum length of an error message in characters: nobody reads more."""

# C0, DEL, C1 (one of which begins a command as ESC [ does), Unicode line ends, characters that change the direction of
# text, and surrogates, which no encoding can write.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# what Markdown may take for markup anywhere in a line; an underscore within a word and a lone ampersand are plain text
_MARKS = re.compile(r"[\\`*\[\]<>|~]|&(?=#?\w+;)|(?<!\w)_|_(?!\w)")
# not all Markdown parsers accept a backslash before these
_WRITTEN = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;", "~": "&#126;"}
_FORMULA = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def printable(text: str, keep: str = "") -> str:
    r"""Return the text in one line, with control characters other than ``keep`` escaped as in Python.

    >>> printable("Car\x1b[2J")
    'Car\\x1b[2J'
    """
    return _CONTROLS.sub(lambda found: found[0] if found[0] in keep else repr(found[0])[1:-1], text)


def printable_json(value: object, indent: int | None = None) -> str:
    r"""Return a value as JSON, with letters of any script unchanged and control characters escaped.

    >>> printable_json({"label": "Vögel\x9b2J"})
    '{"label": "Vögel\\u009b2J"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    # line ends between values stay; strings in JSON contain none
    return _CONTROLS.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def markdown_text(text: str) -> str:
    r"""Return Markdown that displays exactly the text, also in a table cell.

    >>> print(markdown_text("a|b <img src=x>"), markdown_text("Rain & snow_fall, 5*"))
    a&#124;b &lt;img src=x&gt; Rain & snow_fall, 5\*
    """
    return _MARKS.sub(lambda found: _WRITTEN.get(found[0], f"\\{found[0]}"), printable(text))


def shortened(text: str, most: int = MOST_OF_A_SENTENCE) -> str:
    """Return the text with at most ``most`` characters; only the beginning and the end of a longer one.

    >>> shortened("from the beginning to the end", 16)
    'from the ... end'
    """
    if len(text) <= most:
        return text
    tail = (most - 5) // 3
    return f"{text[: most - 5 - tail]} ... {text[len(text) - tail :]}"


def spreadsheet_cell(text: str) -> str:
    """Return the text, with an apostrophe in front if a spreadsheet would take it for a formula; numbers stay numbers.

    >>> spreadsheet_cell("=cmd()"), spreadsheet_cell("-1.5"), spreadsheet_cell("Car")
    ("'=cmd()", '-1.5', 'Car')
    """
    return f"'{text}" if _is_formula(text.lstrip("'")) else text


def plain_cell(text: str) -> str:
    """Return the original text of a cell that :func:`spreadsheet_cell` made.

    >>> plain_cell("'=cmd()"), plain_cell("'a' and 'b'")
    ('=cmd()', "'a' and 'b'")
    """
    return text[1:] if text.startswith("'") and _is_formula(text.lstrip("'")) else text


def _is_formula(text: str) -> bool:
    return text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text)
