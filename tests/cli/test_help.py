"""Examples below the options in the help of each command."""

import re

import pytest
from sedpipe.cli.help import EXAMPLES


@pytest.mark.parametrize("verb", EXAMPLES)
def test_examples_fit_a_terminal_of_80_columns(verb: str) -> None:
    lines = re.sub(r"\[/?\w+\]", "", EXAMPLES[verb]).split("\n\n")
    assert lines[0] == "Examples"
    assert all(line.strip().startswith((f"sedpipe {verb}", "# ")) for line in lines[1:])
    assert max(len(line) for line in lines) <= 78
