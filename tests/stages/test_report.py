import base64
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hostile_run import CLIP_ID, LABELS, SPLIT, make_hostile_run
from sedpipe.cli.main import main
from sedpipe.errors import MissingStageError, SedpipeError, SettingsError, StaleError
from sedpipe.events import Event
from sedpipe.features.spec import FeatureSpec
from sedpipe.io.cache.dataset import Dataset
from sedpipe.io.cache.feature_store import merge
from sedpipe.io.cache.frame_scores import find_origin, write_frame_scores
from sedpipe.io.cache.runs import Run, find_run_in_cache, named_run
from sedpipe.io.lists.clips import read_clips
from sedpipe.io.lists.events import write_event_list
from sedpipe.reports.listening import PageReport
from sedpipe.stages import report_clips
from sedpipe.stages.report import report
from sedpipe.stages.score import score
from sedpipe.views.page.card import card_of
from sedpipe.views.page.scored_run import ScoredRun, read_scored_run
from some_records import run_record
from tiny_dataset import FRONT_END, NAME


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_hostile_run(tmp_path_factory.mktemp("made") / "cache")


@pytest.fixture
def cache(made: Dataset, tmp_path: Path) -> Dataset:
    """A copy that a test may change."""
    shutil.copytree(made.root, tmp_path / "cache")
    return Dataset(tmp_path / "cache", NAME)


def reported(cache: Dataset, *runs: str, **options) -> tuple[PageReport, str]:
    written = report(runs or ("run",), cache.root, **options)
    return written, Path(written.path).read_text(encoding="utf-8")


def cards_of(page: str) -> dict[str, dict]:
    """Return the data from which the page's script draws clips, by ``clip_id``."""
    found = re.findall(r'<script type="application/json">(.*?)</script>', page)
    return {card["clip"]: card for card in map(json.loads, found)}


def spoil_scores(cache: Dataset, **changes) -> None:
    path = named_run(cache, "run").scores_path(SPLIT)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_page_is_written_to_the_runs_folder_and_is_reproducible(made):
    first, page = reported(made)
    assert Path(first.path) == named_run(made, "run").folder / f"report-{SPLIT}.html"
    assert first.bytes == len(page.encode())
    assert reported(made) == (first, page)


def test_the_page_shows_the_numbers_of_the_scores(made):
    _, page = reported(made)
    scores = json.loads(named_run(made, "run").scores_path(SPLIT).read_text())
    for point in ("min_er", "max_f1"):
        numbers = scores["operating_points"][point]
        shown = [f"{numbers[name]:.2f}" for name in ("error_rate", "deletion_rate")] + [f"{100 * numbers['f1']:.1f}"]
        assert all(number in page for number in shown)
    assert f'data-listed="{scores["clips"]["listed"]}" data-scored="{scores["clips"]["scored"]}"' in page
    assert "1 clip is missing" in page


def test_the_page_shows_the_remarks_of_the_scores(made):
    path = named_run(made, "run").scores_path(SPLIT)
    before = path.read_bytes()
    path.write_text(json.dumps(json.loads(before) | {"remarks": ["each counts <by> itself"]}))
    try:
        assert "<p>Each counts &lt;by&gt; itself.</p>" in reported(made)[1].replace(' class="hint"', "")
    finally:
        path.write_bytes(before)


def test_the_page_contains_no_external_links(made):
    for runs in (("run",), ("run", "other")):
        _, page = reported(made, *runs)
        without = re.sub(r'"data:[^"]*"', '""', page).replace(
            "http://www.w3.org/2000/svg", ""
        )  # a namespace, not an address
        assert not re.findall(r"(?:https?:)?//[a-z]", without)


def test_hostile_labels_and_names_are_escaped(made):
    for runs in (("run",), ("run", "other")):
        _, page = reported(made, *runs)
        assert page.count("<script>") == 1
        for name in (*LABELS, CLIP_ID):
            assert name not in page
        assert "&lt;img src=x onerror=" in page


def test_all_clips_are_drawn_and_n_clips_sets_how_many_have_sound(made, tmp_path):
    for n in (0, 2, 99):
        written, page = reported(made, n_clips=n, path=tmp_path / "page.html")
        cards = cards_of(page)
        assert len(cards) == page.count('class="clip-row"') == 5
        assert all(card["pictures"] for card in cards.values())
        assert [clip for clip in cards if cards[clip]["sound"]] == [clip for clip in cards if clip in written.clips]
        assert len(written.clips) == min(n, 5)


