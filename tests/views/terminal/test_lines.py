from sedpipe.views.terminal.lines import (
    cache_lines,
    doctor_lines,
    download_lines,
    explain_lines,
    figure5_lines,
    prune_lines,
    report_lines,
    score_lines,
    status_lines,
)


def test_a_download_tells_counts_reasons_and_where_to_read_more():
    counts = {"listed": 5, "ok": 3, "gone": 2, "retryable": 0, "reasons": {"removed": 2}}
    report = {"splits": {"training": counts}, "stopped": ""}
    assert download_lines(report, "birds.toml") == [
        "training: 5 listed, 3 ok, 2 gone (2 removed)",
        "why, clip by clip: sedpipe status birds.toml --export clips.tsv",
    ]


def test_a_complete_download_needs_no_reasons():
    assert download_lines({"splits": {"testing": {"listed": 2, "ok": 2}}, "stopped": ""}, "birds") == [
        "testing: 2 listed, 2 ok"
    ]


def test_what_is_undefined_is_a_dash_and_scores_on_testing_are_called_tuned():
    scores = dict.fromkeys(
        ["error_rate", "substitution_rate", "deletion_rate", "insertion_rate", "precision", "recall", "f1", "macro_f1"]
    )
    report = {
        "run": "r",
        "dataset": "d",
        "split": "testing",
        "tuned_on_this_split": True,
        "clips": {"listed": 4, "scored": 3},
        "operating_point": "min_er",
        "operating_points": {"min_er": scores},
        "per_class": {"Car": {"error_rate": 0.5, "precision": 1.0, "recall": 0.25, "f1": 0.4}},
        "clip_based": {"f1": 0.5, "map": None},
        "event_based": {"f1": 0.125},
        "estimated": "e.tsv",
    }
    lines = score_lines(report)
    assert lines[0] == "r on d testing: 3 of 4 clips scored, TUNED ON THIS SPLIT"
    assert lines[3].split() == ["min_er", *"-" * 8]
    assert lines[6].split() == ["Car", "0.50", "100.0", "25.0", "40.0"]
    assert lines[-2] == "clip-based F1  50.0, mAP     -; event-based F1  12.5"


def test_a_status_ends_with_what_to_run_next():
    report = {"stages": {"score": {"run": []}, "train": {"run": {"finished": True}}}, "next": "sedpipe score d"}
    assert status_lines(report) == ["score: run: none", "train: run: finished True", "next: sedpipe score d"]


def test_classes_are_a_table_of_what_is_there():
    classes = {"training": {"Car": {"listed": 25077, "ok": 20000}, "Bus": {"listed": 10, "ok": 0}}}
    lines = status_lines({"stages": {}, "next": "sedpipe download d", "classes": classes})
    assert [line.split() for line in lines] == [
        ["training"],
        ["Car", "20,000", "of", "25,077"],
        ["Bus", "0", "of", "10"],
        ["next:", "sedpipe", "download", "d"],
    ]


def test_a_doctor_says_what_to_do_where_something_lacks():
    check = {"ok": False, "required": True, "name": "ffmpeg", "found": "none", "advice": "install it"}
    assert doctor_lines({"checks": [check]}) == ["MISSING  ffmpeg: none\n           install it"]


def test_a_page_says_where_it_is_and_how_large():
    report = {"path": "c.html", "runs": ["a", "b"], "split": "testing", "clips": ["x", "y"], "bytes": 1_260_000}
    assert report_lines(report) == ["c.html: a and b on testing, 2 clips, 1.3 MB"]


def test_a_drawn_clip_says_where_it_is_and_who_was_asked():
    report = {"path": "figure5-a.svg", "clip": "a", "split": "testing", "runs": ["x", "y"]}
    assert figure5_lines(report) == ["figure5-a.svg: a of testing by 2 systems"]


def test_reasons_are_counted_with_examples_and_details():
    report = {
        "fingerprint": "ab12",
        "splits": {"training": {"clips": 9, "reused": 4, "missing": 5}},
        "reasons": {
            "training": [
                {"reason": "its audio is new", "clips": 4, "examples": ["a", "b", "c"], "detail": ""},
                {"reason": "failed", "clips": 1, "examples": ["d"], "detail": "no audio"},
            ]
        },
    }
    assert explain_lines(report) == [
        "features ab12",
        "training: 9 clips, 5 to compute, 4 stored",
        "  4: its audio is new (a, b, c, ...)",
        "  1: failed (d)",
        "    no audio",
    ]


def test_sizes_in_the_cache_are_told_as_people_read_them():
    sizes = {"a": 7, "b": 1_500, "c": 4_130_000_000, "d": 3_000_000_000_000}
    items = [
        {"name": name, "bytes": size, "last_use": "2026-01-02T03:04:05+00:00", "parameters": {}, "link": ""}
        for name, size in sizes.items()
    ]
    items[0]["parameters"] = {"n_mels": 80}
    items[1]["link"] = "/elsewhere"
    assert cache_lines({"items": items, "bytes": 10}) == [
        "      7 B  2026-01-02  a  n_mels 80",
        "   1.5 kB  2026-01-02  b -> /elsewhere",
        "   4.1 GB  2026-01-02  c",
        "   3.0 TB  2026-01-02  d",
        "     10 B  in all",
    ]
    assert prune_lines({"freed": items[:1], "kept": {"b": "it is a link"}, "bytes": 7}) == [
        "freed a",
        "kept b: it is a link",
        "7 B freed",
    ]


def test_the_tuned_score_stands_beside_the_cross_validated_one_and_explained_step_by_step():
    steps = [
        {"step": "threshold", "tuned": 0.5, "cross_validated": 0.55, "chosen": True},
        {"step": "class_thresholds", "tuned": 0.4, "cross_validated": None, "chosen": False},
    ]
    report = {
        "run": "r", "dataset": "d", "split": "evaluation", "tuned_on_this_split": False,
        "clips": {"listed": 4, "scored": 3}, "operating_point": "min_er", "operating_points": {}, "per_class": {},
        "clip_based": {"f1": 0.5, "map": None}, "event_based": {"f1": 0.125}, "estimated": "e.tsv",
        "tuning": {"min_er": steps},
        "against": {"run": "B", "differences": {"f1": {"difference": 0.1, "interval": (0.05, 0.2), "better": 1.0}}},
    }  # fmt: skip
    plain, explained = score_lines(report), score_lines(report, explain=True)
    assert "min_er is tuned on testing (threshold): ER 0.500 there, 0.550 cross-validated" in plain
    assert "  f1 +0.100 (95 %: +0.050 to +0.200), better in 100 % of the draws" in plain
    assert [line.split() for line in explained if line not in plain][-2:] == [
        ["threshold", "0.500", "0.550", "<-", "chosen"],
        ["class", "thresholds", "0.400", "-"],
    ]
