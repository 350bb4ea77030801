import json
import warnings
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sedpipe.cli import main
from sedpipe.errors import ListFormatError, SettingsError
from sedpipe.io.lists.events import read_event_list
from sedpipe.labels import LabelSet
from sedpipe.listener import Listener
from sedpipe.reports.scores import ListCoverage
from sedpipe.stages.score_lists import score_lists

HEADER = "filename\tonset\toffset\tevent_label\n"
TRUTH = HEADER + "a.wav\t0.5\t2.5\tCar\nb.wav\t0\t4\tBus\nc.wav\t\t\t\n"


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_two_lists_are_scored_without_a_dataset_or_run(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    estimated = written(tmp_path, "e.tsv", HEADER + "a.wav\t0.5\t1.5\tCar\nc.wav\t0\t1\tCar\n")
    report = score_lists(reference, estimated)
    # segments of a: Car 0 1 2 against 0 1; of b: Bus 0 1 2 3 missed; of c: Car 0 a false alarm
    assert report.segment_based.error_rate == pytest.approx((1 + 4 + 1) / 7)
    assert report.clips == ListCoverage(3, 3, [], without_output=1, cut={"reference": 0, "estimated": 0})
    assert report.yardsticks["nothing"].error_rate == 1
    assert report.commonest_class == "Bus"
    low, high = report.intervals["error_rate"]
    assert low <= report.segment_based.error_rate <= high


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
def test_common_list_formats_are_read_the_same(tmp_path, text):
    expected = {"a": [(0.0, 1.0, "Air horn, truck horn")], "b": []}
    found = read_event_list(written(tmp_path, "list", text))
    assert {clip: [(e.onset, e.offset, e.label) for e in events] for clip, events in found.items()} == expected


def test_video_names_match_with_or_without_a_leading_y(tmp_path):
    reference = written(tmp_path, "r.tsv", HEADER + "Y-5QrBL6MzLg_60.000_70.000.wav\t0\t2\tCar\n")
    estimated = written(tmp_path, "e.tsv", HEADER + "-5QrBL6MzLg_60.000_70.000\t0\t2\tCar\n")
    assert score_lists(reference, estimated).segment_based.error_rate == 0


def test_clip_durations_are_taken_from_names_unless_given(tmp_path):
    rows = HEADER + "-5QrBL6MzLg_60.000_70.000.wav\t0\t2\tCar\n"
    reference = written(tmp_path, "r.tsv", rows)
    assert score_lists(reference, reference).yardsticks["tags_stretched"].insertion_rate == 8 / 2
    assert score_lists(reference, reference, duration=3.0).yardsticks["tags_stretched"].insertion_rate == 1 / 2
    durations = written(tmp_path, "d.tsv", "Y-5QrBL6MzLg_60.000_70.000.wav  \t 4.0\n")
    by_list = score_lists(reference, reference, durations=durations)
    assert by_list.yardsticks["tags_stretched"].insertion_rate == 2 / 2
    other = written(tmp_path, "r2.tsv", TRUTH)
    with pytest.raises(ListFormatError, match=r"d\.tsv has no duration of clip 'a'"):
        score_lists(other, other, durations=durations)


def test_events_are_truncated_only_at_a_given_duration_and_this_is_reported(tmp_path):
    reference = written(tmp_path, "r.tsv", HEADER + "-5QrBL6MzLg_60.000_63.000.wav\t0\t3\tCar\n")
    estimated = written(tmp_path, "e.tsv", HEADER + "-5QrBL6MzLg_60.000_63.000.wav\t0\t10\tCar\n")
    free = score_lists(reference, estimated)
    assert free.segment_based.insertion_rate == pytest.approx(7 / 3)
    assert free.clips.cut == {"reference": 0, "estimated": 0}
    assert free.remarks == ("1 clip with events beyond the end that their name implies; nothing is truncated",)
    cut = score_lists(reference, estimated, duration=3)
    assert cut.segment_based.insertion_rate == 0
    assert cut.clips.cut == {"reference": 0, "estimated": 1}
    said = "events that extend beyond the end of their clip are truncated there: "
    said += "1 of the estimated events (0 entirely beyond it)"
    assert cut.remarks == (said,)


@pytest.mark.parametrize("name", ["mix_01_02", "street_0001_01_02", "a_30_40", "abcdefghijk_30000"])
def test_only_audioset_names_determine_the_clip_duration(tmp_path, name):
    reference = written(tmp_path, "r.tsv", HEADER + f"{name}.wav\t0\t6\tCar\n")
    report = score_lists(reference, reference)
    assert report.yardsticks["tags_stretched"].error_rate == 0
    assert "1 clip taken to end with the last event" in report.remarks[0]


def test_reference_times_are_not_rounded(tmp_path):
    reference = written(tmp_path, "r.tsv", HEADER + "a.wav\t0\t2.0004\tCar\n")
    report = score_lists(reference, written(tmp_path, "e.tsv", HEADER + "a.wav\t0\t2.0000001\tCar\n"))
    assert report.segment_based.deletion_rate == pytest.approx(1 / 3)


times = st.decimals(0, 30, places=4).map(float)
some_events = st.builds(
    lambda onset, length, label: (onset, onset + length, label), times, times, st.sampled_from(["Car", "Bus", "Dog"])
)
some_lists = st.lists(some_events.filter(lambda event: event[1] > event[0]), max_size=5)


@settings(max_examples=40)
@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(some_lists, some_lists), min_size=1))
def test_scores_of_lists_match_sed_eval_without_durations(tmp_path_factory, clips):
    if not any(event for lists in clips.values() for events in lists for event in events):
        return
    folder = tmp_path_factory.mktemp("lists")
    paths = [folder / "r.tsv", folder / "e.tsv"]
    for path, lists in zip(paths, zip(*clips.values(), strict=True), strict=True):
        rows = [
            f"{clip}.wav\t{a!r}\t{b!r}\t{label}\n" for clip, of in zip(clips, lists, strict=True) for a, b, label in of
        ]
        names = [f"{clip}.wav\n" for clip, of in zip(clips, lists, strict=True) if not of]
        path.write_text(HEADER + "".join(rows + names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sed_eval

    labels = sorted({event[2] for lists in clips.values() for events in lists for event in events})
    official = sed_eval.sound_event.SegmentBasedMetrics(labels, time_resolution=1.0)
    for lists in clips.values():
        official.evaluate(*([{"onset": a, "offset": b, "event_label": label} for a, b, label in of] for of in lists))
    report = score_lists(*paths)
    if report.segment_based.error_rate is not None:
        assert report.segment_based.error_rate == pytest.approx(official.overall_error_rate()["error_rate"])
        assert report.segment_based.recall == pytest.approx(official.overall_f_measure()["recall"])


def test_lists_of_a_single_recording_refer_to_the_same_recording(tmp_path):
    reference = written(tmp_path, "truth.txt", "1.0\t3.0\tCar\n4.0\t5.0\tBus\n")
    estimated = written(tmp_path, "labels.txt", "1.000000\t3.000000\tCar\n\\\t500.0\t2000.0\n")
    assert score_lists(reference, estimated).segment_based.recall == pytest.approx(2 / 3)
    named = written(tmp_path, "e.csv", "file,start,end,label\nx/y.wav,1,3,Car\nx/y.wav,4,5,Bus\n")
    assert score_lists(reference, named).segment_based.error_rate == 0


def test_a_list_without_file_names_must_be_named_after_its_recording(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    estimated = written(tmp_path, "estimated.txt", "1.0\t3.0\tCar\n")
    with pytest.raises(ListFormatError, match="has events of clip 'estimated', which") as caught:
        score_lists(reference, estimated)
    assert "it has no column with file names: name it after its recording" in caught.value.hint
    called_like_it = written(tmp_path, "a.txt", "0.5\t2.5\tCar\n")
    assert score_lists(reference, called_like_it).per_class["Car"].f1 == 1


def test_folders_with_one_list_per_recording_are_scored(tmp_path):
    for folder, ending in (("truth", ".txt"), ("found", ".wav.txt")):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, f"a{ending}", "0.5\t2.5\tCar\n")
        written(tmp_path / folder, f"b{ending}", "")
    report = score_lists(tmp_path / "truth", tmp_path / "found")
    assert (report.clips.scored, report.segment_based.error_rate) == (2, 0)


def test_recordings_match_whatever_their_folder_and_extension(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    estimated = written(tmp_path, "e.tsv", TRUTH.replace("a.wav", "/data/set/a.flac").replace("b.wav", "C:\\x\\b.WAV"))
    assert score_lists(reference, estimated).segment_based.error_rate == 0


def test_a_class_found_only_in_the_estimates_is_reported_with_a_suggestion(tmp_path):
    reference = written(tmp_path, "r.tsv", HEADER + "a.wav\t1\t3\tDog\na.wav\t5\t6\tCar horn\n")
    estimated = written(tmp_path, "e.tsv", HEADER + "a.wav\t1\t3\tdog\na.wav\t5\t6\tCar_horn\n")
    (said, _) = score_lists(reference, estimated).remarks
    assert "has classes that" in said
    assert said.endswith("'Car_horn' (did you mean 'Car horn'?), 'dog' (did you mean 'Dog'?)")


def test_too_many_segments_are_refused(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    with pytest.raises(SettingsError, match=r"a clip of 4 s has 4e\+09 segments of 1e-09 s, for each of 2 classes"):
        score_lists(reference, reference, time_resolution=1e-9)


class Counting(Listener):
    def __init__(self):
        self.seen = Counter()

    def track(self, items, total, what):
        for item in items:
            self.seen[what, total] += 1
            yield item


def test_progress_is_reported_for_each_clip_that_sed_eval_checks(tmp_path):
    reference, listener = written(tmp_path, "r.tsv", TRUTH), Counting()
    score_lists(reference, reference, listener=listener)
    assert listener.seen == {("clips checked by sed_eval", 3): 3 * 3}  # segments, events, and events by onset only


def test_an_estimated_clip_missing_from_the_reference_gives_an_error(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    estimated = written(tmp_path, "e.tsv", HEADER + "z.wav\t0\t1\tCar\ny.wav\t\t\t\n")
    with pytest.raises(
        ListFormatError, match=r"e\.tsv has events of clip 'z' and 1 more, which .*r\.tsv does not list"
    ):
        score_lists(reference, estimated)


def test_unknown_labels_and_lists_without_labels_give_an_error(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    with pytest.raises(ListFormatError, match=r"r\.tsv:3: label 'Bus' is not the one class"):
        score_lists(reference, reference, labels=LabelSet(("Car",)))
    nothing = written(tmp_path, "n.tsv", HEADER + "a.wav\t\t\t\n")
    with pytest.raises(SettingsError, match="name no class"):
        score_lists(nothing, nothing)


def test_an_undefined_score_is_none_with_a_reason(tmp_path):
    reference = written(tmp_path, "r.tsv", TRUTH)
    report = score_lists(reference, written(tmp_path, "e.tsv", HEADER))
    assert report.segment_based.precision is None
    assert report.undefined["segment_based.precision"] == "nothing was estimated"
    empty = written(tmp_path, "n.tsv", HEADER + "a.wav\t\t\t\n")
    report = score_lists(empty, empty, labels=LabelSet(("Car",)))
    assert report.undefined["segment_based.error_rate"] == "the reference has none"
    assert report.intervals == {"error_rate": None, "f1": None, "macro_f1": None}


def test_two_systems_are_compared_on_the_same_clips(tmp_path):
    rows = "".join(f"clip{n}.wav\t0\t2\tCar\n" for n in range(30))
    reference = written(tmp_path, "r.tsv", HEADER + rows)
    worse = written(tmp_path, "w.tsv", HEADER + rows.replace("\t2\t", "\t4\t"))
    against = score_lists(reference, reference, against=worse).against
    found = against.differences["error_rate"]
    assert (found.difference, found.interval, found.better) == (-1.0, (-1.0, -1.0), 1.0)
    assert (found.recordings, found.outcome) == (30, "one seed")
    same = score_lists(reference, reference, against=reference).against.differences["f1"]
    assert (same.difference, same.better) == (0, 0.5)


def test_clips_of_one_recording_are_not_counted_as_independent(tmp_path):
    rows = "".join(f"day{n // 3}@{10 * (n % 3)}.000-{10 * (n % 3) + 10}.000.wav\t0\t2\tCar\n" for n in range(30))
    reference = written(tmp_path, "r.tsv", HEADER + rows)
    found = score_lists(reference, reference, against=reference).against.differences["f1"]
    assert found.recordings == 10


@pytest.mark.parametrize(
    ("tags_of", "error_rate", "f1"),
    [
        pytest.param(lambda labels: sorted(labels), 0.388, 0.8375, id="true tags all along"),
        pytest.param(lambda labels: ["Car"], 1.161, 0.0805, id="Car everywhere"),
    ],
)
@pytest.mark.parametrize("lengths", [(), ("--duration", "10")], ids=["official", "10 s"])
def test_the_command_reproduces_known_scores_on_dcase_2017_testing(
    shared_data, tmp_path, tags_of, error_rate, f1, lengths
):
    folder = shared_data / "dcase2017-task4"
    reference = folder / "groundtruth_strong_label_testing_set.csv"
    labels: dict[str, set[str]] = {}
    for line in (folder / "groundtruth_weak_label_testing_set.csv").read_text().splitlines():
        filename, _, _, label = line.strip().split("\t")
        labels.setdefault(filename, set()).add(label)
    rows = [f"{name}\t0\t10\t{label}\n" for name, of_clip in labels.items() for label in tags_of(of_clip)]
    estimated = written(tmp_path, "e.tsv", HEADER + "".join(rows))
    lists = "--reference", str(reference), "--estimated", str(estimated)
    outcome = CliRunner().invoke(main, ["score", *lists, *lengths, "--json"])
    report = json.loads(outcome.stdout)
    assert report["clips"]["scored"] == 488
    assert report["clips"]["cut"] == {"reference": 0, "estimated": 0}
    assert report["segment_based"]["error_rate"] == pytest.approx(error_rate, abs=5e-4)
    assert report["segment_based"]["f1"] == pytest.approx(f1, abs=5e-5)
    if lengths:  # otherwise the yardsticks end where a clip's name says that the clip ends
        assert report["yardsticks"]["tags_stretched"]["f1"] == pytest.approx(0.8375, abs=5e-5)


def test_the_command_prints_a_table_and_refuses_a_reference_alone(tmp_path):
    reference, estimated = written(tmp_path, "r.tsv", TRUTH), written(tmp_path, "e.tsv", HEADER + "a\t0\t1\tCar\n")
    outcome = CliRunner().invoke(main, ["score", "--reference", str(reference), "--estimated", str(estimated)])
    assert outcome.exit_code == 0, outcome.output
    assert "the most frequent class, always (here " in outcome.stdout
    alone = CliRunner().invoke(main, ["score", "--reference", str(reference)])
    assert alone.exit_code == 2
    assert "--reference and --estimated go together" in alone.stderr
