"""Cells of Table 3 -> its page and the README of its folder, as Markdown.

- :func:`table3_page`: tables, differences from the baseline, published scores
- :func:`table3_readme`: how the folder was made, and what it contains
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sedpipe.io.records.table import Cell, TableComparison, TableRecord
from sedpipe.printable import markdown_text
from sedpipe.steps.table_comparisons import is_endpoint
from sedpipe.views.tables.table2 import shown
from sedpipe.views.tables.table2_page import PAPERS_DATASET
from sedpipe.views.tables.table2_words import RULES, TITLES
from sedpipe.views.tables.table3 import (
    OWN_RULE,
    THRESHOLD_FREE,
    Cost,
    Row,
    by_system,
    clock_of,
    costs_of,
    rows_of,
    titled,
)
from sedpipe.views.tables.table3_learning import learning_lines
from sedpipe.views.verdicts import ONE_SEED, verdict
from sedpipe.wording import counted

_RULES = {
    **RULES,
    OWN_RULE: "the rule that each system was published with",
    "threshold_free": "tags, and scores without a threshold",
}
_PUBLISHED = ("error_rate", "f1", "macro_f1", "tagging_f1")
_TITLES = {**TITLES, **THRESHOLD_FREE}


def budget_of(record: TableRecord) -> str:
    """Return the budget of each training, in words."""
    if record.minutes is None:
        return counted(record.epochs, "epoch")
    return f"{record.minutes:g} minutes"


def table3_page(
    cells: Sequence[Cell], record: TableRecord, failures: Mapping[str, str], remarks: Sequence[str] = ()
) -> str:
    """Return the page.

    Parameters
    ----------
    cells : sequence of Cell
        At least one cell; all of one dataset.
    record : TableRecord
        Record of the table, with the comparisons of the cells.
    failures : mapping of str to str
        Reasons why cells were not made, by the name of the cell.
    remarks : sequence of str
        Further remarks.
    """
    rows, hours = rows_of(cells), sum(cell.seconds for cell in cells) / 3600
    costs = costs_of(cells)
    clock, endpoint = clock_of(costs), "All"
    if any("evaluation" in cell.splits for cell in cells):
        rule = RULES["common"]
        endpoint = f"Primary endpoint: ER on evaluation at min_er with {rule}, with Holm's correction; all other"
    lines = [
        f"# Table 3 on {record.dataset}: {budget_of(record)} of training for each system and seed",
        "",
        "Numbers are means over random seeds with Student's 95 % confidence interval, in per cent except for rates. "
        f"Post-processing is tuned on testing. Below each table: differences from {record.baseline}, paired by seed; "
        "their 95 % intervals cover the variation between seeds and between recordings (without a threshold: between "
        f"seeds only). {endpoint} comparisons are exploratory, with Holm's correction among those of their rule. Not "
        "distinguishable is not the same as equal.",
        "",
        f"![F1 against the {'CPU ' if clock == 'CPU' else ''}time to process an hour of audio](table.svg)",
        "",
        f"{counted(len(cells), 'cell')}, {hours:.1f} hours of training.",
        "",
        *(f"{markdown_text(remark[0].upper() + remark[1:])}.\n" for remark in remarks),
        *(f"Not made: {name}: {markdown_text(reason)}\n" for name, reason in failures.items()),
        *_cost_lines(costs),
        *learning_lines(cells),
    ]
    for part in dict.fromkeys(row.part for row in rows):
        lines += _part_lines(part, [row for row in rows if row.part == part], record)
    if cells[0].dataset == PAPERS_DATASET:
        lines += _published_lines(cells)
    return "\n".join(lines) + "\n"


def _cost_lines(costs: Sequence[Cost]) -> Iterator[str]:
    clock = clock_of(costs)
    seconds = f"{clock} s".strip()
    yield "## what each system takes"
    yield ""
    yield (
        f"| system | seeds | parameters | multiply-adds of 10 s | steps | times all clips | {seconds} to train | "
        f"{seconds} per hour of audio |"
    )
    yield "|---|" + "---|" * 7
    for cost in costs:
        title, of = markdown_text(titled(cost, clock)), f" ({cost.networks} networks)" if cost.networks > 1 else ""
        yield (
            f"| {title} | {cost.seeds} | {cost.parameters / 1e6:.2f} M{of} | {cost.multiply_adds / 1e9:.2f} G | "
            f"{cost.steps:,} | {cost.epochs:.1f} | {_seconds(cost.train_s)} | {_seconds(cost.hour_s)} |"
        )
    yield ""
    yield (
        "Parameters and multiply-adds do not include encoders; the time per hour of audio does. The time to train is "
        "steps and validations times their durations, measured once per system, as in the budget; the cells also keep "
        "the seconds that were measured. A training may end earlier than its budget, by its own patience: steps and "
        "times all clips are those of the whole budget, the time to train is of the steps that were made."
    )
    yield ""
    if clock != "CPU":
        of_gpu = "Times on a GPU" if clock else "Times of systems marked (GPU)"
        yield (
            f"{of_gpu} are seconds of the clock while it works; to those per hour of audio the CPU seconds of the "
            "front end are added. They are no CPU seconds, and not comparable with them."
        )
        yield ""


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _part_lines(part: tuple[str, str, str], rows: Sequence[Row], record: TableRecord) -> list[str]:
    rule, split, point = part
    names, where = list(rows[0].scores), ", ".join(filter(None, (split, point, _RULES[rule])))
    lines = [
        f"## {where}{' (chosen on this split)' if _is_tuned(part) else ''}",
        "",
        f"| system | {' | '.join(_TITLES[name] for name in names)} |",
        "|---|" + "---|" * len(names),
    ]
    titles = {row.system: markdown_text(row.title) for row in rows}
    for row in rows:
        lines.append(f"| {titles[row.system]} | {' | '.join(shown(row.scores.get(name), name) for name in names)} |")
    below = [one for one in record.comparisons if (one.rule, one.split, one.operating_point) == part]
    return [*lines, "", *(line for one in below for line in _sentences(one, titles)), ""]


def _is_tuned(part: tuple[str, str, str]) -> bool:
    rule, split, _ = part
    return split == "testing" and rule in ("common", "chosen")


def _sentences(one: TableComparison, titles: Mapping[str, str]) -> Iterator[str]:
    n_seeds = len(one.seeds)
    seeds = counted(n_seeds, "seed") + (f" ({ONE_SEED})" if n_seeds == 1 else "")
    yield f"- {titles.get(one.system, one.system)} against {titles.get(one.against, one.against)}, {seeds}:"
    for score, found in one.differences.items():
        if found is not None and score in _TITLES:
            endpoint = "**primary endpoint:** " if is_endpoint(one, score) else ""
            yield f"  - {endpoint}{_TITLES[score]} {verdict(found, in_percent=not score.endswith('_rate'))}"


def _published_lines(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield tables of the published scores, and of what differs in the published systems or their scoring."""
    for split in ("testing", "evaluation"):
        if not any(bench.published.get(split) for (_, bench), *_ in by_system(cells).values()):
            continue
        yield from (f"## published, {split}", "", "| system | ER | F1 | macro F1 | tagging F1 | what differs |")
        yield "|---|---|---|---|---|---|"
        for (_, bench), *_ in by_system(cells).values():
            scores = bench.published.get(split)
            if scores:
                values = (_published(name, scores.get(name)) for name in _PUBLISHED)
                yield f"| {markdown_text(bench.title)} | {' | '.join(values)} | {markdown_text(bench.differs)} |"
        yield ""


