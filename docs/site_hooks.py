"""What the site of these documents makes of the code when it is built (``make docs``); MkDocs calls ``on_...``.

- :func:`command_line`: the command line as Markdown, from the commands themselves
- :func:`notebook`: a notebook as Markdown
- :func:`within`: a page whose links lead no further than the site
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rich_click as click
from rich.text import Text
from sedpipe.cli.help import OPTIONS
from sedpipe.cli.main import main

DOCS = Path(__file__).parent
COMMANDS_HERE = "<!-- commands -->"
NOTEBOOK = DOCS / "tutorials" / "python.ipynb"


def on_files(files: Any, config: Any) -> Any:
    """The notebook becomes a page."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, "tutorials/python.md", content=notebook(NOTEBOOK)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the commands where a page asks for them, and turn links out of the site into text."""
    if COMMANDS_HERE in markdown:
        markdown = markdown.replace(COMMANDS_HERE, command_line())
    return within(markdown, DOCS / page.file.src_uri)


def command_line() -> str:
    """Every command with its options by subject, their defaults and its examples."""
    return "\n\n".join("\n".join(_command(name, command, "##")) for name, command in sorted(main.commands.items()))


def _command(name: str, command: click.Command, level: str) -> Iterator[str]:
    context = click.Context(command, info_name=f"sedpipe {name}")
    yield f"\n{level} {name}\n"
    yield f"```\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```\n"
    yield (command.help or "").replace("\b", "").strip() + "\n"
    options = {option.opts[-1]: option for option in command.params if isinstance(option, click.Option)}
    if options:
        yield "| option | meaning |\n|---|---|"
    in_order = [flag for group in OPTIONS.get(name, ()) for flag in group["options"] if flag in options]
    for flag in dict.fromkeys([*in_order, *options]):
        yield f"| `{_written(options[flag], context)}` | {_meaning(options[flag], context)} |"
    if command.epilog:
        lines = Text.from_markup(command.epilog).plain.splitlines()
        shown = "\n".join(line.strip() for line in lines if line.strip().startswith("sedpipe"))
        yield f"\n```\n{shown}\n```"
    if isinstance(command, click.Group):
        for below, inner in command.commands.items():
            yield from _command(f"{name} {below}", inner, level + "#")


def _written(option: click.Option, context: click.Context) -> str:
    value = "" if option.is_flag else f" {option.make_metavar(context)}"
    return ", ".join(option.opts) + value


def _meaning(option: click.Option, context: click.Context) -> str:
    extra = option.get_help_extra(context)
    notes = [f"default: {extra['default'].strip('()')}"] if extra.get("default") else []
    notes += [f"or the environment's {', '.join(extra['envvars'])}"] if extra.get("envvars") else []
    return " ".join([option.help or "", *(f"({note})" for note in notes)]).replace("|", "&#124;")


def notebook(path: Path) -> str:
    """Its text as it is, its code in blocks."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    return "\n\n".join(f"```python\n{source}\n```" if kind == "code" else source for kind, source in parts) + "\n"


def within(markdown: str, page: Path) -> str:
    """Links to files of the checkout that are outside of the site become their text and the path."""

    def checked(link: re.Match[str]) -> str:
        text, place = link[1], link[2].partition("#")[0]
        if not place or ":" in place:
            return link[0]
        target = (page.parent / place).resolve()
        if target.is_relative_to(DOCS):
            return link[0] if target.suffix != ".ipynb" else f"[{text}]({place.replace('.ipynb', '.md')})"
        return f"{text} (`{target.relative_to(DOCS.parent)}`)"

    return re.sub(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)", checked, markdown)
