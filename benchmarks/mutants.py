"""Would the tests notice? Small changes of meaning in one module after the other, each against that module's own tests.

Cosmic Ray changes an operator, a comparison, a number, a truth value or a loop; a sample of the places in each module
is drawn by a seed. The module's mirrored test file and its doctests run in a copy of the checkout, each mutant in a
forked process, so that the libraries are imported once. What nobody notices is listed, with the reason from
``mutants.toml`` where the change means the same.

    python benchmarks/mutants.py --each 15 --seed 1 --output benchmarks/results/mutants.json [MODULE ...]
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
SENSELESS = ("BitOr", "BitAnd", "BitXor", "RShift", "LShift", "Is", "IsNot", "Invert", "UAdd")
"""Nobody writes these by mistake."""
LONGER = 5.0
"""So many times as long as the tests take otherwise, and ten seconds more, a mutant may take."""


@dataclass(frozen=True)
class Mutant:
    """One change of a module."""

    line: int
    before: str
    after: str
    code: str


def mutants_of(source: str, n: int, g: random.Random) -> list[Mutant]:
    """Different ones, at most one a place, in the order of the file."""
    places: dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[Any, int]]] = {}
    for operator, occurrence, start, end in _possible(source):
        places.setdefault((start, end), []).append((operator, occurrence))
    drawn = g.sample(sorted(places), min(n, len(places)))
    made = (_mutant(source, place[0][0], *g.choice(places[place])) for place in sorted(drawn))
    return [mutant for mutant in made if mutant is not None]


def _possible(source: str) -> Iterator[tuple[Any, int, tuple[int, int], tuple[int, int]]]:
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    nodes, left_out = list(ast_nodes(get_ast(source))), _annotations(source)
    for name in plugins.operator_names():
        operator_class = plugins.get_operator(name)
        if operator_class.arguments() or name.endswith("NoOp") or _is_senseless(name):
            continue
        operator = operator_class()
        positions = (position for node in nodes for position in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(positions):
            if not any(first <= start < last for first, last in left_out):
                yield operator, occurrence, start, end


def _is_senseless(name: str) -> bool:
    """Whether an operator takes the place of one of another kind."""
    _, *words = name.split("_")
    return len(words) == 2 and words[1] in SENSELESS and words[0] not in SENSELESS


def _annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Where types stand, which nobody runs."""
    found: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            found.append(node.returns)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            found.append(node.test)
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
        for node in found
        if node is not None
    ]


def _mutant(source: str, line: int, operator: Any, occurrence: int) -> Mutant | None:
    from cosmic_ray.mutating import mutate_code

    code = mutate_code(source, operator, occurrence)
    try:
        if code is None or ast.dump(ast.parse(code)) == ast.dump(ast.parse(source)):
            return None
    except SyntaxError:  # two asterisks that are no power
        return None
    pairs = zip(source.splitlines(), code.splitlines(), strict=False)
    before, after = next(((old, new) for old, new in pairs if old != new), ("", ""))
    return Mutant(line, before.strip(), after.strip(), code)


def noticed(module: str, n: int, seed: int) -> dict[str, Any]:
    """In a process of its own, in the copy: what becomes of a module's mutants."""
    path = Path("pipeline/sedpipe") / module
    tests = [str(Path("tests") / path.relative_to("pipeline/sedpipe").with_name(f"test_{path.name}")), str(path)]
    whole = path.read_text(encoding="utf-8")
    _import_libraries()
    seconds, code = _tested(tests, 600.0)
    if code != 0:
        raise SystemExit(f"{module}: its tests fail as it is")
    limit, survivors, drawn = LONGER * seconds + 10.0, [], mutants_of(whole, n, random.Random(f"{seed} {module}"))
    for mutant in drawn:
        path.write_text(mutant.code, encoding="utf-8")
        if _tested(tests, limit)[1] == 0:
            survivors.append({"line": mutant.line, "before": mutant.before, "after": mutant.after})
            print(f"{module}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}", file=sys.stderr, flush=True)
    path.write_text(whole, encoding="utf-8")
    return {"mutants": len(drawn), "noticed": len(drawn) - len(survivors), "survivors": survivors}


def _import_libraries() -> None:
    """What all children share."""
    import _pytest.doctest  # noqa: F401
    import h5py  # noqa: F401
    import hypothesis  # noqa: F401
    import pydantic  # noqa: F401
    import scipy.signal  # noqa: F401
    import sed_eval  # noqa: F401
    import torch

    torch.set_num_threads(1)
    sys.dont_write_bytecode = True  # a mutant of the same length, in the same second, would be taken for the last one


def _tested(tests: list[str], limit: float) -> tuple[float, int]:
    """Seconds of a processor that the tests took in a child, and its exit code; not 0 beyond the limit."""
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 1))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        import pytest

        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests])))
    begun = time.monotonic()
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            return used.ru_utime + used.ru_stime, os.waitstatus_to_exitcode(status)
        if time.monotonic() - begun > 20 * limit:  # waits for something that does not come
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)


def _with_reasons(module: str, told: dict[str, Any]) -> dict[str, Any]:
    """Survivors that mean the same, told apart."""
    reasons = {(entry["module"], entry["after"]): entry["why"] for entry in SETTINGS.get("same", [])}
    for survivor in told["survivors"]:
        survivor["why"] = reasons.get((module, survivor["after"]), "")
    same = sum(bool(survivor["why"]) for survivor in told["survivors"])
    return {"mutants": told["mutants"], "noticed": told["noticed"], "same": same, "survivors": told["survivors"]}


def main() -> None:
    """Go through the modules, print and keep the summary; modules that are not named stay as they were."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", default=SETTINGS["modules"])
    parser.add_argument("--each", type=int, default=15, help="mutants a module, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--in-copy", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_copy:
        print(json.dumps(noticed(arguments.modules[0], arguments.each, arguments.seed)))
        return
    kept = arguments.output is not None and arguments.output.exists()
    modules: dict[str, Any] = json.loads(arguments.output.read_text())["modules"] if kept else {}
    with tempfile.TemporaryDirectory(prefix="sedpipe-mutants-") as folder:
        copy = Path(folder) / "checkout"
        for name in ("pipeline", "tests", "manifests", "benchmarks", "docs"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        for module in arguments.modules:
            command = [sys.executable, copy / "benchmarks" / "mutants.py", "--in-copy", module,
                       f"--each={arguments.each}", f"--seed={arguments.seed}"]  # fmt: skip
            paths = os.pathsep.join((str(copy / "pipeline"), str(copy / "tests")))
            environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(command, cwd=copy, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            modules[module] = _with_reasons(module, json.loads(done.stdout.splitlines()[-1]))
            print(f"{module}: {modules[module]['noticed']} of {modules[module]['mutants']}", flush=True)
            if arguments.output is not None:
                told = json.dumps(_summary(modules, arguments.each, arguments.seed), indent=1, ensure_ascii=False)
                arguments.output.write_text(told + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in _summary(modules, 0, 0).items() if key != "modules"}))


def _summary(modules: dict[str, Any], each: int, seed: int) -> dict[str, Any]:
    total, seen, same = (sum(told[key] for told in modules.values()) for key in ("mutants", "noticed", "same"))
    return {
        "each": each, "seed": seed, "mutants": total, "noticed": seen, "mean_the_same": same,
        "noticed_share": round(seen / total, 4), "noticed_share_of_those_that_differ": round(seen / (total - same), 4),
        "modules": dict(sorted(modules.items())),
    }  # fmt: skip


if __name__ == "__main__":
    main()
