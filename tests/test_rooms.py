"""The layers of the package: which subpackage imports which."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest
import sedpipe

ROOT = Path(sedpipe.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
}
FLOOR_OF = {room: floor for floor, rooms in enumerate(sedpipe.FLOORS) for room in rooms}
FACES = {"sedpipe", "sedpipe.__main__", "sedpipe.metrics"}
"""Modules that only re-export names, from any layer, and define nothing."""


def imports_of(path: Path) -> set[str]:
    """Return every module of the package that a file imports, including imports inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "sedpipe":
            found |= {full if (full := f"{node.module}.{name.name}") in MODULES else node.module for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.split(".")[0] == "sedpipe"}
    return found


IMPORTS = {module: imports_of(path) for module, path in MODULES.items() if module not in FACES}


def room(module: str) -> str:
    return module.split(".")[1]


def test_every_subpackage_belongs_to_a_layer() -> None:
    assert {room(module) for module in IMPORTS} == set(FLOOR_OF)


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_a_module_imports_only_from_its_own_subpackage_or_lower_layers(module: str) -> None:
    up = {
        other
        for other in IMPORTS[module] - FACES
        if room(other) != room(module) and FLOOR_OF[room(other)] >= FLOOR_OF[room(module)]
    }
    assert not up


def test_there_are_no_circular_imports() -> None:
    below: dict[str, set[str]] = defaultdict(set, {module: set(names) for module, names in IMPORTS.items()})
    while leaves := {module for module in IMPORTS if module in below and not below[module] & below.keys()}:
        for module in leaves:
            del below[module]
    assert not dict(below)


def test_numerical_subpackages_import_no_file_access() -> None:
    for module in IMPORTS:
        if room(module) in {"metrics", "detection", "nn", "features", "soundscapes"}:
            names = {
                name.name if isinstance(node, ast.Import) else node.module
                for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8")))
                if isinstance(node, ast.Import | ast.ImportFrom)
                for name in node.names
                if name.name != "BytesIO"  # bytes in memory are not a file
            }
            assert not names & {"pathlib", "io", "h5py", "soundfile", "tomllib"}, module
