"""What stands below a command's options."""

import re

import pytest
from sedpipe.cli.help import EXAMPLES


@pytest.mark.parametrize("verb", EXAMPLES)
def test_no_example_wraps_on_a_terminal_of_80_columns_where_it_could_not_be_copied(verb: str) -> None:
    lines = re.sub(r"\[/?\w+\]", "", EXAMPLES[verb]).split("\n\n")
    assert lines[0] == "Examples"
    assert all(line.strip().startswith((f"sedpipe {verb}", "# ")) for line in lines[1:])
    assert max(len(line) for line in lines) <= 78
