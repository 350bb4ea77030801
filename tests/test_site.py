"""The documentation site: what it generates from the code, and that it omits nothing. MkDocs itself is not needed."""

import contextlib
import importlib.util
import io
import json
import re
from importlib import import_module
from pathlib import Path

import rich_click as click
import sedpipe
from rich.text import Text
from sedpipe.cli.main import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def _loaded():
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "site_hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hooks = _loaded()


def shown_objects(page: str) -> list[str]:
    """Return the names of the objects that MkDocs documents on a page."""
    return re.findall(r"^::: (\S+)$", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)


def named(path: str) -> object:
    """Return the object at a dotted path."""
    with contextlib.suppress(ModuleNotFoundError):
        return import_module(path)
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def test_every_command_is_documented_with_its_help_its_examples_and_every_option() -> None:
    sections = re.split(r"^#{2,3} ", hooks.command_line(), flags=re.MULTILINE)
    by_name = {section.split("\n")[0]: section for section in sections}
    commands = dict(main.commands)
    for name, group in main.commands.items():
        if isinstance(group, click.Group):
            commands |= {f"{name} {below}": inner for below, inner in group.commands.items()}
    for name, command in commands.items():
        assert command.help.split("\n")[0] in by_name[name]
        examples = re.findall(r"^ *(sedpipe .*?) *$", Text.from_markup(command.epilog or "").plain, flags=re.MULTILINE)
        assert bool(examples) == bool(command.epilog)
        assert all(example in by_name[name].splitlines() for example in examples)
        rows = [line for line in by_name[name].splitlines() if line.startswith("| `")]
        options = [option for option in command.params if isinstance(option, click.Option)]
        assert len(rows) == len(options)
        for option in options:
            (row,) = [row for row in rows if re.search(rf"{re.escape(option.opts[-1])}[` ]", row.split(" | ")[0])]
            assert option.help is None or option.help.split("|")[0] in row


def test_defaults_are_shown_in_a_single_pair_of_parentheses() -> None:
    text = hooks.command_line()
    assert "(default: 60.0)" in text
    assert "(default: small on a CPU, paper on a GPU)" in text


def test_every_page_is_in_the_sites_menu() -> None:
    menu = set(re.findall(r"[\w/-]+\.md$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert menu == {str(page.relative_to(DOCS)) for page in DOCS.glob("**/*.md")} | {"tutorials/python.md"}


def test_the_reference_documents_the_public_api_and_the_json_reports() -> None:
    api, reports = shown_objects("reference/api.md"), shown_objects("reference/json.md")
    for path in (*api, *reports):
        assert named(path).__doc__, path
    of_face = {named(path) for path in api if "." in path} | {named("sedpipe.errors").SedpipeError}
    for name in set(sedpipe.__all__) - {"pooling", "metrics"}:
        assert getattr(sedpipe, name) in of_face, name
    assert {sedpipe.metrics.segment_based, sedpipe.metrics.event_based} <= of_face
    assert sedpipe.pooling.HierarchicalPooling in of_face
    modules = {f"sedpipe.reports.{path.stem}" for path in (ROOT / "pipeline/sedpipe/reports").glob("[a-z]*.py")}
    assert modules <= set(reports)


def test_links_out_of_the_site_become_text_and_notebook_links_lead_to_its_page() -> None:
    page = DOCS / "reference" / "api.md"
    text = "[a](../../Makefile) [b](../glossary.md#x) [c](https://d) [e](#f) [g](../tutorials/python.ipynb)"
    assert hooks.within(text, page) == (
        "a (`Makefile`) [b](../glossary.md#x) [c](https://d) [e](#f) [g](../tutorials/python.md)"
    )


def test_the_outputs_in_the_notebook_match_a_new_run() -> None:
    cells = json.loads(hooks.NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    n_shown = 0
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec("".join(cell["source"]), names)
        assert printed.getvalue() == "".join("".join(output["text"]) for output in cell["outputs"])
        n_shown += bool(cell["outputs"])
    assert n_shown == 5
    assert "```python\nimport numpy as np\n" in hooks.notebook(hooks.NOTEBOOK)
