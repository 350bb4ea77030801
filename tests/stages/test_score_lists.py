import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sedpipe.cli import main
from sedpipe.errors import ListFormatError, SettingsError
from sedpipe.io.lists.events import read_event_list
from sedpipe.labels import LabelSet
from sedpipe.stages.score_lists import score_lists

HEADER = "filename\tonset\toffset\tevent_label\n"
TRUTH = HEADER + "a.wav\t0.5\t2.5\tCar\nb.wav\t0\t4\tBus\nc.wav\t\t\t\n"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_two_lists_score_without_dataset_or_run(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    estimated = written(tmp_path, "e.tsv", HEADER + "a.wav\t0.5\t1.5\tCar\nc.wav\t0\t1\tCar\n")
    report = score_lists(reference, estimated)
    # a: Car 0 1 2 against 0 1; b: Bus 0 1 2 3 missed; c: Car 0 invented
    assert report.segment_based["error_rate"] == pytest.approx((1 + 4 + 1) / 7)
    assert report.clips == {"listed": 3, "scored": 3, "missing": [], "without_output": 1}
    assert report.yardsticks["nothing"]["error_rate"] == 1
    assert report.commonest_class == "Bus"
    assert report.yardsticks["nothing"].keys() == report.segment_based.keys()
    low, high = report.intervals["error_rate"]
    assert low <= report.segment_based["error_rate"] <= high


@pytest.mark.parametrize(
    "text",
    [
        "a.wav\t0\t1\tAir horn, truck horn\nb.wav\t\t\t\n",
        'filename,onset,offset,event_label\r\na.wav,0,1,"Air horn, truck horn"\r\nb.wav,,,\r\n',
        'filename\tonset\toffset\tevent_label\na\t0\t1\t"Air horn, truck horn"\nb\t0\t0\t\n',
        "event_label\tfilename\tonset\toffset\nAir horn, truck horn\tdir/a.flac\t0.000\t1.000\nnan\tb.flac\tnan\tnan\n",
        "a.wav,0,1,Air horn, truck horn\nb.wav\n",
    ],
)
def test_the_forms_of_lists_people_have_all_read_the_same(tmp_path, text):
    expected = {"a": [(0.0, 1.0, "Air horn, truck horn")], "b": []}
    found = read_event_list(written(tmp_path, "list", text))
    assert {clip: [(e.onset, e.offset, e.label) for e in events] for clip, events in found.items()} == expected


def test_names_of_videos_may_have_a_leading_y_in_one_list_and_none_in_the_other(tmp_path):
    reference = written(tmp_path, "r.tsv", HEADER + "Y-5QrBL6MzLg_60.000_70.000.wav\t0\t2\tCar\n")
    estimated = written(tmp_path, "e.tsv", HEADER + "-5QrBL6MzLg_60.000_70.000\t0\t2\tCar\n")
    assert score_lists(reference, estimated).segment_based["error_rate"] == 0


def test_a_clip_lasts_as_its_name_says_or_as_is_given(tmp_path):
    rows = HEADER + "-5QrBL6MzLg_60.000_70.000.wav\t0\t2\tCar\n"
    reference = written(tmp_path, "r.tsv", rows)
    assert score_lists(reference, reference).yardsticks["tags_stretched"]["insertion_rate"] == 8 / 2
    assert score_lists(reference, reference, duration=3.0).yardsticks["tags_stretched"]["insertion_rate"] == 1 / 2
    durations = written(tmp_path, "d.tsv", "Y-5QrBL6MzLg_60.000_70.000.wav  \t 4.0\n")
    by_list = score_lists(reference, reference, durations=durations)
    assert by_list.yardsticks["tags_stretched"]["insertion_rate"] == 2 / 2
    other = written(tmp_path, "r2.tsv", TRUTH)
    with pytest.raises(ListFormatError, match=r"d\.tsv has no duration of clip 'a'"):
        score_lists(other, other, durations=durations)


def test_an_estimated_clip_that_the_reference_does_not_list_is_named(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    estimated = written(tmp_path, "e.tsv", HEADER + "z.wav\t0\t1\tCar\ny.wav\t\t\t\n")
    with pytest.raises(
        ListFormatError, match=r"e\.tsv has events of clip 'z' and 1 more, which .*r\.tsv does not list"
    ):
        score_lists(reference, estimated)


def test_labels_outside_the_set_are_a_sentence(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    with pytest.raises(ListFormatError, match=r"r\.tsv:3: label 'Bus' is not one of the 1 classes"):
        score_lists(reference, reference, labels=LabelSet(("Car",)))
    nothing = written(tmp_path, "n.tsv", HEADER + "a.wav\t\t\t\n")
    with pytest.raises(SettingsError, match="name no class"):
        score_lists(nothing, nothing)


def test_what_is_undefined_is_null_with_a_reason(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    report = score_lists(reference, written(tmp_path, "e.tsv", HEADER))
    assert report.segment_based["precision"] is None
    assert report.undefined["segment_based.precision"] == "nothing was estimated"
    empty = written(tmp_path, "n.tsv", HEADER + "a.wav\t\t\t\n")
    report = score_lists(empty, empty, labels=LabelSet(("Car",)))
    assert report.undefined["segment_based.error_rate"] == "the reference has none"
    assert report.intervals == {"error_rate": None, "f1": None, "macro_f1": None}


def test_two_systems_are_told_apart_on_the_same_clips(tmp_path):
    rows = "".join(f"clip{n}.wav\t0\t2\tCar\n" for n in range(30))
    reference = written(tmp_path, "r.tsv", HEADER + rows)
    worse = written(tmp_path, "w.tsv", HEADER + rows.replace("\t2\t", "\t4\t"))
    against = score_lists(reference, reference, against=worse).against
    assert against["differences"]["error_rate"] == {"difference": -1.0, "interval": (-1.0, -1.0), "better": 1.0}
    same = score_lists(reference, reference, against=reference).against["differences"]["f1"]
    assert (same["difference"], same["better"]) == (0, 0)


@pytest.mark.parametrize(
    ("tags_of", "error_rate", "f1"),
    [
        pytest.param(lambda labels: sorted(labels), 0.388, 0.8375, id="true tags all along"),
        pytest.param(lambda labels: ["Car"], 1.161, 0.0805, id="Car everywhere"),
    ],
)
def test_the_known_facts_about_dcase_2017_testing_by_the_command(shared_data, tmp_path, tags_of, error_rate, f1):
    folder = shared_data / "dcase2017-task4"
    reference = folder / "groundtruth_strong_label_testing_set.csv"
    labels: dict[str, set[str]] = {}
    for line in (folder / "groundtruth_weak_label_testing_set.csv").read_text().splitlines():
        filename, _, _, label = line.strip().split("\t")
        labels.setdefault(filename, set()).add(label)
    rows = [f"{name}\t0\t10\t{label}\n" for name, of_clip in labels.items() for label in tags_of(of_clip)]
    estimated = written(tmp_path, "e.tsv", HEADER + "".join(rows))
    outcome = CliRunner().invoke(
        main, ["score", "--reference", str(reference), "--estimated", str(estimated), "--duration", "10", "--json"]
    )
    report = json.loads(outcome.stdout)
    assert report["clips"]["scored"] == 488
    assert report["segment_based"]["error_rate"] == pytest.approx(error_rate, abs=5e-4)
    assert report["segment_based"]["f1"] == pytest.approx(f1, abs=5e-5)
    assert report["yardsticks"]["tags_stretched"]["f1"] == pytest.approx(0.8375, abs=5e-5)


def test_the_command_prints_a_table_and_complains_in_a_sentence(tmp_path):
    reference, estimated = written(tmp_path, "r.tsv", TRUTH), written(tmp_path, "e.tsv", HEADER + "a\t0\t1\tCar\n")
    outcome = CliRunner().invoke(main, ["score", "--reference", str(reference), "--estimated", str(estimated)])
    assert outcome.exit_code == 0, outcome.output
    assert "commonest everywhere" in outcome.stdout
    alone = CliRunner().invoke(main, ["score", "--reference", str(reference)])
    assert alone.exit_code == 2
    assert "--reference and --estimated go together" in alone.stderr
