"""Names that somebody else chose (labels, files, reasons), made safe for those who look at them.

- :func:`printable`, :func:`printable_json`: for a terminal, which obeys control characters
- :func:`markdown_text`: for a page in Markdown, whose marks and HTML it would be
- :func:`shortened`: so that a sentence stays one
- :func:`spreadsheet_cell`: for a program that would compute it; :func:`plain_cell` takes it back
"""

from __future__ import annotations

import json
import re

MOST_OF_A_SENTENCE = 300
"""Characters of an error's message: more of it is not read."""

# C0, DEL, C1 (one of which begins a command as ESC [ does), line ends of Unicode, what turns the direction of text,
# and halves of pairs, which no encoding can write.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# what Markdown may take for a mark anywhere in a line; an underscore within a word and a lone ampersand are none
_MARKS = re.compile(r"[\\`*\[\]<>|~]|&(?=#?\w+;)|(?<!\w)_|_(?!\w)")
# not all that read Markdown know a backslash before these
_WRITTEN = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;", "~": "&#126;"}
_FORMULA = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def printable(text: str, keep: str = "") -> str:
    r"""The text in one line, control characters but those to keep as Python writes them.

    >>> printable("Car\x1b[2J")
    'Car\\x1b[2J'
    """
    return _CONTROLS.sub(lambda found: found[0] if found[0] in keep else repr(found[0])[1:-1], text)


def printable_json(value: object, indent: int | None = None) -> str:
    r"""A value as JSON: letters of any script as they are, control characters escaped.

    >>> printable_json({"label": "Vögel\x9b2J"})
    '{"label": "Vögel\\u009b2J"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    # JSON's own line ends stay; inside its texts there are none
    return _CONTROLS.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def markdown_text(text: str) -> str:
    r"""The text as Markdown that shows just it, also in a cell of a table.

    >>> print(markdown_text("a|b <img src=x>"), markdown_text("Rain & snow_fall, 5*"))
    a&#124;b &lt;img src=x&gt; Rain & snow_fall, 5\*
    """
    return _MARKS.sub(lambda found: _WRITTEN.get(found[0], f"\\{found[0]}"), printable(text))


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
    return f"'{text}" if _is_formula(text.lstrip("'")) else text


def plain_cell(text: str) -> str:
    """What :func:`spreadsheet_cell` has made a cell of.

    >>> plain_cell("'=cmd()"), plain_cell("'a' and 'b'")
    ('=cmd()', "'a' and 'b'")
    """
    return text[1:] if text.startswith("'") and _is_formula(text.lstrip("'")) else text


def _is_formula(text: str) -> bool:
    return text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text)
