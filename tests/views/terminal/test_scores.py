from drawn_parts import drawn
from sedpipe.detection.postprocess import PostProcessing
from sedpipe.detection.tuning import SearchStep
from sedpipe.io.records.common import Common
from sedpipe.io.records.scores import AgainstRun, ClipBased, EventBased, ScoreReport
from sedpipe.metrics.comparison import Difference
from sedpipe.metrics.detection_scores import ClassScores, OverallScores
from sedpipe.reports.scores import AgainstList, DemoReport, ListCoverage, ListScoreReport
from sedpipe.views.terminal.scores import demo_lines, list_score_lines, score_lines

UNDEFINED = OverallScores(*[None] * 8)
HALF = OverallScores(*[0.5] * 8)
CAR = ClassScores(4, 1, error_rate=0.5, deletion_rate=0.5, insertion_rate=0.0, precision=1.0, recall=0.25, f1=0.4)
EVENTS = EventBased(**{**vars(HALF), "f1": 0.125}, onset_only=HALF)
STEPS = (
    SearchStep("threshold", PostProcessing(0.5), 0.5, 0.55, chosen=True),
    SearchStep("class_thresholds", PostProcessing(0.5), 0.4, None),
)


def report(**changes: object) -> ScoreReport:
    """Return the scores of a run."""
    of_run = {
        "dataset": "d", "run": "r", "split": "testing", "tuned_on_this_split": True,
        "clips": {"listed": 4, "scored": 3}, "operating_point": "min_er",
        "post_processing": {"min_er": PostProcessing(0.5)},
        "segment_based": UNDEFINED, "operating_points": {"min_er": UNDEFINED}, "per_class": {"Car": CAR},
        "clip_based": ClipBased(precision=None, recall=None, f1=0.5, map=None), "event_based": EVENTS,
        "estimated": "e.tsv",
    }  # fmt: skip
    return ScoreReport.model_validate({**of_run, **changes})


def test_undefined_scores_are_dashes_and_scores_on_testing_are_marked_as_tuned() -> None:
    lines = drawn(score_lines(report()))
    assert lines[0] == "r on d testing: 3 of 4 clips scored, TUNED ON THIS SPLIT"
    assert lines[3].split() == ["min_er", *"-" * 8]
    assert ["Car", "0.50", "40.0", "100.0", "25.0"] in [line.split() for line in lines]
    assert lines[-4:-2] == ["clip-based F1 50.0 %, clip-based mAP -", "event-based F1 12.5 %"]


def test_scores_on_training_are_marked_as_trained() -> None:
    of_training = report(split="training", tuned_on_this_split=False)
    assert drawn(score_lines(of_training))[0] == "r on d training: 3 of 4 clips scored, TRAINED ON THIS SPLIT"


def test_metrics_show_which_direction_is_better_and_baselines_what_they_predict() -> None:
    lines = drawn(score_lines(report(yardsticks={"nothing": UNDEFINED, "commonest_everywhere": HALF, "mine": HALF},
                                     commonest_class="Car")))  # fmt: skip
    head = "segment-based, 1 s ER ↓ F1 % ↑ macro F1 % ↑ precision % ↑ recall % ↑ substitutions misses false alarms"
    assert lines[2].split() == head.split()
    assert any(line.startswith("↓ lower is better, ↑ higher is better.") for line in lines)
    (said,) = (line for line in lines if line.startswith("Baselines"))
    assert said == "Baselines without training: the most frequent class, always (here Car)."


def test_a_narrow_terminal_shows_the_most_important_scores() -> None:
    lines = drawn(score_lines(report(operating_points={"min_er": HALF})), 40)
    assert lines[3].split()[:3] == ["min_er", "0.50", "50.0"]
    assert max(map(len, lines[1:5])) <= 40


def test_older_reports_are_shown_without_the_scores_that_they_lack() -> None:
    lines = drawn(score_lines(report(clip_based=None, event_based=None)))
    assert lines[-2:] == ["events: e.tsv", "next: sedpipe report . --split testing"]
    assert not any("event-based" in line for line in lines)


def test_yardsticks_and_intervals_are_shown_and_unknown_intervals_left_out() -> None:
    intervals = {"min_er": {"error_rate": (0.4, 0.6), "f1": (0.1, 0.2), "macro_f1": (0.3, 0.5)}, "max_f1": {"f1": None}}
    lines = drawn(
        score_lines(report(yardsticks={"tags_stretched": HALF}, intervals=intervals, psds={"scenario1": 0.25}))
    )
    assert lines[4].split() == [
        *["oracle", "tags", "over", "the", "whole", "clip"],
        "0.50",
        *["50.0"] * 4,
        *["0.50"] * 3,
    ]
    told = "min_er, 95 % over recordings: ER 0.40 to 0.60, F1 10.0 to 20.0 %, macro F1 30.0 to 50.0 %"
    assert [line for line in lines if "95 %" in line] == [told]
    assert "PSDS scenario1 25.0 %" in lines


