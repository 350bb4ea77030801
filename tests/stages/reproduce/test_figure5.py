import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from drawings import of_class, parsed
from sedpipe.errors import MissingStageError, SettingsError
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.lists.events import read_event_list
from sedpipe.labels import LabelSet
from sedpipe.nn.pooling import PoolingConfig
from sedpipe.reports.tables import FigureReport
from sedpipe.stages.reproduce.figure5 import _name, reproduce_figure5
from sedpipe.stages.reproduce.grid import POOLINGS, default_folder, grid, run_name
from sedpipe.stages.train import train
from tiny_dataset import FRONT_END, GRID, LABELS, NAME, QUICK, make_dataset

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figure5")
    make_dataset(folder)
    for cell in grid((0,), GRID):
        settings = replace(QUICK, pooling=PoolingConfig(cell.pooling, cell.hierarchy))
        dataset, spec = Dataset(folder, NAME), FeatureSpec(FRONT_END)
        train(dataset, settings, spec, run_name=run_name(dataset, QUICK, spec, cell))
    return folder


def draw(
    cache: Path, clip: str = "testing-00001", seed: int = 0, poolings: tuple[str, ...] = POOLINGS, **more: object
) -> FigureReport:
    points = grid((seed,), GRID, poolings)
    return reproduce_figure5(Dataset(cache, NAME), QUICK, FeatureSpec(FRONT_END), clip, points, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("split", ["testing", "evaluation"])
def test_all_six_systems_are_drawn_over_the_reference_for_either_split(cache: Path, split: str) -> None:
    report = draw(cache, f"{split}-00001", split=split)
    assert len(report.runs) == 6
    path = Path(report.path)
    assert path == default_folder(Dataset(cache, NAME), QUICK, FeatureSpec(FRONT_END)) / f"figure5-{split}-00001.svg"
    root = parsed(path.read_text())
    events = read_event_list(Dataset(cache, NAME).reference_path(split), LabelSet(LABELS))[f"{split}-00001"]
    titles = [title.text for title in of_class(root, "part")]
    assert set(titles) >= {event.label for event in events}
    assert len(list(of_class(root, "truth"))) == len(events)
    assert len(list(of_class(root, "line"))) == 6 * len(titles)


def test_redrawing_a_clip_gives_identical_bytes_even_with_recomputed_probabilities(cache: Path, tmp_path: Path) -> None:
    before = Path(draw(cache, folder=tmp_path).path).read_bytes()
    for stored in (cache / NAME / "runs").glob("*/frame-scores-testing.h5"):
        stored.unlink()
    assert Path(draw(cache, folder=tmp_path).path).read_bytes() == before


def test_only_the_requested_poolings_are_drawn(cache: Path, tmp_path: Path) -> None:
    report = draw(cache, poolings=("attention",), folder=tmp_path)
    assert [run.split("-")[-3] for run in report.runs] == ["attention", "attention"]
    with pytest.raises(MissingStageError, match="2 of the 2 runs") as error:
        draw(cache, poolings=("max",))
    assert error.value.hint.endswith(f"table2 tiny --seeds 0 --cache {cache}` first, with the same settings")


def test_a_missing_run_gives_an_error_that_names_the_command(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingStageError, match="6 of the 6 runs of seed 7 are missing") as error:
        draw(cache, seed=7, made_by=["--preset", "my/own.toml", "--hop", "0.08"])
    assert "reproduce table2 tiny --preset my/own.toml --hop 0.08 --seeds 7" in error.value.hint
    shutil.copytree(cache, tmp_path / "cache")
    run = next((tmp_path / "cache" / NAME / "runs").glob("*attention-single-seed0"))
    (run / "checkpoint.pt").unlink()
    with pytest.raises(MissingStageError, match=r"1 of the 6 runs .* first table2-\S+-attention-single-seed0"):
        draw(tmp_path / "cache")


def test_no_two_clips_share_a_file() -> None:
    ids = ("a/b", "a-b", "a%2Fb", "a%252Fb")
    names = {_name(clip_id) for clip_id in ids}
    assert len(names) == len(ids)
    assert "a-b" in names
    assert not any("/" in name for name in names)


def test_a_missing_clip_gives_an_error_with_a_suggestion(cache: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"testing of tiny has no clip 'testing-0001'.*did you mean 'testing-00001'"
    ):
        draw(cache, "testing-0001")
    with pytest.raises(SettingsError, match="evaluation of tiny has no clip 'testing-00001'"):
        draw(cache, split="evaluation")


def test_a_split_without_strong_labels_gives_an_error(cache: Path) -> None:
    with pytest.raises(MissingStageError, match="no strong labels for training"):
        draw(cache, "training-00001", split="training")
