"""Commands that use a trained network: ``score``, ``predict``, ``listen``, ``report``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import rich_click as click

from sedpipe.choices import SPLITS
from sedpipe.cli import scored
from sedpipe.cli.applies import refuse
from sedpipe.cli.help import EXAMPLES
from sedpipe.cli.options import (
    DEFAULT_DATASET,
    EXIT_RETRYABLE,
    FILE,
    FOLDER,
    LIST,
    LISTS,
    cluster_options,
    common,
    device_option,
    given,
    open_option,
    operating_point_option,
)
from sedpipe.cli.paths import check_there, paths_of
from sedpipe.cli.terminal import Terminal, is_watched, print_line, print_report, show_address, show_page
from sedpipe.cli.types import Quantity, ShardType
from sedpipe.commands import command, place
from sedpipe.printable import printable, printable_json
from sedpipe.views.terminal.heard import Asked, events_table
from sedpipe.views.terminal.listening import predict_lines, predict_remarks, report_lines
from sedpipe.views.terminal.scores import list_score_lines, score_lines


@click.command(epilog=EXAMPLES["score"])
@click.argument("dataset", required=False, metavar="[DATASET]")
@click.option("--run", "-r", "runs", multiple=True, metavar="RUN",
              help="Name or path of a run; of several, the mean of their probabilities is scored.",
              show_default="the newest")  # fmt: skip
@click.option("--split", "-s", type=click.Choice(SPLITS), default="evaluation",
              show_default=True,
              help="Split to score. Thresholds were chosen on `testing`: quote `evaluation`.")  # fmt: skip
@click.option("--estimated", type=LISTS, metavar="LIST",
              help="Score this event list (of any system), or a folder of lists; needs --reference.")  # fmt: skip
@click.option("--reference", type=LISTS, metavar="LIST",
              help="Reference for --estimated or --frame-scores; DATASET then only gives the classes.")  # fmt: skip
@click.option("--frame-scores", type=LISTS, metavar="TABLE",
              help="Score the frame probabilities of any system: a table with filename, onset and a column per class, "
              "or a folder of sed_scores_eval; needs --reference, on which thresholds are tuned, too.")  # fmt: skip
@click.option("--duration", type=Quantity(0, min_open=True), metavar="SECONDS",
              help="Duration of every clip in the lists or tables; events are truncated there.",
              show_default="nothing is truncated")  # fmt: skip
@click.option("--durations", type=LIST, metavar="LIST", help="Duration of each clip: a list with filename, duration.")
@click.option("--time-resolution", type=Quantity(0, min_open=True), default=1.0, show_default=True,
              metavar="SECONDS", help="Segment length for event lists.")  # fmt: skip
@click.option("--against", multiple=True, metavar="RUN|LIST",
              help="Compare with this run or list, on the same clips; with as many runs as --run, two systems are "
              "compared, paired by random seed.")  # fmt: skip
@operating_point_option
@click.option("--explain", is_flag=True,
              help="Show what each step of the tuning gained, on `testing` and cross-validated.")  # fmt: skip
@click.option("--export-scores", type=FOLDER, metavar="FOLDER",
              help="Write frame probabilities in the format of sed_scores_eval.")  # fmt: skip
@device_option
@common
def score(
    dataset: str | None, estimated: Path | None, reference: Path | None, duration: float | None,
    durations: Path | None, time_resolution: float, against: tuple[str, ...],
    explain: bool, cache_dir: Path, as_json: bool, quiet: bool, frame_scores: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Score a run on a split, or any event list; every score is checked by sed_eval."""
    from sedpipe.io.cache.open import labels_of, open_dataset

    if frame_scores is not None and reference is not None:
        scored.check_options(scored.FRAMES)
        from sedpipe.stages.score_frames import score_frames

        heard = score_frames(
            frame_scores, reference, labels=labels_of(dataset, cache_dir) if dataset else None, duration=duration,
            operating_point=options["operating_point"], listener=Terminal(quiet=quiet),
        )  # fmt: skip
        return print_report(heard, partial(score_lines, explain=explain, of_run=False), as_json)
    if frame_scores is not None:
        raise click.UsageError("--frame-scores needs the reference events: add --reference")
    if estimated is not None and reference is not None:
        scored.check_options(scored.LISTS)
        from sedpipe.stages.score_lists import score_lists

        listed = score_lists(
            reference, estimated, labels=labels_of(dataset, cache_dir) if dataset else None, duration=duration,
            durations=durations, against=_only_list(against), time_resolution=time_resolution,
            listener=Terminal(quiet=quiet),
        )  # fmt: skip
        return print_report(listed, list_score_lines, as_json)
    if estimated is not None or reference is not None:
        raise click.UsageError("--reference and --estimated go together")
    scored.check_options(scored.RUN)
    from sedpipe.stages.score import score as run_stage

    runs = options.pop("runs")
    report = run_stage(
        open_dataset(dataset or DEFAULT_DATASET, cache_dir), run=runs, against=against,
        listener=Terminal(quiet=quiet), **options,
    )  # fmt: skip
    print_report(report, partial(score_lines, explain=explain, cache=cache_dir, is_mean=len(runs) > 1), as_json)


