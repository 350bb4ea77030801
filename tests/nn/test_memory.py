import subprocess
import sys

import pytest

COUNT = """
import resource, torch
from pipeline.nn.memory import keep_freed_memory
if {kept}:
    assert keep_freed_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(16 * 2**20)  # 64 MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(min(faults() for _ in range(5)))
"""


def page_faults(*, kept: bool) -> int:
    """Pages that the system has to give for a block that was freed a moment ago."""
    call = [sys.executable, "-c", COUNT.format(kept=kept)]
    return int(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_a_block_that_was_freed_is_there_again_without_asking_the_system():
    anew = page_faults(kept=False)  # thousands, or dozens where pages are huge
    assert page_faults(kept=True) < anew / 4


def test_other_c_libraries_are_left_as_they_are(monkeypatch):
    import ctypes

    from pipeline.nn.memory import keep_freed_memory

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is False
