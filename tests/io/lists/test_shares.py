from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sedpipe.errors import ListFormatError
from sedpipe.io.lists.recordings import Recording
from sedpipe.io.lists.shares import drawn, groups_by_column, groups_by_name

LABELS = st.lists(st.sampled_from(["Bird", "Car", "Dog"]), unique=True, max_size=3).map(tuple)


@st.composite
def recordings_and_groups(draw: st.DrawFn) -> tuple[list[Recording], dict[str, str]]:
    recordings = [Recording(f"{n}.wav", labels) for n, labels in enumerate(draw(st.lists(LABELS, max_size=40)))]
    groups = {one.filename: draw(st.sampled_from(["", "a", "b", "c", "d"])) for one in recordings}
    return recordings, groups


@given(recordings_and_groups(), st.floats(0.05, 0.95), st.randoms())
def test_groups_stay_whole_and_neither_side_is_empty(given_: tuple, share: float, random) -> None:
    recordings, groups = given_
    taken = drawn(recordings, share, groups)
    names = {one.filename for one in recordings}
    assert taken <= names
    for name in taken:
        if groups[name]:
            assert {other for other in names if groups[other] == groups[name]} <= taken
    n_groups = len({groups[name] or name for name in names})
    assert 0 < len(taken) < len(names) if n_groups > 1 else not taken
    shuffled = list(recordings)
    random.shuffle(shuffled)
    assert drawn(shuffled, share, groups) == taken


@pytest.mark.parametrize("share", [0.1, 0.25])
def test_recordings_of_each_class_and_of_none_are_drawn_in_proportion(share: float) -> None:
    labels = [("Bird",)] * 200 + [("Car",)] * 40 + [("Bird", "Dog")] * 20 + [()] * 400
    recordings = [Recording(f"{n}.wav", of_one) for n, of_one in enumerate(labels)]
    taken = drawn(recordings, share, {})
    counts = Counter(label for one in recordings if one.filename in taken for label in one.labels or ("nothing",))
    expected = {"Bird": 220 * share, "Car": 40 * share, "Dog": 20 * share, "nothing": 400 * share}
    assert counts == {label: pytest.approx(n, abs=1) for label, n in expected.items()}


def test_adding_one_recording_moves_few_others() -> None:
    recordings = [Recording(f"{n}.wav", ("Bird",) if n % 2 else ("Car",)) for n in range(100)]
    before, after = drawn(recordings[:-1], 0.2, {}), drawn(recordings, 0.2, {})
    assert len(before ^ after) <= 2


@pytest.mark.parametrize(
    ("rule", "groups"),
    [
        ("prefix_", ["41112159", "41112159", "", ""]),
        ("_", ["41112159", "41112159", "", ""]),
        ("prefix-", ["", "", "day", ""]),
        ("folder", [".", "sub", "sub", "sub/deep"]),
    ],
)
def test_groups_are_derived_from_file_names(rule: str, groups: list[str]) -> None:
    names = ["41112159_4.9_1.wav", "sub/41112159_5.wav", "sub/day-1.wav", "sub/deep/a.wav"]
    assert groups_by_name(names, rule) == dict(zip(names, groups, strict=True))


@pytest.mark.parametrize("rule", ["patient", "site 2", "prefix", "Ort"])
def test_text_that_is_not_a_naming_rule_gives_no_groups_by_name(rule: str) -> None:
    assert groups_by_name(["a_1.wav"], rule) is None


def test_groups_are_read_from_a_column_of_the_list(tmp_path: Path) -> None:
    (tmp_path / "weak.csv").write_text("filename;event_label;Patient\na.wav;Bird;7\na.wav;Car;7\nsub/b.wav;;8\n")
    assert groups_by_column(tmp_path / "weak.csv", "patient", ["a.wav", "sub/b.wav", "c.wav"]) == {
        "a.wav": "7",
        "sub/b.wav": "8",
    }
    with pytest.raises(ListFormatError, match=r"expected the column 'Patent' \(did you mean 'Patient'\?\)$"):
        groups_by_column(tmp_path / "weak.csv", "Patent", ["a.wav"])
    with pytest.raises(ListFormatError, match="is a folder of lists"):
        groups_by_column(tmp_path, "patient", ["a.wav"])


def test_a_recording_does_not_get_the_group_of_its_namesake_in_another_folder(tmp_path: Path) -> None:
    (tmp_path / "weak.csv").write_text("filename,event_label,site\nn/a.wav,Bird,north\ns/a.wav,Bird,south\n")
    assert groups_by_column(tmp_path / "weak.csv", "site", ["n/a.wav"]) == {"n/a.wav": "north"}


def test_a_recording_in_two_groups_is_refused_and_empty_cells_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "weak.csv"
    path.write_text("filename,event_label,day\na.wav,Dog,\na.wav,Cat,Monday\na.wav,Owl,\n")
    assert groups_by_column(path, "day", ["a.wav"]) == {"a.wav": "Monday"}
    path.write_text("filename,event_label,day\na.wav,Dog,Monday\na.wav,Cat,Friday\n")
    with pytest.raises(ListFormatError, match=r"weak.csv:3: found .day 'Friday' for 'a.wav'., expected 'Monday', as"):
        groups_by_column(path, "day", ["a.wav"])


def test_rs_row_names_do_not_shift_the_group_column(tmp_path: Path) -> None:
    (tmp_path / "weak.tsv").write_text("filename\tevent_label\tday\n1\ta.wav\tDog\tMonday\n2\tb.wav\tDog\tFriday\n")
    found = groups_by_column(tmp_path / "weak.tsv", "day", ["a.wav", "b.wav"])
    assert found == {"a.wav": "Monday", "b.wav": "Friday"}


def test_an_empty_column_is_refused_as_group(tmp_path: Path) -> None:
    (tmp_path / "weak.csv").write_text("filename,event_label,day\na.wav,Dog,\nb.wav,Dog,\n")
    with pytest.raises(ListFormatError, match=r"the column .day. is empty$"):
        groups_by_column(tmp_path / "weak.csv", "day", ["a.wav", "b.wav"])
