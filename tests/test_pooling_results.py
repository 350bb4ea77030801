"""Every figure in the documents about single and hierarchical pooling (Table 2) matches the committed cells."""

import csv
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from sedpipe.views.tables.table2 import PUBLISHED

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
POOLINGS = ("linear", "exponential", "attention")
THRESHOLD_FREE = ("clip_map", "frame_map", "psds1", "psds2")


@dataclass(frozen=True)
class Table:
    """A table of cells as `sedpipe reproduce table2` wrote it into `benchmarks/results`."""

    name: str

    @cached_property
    def stored(self) -> dict[str, Any]:
        stored: dict[str, Any] = json.loads((RESULTS / self.name / "table.json").read_text(encoding="utf-8"))
        return stored

    def rows(self, name: str, **wanted: str) -> list[dict[str, str]]:
        """Return the rows of a CSV file of the table that have the values ``wanted``."""
        with (RESULTS / self.name / name).open(encoding="utf-8", newline="") as file:
            return [row for row in csv.DictReader(file) if wanted.items() <= row.items()]

    def difference(
        self, pooling: str, score: str, *, rule: str = "common", split: str = "evaluation", point: str = "min_er"
    ) -> dict[str, Any]:
        """Return 5,5 minus single pooling."""
        wanted = {"rule": rule, "split": split, "operating_point": point, "pooling": pooling}
        [one] = [one for one in self.stored["comparisons"] if wanted.items() <= one.items()]
        found: dict[str, Any] = one["differences"][score]
        return found

    def threshold_free(self, pooling: str, score: str, split: str = "evaluation") -> dict[str, Any]:
        return self.difference(pooling, score, rule="threshold_free", split=split, point="")

    def mean(self, pooling: str, hierarchy: str, score: str, **wanted: str) -> tuple[float, float]:
        """Return a score's mean over the seeds and half of the width of its interval."""
        where = {"rule": "common", "split": "evaluation", "operating_point": "min_er"} | wanted
        [row] = self.rows("table.csv", pooling=pooling, hierarchy=hierarchy, **where)
        return float(row[score]), (float(row[f"{score}_high"]) - float(row[f"{score}_low"])) / 2

    def error_rate(self, pooling: str, hierarchy: str) -> str:
        mean, spread = self.mean(pooling, hierarchy, "error_rate")
        return f"{mean:.3f} ± {spread:.3f}"

    def correlations(self, split: str = "evaluation") -> list[str]:
        """Return the rank correlation of gain in F1 and length of events of each pooling function, as in `table.md`."""
        table = (RESULTS / self.name / "table.md").read_text(encoding="utf-8")
        each = re.findall(r"rank correlation of gain and length over 10 classes ([+-][\d.]+)", table)
        return each[: len(POOLINGS)] if split == "testing" else each[len(POOLINGS) :]


YAMNET, SMALL = Table("table2-esc10-fold4-yamnet"), Table("table2-esc10-fold4-small")
EARLIER = Table("table2-esc10-fold4")
TEN_SEEDS = {"On frozen YAMNet frames": YAMNET, "`small` on log-mel": SMALL}


def section(start: str) -> str:
    """Return the section of `docs/results.md` whose heading starts so."""
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    [found] = [part for part in re.split(r"^##+ ", text, flags=re.MULTILINE) if part.startswith(start)]
    return found


def sentences(text: str) -> str:
    return " ".join(text.split())


def rates(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['difference']:+.3f} ({low:+.3f} to {high:+.3f})"


