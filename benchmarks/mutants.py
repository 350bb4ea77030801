"""Do the tests notice? Small changes of meaning in one module after the other, each against that module's own tests.

A sample of a module's :mod:`mutations` is drawn by a seed. The module's mirrored test file and its doctests run in a
copy of the checkout, each mutant in a forked process, so that the libraries are imported only once. Mutants that no
test notices are listed, with the reason from ``mutants.toml`` if the change does not alter the meaning.

    python benchmarks/mutants.py [--each 8] [--seed 1] [--output benchmarks/results/mutants.json] [MODULE ...]
"""

from __future__ import annotations

import argparse
import ast
import gc
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
from pathlib import Path
from typing import Any

from mutations import mutants_of

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
LONGER = 3.0
"""Time limit for a mutant, as a multiple of the time that the tests take otherwise; five seconds are added."""
QUICKLY = ("-x", "-q", "--tb=no", "-m", "not slow", "-p", "no:cacheprovider", "-p", "_hypothesis_pytestplugin")
"""Options of pytest.

:envvar:`PYTEST_DISABLE_PLUGIN_AUTOLOAD` leaves out the other plugins, which take longer to load than most tests to run.
"""
MEMORY = Path("/dev/shm")
"""Folder in memory; if it exists, the tests write there, so that syncing files does not wait for a disk."""


def in_copy(modules: list[str], n: int, seed: int) -> None:
    """Print what becomes of each module's mutants, one line of JSON per module; runs in the copy, in one process."""
    _import_libraries()
    for module in modules:
        print(json.dumps({"module": module, **noticed(module, n, seed)}), flush=True)


def noticed(module: str, n: int, seed: int) -> dict[str, Any]:
    """Return how many of a module's mutants its tests notice, and the survivors."""
    path = Path("pipeline/sedpipe") / module
    tests = [*_tests_of(module), str(path)]
    whole = path.read_text(encoding="utf-8")
    seconds, code = _tested(tests, 600.0)
    if code != 0:
        raise SystemExit(f"{module}: its tests fail as it is")
    limit, survivors, drawn = LONGER * seconds + 5.0, [], mutants_of(whole, n, random.Random(f"{seed} {module}"))
    for mutant in drawn:
        path.write_text(mutant.code, encoding="utf-8")
        if _tested(tests, limit)[1] == 0:
            survivors.append({"line": mutant.line, "before": mutant.before, "after": mutant.after})
            print(f"{module}:{mutant.line}\n  - {mutant.before}\n  + {mutant.after}", file=sys.stderr, flush=True)
    path.write_text(whole, encoding="utf-8")
    return {"mutants": len(drawn), "noticed": len(drawn) - len(survivors), "survivors": survivors}


def _tests_of(module: str) -> list[str]:
    """Return the test file that mirrors a module, or the one that covers it, and those that the settings add."""
    mirrored = Path(module).with_name(f"test_{Path(module).name}")
    covered = ast.parse(Path("tests/test_mirror.py").read_text(encoding="utf-8"))
    by = next(ast.literal_eval(node.value) for node in covered.body
              if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COVERED_BY")  # fmt: skip
    return [f"tests/{name}" for name in (by.get(module, mirrored), *SETTINGS["tests_too"].get(module, []))]


def _import_libraries() -> None:
    """Import what all children share, but no module of the project: each child imports these anew."""
    import _pytest.doctest  # noqa: F401
    import h5py  # noqa: F401
    import hypothesis
    import pydantic  # noqa: F401
    import scipy.signal  # noqa: F401
    import sed_eval  # noqa: F401
    import sklearn.metrics  # noqa: F401
    import soundfile  # noqa: F401
    import torch

    torch.set_num_threads(1)
    hypothesis.settings.register_profile(
        "repeatable", derandomize=True, deadline=None, suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),  # a failing test is enough
    )  # fmt: skip
    hypothesis.settings.load_profile("repeatable")
    sys.dont_write_bytecode = True  # a mutant as long as the previous one, in the same second, would be mistaken for it
    gc.collect()
    gc.freeze()  # pytest collects garbage several times


def _tested(tests: list[str], limit: float) -> tuple[float, int]:
    """Run tests in a child; return its processor seconds and its exit code, which is not 0 beyond the limit."""
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 1))
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        import pytest

        os._exit(int(pytest.main([*QUICKLY, *tests])))
    begun = time.monotonic()
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            return used.ru_utime + used.ru_stime, os.waitstatus_to_exitcode(status)
        if time.monotonic() - begun > 10 * limit:  # it waits for something that does not happen
            os.kill(child, signal.SIGKILL)
        time.sleep(0.02)


def _with_reasons(module: str, told: dict[str, Any]) -> dict[str, Any]:
    """Return a module's results with the reasons of survivors that do not alter the meaning, and count these."""
    reasons = {(entry["module"], entry["after"]): entry["why"] for entry in SETTINGS.get("same", [])}
    for survivor in told["survivors"]:
        survivor["why"] = reasons.get((module, survivor["after"]), "")
    same = sum(bool(survivor["why"]) for survivor in told["survivors"])
    return {"mutants": told["mutants"], "noticed": told["noticed"], "same": same, "survivors": told["survivors"]}


def main() -> None:
    """Go through the modules, print and keep the summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", default=SETTINGS["modules"])
    parser.add_argument("--each", type=int, default=8, help="mutants a module, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--in-copy", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_copy:
        in_copy(arguments.modules, arguments.each, arguments.seed)
        return
    modules: dict[str, Any] = {}
    for told in _told_from_a_copy(arguments):
        module = told.pop("module")
        modules[module] = _with_reasons(module, told)
        print(f"{module}: {told['noticed']} of {told['mutants']}", flush=True)
        summary = _summary(modules, arguments.each, arguments.seed)
        if arguments.output is not None:
            arguments.output.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in summary.items() if key != "modules"}))


def _told_from_a_copy(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Run the process in the copy, and yield its results module by module."""
    with tempfile.TemporaryDirectory(prefix="sedpipe-mutants-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        copy, temporary = Path(folder) / "checkout", Path(folder) / "temporary"
        temporary.mkdir()
        for name in ("pipeline", "tests", "manifests", "benchmarks", "docs"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        command = [sys.executable, copy / "benchmarks" / "mutants.py", "--in-copy", *arguments.modules,
                   f"--each={arguments.each}", f"--seed={arguments.seed}"]  # fmt: skip
        environment = {
            **os.environ, "PYTHONPATH": os.pathsep.join((str(copy / "pipeline"), str(copy / "tests"))),
            "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }  # fmt: skip
        with subprocess.Popen(command, cwd=copy, env=environment, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                yield json.loads(line)
        if process.returncode:
            raise SystemExit(process.returncode)


def _summary(modules: dict[str, Any], each: int, seed: int) -> dict[str, Any]:
    total, seen, same = (sum(told[key] for told in modules.values()) for key in ("mutants", "noticed", "same"))
    return {
        "each": each, "seed": seed, "mutants": total, "noticed": seen, "mean_the_same": same,
        "noticed_share": round(seen / total, 4), "noticed_share_of_those_that_differ": round(seen / (total - same), 4),
        "modules": dict(sorted(modules.items())),
    }  # fmt: skip


if __name__ == "__main__":
    main()