def test_clips_beyond_the_size_limit_are_listed_and_counted(made, tmp_path, monkeypatch):
    monkeypatch.setattr(report_clips, "MOST_BYTES", 200_000 + 5 * 1_200 + 50_000)
    written, page = reported(made, n_clips=2, path=tmp_path / "page.html")
    cards = cards_of(page)
    assert [bool(cards[clip]["sound"]) for clip in written.clips] == [True, True]
    assert len(cards) < 5
    assert f"{5 - len(cards)} clips listed without picture and probabilities" in page
    assert "Sound is reduced to" in page
    assert page.count('class="clip-row"') == 5


def test_a_card_contains_the_probabilities_events_and_thresholds_of_the_run(made):
    page = reported(made)[1]
    run = read_scored_run(*find_run_in_cache(made.root, "run"))
    assert run.labels.names == LABELS
    cards = cards_of(page)
    assert set(cards) == {clip.clip_id for clip in run.clips}
    for clip_id, card in cards.items():
        drawn = [(e["onset"], e["offset"], t["label"]) for t in card["tracks"] for e in t["voices"][0]["events"]]
        assert sorted(drawn) == [(e.onset, e.offset, e.label) for e in sorted(run.estimated[clip_id])]
        for track in card["tracks"]:
            [voice] = track["voices"]
            stored = run.frame_scores.probs_of(clip_id)[:, LABELS.index(track["label"])]
            held = np.frombuffer(base64.b64decode(voice["probs"]), dtype="<u2") / 10_000
            assert held == pytest.approx(stored, abs=1e-4)
            assert (voice["high"], voice["low"]) == (0.5, 0.5)
            for event in voice["events"]:
                assert event["mean"] <= event["peak"] <= stored.max() + 1e-4
                assert event["peak"] >= voice["high"]


def test_scores_on_testing_are_marked_as_tuned(made, tmp_path):
    _, page = reported(made, path=tmp_path / "page.html")
    assert "Tuned on this split" not in page
    score(Dataset(made.root, NAME), run="run", split="testing")
    _, page = reported(made, split="testing", path=tmp_path / "page.html")
    assert "Tuned on this split" in page


def test_scores_on_training_are_marked_as_trained_on(cache):
    assert "which it never saw" in reported(cache)[1]
    events = {
        clip.clip_id: [Event(0.5, 1.5, label) for label in clip.labels] for clip in cache.read_clips()["training"]
    }
    write_event_list(cache.reference_path("training"), events)
    for run in ("run", "other"):
        score(Dataset(cache.root, NAME), run=run, split="training")
    page = reported(cache, split="training")[1]
    assert "Trained on this split" in page
    assert "which it never saw" not in page
    assert "They were trained on this split" in reported(cache, "run", "other", split="training")[1]


def test_a_clip_probability_just_below_the_gate_is_not_rounded_up_to_it(cache):
    run = read_scored_run(*find_run_in_cache(cache.root, "run"))
    clip_id, label = next((clip_id, events[0].label) for clip_id, events in run.estimated.items() if events)
    run.frame_scores.clip_probs[:] = 0.49997
    [track] = [track for track in card_of([run], clip_id, "").tracks if track.label == label]
    assert track.voices[0].clip < 0.5


def test_the_marked_point_of_a_chart_has_the_unit_of_its_axis(made):
    scores = named_run(made, "run").find_scores(SPLIT)
    error_rate, f1 = (getattr(scores.segment_based, name) for name in ("error_rate", "f1"))
    told = re.findall(r"<title>min_er: (.*?) at 0.5</title>", reported(made)[1])
    assert told[:2] == [f"{error_rate:.2f}", f"{100 * f1:.1f} %"]


def test_a_clip_without_audio_is_drawn_without_sound_and_with_the_reason(cache):
    clip = next(clip for clip in read_clips(cache.clips_path) if clip.clip_id == CLIP_ID)
    cache.audio_path(clip).unlink()
    written, page = reported(cache, n_clips=5)
    cards = cards_of(page)
    assert [clip_id for clip_id, card in cards.items() if not card["sound"]] == [CLIP_ID]
    assert CLIP_ID in written.clips
    assert "No such file or directory" in cards[CLIP_ID]["remark"]


