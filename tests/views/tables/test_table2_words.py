from compared_cells import cell, second_edition
from sedpipe.views.tables.table2_words import introduction, sentences
from some_records import record_of

CELLS = [
    second_edition(cell("linear", hierarchy, seed, share, splits=("testing", "evaluation")))
    for hierarchy, share in (([], 0.5), ([5, 5], 0.7))
    for seed in (0, 1, 2)
]


def test_the_primary_endpoint_is_marked_and_exploratory_comparisons_are_counted() -> None:
    record = record_of(CELLS)
    [text] = introduction(record)
    assert "Primary endpoint: ER on evaluation at min_er, 1 comparison with Holm's correction." in text
    rules = "one setting for all classes: 3; no threshold: 2; settings chosen for each class: 4"
    assert f"with Holm's correction among those of its rule ({rules})." in text
    told = [line for one in record.comparisons if one.rule == "common" for line in sentences(one)]
    assert [line.split(" better")[0] for line in told if line.startswith("  - ")] == [
        "  - ER",
        "  - F1",
        "  - **primary endpoint:** ER",
        "  - F1",
    ]


def test_an_endpoint_is_corrected_only_among_the_endpoints() -> None:
    found = {one.split: one.differences for one in record_of(CELLS).comparisons if one.rule == "common"}
    endpoint, other = found["evaluation"]["error_rate"], found["testing"]["error_rate"]
    assert endpoint is not None
    assert other is not None
    assert endpoint.p_holm == endpoint.p
    assert other.p_holm > other.p


def test_the_number_of_recordings_behind_the_clips_is_reported_if_known() -> None:
    known = record_of(CELLS, recordings={"testing": (("a", "b"), ("b",), ("c",))})
    assert introduction(known)[-1] == "Clips of one recording are not independent. testing: 3 clips of 3 recordings."


def test_cells_of_the_first_edition_have_no_primary_endpoint() -> None:
    plain = [cell("linear", groups, seed, 0.5, splits=("evaluation",)) for groups in ([], [5, 5]) for seed in (0, 1)]
    [text] = introduction(record_of(plain))
    assert "Holm's correction of a comparison is among those of its rule (settings chosen for each class: 2)." in text
