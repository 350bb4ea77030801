import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sedpipe.printable import markdown_text, plain_cell, printable, shortened, spreadsheet_cell

# the last one begins with the only byte that starts a terminal command without ESC
COMMANDS = ["\x1b[2J", "\x1b]0;owned\x07", "\x9b2J"]


@given(st.text())
def test_printable_text_is_one_encodable_line_without_control_characters(text: str) -> None:
    shown = printable(text)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)


@pytest.mark.parametrize("command", COMMANDS)
def test_terminal_commands_are_escaped(command: str) -> None:
    assert printable(f"Car{command}") == "Car" + command.encode("unicode_escape").decode()


@pytest.mark.parametrize("text", ["Vögel, Züge", "鳥", "a b", "", "🐦"])
def test_letters_of_any_script_are_kept(text: str) -> None:
    assert printable(text) == text


@given(st.text(), st.integers(10, 60))
def test_a_short_text_is_kept_and_a_long_one_keeps_its_beginning_and_its_end(text: str, most: int) -> None:
    short = shortened(text, most)
    if len(text) <= most:
        assert short == text
    else:
        assert len(short) == most
        cuts = [found.start() for found in re.finditer(r"(?= \.\.\. )", short)]
        assert any(
            0 < cut < most - 5 and text.startswith(short[:cut]) and text.endswith(short[cut + 5 :]) for cut in cuts
        )


def as_shown(page: str) -> str:
    """Return the visible text of the second cell of a table in GitHub's Markdown, with ``!`` for any markup."""
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(page)
    [_, cell] = re.findall(r"<td>(.*?)</td>", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "!", cell))


@pytest.mark.parametrize(
    "text",
    [
        "a|b", "<img src=x onerror=alert(1)>", "![x](http://web/y.png)", "[a](javascript:b)", "`c|d`", "**e**", "_f_",
        "a_b", "~~g~~", "R & B", "&lt;b&gt;", "&#124;", "back\\slash", "\\|", "Air horn, truck horn", "Vögel",
    ],
)  # fmt: skip
def test_markdown_shows_a_name_as_it_is(text: str) -> None:
    assert as_shown(f"| a | b |\n|---|---|\n| c | {markdown_text(text)} |") == text


@given(st.text(st.sampled_from("a_*|<>&;`[]()~\\!# lt"), min_size=1).map(lambda text: f"x{text}x"))
def test_no_name_breaks_a_markdown_table(text: str) -> None:
    shown = as_shown(f"| a | b |\n|---|---|\n| c | {markdown_text(text)} |")
    assert re.sub(" +", " ", shown) == re.sub(" +", " ", text)


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "-beep", "+"])
def test_text_that_a_spreadsheet_would_evaluate_is_quoted(text: str) -> None:
    assert spreadsheet_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1.5", "+3", "-1e-5", "0.25", "Car", "a=b", "", "Air horn, truck horn"])
def test_numbers_and_names_are_not_quoted(text: str) -> None:
    assert spreadsheet_cell(text) == text


@given(st.text(st.sampled_from("'=+-@ .1a\t")))
def test_plain_cell_inverts_spreadsheet_cell(text: str) -> None:
    assert plain_cell(spreadsheet_cell(text)) == text


@pytest.mark.parametrize("text", ["'a'", "'-1.5", "'", "' a", "-a", "it's", "'n' -beat"])
def test_other_apostrophes_are_kept(text: str) -> None:
    assert plain_cell(text) == text