def test_intervals_and_yardsticks_are_shown_if_the_scores_have_them(cache):
    spoil_scores(cache, intervals={}, yardsticks={}, psds={})
    _, page = reported(cache)
    assert "95 % interval" not in page
    assert 'class="tick"' not in page
    numbers = json.loads(named_run(cache, "run").scores_path(SPLIT).read_text())["operating_points"]["min_er"]
    intervals = {"error_rate": [0.1, 0.9], "f1": [0.25, 0.75], "macro_f1": None}
    spoil_scores(cache, intervals={"min_er": intervals}, yardsticks={"nothing": {**numbers, "error_rate": 1.0}})
    _, page = reported(cache)
    assert "0.10 to 0.90" in page
    assert "25.0 to 75.0" in page
    assert "no events at all" in page


def test_names_of_missing_clips_are_shown_if_the_scores_have_them(cache):
    spoil_scores(cache, clips={"listed": 6, "scored": 5, "missing": ["<i>lost</i>"]})
    assert "&lt;i&gt;lost&lt;/i&gt;" in reported(cache)[1]


@pytest.mark.parametrize("lacking", ["scores_path", "estimated_path", "frame_scores_path"])
def test_missing_results_give_an_error_that_names_the_score_command(cache, lacking):
    getattr(named_run(cache, "run"), lacking)(SPLIT).unlink()
    with pytest.raises(MissingStageError) as caught:
        reported(cache, split=SPLIT)
    assert caught.value.hint == f"run `sedpipe score tiny --run run --split {SPLIT} --cache {cache.root}` first"


def test_events_that_do_not_match_the_scores_are_refused(cache):
    path = named_run(cache, "run").estimated_path(SPLIT)
    path.write_text(
        "filename\tonset\toffset\tevent_label\n" + path.read_text().splitlines()[1].split("\t")[0] + "\t\t\t\n"
    )
    with pytest.raises(StaleError, match=f"the events of run on {SPLIT} give error_rate") as caught:
        reported(cache)
    assert caught.value.hint.endswith("again")


@pytest.mark.parametrize("content", ["{", "[]", '{"per_class": {}}'])
def test_invalid_scores_give_an_error(cache, content):
    named_run(cache, "run").scores_path(SPLIT).write_text(content)
    with pytest.raises(SedpipeError, match=r"scores-evaluation\.json"):
        reported(cache)


def test_frames_of_other_clips_are_refused(cache):
    path = named_run(cache, "run").frame_scores_path(SPLIT)
    score(Dataset(cache.root, NAME), run="run", split="testing")
    path.write_bytes(named_run(cache, "run").frame_scores_path("testing").read_bytes())
    with pytest.raises(StaleError, match="does not list the scored clip"):
        reported(cache, split=SPLIT)


def test_clips_have_the_duration_of_their_audio_despite_old_frame_scores(cache):
    before = {clip: card["duration"] for clip, card in cards_of(reported(cache)[1]).items()}
    path, run = named_run(cache, "run").frame_scores_path(SPLIT), read_scored_run(cache, named_run(cache, "run"), SPLIT)
    longer = replace(run.frame_scores, durations=run.frame_scores.durations + 0.031)
    write_frame_scores(path, [longer], len(longer.clip_ids), find_origin(path))
    features = Path(run.features.path)
    rows = [run.features.read(row) for row in range(len(run.features.clip_ids))]
    run.features.close()
    counted = [replace(row, n_samples=round(before[row.clip_id] * 1000)) for row in rows]
    merge(features, counted, len(counted), FeatureSpec(FRONT_END))
    assert {clip: card["duration"] for clip, card in cards_of(reported(cache)[1]).items()} == before


def test_a_run_that_is_deleted_while_it_is_read_gives_an_error(cache, monkeypatch):
    def read_and_freed(dataset: Dataset, run: Run, split: str | None) -> ScoredRun:
        found = read_scored_run(dataset, run, split)
        shutil.rmtree(run.folder)
        return found

    monkeypatch.setattr("sedpipe.stages.report.read_scored_run", read_and_freed)
    with pytest.raises(MissingStageError, match="another process has deleted run"):
        reported(cache)


