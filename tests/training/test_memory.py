import subprocess
import sys

import pytest

COUNT = """
import resource, torch
from sedpipe.training.memory import keep_freed_memory
if {kept}:
    assert keep_freed_memory()
def step():
    a = torch.ones(10 * 2**20)  # 40 MiB, as each of the next
    b = a + 1
    c = b + 1
    d = c + 1
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(8):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 8)
"""


def pages_a_step(*, kept: bool) -> int:
    """Return how many pages the system hands out per step."""
    call = [sys.executable, "-c", COUNT.format(kept=kept)]
    return int(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a setting of glibc")
def test_freed_memory_is_reused_with_few_new_pages_from_the_system():
    anew = pages_a_step(kept=False)  # thousands, or dozens with huge pages
    assert pages_a_step(kept=True) < anew / 3  # not zero: small blocks that stay fragment the large ones


def test_nothing_is_set_with_other_c_libraries(monkeypatch):
    import ctypes

    from sedpipe.training.memory import keep_freed_memory

    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert keep_freed_memory() is False