def _only_list(against: tuple[str, ...]) -> Path | None:
    """Return the list to compare with, if any; only one is allowed, since lists have no random seeds."""
    if len(against) > 1:
        raise click.UsageError("give --against only one list: repeating it compares the runs of two systems")
    return Path(against[0]) if against else None


@click.command(epilog=EXAMPLES["predict"])
@click.argument("places", nargs=-1, required=True, metavar="FILE_OR_DIR...", type=click.Path())
@click.option("--model", "-m", metavar="RUN", help="esc10 or esc10-yamnet, which come with sedpipe; the "
              "folder of a run or an export; or the name of a run of --dataset.",
              show_default="the newest run of --dataset, else esc10")  # fmt: skip
@click.option("--dataset", "-d", help="Dataset of the run; without --model, its newest run is used.")
@click.option("--out", "-o", type=FOLDER, metavar="DIR",
              help="Write one file per recording here, mirroring the folders; finished files are kept.")  # fmt: skip
@click.option("--format", "-f", "form", type=click.Choice(["tsv", "csv", "json", "audacity", "raven", "html"]),
              show_default="a table on a terminal, else tsv", help="DCASE's event list (tsv), the same with "
              "probabilities and time of day (csv), json, Audacity's labels, Raven's selection table; or html, a page "
              "to see, hear and correct the events.")  # fmt: skip
@operating_point_option
@click.option("--threshold", type=Quantity(0, 1), help="Threshold for all classes, instead of the model's.")
@click.option(
    "--all",
    "shows_all",
    is_flag=True,
    help="Switch all clip gates off. Classes without "
    "events are then shown, too: in the table on a terminal; json has their `peaks` in any case.",
)
@click.option("--jobs", "-j", type=click.IntRange(1), default=1, show_default=True, metavar="N",
              help="Worker processes; worthwhile from a few hundred recordings on.")  # fmt: skip
@click.option("--shard", type=ShardType(),
              help="Only this part of the recordings, such as 2/8; all parts share one --out.")  # fmt: skip
@cluster_options
@device_option
@open_option
@common
def predict(
    places: tuple[str, ...], model: str | None, dataset: str | None, out: Path | None, form: str | None,
    is_opened: bool, cache_dir: Path, as_json: bool, quiet: bool, shows_all: bool, **options: Any,
) -> None:  # fmt: skip
    """Find events in recordings of any length and format with a trained model.

    FILE_OR_DIR may be `-`: paths are then read from stdin, one per line (or ended by NUL, as by `find -print0`).
    """
    if is_opened and form != "html":
        raise click.UsageError("--open shows HTML pages: add --format html")
    if as_json and out is None and form not in ("json", "html"):
        refuse(("form",), "--json without --out, which prints the events of all recordings as JSON")
    from sedpipe.io.cache.open import open_dataset
    from sedpipe.nn.device import choose_device
    from sedpipe.stages.predict import predict as run_stage
    from sedpipe.stages.predict_files import Output
    from sedpipe.steps.hearing import Hearing
    from sedpipe.steps.work import Work

    listener, paths = Terminal(quiet=quiet), paths_of(places, sys.stdin)
    check_there(paths)
    is_table = form is None and out is None and not as_json and is_watched()
    chosen = form or "tsv"
    hearing = Hearing(options["operating_point"], options["threshold"], shows_all, choose_device(options["device"]),
                      cache_dir)  # fmt: skip
    if shows_all and not is_table and not as_json and chosen not in ("json", "html"):
        listener.remark(f"--all: {chosen} lists events alone; --format json has the highest probability of every class")
    report = run_stage(
        paths, model, hearing,
        cache=open_dataset(dataset, cache_dir) if dataset else None,
        output=Output(out, chosen, keeps=as_json or is_opened or (out is None and chosen != "html")),
        work=Work(options["jobs"], options["scheduler"], options["shard"]), listener=listener,
    )  # fmt: skip
    if is_table:
        is_told = model is None and dataset is None and not quiet
        own = command("init", "FOLDER", cache=cache_dir)
        asked = Asked(_page_of(paths, cache_dir), own, shows_all, is_told)
        print_report(report, partial(events_table, asked=asked), as_json)
    elif as_json or out is not None or chosen == "html":
        print_report(report, partial(predict_lines, out=str(out or "the current folder")), as_json)
    else:
        from sedpipe.io.predictions import rendered

        click.echo(printable(rendered(report.files, chosen, report.sample_rate), keep="\t\n"), nl=False)
    for line in predict_remarks(report):
        print_line(line, err=True)
    n_used = report.counts["recordings"] - report.n_failed
    if is_opened and n_used:
        first = next(file for file in report.files if file.state != "failed")
        show_page((out or Path()) / f"{first.name}.html")
    if report.n_failed:
        sys.exit(EXIT_RETRYABLE if n_used else 1)


