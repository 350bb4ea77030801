from pathlib import Path

from leftovers import left_by_a_killed_process
from sedpipe.io.cache.runs import Run
from sedpipe.listener import Listener
from sedpipe.steps.results import writing_results


def test_unfinished_files_of_a_killed_process_are_removed_and_others_kept(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"a model")
    unfinished = left_by_a_killed_process(tmp_path, ".h5")
    with writing_results(Run(tmp_path), Listener()):
        assert not unfinished.exists()
        assert (tmp_path / "checkpoint.pt").exists()
