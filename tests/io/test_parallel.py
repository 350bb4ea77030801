import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import psutil
import pytest
from sedpipe.errors import SedpipeError
from sedpipe.io.parallel import chunked, in_parallel, in_threads, process_apart

TESTS = os.fspath(Path(__file__).parents[1])


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_in_the_order_of_the_items(jobs: int) -> None:
    assert list(in_parallel(abs, range(-20, 0), jobs)) == list(range(20, 0, -1))
    assert list(in_threads(abs, list(range(-20, 0)), jobs)) == list(range(20, 0, -1))


SLOW_FIRST = ["__import__('time').sleep(0.5) or 'slow'", "'quick'"]


def test_unordered_results_are_yielded_as_soon_as_they_are_ready() -> None:
    list(in_parallel(abs, [1, 2], 2))  # so that the workers have started already
    assert list(in_parallel(eval, SLOW_FIRST, 2)) == ["slow", "quick"]
    assert list(in_parallel(eval, SLOW_FIRST, 2, ordered=False)) == ["quick", "slow"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_items_are_taken_as_workers_become_free(jobs: int) -> None:
    taken = []

    def items():
        for number in range(1000):
            taken.append(number)
            yield 0.1  # seconds

    assert next(in_parallel(time.sleep, items(), jobs)) is None
    assert len(taken) < 100


def test_workers_resolve_relative_paths_like_their_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list(in_parallel(abs, range(4), 2))  # so that the workers have started already
    (tmp_path / "a").write_text("")
    monkeypatch.chdir(tmp_path)
    assert list(in_parallel(os.path.exists, ["a"] * 4, 2)) == [True] * 4


def test_chunks_contain_every_item_once() -> None:
    assert chunked([1, 2, 3, 4, 5], 2) == [[1, 2], [3, 4], [5]]


def in_a_process(code: str) -> subprocess.Popen[str]:
    begin = f"import sys; sys.path.insert(0, {TESTS!r})\n"
    return subprocess.Popen([sys.executable, "-c", begin + code], stdout=subprocess.PIPE, text=True)


def test_workers_exit_soon_after_their_parent_is_killed() -> None:
    code = """
import os, time
from sedpipe.io.parallel import in_parallel
for pid in in_parallel(eval, ["__import__('os').getpid()"] * 2 + ["__import__('time').sleep(60)"] * 4, 2):
    print(pid, flush=True)
"""
    parent = in_a_process(code)
    workers = {psutil.Process(int(parent.stdout.readline())) for _ in range(2)}
    parent.kill()
    parent.communicate()
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert not alive


def test_a_killed_worker_gives_a_one_line_error() -> None:
    with pytest.raises(SedpipeError, match=r"^a worker process was killed from outside") as caught:
        list(in_parallel(eval, ["__import__('os').kill(__import__('os').getpid(), 9)"] * 2, 2))
    assert "--jobs" in caught.value.hint
    assert list(in_parallel(abs, [-1, -2], 2)) == [1, 2]


LEAK = """[
    vars(__import__("joblib.externals.loky.process_executor", fromlist=["x"])).update(
        _MAX_MEMORY_LEAK_SIZE=-1, _MEMORY_LEAK_CHECK_DELAY=0
    ),
    __import__("time").sleep(0.3),
    __import__("os").getpid(),
][-1]"""
"""Code that makes loky take its worker for leaking: every check of the memory finds too much."""


def test_workers_replaced_by_loky_for_memory_lose_no_results_and_give_no_warning() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        workers = list(in_parallel(eval, [LEAK] * 12, 3))
    assert len(workers) == 12
    assert len({*workers}) > 3  # some were replaced
    assert [str(warning.message) for warning in said if "worker" in str(warning.message)] == []


def test_an_unreachable_dask_scheduler_gives_a_one_line_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sedpipe.io.parallel.SECONDS_TO_CONNECT", 0.3)
    with pytest.raises(SedpipeError, match=r"^no Dask scheduler answers at tcp://127\.0\.0\.1:9") as caught:
        list(in_parallel(abs, [1], 1, "tcp://127.0.0.1:9"))
    assert "dask scheduler" in caught.value.hint


def test_a_separate_process_returns_results_and_raises_its_errors() -> None:
    with process_apart() as call:
        assert call(eval, "1 + 1") == 2
        assert call(os.path.abspath, ".") == os.getcwd()
        with pytest.raises(ZeroDivisionError):
            call(eval, "1 / 0")


def test_a_separate_process_has_its_own_memory_and_ends_with_its_block() -> None:
    with process_apart() as call:
        process = psutil.Process(call(eval, "__import__('os').getpid()"))
        call(eval, "setattr(__import__('os'), 'kept', 'there')")
        assert call(eval, "__import__('os').kept") == "there"
    assert not hasattr(os, "kept")
    assert psutil.wait_procs([process], timeout=5)[1] == []


def test_a_separate_process_that_is_not_wanted_is_this_one() -> None:
    with process_apart(wanted=False) as call:
        assert call(eval, "__import__('os').getpid()") == os.getpid()


def test_a_killed_separate_process_gives_a_one_line_error() -> None:
    with pytest.raises(SedpipeError, match="killed from outside"), process_apart() as call:
        call(eval, "__import__('os').kill(__import__('os').getpid(), 9)")
