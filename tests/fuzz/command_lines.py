"""Command lines as people mistype them, and as scripts with an empty variable call them.

No option that may rightly run for very long (epochs, processes, pauses) gets a large number, and no path is outside
the folder, since output is written wherever a mistyped ``--out`` points.

- :data:`COMMAND_LINES`: one surface per command
"""

from __future__ import annotations

import random
import re
import shlex

from click.testing import CliRunner
from sedpipe.cli import main

from fuzz.surface import Surface, Told, fallen, judged

VALUES = (
    "", " ", "0", "-1", "1", "7", "0.5", "1e308", "nan", "inf", "9" * 30, "9" * 400, "x", "../x", ".", "-", "--", "--x",
    "\x1b[2J", "a\nb", "\udcff", "=cmd()", "x" * 5000, "%s", "{}", "[/]", "1/2", "0/0", "none", "5,5", "0,0", ",",
    "recordings", "tones.toml", "cache", "testing-events.tsv", "export", "whole", "begun", "tones", "esc10", "testing",
    "ears.toml", "ears.onnx", "recipe.toml", "formats/tones.zip", "cache/tones/ledger.sqlite",
)  # fmt: skip
_KEPT = re.compile(r"--(yes|quiet|json|dry-run|explain|epochs|seeds|threads|cache)")
"""Options whose values are not changed."""
LINES = (
    "status tones.toml --classes --cache cache --export out.tsv",
    "status tones.toml --cache now --json",
    "score tones --run whole --split testing --operating-point min_er --device cpu --cache cache --json",
    "score --reference testing-events.tsv --estimated estimated.tsv --duration 1.2 --time-resolution 0.5",
    "score tones.toml --reference testing-events.tsv --estimated estimated.tsv --durations durations.tsv --json",
    "report whole --split testing --clips 1 --seed 0 --output page.html --cache now",
    "init labelled --out own --name own --share 0.5",
    "check tones.toml --cache cache",
    "download tones.toml --dry-run --retry gone --jobs 1 --cache elsewhere",
    "download dcase2017-task4 --dry-run --workers 2 --sleep 1 --rate-limit 2M --cookies recipe.toml --cache elsewhere",
    "features tones.toml --front-end front_end.toml --n-mels 16 --dtype float16 --explain --cache now",
    "features tones.toml --encoder ears.toml --hop 0.1 --explain --cache now",
    "features tones.toml --init ./export --jobs 1 --explain --cache now",
    "export whole --dataset tones --out out --format safetensors --cache now",
    "cache list tones --cache cache --json",
    "cache prune tones/runs/whole --kind run --unused-days 0 --yes --cache cache",
    "encoders list --cache cache --json",
    "encoders fetch ears.toml --from ears.onnx --cache elsewhere",
    "predict formats/tone.wav --model export --threshold 0.5 --format json --out out --device cpu",
    "predict formats --model whole --dataset tones --operating-point max_f1 --shard 1/2 --cache now --json",
    "train tones.toml --preset tiny.toml --front-end front_end.toml --pooling linear --hierarchy 5 "
    "--recipe recipe.toml --seed 0 --run new --batch-size 4 --device cpu --dry-run --epochs 1 --threads 1 --cache now",
    "reproduce table2 tones --preset tiny.toml --poolings linear --seeds 0 --out out --device cpu --epochs 1 "
    "--threads 1 --shard 1/4 --cache now",
)


def retyped(words: list[str], seed: str | None) -> list[str]:
    """Return the words with one to three changes: a word removed, doubled, inserted or replaced by another value."""
    if seed is None:
        return words
    g = random.Random(seed)
    for _ in range(g.choice((1, 1, 2, 3))):
        places = [k for k in range(1, len(words)) if not _KEPT.match(words[k]) and not _KEPT.match(words[k - 1])]
        if not places:
            break
        k, kind = g.choice(places), g.randrange(8)
        if kind == 0:
            words = [*words[:k], *words[k + 1 :]]
        elif kind == 1:
            words = [*words[:k], words[k], *words[k:]]
        elif kind == 2:
            words = [*words[:k], g.choice(VALUES), *words[k:]]
        else:
            words = [*words[:k], g.choice(VALUES), *words[k + 1 :]]
    return words


def _ran(line: str, seed: str | None) -> Told:
    result = CliRunner().invoke(main, retyped(shlex.split(line), seed))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return fallen(result.exception)
    if result.exit_code not in (0, 1, 2, 3):
        return Told("traceback", f"exit code {result.exit_code}")
    if found := re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.output):
        return Told("unprintable", repr(result.output[max(0, found.start() - 80) : found.end() + 80]))
    said = re.search(r"^Error: (.*)$", result.stderr, re.MULTILINE)
    if result.exit_code == 1 and said is not None:
        return judged(said[1])
    return Told("read" if result.exit_code in (0, 3) else "refused", result.output)


def _surface(line: str) -> Surface:
    is_slow = line.startswith(("score tones --run", "report", "train", "predict formats "))
    return Surface(f"$ {line[:48]}", None, lambda seed: _ran(line, seed), is_slow=is_slow)


COMMAND_LINES = tuple(map(_surface, LINES))