def _page_of(places: Sequence[Path], cache_dir: Path) -> str:
    """Return the command that makes an HTML page of the first file or folder with the same model."""
    again = given("model", "dataset", "operating_point", "threshold", "device")
    return command("predict", place(places[0]), *again, "--format", "html", "--open", cache=cache_dir)


@click.command(epilog=EXAMPLES["report"])
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--split", "-s", type=click.Choice(SPLITS),
              help="Split whose scores are shown.", show_default="evaluation, else testing")  # fmt: skip
@click.option("--clips", "n_clips", type=click.IntRange(0), default=12, show_default=True, metavar="N",
              help="Number of clips with audio; all clips are listed and drawn.")  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed of the choice of clips."
)
@click.option("--output", "-o", type=FILE, metavar="FILE",
              help="The page.", show_default="report-SPLIT.html in the run's folder")  # fmt: skip
@open_option
@common
def report(
    runs: tuple[str, ...], split: str | None, n_clips: int, seed: int, output: Path | None, is_opened: bool,
    cache_dir: Path, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Write one HTML page about a scored run, or about several side by side.

    RUN is the name of a run in any dataset of the cache, or the path of a run's folder.
    """
    from sedpipe.stages.report import report as run_stage

    written = run_stage(runs, cache_dir, split=split, n_clips=n_clips, seed=seed, path=output,
                        listener=Terminal(quiet=quiet))  # fmt: skip
    print_report(written, report_lines, as_json)
    if is_opened:
        show_page(Path(written.path))


@click.command(epilog=EXAMPLES["listen"])
@click.argument("folder", default=Path("recordings"), type=FOLDER, metavar="[FOLDER]")
@click.option("--model", "-m", metavar="RUN", help="esc10 or esc10-yamnet, which come with sedpipe; the "
              "folder of a run or an export; or the name of a run of --dataset.",
              show_default="the newest run of --dataset, else esc10")  # fmt: skip
@click.option("--dataset", "-d", help="Dataset of the run; without --model, its newest run is used.")
@operating_point_option
@click.option("--threshold", type=Quantity(0, 1), help="Threshold for all classes, instead of the model's.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="that of the folder, if free",
              help="Port of the local server.")  # fmt: skip
@click.option("--no-open", is_flag=True, help="Print the address; do not open a browser.")
@device_option
@common
def listen(
    folder: Path, model: str | None, dataset: str | None, port: int, no_open: bool, cache_dir: Path, as_json: bool,
    quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """See, hear and correct the events of a folder of recordings in a browser; lists are saved there.

    FOLDER is `recordings` if none is named; it may be empty, since a file that is dropped on the page is copied there.
    Nothing leaves this machine. Press Ctrl-C to stop.
    """
    from sedpipe.io.cache.open import open_dataset
    from sedpipe.nn.device import choose_device
    from sedpipe.serving.ear import Ear
    from sedpipe.serving.recordings import Recordings
    from sedpipe.serving.server import Server
    from sedpipe.steps.default_model import model_for_prediction
    from sedpipe.steps.hearing import chosen_settings

    listener, cache = Terminal(quiet=quiet), open_dataset(dataset, cache_dir) if dataset else None
    opened = model_for_prediction(model, cache, choose_device(options["device"]), cache_dir, listener)
    point = chosen_settings(opened.trained, options["operating_point"], options["threshold"])
    server = Server(Recordings(folder), Ear(opened, point), port)
    if as_json:
        click.echo(printable_json({"stage": "listen", "address": server.address, "folder": str(folder)}))
    else:
        print_line(f"{folder}: {server.address}")
        if not folder.is_dir():
            listener.say(f"{folder} does not exist yet: the first file dropped on the page creates it")
        listener.say("reachable from this machine only; press Ctrl-C to stop")
    sys.stdout.flush()
    if not no_open and not as_json:
        show_address(server.address)
    server.run()


COMMANDS = (
    score,
    predict,
    listen,
    report,
)
