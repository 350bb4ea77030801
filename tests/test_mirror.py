"""Tests mirror the package: a module has a test file of its name, or is listed here with the file that covers it."""

from pathlib import Path

import pytest
import sedpipe

ROOT = Path(sedpipe.__file__).parent
TESTS = Path(__file__).parent
COVERED_BY = {
    "api/pooling.py": "test_face.py",
    "cli/cache.py": "cli/test_main.py",
    "cli/data.py": "cli/test_main.py",
    "cli/learning.py": "cli/test_main.py",
    "cli/listening.py": "cli/test_main.py",
    "cli/options.py": "cli/test_main.py",
    "cli/reproducing.py": "cli/test_main.py",
    "detection/class_settings.py": "detection/test_tuning.py",
    "fates.py": "io/cache/test_ledger.py",
    "features/encoders/encoder.py": "features/encoders/test_front_end.py",
    "features/encoders/networks.py": "features/encoders/test_aisfx.py",
    "io/audio/headers.py": "io/audio/test_chunks.py",
    "io/audio/opening.py": "io/audio/test_cases.py",
    "io/audio/timeline.py": "io/audio/test_cut.py",
    "io/cache/disk_usage.py": "stages/test_cache.py",
    "io/complaints.py": "io/manifests/test_load.py",
    "io/files/tar_headers.py": "io/files/test_archives.py",
    "io/lists/annotations.py": "io/lists/test_layout.py",
    "io/lists/frame_tables.py": "stages/test_score_frames.py",
    "io/manifests/cutting.py": "io/manifests/test_folder.py",
    "io/manifests/form.py": "io/manifests/test_load.py",
    "io/manifests/listed.py": "io/manifests/test_folder.py",
    "io/models/beginning.py": "stages/test_fine_tuning.py",
    "io/records/common.py": "io/records/test_reading.py",
    "io/records/dataset.py": "io/records/test_reading.py",
    "io/records/form.py": "io/records/test_reading.py",
    "io/records/model.py": "io/models/test_checkpoints.py",
    "io/records/pace.py": "stages/reproduce/test_table3.py",
    "io/records/prediction.py": "stages/test_predict.py",
    "io/records/run.py": "io/records/test_reading.py",
    "io/records/scores.py": "io/records/test_reading.py",
    "nn/gate_kernels.py": "nn/test_gate.py",
    "nn/networks/attention_head.py": "nn/networks/test_published.py",
    "nn/networks/milsed.py": "nn/networks/test_published.py",
    "nn/networks/mlms.py": "nn/networks/test_published.py",
    "nn/networks/surrey.py": "nn/networks/test_published.py",
    "nn/pooling_functions.py": "nn/test_pooling.py",
    "reports/data.py": "views/terminal/test_data.py",
    "reports/learning.py": "views/terminal/test_learning.py",
    "reports/listening.py": "views/terminal/test_listening.py",
    "reports/machine.py": "views/terminal/test_machine.py",
    "reports/own.py": "views/terminal/test_own.py",
    "reports/scores.py": "views/terminal/test_scores.py",
    "reports/tables.py": "views/terminal/test_learning.py",
    "serving/app.py": "serving/test_server.py",
    "serving/ear.py": "serving/test_server.py",
    "serving/found_list.py": "serving/test_recordings.py",
    "serving/guard.py": "serving/test_server.py",
    "sources/access.py": "sources/test_doors.py",
    "sources/converting.py": "sources/test_own_recordings.py",
    "sources/looking.py": "sources/test_own_recordings.py",
    "sources/notes.py": "sources/test_own_recordings.py",
    "sources/source.py": "sources/test_crawl.py",
    "stages/demo.py": "cli/test_main.py",
    "stages/dry_run.py": "stages/test_train.py",
    "stages/encoders.py": "cli/test_encoders.py",
    "stages/predict_files.py": "stages/test_predict.py",
    "stages/report_clips.py": "stages/test_report.py",
    "stages/reproduce/cells.py": "stages/reproduce/test_table2.py",
    "stages/reproduce/completion.py": "stages/reproduce/test_table2.py",
    "stages/reproduce/drawing.py": "stages/reproduce/test_table2.py",
    "stages/reproduce/entrants.py": "stages/reproduce/test_table3.py",
    "stages/reproduce/grid.py": "stages/reproduce/test_table2.py",
    "stages/reproduce/making.py": "stages/reproduce/test_table2.py",
    "stages/reproduce/pace.py": "stages/reproduce/test_table3.py",
    "stages/reproduce/table2_files.py": "stages/reproduce/test_table2.py",
    "stages/reproduce/table3_files.py": "stages/reproduce/test_table3.py",
    "stages/reproduce/trainings.py": "stages/reproduce/test_table3.py",
    "steps/against.py": "stages/test_score.py",
    "steps/default_model.py": "cli/test_main.py",
    "steps/feature_plan.py": "stages/test_features.py",
    "steps/hearing.py": "stages/test_predict.py",
    "steps/judging.py": "stages/test_train.py",
    "steps/more_epochs.py": "stages/test_more_epochs.py",
    "steps/scoring.py": "stages/test_score.py",
    "steps/sensitivity.py": "stages/reproduce/test_table2.py",
    "steps/start.py": "stages/test_train.py",
    "steps/stopwatch.py": "stages/test_train.py",
    "steps/supervision.py": "stages/test_supervision.py",
    "steps/systems.py": "stages/test_score.py",
    "steps/tally.py": "stages/test_status.py",
    "steps/work.py": "stages/test_predict_by_many.py",
    "version.py": "test_packaging.py",
    "views/baselines.py": "views/terminal/test_scores.py",
    "views/page/card.py": "stages/test_report.py",
    "views/page/gallery.py": "stages/test_report.py",
    "views/page/headline.py": "stages/test_score.py",
    "views/page/provenance.py": "stages/test_report.py",
    "views/page/recording_page.py": "stages/test_predict_page.py",
    "views/page/run_page.py": "stages/test_report.py",
    "views/page/scored_run.py": "stages/test_report.py",
    "views/page/served.py": "serving/test_listen_in_browser.py",
    "views/render.py": "stages/test_report.py",
    "views/terminal/quantities.py": "views/terminal/test_scores.py",
}
MODULES = sorted(
    path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if path.name not in {"__init__.py", "__main__.py"}
)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_test_file_of_its_name_or_a_listed_one(module: str) -> None:
    own = (TESTS / module).parent / f"test_{Path(module).name}"
    assert own.exists() != (module in COVERED_BY), f"{own}: a test file of the module's name, or else a line above"
    assert (TESTS / COVERED_BY.get(module, own.relative_to(TESTS))).exists()


def test_every_listed_module_exists() -> None:
    assert set(COVERED_BY) <= set(MODULES)