def test_runs_are_found_by_name_in_any_dataset_and_by_path(made):
    for name in ("run", str(named_run(made, "run").folder)):
        cache, run = find_run_in_cache(made.root, name)
        assert (cache.name, run.name) == (NAME, "run")
    with pytest.raises(MissingStageError, match=r"has no run 'rum' \(did you mean 'run'") as caught:
        find_run_in_cache(made.root, "rum")
    assert caught.value.hint == "there are deaf, other, run"


def test_a_run_name_in_two_datasets_requires_a_path(cache):
    Run(cache.root / "second" / "runs" / "run").write_record(run_record("second"))
    with pytest.raises(MissingStageError, match="several runs are named 'run'") as caught:
        find_run_in_cache(cache.root, "run")
    assert "second/runs/run" in caught.value.hint


def test_runs_of_different_datasets_cannot_be_compared(cache):
    shutil.copytree(cache.folder, cache.root / "second")
    with pytest.raises(SettingsError, match="several datasets: tiny, second"):
        reported(cache, str(named_run(cache, "run").folder), str(cache.root / "second/runs/other"))


def test_several_runs_are_compared_on_one_page(made):
    written, page = reported(made, "run", "other")
    assert written.runs == ["run", "other"]
    assert Path(written.path) == made.folder / f"comparison-{SPLIT}.html"
    for run in written.runs:
        scores = json.loads(named_run(made, run).scores_path(SPLIT).read_text())["segment_based"]
        assert f"{scores['error_rate']:.2f}" in page
        assert f"{100 * scores['f1']:.1f}" in page
    f1 = [read_scored_run(*find_run_in_cache(made.root, run)).scores.segment_based.f1 for run in ("run", "other")]
    shown = re.search(r'<tr data-run="other".*?data-metric="f1"[^>]*><b>(\S+)</b>', page, flags=re.DOTALL)
    assert shown is not None
    assert shown[1] == f"{100 * (f1[1] - f1[0]):+.1f}".replace("-", "\N{MINUS SIGN}")
    assert [len(track["voices"]) for card in cards_of(page).values() for track in card["tracks"]] == [2] * sum(
        len(card["tracks"]) for card in cards_of(page).values()
    )
    with pytest.raises(SettingsError, match="named twice"):
        reported(made, "run", "run")


def test_runs_scored_on_different_clips_are_compared_on_the_common_ones(made):
    from sedpipe.views.page.comparison import same_clips

    whole = read_scored_run(*find_run_in_cache(made.root, "run"))
    fewer = replace(read_scored_run(*find_run_in_cache(made.root, "other")), clips=whole.clips[1:])
    runs, warnings = same_clips([whole, fewer])
    assert [clip.clip_id for clip in runs[0].clips] == [clip.clip_id for clip in whole.clips[1:]]
    assert "recomputed on the 4 that all scored" in warnings[-1]
    assert runs[0].rolls[0].sum() == whole.rolls[0][1:].sum()
    assert runs[0].scores.segment_based.recall == pytest.approx(
        (whole.rolls[0][1:] & whole.rolls[1][1:]).sum() / whole.rolls[0][1:].sum()
    )


def test_more_than_eight_runs_are_refused(made):
    from sedpipe.views.page.comparison import same_clips

    run = read_scored_run(*find_run_in_cache(made.root, "run"))
    with pytest.raises(SettingsError, match="at most 8 runs, got 9"):
        same_clips([replace(run, name=f"run{k}") for k in range(9)])


def test_the_command_prints_the_path_and_size_of_the_page(made, tmp_path):
    options = ["--cache", str(made.root), "--clips", "1", "--output", str(tmp_path / "deep" / "page.html")]
    outcome = CliRunner().invoke(main, ["report", "run", *options])
    assert outcome.exit_code == 0, outcome.output
    assert re.fullmatch(r".*page\.html: run on evaluation, 1 clip, 0\.\d MB\n", outcome.stdout)
    outcome = CliRunner().invoke(main, ["report", "run", *options, "--json"])
    assert json.loads(outcome.stdout).keys() == {"stage", "dataset", "runs", "split", "clips", "path", "bytes"}


def test_the_command_without_a_run_is_a_usage_error():
    assert CliRunner().invoke(main, ["report"]).exit_code == 2