def _published(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if name.endswith("_rate") else f"{100 * value:.1f}"


def table3_readme(cells: Sequence[Cell], record: TableRecord) -> str:
    """Return a description of how the folder was made, and of what it contains.

    Parameters
    ----------
    cells : sequence of Cell
        At least one cell.
    record : TableRecord
        What was requested for the table most recently; there may also be cells of other systems and seeds.
    """
    systems = list(dict.fromkeys((*record.systems.values(), *by_system(cells))))
    seeds = ",".join(map(str, dict.fromkeys((*record.seeds, *sorted(cell.seed for cell in cells)))))
    budget = f"--epochs {record.epochs}" if record.minutes is None else f"--minutes {record.minutes:g}"
    usual = "small" if "small" in systems else systems[0]
    baseline = "" if record.baseline == usual else f" --baseline {record.baseline}"
    asked = f"--systems {','.join(systems)} {budget} --seeds {seeds}{baseline}"
    names = {*record.runs, *(f"{cell.bench.system}-seed{cell.seed}" for cell in cells if cell.bench is not None)}
    threads = sorted({cell.threads for cell in cells})
    of_all: dict[str, set[str]] = {}
    for cell in cells:
        for name, version in cell.versions.items():
            of_all.setdefault(name, set()).add(version)
    versions = [f"{name} {' and '.join(sorted(each))}" for name, each in of_all.items()]
    return "\n".join(
        [
            f"# Table 3 of the paper on `{record.dataset}`",
            "",
            f"`sedpipe reproduce table3 {record.dataset} {asked}`:",
            f"{counted(len(by_system(cells)), 'system')}, {len(cells)} of {counted(len(names), 'cell')}.",
            "",
            "- `table.md`: all numbers, differences to the baseline; `table.csv`: the numbers, for a program;",
            "  `table.svg`: F1 against the time to process an hour of audio",
            "- `cells/`: each cell with its settings, versions and counts a clip; `failed/`: why some were not made",
            "- `paces/`: what a step and a validation of each system take, measured once; the budget divided by it is",
            "  the number of steps of each training, which no clock changes any more",
            f"- `sedpipe reproduce table3 {record.dataset} --out THIS_FOLDER --draw` draws all of it anew from cells",
            "",
            f"Threads of each training: {', '.join(map(str, threads))}. Versions: {', '.join(versions)}.",
            f"{sum(cell.seconds for cell in cells) / 3600:.1f} hours by the cells' own clocks.",
            "",
        ]
    )
