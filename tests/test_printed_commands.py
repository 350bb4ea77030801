"""Every command that a message may print is valid: its verb, its options and the number of its arguments."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import rich_click as click
import sedpipe
from sedpipe.cli.main import main

ROOT = Path(sedpipe.__file__).parent
ANY = "X"
"""Placeholder for what a message fills in, one word or several."""


def words_of(call: ast.Call) -> list[str]:
    """Return the words passed to ``command(...)``, or to a dataset's method, which inserts its own name second."""
    words = []
    for argument in call.args:
        words.append(argument.value if isinstance(argument, ast.Constant) else ANY)
    return [words[0], ANY, *words[1:]] if isinstance(call.func, ast.Attribute) else words


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_composed(node: ast.AST) -> bool:
    name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
    return name == "command" and bool(node.args) and not isinstance(node.args[0], ast.Starred)


def commands_of(source: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line and words, without ``sedpipe``, of the commands in a module's strings, except docstrings."""
    tree = ast.parse(source)
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    decorators = {id(each) for node in ast.walk(tree) for each in getattr(node, "decorator_list", ())}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if is_composed(node) and id(node) not in decorators:
            yield node.lineno, words_of(node)
        elif id(node) not in documents | parts:
            for written in re.findall(r"(?:`|\| )sedpipe ([^`]+)", text_of(node)):
                yield node.lineno, shlex.split(written)


COMMANDS = [
    pytest.param(words, id=f"{path.relative_to(ROOT)}:{line}")
    for path in sorted(ROOT.rglob("*.py"))
    for line, words in commands_of(path.read_text(encoding="utf-8"))
    if words[0] != ANY
]


def check(command: click.Command, words: list[str]) -> None:
    """Check that the options and arguments exist, and that the value of a choice is one of the choices."""
    if isinstance(command, click.Group):
        if words:
            return check(command.commands[words[0]], words[1:])
        assert command.invoke_without_command
        return
    context = click.Context(command)
    values, _, _ = command.make_parser(context).parse_args(list(words))
    for parameter in command.params:
        value = values.get(str(parameter.name))
        if isinstance(parameter, click.Argument) and parameter.required:
            assert isinstance(value, str | tuple), f"{parameter.name} is missing"
            assert value
        if isinstance(parameter.type, click.Choice) and isinstance(value, str) and value != ANY:
            parameter.type.convert(value, parameter, context)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_printed_command_is_valid(words: list[str]) -> None:
    check(main, words)


def test_commands_are_found_in_the_code() -> None:
    assert len(COMMANDS) > 40
    source = 'f"run `sedpipe {verb} {name} --seed 3` first"\ncommand("a", *rest, b)\nx.command("c")'
    found = commands_of("\n".join(f"x = {line}" for line in source.splitlines()))
    assert [words for _, words in found] == [[ANY, ANY, "--seed", "3"], ["a", ANY, ANY], ["c", ANY]]


@pytest.mark.parametrize("wrong", ["scor", "export", "export X --model X", "reproduce table9", "score --seed 1"])
def test_an_invalid_command_is_detected(wrong: str) -> None:
    with pytest.raises((click.UsageError, AssertionError, KeyError)):
        check(main, shlex.split(wrong))