def points(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    return f"{100 * found['difference']:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


@pytest.mark.parametrize("heading", TEN_SEEDS)
def test_a_comparison_with_ten_seeds_has_all_sixty_cells(heading: str) -> None:
    folder = RESULTS / TEN_SEEDS[heading].name / "cells"
    cells = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    made = {(cell["pooling"], cell["hierarchy"] != [], cell["seed"]) for cell in cells}
    assert made == {(pooling, grouped, seed) for pooling in POOLINGS for grouped in (False, True) for seed in range(10)}
    assert len(cells) == 60


@pytest.mark.parametrize("heading", TEN_SEEDS)
def test_the_primary_endpoint_of_each_comparison_with_ten_seeds_matches_the_cells(heading: str) -> None:
    table, text = TEN_SEEDS[heading], section(heading)
    assert text.startswith(f"{heading}: 60 cells\n")
    for pooling in POOLINGS:
        one = table.difference(pooling, "error_rate")
        theirs = [PUBLISHED["evaluation", pooling, is_hierarchical][3] for is_hierarchical in (True, False)]
        means = [table.error_rate(pooling, hierarchy) for hierarchy in ("none", "5x5")]
        row = [pooling, *means, rates(one), f"{one['p_holm']:.2g}", f"{theirs[0] - theirs[1]:.2f}"]
        assert f"| {' | '.join(row)} |" in text


@pytest.mark.parametrize("heading", TEN_SEEDS)
def test_the_threshold_free_scores_of_each_comparison_with_ten_seeds_match_the_cells(heading: str) -> None:
    table, text = TEN_SEEDS[heading], section(heading)
    for pooling in POOLINGS:
        found = [table.threshold_free(pooling, score) for score in THRESHOLD_FREE]
        cells = [points(one) + ("" if one["outcome"] == "not distinguishable" else "\\*") for one in found]
        assert f"| {pooling} | {' | '.join(cells)} |" in text


def test_what_is_said_of_yamnet_frames_matches_the_cells() -> None:
    told = sentences(section("On frozen YAMNet frames"))
    chosen = YAMNET.difference("attention", "error_rate", rule="chosen")
    assert YAMNET.difference("attention", "error_rate")["outcome"] == "better"
    assert f"with settings for each class it is {-chosen['difference']:.3f} and {chosen['outcome']}" in told
    for split in ("testing", "evaluation"):
        each = [YAMNET.threshold_free("linear", score, split) for score in ("psds1", "psds2")]
        assert all(one["outcome"] == "better" and 0.0055 < one["difference"] < 0.0095 for one in each)
    lowest = min(YAMNET.difference(pooling, "error_rate")["interval"][0] for pooling in POOLINGS)
    assert f"no interval goes below {lowest:.3f}." in told
    assert "is {}, {} and {} on `evaluation`".format(*YAMNET.correlations()) in told
    of_attention = YAMNET.rows("classes.csv", split="evaluation", pooling="attention")
    first, second = sorted(of_attention, key=lambda row: -float(row["f1_difference"]))[:2]
    most = [f"{row['class']} ({float(row['median_event_s']):.1f} s)" for row in (first, second)]
    assert f"The largest gains with attention are those of {most[0]} and {most[1]}" in told
    # Of the means as they are printed, so that a reader who subtracts them gets the same figure.
    linear, *others = (round(YAMNET.mean(name, "none", "error_rate")[0], 3) for name in POOLINGS)
    behind = [f"{other - linear:.2f}" for other in others]
    assert f"behind linear softmax by an ER of {behind[0]}, attention by {behind[1]}" in told


def test_what_is_said_of_power_pooling_matches_the_cells() -> None:
    power, told = Table("table2-esc10-fold4-yamnet-power"), sentences(section("On frozen YAMNet frames"))
    assert all(one["seeds"] == [*range(10)] for one in power.stored["comparisons"])
    single, grouped = (power.error_rate("power", hierarchy) for hierarchy in ("none", "5x5"))
    one = power.difference("power", "error_rate")
    low, high = one["interval"]
    assert f"an ER of {single} single and {grouped} with 5,5, a difference of {one['difference']:+.3f}" in told
    assert f"({low:+.3f} to {high:+.3f}, p {one['p_holm']:.2f}). It is as good as linear softmax" in told
    for score, title in (("psds1", "PSDS 1"), ("psds2", "PSDS 2")):
        free = [power.threshold_free("power", score, split) for split in ("testing", "evaluation")]
        assert [one["outcome"] for one in free] == ["better", "better"]
        change, (low, high) = 100 * free[1]["difference"], (100 * bound for bound in free[1]["interval"])
        assert f"{title} {change:+.1f}" in told
        assert f", {low:+.1f} to {high:+.1f}" in told


def test_what_is_said_of_lung_sounds_matches_the_cells() -> None:
    lungs, told = Table("table2-sprsound-yamnet"), sentences(section("On children's lungs"))
    assert {(one["split"], *one["seeds"]) for one in lungs.stored["comparisons"]} == {("testing", *range(5))}
    means = [
        "{:.1f} ± {:.1f}".format(
            *(100 * one for one in lungs.mean("linear", hierarchy, "f1", split="testing", operating_point="max_f1"))
        )
        for hierarchy in ("none", "5x5")
    ]
    endpoint = lungs.difference("linear", "f1", split="testing", point="max_f1")
    low, high = (100 * bound for bound in endpoint["interval"])
    assert f"is {means[0]} single and {means[1]} with 5,5: a difference of {100 * endpoint['difference']:+.1f}" in told
    assert f"points ({low:+.1f} to {high:+.1f}, p {endpoint['p']:.2f})." in told
    assert f"a gain of more than {high:.1f} points is ruled out" in told
    psds, frames = (lungs.threshold_free("linear", score, "testing") for score in ("psds1", "frame_map"))
    assert (psds["outcome"], frames["outcome"]) == ("better", "not distinguishable")
    low, high = (100 * bound for bound in psds["interval"])
    interval = f"{low:+.1f} to {high:+.1f}, p {psds['p_holm']:.2g}"
    assert f"PSDS 1 is better by {100 * psds['difference']:.1f} points ({interval} after" in told
    low, high = (100 * bound for bound in frames["interval"])
    assert f"frame mAP is not ({100 * frames['difference']:+.1f}, {low:+.1f} to {high:+.1f})" in told


def test_what_is_said_of_small_matches_the_cells() -> None:
    told = sentences(section("`small` on log-mel"))
    every = [one for compared in SMALL.stored["comparisons"] for one in compared["differences"].values()]
    assert {one["outcome"] for one in every} == {"not distinguishable"}
    assert f"one of the three of the primary endpoint nor one of the {len(every) - 3} exploratory ones" in told
    primary = {table: [table.difference(name, "error_rate") for name in POOLINGS] for table in (SMALL, YAMNET)}
    lowest = min(one["interval"][0] for one in primary[SMALL])
    assert f"no interval goes below {lowest:.3f}." in told
    assert lowest > -0.06
    of_exponential = SMALL.difference("exponential", "error_rate")
    assert of_exponential["interval"][1] < 0
    assert f"a lower ER (above, p {of_exponential['p']:.2g}; with settings" in told
    (least, most), (there_least, there_most) = (
        (min(one["smallest"] for one in of), max(one["smallest"] for one in of)) for of in primary.values()
    )
    ranges = (
        f"to exceed {least:.3f} to {most:.3f} to be significant, on YAMNet frames {there_least:.3f} to {there_most:.3f}"
    )
    assert ranges in told
    low, high = SMALL.difference("attention", "error_rate")["interval"]
    gain = YAMNET.difference("attention", "error_rate")["difference"]
    assert low < gain < 0 < high
    assert f"contains both the gain of {-gain:.3f} that was found there and 0." in told
    found = SMALL.correlations("testing"), SMALL.correlations("evaluation")
    (linear, exponential, attention), (first, second, third) = found[1], found[0]
    assert f"is {linear} with linear softmax, the predicted sign, {exponential} with exponential softmax and" in told
    assert f"and {attention} with attention on `evaluation`, and {first}, {second} and {third} on `testing`" in told
    assert all(abs(float(one)) < 0.65 for of in found for one in of)
    lower = [
        SMALL.mean(name, "none", "error_rate")[0] - YAMNET.mean(name, "none", "error_rate")[0] for name in POOLINGS
    ]
    gains = f"lower by {lower[0]:.2f} with linear softmax on YAMNet frames, by {lower[2]:.2f} with attention, but by"
    assert f"{gains} {lower[1]:.2f} with exponential softmax" in told
    ranking = SMALL.threshold_free("linear", "frame_map", "testing")
    corrected = f"p {ranking['p']:.2g}, after correction {ranking['p_holm']:.2g}"
    assert f"(frame mAP {points(ranking)}, {corrected})" in told
    assert ranking["difference"] < 0 < YAMNET.threshold_free("linear", "frame_map")["difference"]
    chosen = SMALL.difference("exponential", "error_rate", rule="chosen")
    corrected = f"p {chosen['p']:.2g}, after correction {chosen['p_holm']:.2g}"
    assert f"with settings for each class {rates(chosen)}, {corrected})" in told
    every_p = sorted(one["p"] for one in every)
    assert {ranking["p"], chosen["p"]} <= {*every_p[:3]}
    losses = [
        SMALL.mean("exponential", hierarchy, "validation_loss", rule="threshold_free", operating_point="")[0]
        for hierarchy in ("5x5", "none")
    ]
    assert losses[0] > losses[1]
    assert f"with 5,5 ({losses[0]:.4f}, single {losses[1]:.4f})" in told
    cells = [json.loads(path.read_text(encoding="utf-8")) for path in (RESULTS / SMALL.name / "cells").glob("*.json")]
    epochs = [cell["best_epoch"] for cell in cells if cell["pooling"] == "exponential"]
    assert f"in the last epoch in {epochs.count(12)} of {len(epochs)} cells" in told


def test_the_claims_of_the_first_edition_stand_beside_the_present_results() -> None:
    text = section("Old claims beside new ones")
    for pooling, score, claim, split, point in (
        ("attention", "error_rate", "ER worse", "evaluation", "min_er"),
        ("attention", "f1", "F1 worse", "evaluation", "min_er"),
        ("exponential", "error_rate", "ER better", "testing", "max_f1"),
    ):
        old = EARLIER.difference(pooling, score, rule="chosen", split=split, point=point)
        new = SMALL.difference(pooling, score, split=split, point=point)
        shown = rates if score == "error_rate" else points
        row = [
            f"{pooling}: {claim} on `{split}`, at `{point}`",
            shown(old),
            f"{old['p']:.2g}",
            shown(new),
            f"{new['p']:.2g}",
        ]
        assert f"| {' | '.join(row)} |" in text
    every = [one for compared in EARLIER.stored["comparisons"] for one in compared["differences"].values()]
    assert len(every) == 24
    assert {one["p_holm"] for one in every} == {1.0}
    told = sentences(text)
    f1 = [100 * (max(of_seed) - min(of_seed)) for of_seed in f1_by_system(EARLIER, "evaluation")]
    assert f"differ by up to {max(f1):.0f} points of F1 on `evaluation`" in told
    table = (RESULTS / EARLIER.name / "table.md").read_text(encoding="utf-8")
    moved = [
        float(one)
        for line in re.findall("changes F1 by .*", table)
        for one in re.findall(r"(?:to|and) ([\d.]+) \(", line)
    ]
    assert f"moves F1 by {min(moved):.0f} to {max(moved):.0f} points" in told
    worlds = json.loads((RESULTS / "false-alarms.json").read_text(encoding="utf-8"))["worlds"]
    found = {name: world["seeds"]["5"]["false_alarms"]["draws of seeds and clips"] for name, world in worlds.items()}
    drawn = {name: 100 * of["error_rate"] for name, of in found.items()}
    alike = drawn["as esc10-fold4, small"]
    assert f"in {alike:.1f} % of simulated tables with five seeds that resemble this one, and in up to" in told
    assert f"{max(drawn.values()):.1f} % of others" in told
    attention = SMALL.difference("attention", "error_rate", rule="chosen")
    exponential = SMALL.difference("exponential", "error_rate", rule="chosen", split="testing", point="max_f1")
    assert f"(attention, `evaluation`: ER {rates(attention)}; exponential, `testing`: {rates(exponential)})" in told


def f1_by_system(table: Table, split: str) -> list[list[float]]:
    """Return F1 at `min_er` of the seeds of each system."""
    of_system: dict[tuple[str, bool], list[float]] = {}
    for path in (RESULTS / table.name / "cells").glob("*.json"):
        cell = json.loads(path.read_text(encoding="utf-8"))
        f1 = cell["splits"][split]["operating_points"]["min_er"]["f1"]
        of_system.setdefault((cell["pooling"], bool(cell["hierarchy"])), []).append(f1)
    return [*of_system.values()]


def test_the_readme_says_what_the_comparisons_with_ten_seeds_found() -> None:
    told = sentences((ROOT / "README.md").read_text(encoding="utf-8"))
    primary = {(table, name): table.difference(name, "error_rate") for table in (YAMNET, SMALL) for name in POOLINGS}
    [significant] = [place for place, one in primary.items() if one["outcome"] != "not distinguishable"]
    assert significant == (YAMNET, "attention")
    assert "one of six primary comparisons is statistically significant: with attention on the encoder" in told
    assert f"hierarchical pooling lowers the error rate by {-primary[significant]['difference']:.3f}. " in told
    assert "reductions of 0.06 to 0.08, which both experiments rule out for these data" in told
    published = [PUBLISHED["evaluation", name, True][3] - PUBLISHED["evaluation", name, False][3] for name in POOLINGS]
    assert (round(max(published), 2), round(min(published), 2)) == (-0.06, -0.08)
    assert min(one["interval"][0] for one in primary.values()) > max(published)


def test_with_attention_short_events_do_not_gain_most_in_either_comparison() -> None:
    told = sentences((ROOT / "docs" / "pooling.md").read_text(encoding="utf-8"))
    assert "no difference is significant with exponential softmax, as the arithmetic predicts. With attention" in told
    assert "but in neither experiment is it the short events that gain most" in told
    for table in (YAMNET, SMALL):
        of_exponential = [one for one in table.stored["comparisons"] if one["pooling"] == "exponential"]
        outcomes = {found["outcome"] for one in of_exponential for found in one["differences"].values()}
        assert outcomes == {"not distinguishable"}
        rows = table.rows("classes.csv", split="evaluation", pooling="attention")
        first = sorted(rows, key=lambda row: -float(row["f1_difference"]))[:2]
        assert all(float(row["median_event_s"]) > 2 for row in first)