def test_the_tuned_score_is_shown_with_the_cross_validated_one_and_explained_by_step() -> None:
    differences = {"f1": Difference(0.1, (0.05, 0.2), better=1.0), "error_rate": None}
    tuned = report(tuning={"min_er": STEPS}, against=AgainstRun(run="B", differences=differences))
    plain, explained = drawn(score_lines(tuned)), drawn(score_lines(tuned, explain=True))
    assert "min_er is tuned on testing (threshold): ER 0.500 there, 0.550 cross-validated" in plain
    assert plain[-1].startswith("next: sedpipe report ")
    of_table = {"run": "frames.tsv", "dataset": "truth.tsv", "split": "these clips", "tuned_on_this_split": True}
    without_run = drawn(score_lines(tuned.model_copy(update=of_table), of_run=False))
    assert without_run[0].startswith("frames.tsv against truth.tsv: ")
    assert without_run[0].endswith(" scored, TUNED ON THESE CLIPS")
    assert "min_er is tuned on these clips (threshold): ER 0.500 there, 0.550 cross-validated" in without_run
    assert not any(line.startswith(("next:", "events:")) for line in without_run)  # there is neither a run nor a list
    assert "difference from B, on the same clips:" in plain
    assert "  f1 +10.0 points (95 % CI: +5.0 to +20.0)" in plain
    assert [line.split() for line in explained if line not in plain][-2:] == [
        ["threshold", "0.500", "0.550", "<-", "chosen"],
        ["class", "thresholds", "0.400", "-"],
    ]


def test_every_metric_including_user_defined_ones_is_shown_and_so_are_remarks() -> None:
    shown = {"event_based": {"event-based F1": 0.125}, "mine": {"my score": 0.25, "another": None}}
    remarks = ("min_er: median_s is 2, the highest that was tried",)
    lines = drawn(score_lines(report(shown=shown, remarks=remarks)))
    assert lines[-4:-2] == ["event-based F1 12.5 %", "my score 25.0 %, another -"]
    assert "note: min_er: median_s is 2, the highest that was tried" in lines


def test_the_setting_common_to_all_classes_is_shown_with_its_scores() -> None:
    common = Common(settings=PostProcessing(0.407, 0.56, 0.16), segment_based=HALF)
    rule = "min_er with one setting for all classes (threshold 0.407, median 0.56 s, minimum event 0.16 s)"
    assert f"{rule}: ER 0.50, F1 50.0 %" in drawn(score_lines(report(post_processing_common={"min_er": common})), 300)


ONE_SEED = Difference(0.1, (0.05, 0.2), better=1.0, outcome="one seed")


def test_scores_of_an_event_list_name_the_reference_and_the_list_compared_with() -> None:
    listed = ListScoreReport(
        "r.tsv", "e.tsv", ListCoverage(9, 9, [], without_output=2), 0.5, HALF, {}, EVENTS, {}, "Car", {"Car": CAR},
        AgainstList("o.tsv", {"f1": ONE_SEED}), shown={"event_based": {"event-based F1": 0.125, "onsets only": 0.5}},
        remarks=("e.tsv has classes that r.tsv lacks: 'car'",),
    )  # fmt: skip
    lines = drawn(list_score_lines(listed))
    assert lines[0] == "e.tsv against r.tsv: 9 clips, 2 of them without output"
    assert lines[2].startswith("segment-based, 0.5 s ")
    assert "difference from o.tsv, on the same clips:" in lines
    assert "  a single random seed cannot compare two systems, only these two models" in lines
    assert lines[-1] == "event-based F1 12.5 %, onsets only 50.0 %"
    assert "note: e.tsv has classes that r.tsv lacks: 'car'" in lines


def test_a_demo_ends_with_its_score_an_explanation_and_commands_for_its_run() -> None:
    each = [report(operating_points={"min_er": scores, "max_f1": scores}) for scores in (HALF, UNDEFINED)]
    lines = drawn(demo_lines(DemoReport(*each, seconds=83.4, clip="cache/d/a clip.flac")), 400)
    assert lines[1] == "F1 50.0 % on 3 clips that were not used for training or tuning"
    assert "Untrained, the same network reaches -" in lines[2]
    assert "took 1 min 23 s; all numbers: sedpipe score d --run r" in lines[3]
    assert lines[-3:] == [
        "see and hear it:   sedpipe report r --open",
        "one of its clips:  sedpipe predict 'cache/d/a clip.flac' --dataset d --model r",
        "real recordings:   sedpipe download esc10-fold4",
    ]
