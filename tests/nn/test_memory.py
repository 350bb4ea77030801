import subprocess
import sys

import pytest

COUNT = """
import resource, torch
from pipeline.nn.memory import keep_freed_memory
if {kept}:
    print(keep_freed_memory())
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16 * 2**20)  # 64 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
first = faults()
print(min(faults() for _ in range(3)) < first / 100)
"""


def said(*, kept: bool) -> list[str]:
    call = [sys.executable, "-c", COUNT.format(kept=kept)]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_a_block_that_was_freed_is_there_again_without_asking_the_system():
    assert said(kept=False) == ["False"]  # every page is asked for again
    taken, reused = said(kept=True)
    assert taken == reused == "True"


def test_other_c_libraries_are_left_as_they_are(monkeypatch):
    import ctypes

    from pipeline.nn.memory import keep_freed_memory

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is False
