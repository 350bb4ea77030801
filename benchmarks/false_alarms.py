"""How often two equally good systems are found to differ, and how often a true difference is found.

Two systems are drawn from the same distribution, so that every significant difference is a false alarm. They are scored
on 300 clips mixed from 80 recordings in the same way as ``esc10-fold4``, with 3, 5 and 10 seeds; what a system misses
varies between seeds, between recordings, between clips, and between recordings from seed to seed, in several ratios.
Error rate and F1 are compared by :func:`sedpipe.metrics.comparison.compare`, once with the recordings that clips share
and once as if every clip had a recording of its own, by Student's t-test over seeds alone, and by sedpipe's first
method: the middle 95 % of draws of seeds and clips.

The method was developed on these worlds. ``--fresh SEED`` tests it in others, which are drawn at random and differ in
their numbers of clips and recordings. ``--lists`` tests Holm's correction, in the known worlds and in those that are
drawn: how many lists of 3 and of 24 comparisons, which are judged together, have a false alarm. The comparisons of a
list are independent.

    python benchmarks/false_alarms.py [--tables 2000] [--fresh SEED] [--out benchmarks/results/false-alarms.json]
    python benchmarks/false_alarms.py --lists --tables 24000 --fresh 20261128
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "pipeline"))

import numpy as np  # noqa: E402
from sedpipe.metrics.comparison import LEVEL, LOWER_IS_BETTER, Difference, compare, judged, student, variances  # noqa: E402
from sedpipe.metrics.contributions import of_rows  # noqa: E402
from sedpipe.metrics.sharing import Sharing  # noqa: E402
from sedpipe.metrics.spread import rates  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "false-alarms.json"
N_CLASSES = 10
SEEDS = (3, 5, 10)
IN_LISTS = (3, 24)
"""Numbers of comparisons that are judged together, as those of a table's primary endpoint and all of one rule."""

EFFECTS = (0.01, 0.02, 0.03, 0.05, 0.08)
"""Differences between error rates."""

_AT_ONCE, _DRAWS, _WITH_OTHERS, _WITH_DRAWS = 250, 500, 500, 200
_MISSED, _SLOPE = -0.75, 0.27
"""Mean logit of the probability of a miss, and how much one unit more adds to the error rate."""


@dataclass(frozen=True)
class World:
    """Standard deviations in the logit of a system's probability of a miss; drawn independently for the two systems."""

    seeds: float = 0.0
    recordings: float = 0.0
    clips: float = 0.0
    seeds_by_recordings: float = 0.0
    seeds_by_clips: float = 0.0
    n_clips: int = 300
    n_a_class: int = 8
    """Number of recordings of each class."""

    @property
    def deviations(self) -> dict[str, float]:
        """Standard deviations by name."""
        return {name: of for name, of in asdict(self).items() if not name.startswith("n_")}


WORLDS = {
    "as esc10-fold4, small": World(0.083, 0.08, 0.15, 0.25, 0.3),
    "seeds alone": World(seeds=0.3),
    "seeds differ little": World(0.02, 0.25, 0.2, 0.15, 0.2),
    "recordings alone": World(recordings=0.4),
    "clips alone": World(clips=0.8),
    "seeds and recordings alike": World(0.10, 0.30, 0.2, 0.1, 0.1),
    "recordings from seed to seed": World(seeds_by_recordings=0.5, seeds_by_clips=0.5),
    "all of it": World(0.06, 0.30, 0.4, 0.35, 0.4),
}


def drawn_worlds(seed: int, n: int = 6) -> dict[str, World]:
    """Draw worlds at random: deviations of 0.02 to 0.6, 100 to 400 clips, 4 to 20 recordings per class."""
    g = np.random.default_rng(seed)
    return {f"drawn, {number}": _drawn_world(g) for number in range(1, n + 1)}


def _drawn_world(g: np.random.Generator) -> World:
    seeds, recordings, clips, seeds_by_recordings, seeds_by_clips = (
        round(float(one), 3) for one in np.exp(g.uniform(np.log(0.02), np.log(0.6), size=5))
    )
    n_clips, n_a_class = int(g.integers(100, 401)), int(g.integers(4, 21))
    return World(seeds, recordings, clips, seeds_by_recordings, seeds_by_clips, n_clips, n_a_class)


def mixed(g: np.random.Generator, world: World) -> np.ndarray:
    """Draw which recordings each clip is mixed from: one to three, of different classes. shape=(N, R)."""
    made_of = np.zeros((world.n_clips, N_CLASSES * world.n_a_class))
    for row in made_of:
        classes = g.choice(N_CLASSES, g.choice([1, 2, 3], p=[0.45, 0.35, 0.20]), replace=False)
        row[classes * world.n_a_class + g.integers(world.n_a_class, size=len(classes))] = 1
    return made_of


def systems(g: np.random.Generator, made_of: np.ndarray, world: World, n_seeds: int, shift: float) -> np.ndarray:
    """Draw the counts (tables, 2, S, N, 4) of two systems; the first misses more, by ``shift`` in logits."""
    n, r, two = *made_of.shape, (_AT_ONCE, 2)
    logit = _MISSED + world.seeds * g.standard_normal((*two, n_seeds, 1))
    logit = logit + (world.recordings * g.standard_normal((*two, 1, r))) @ made_of.T
    logit += world.clips * g.standard_normal((*two, 1, n))
    if world.seeds_by_recordings:
        logit += (world.seeds_by_recordings * g.standard_normal((*two, n_seeds, r))) @ made_of.T
    if world.seeds_by_clips:
        logit += world.seeds_by_clips * g.standard_normal((*two, n_seeds, n))
    logit[:, 0] += shift
    lengths = g.integers(1, 6, size=(_AT_ONCE, 1, 1, r))
    reference = np.broadcast_to((lengths @ made_of.T).astype(int), logit.shape)
    missed_p = 1 / (1 + np.exp(-logit))
    missed, inserted = g.binomial(reference, missed_p), g.binomial(reference, missed_p / 4)
    correct = reference - missed
    return np.stack([missed + inserted, reference, correct, correct + inserted], axis=-1)


def by_draws(g: np.random.Generator, ours: np.ndarray, theirs: np.ndarray) -> dict[str, bool]:
    """Return whether 0 lies outside the middle 95 % of differences on resampled seeds and clips: the first method."""
    n_seeds, n_clips, _ = ours.shape
    clips = g.multinomial(n_clips, np.full(n_clips, 1 / n_clips), size=_DRAWS).astype(np.float64)
    seeds = g.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=_DRAWS) / n_seeds
    drawn = [
        rates(np.einsum("dn,snc->dsc", clips, counts.astype(np.float64), optimize=True)) for counts in (ours, theirs)
    ]
    told = {}
    for rate in drawn[0]:
        low, high = np.nanquantile(np.sum((drawn[0][rate] - drawn[1][rate]) * seeds, axis=1), [0.025, 0.975])
        told[rate] = bool(low > 0 or high < 0)
    return told


def tables(world: World, n_seeds: int, n_tables: int, shift: float = 0.0) -> Iterator[tuple[Sharing, np.ndarray]]:
    """Yield pairs of systems with the recordings of their clips, which are mixed anew for each batch of tables."""
    g = np.random.default_rng([n_seeds, *(round(1000 * one) for one in (*world.deviations.values(), shift + 1))])
    for _ in range(-(-n_tables // _AT_ONCE)):
        made_of = mixed(g, world)
        sharing = Sharing.of([{str(r) for r in np.flatnonzero(row)} for row in made_of])
        for pair in systems(g, made_of, world, n_seeds, shift):
            yield sharing, pair


def false_alarms(world: World, n_seeds: int, n_tables: int) -> dict[str, Any]:
    """Return the share of false alarms by method and score, and how much each source of chance moved error rates."""
    told: dict[str, dict[str, list[bool]]] = {
        way: {rate: [] for rate in ("error_rate", "f1")}
        for way in ("seeds and recordings", "seeds and clips", "seeds alone", "draws of seeds and clips")
    }
    alone, parts, g = Sharing.alone(world.n_clips), [], np.random.default_rng(0)
    for number, (sharing, (ours, theirs)) in enumerate(tables(world, n_seeds, n_tables)):
        ours_are, theirs_are = of_rows(ours), of_rows(theirs)
        for rate in ("error_rate", "f1"):
            pair, lower = (ours_are[rate], theirs_are[rate]), rate in LOWER_IS_BETTER
            ways = {"seeds and recordings": compare(*pair, sharing, lower_is_better=lower)}
            if number < _WITH_OTHERS:
                ways["seeds and clips"] = compare(*pair, alone, lower_is_better=lower)
                ways["seeds alone"] = student(*(of.values.tolist() for of in pair), lower_is_better=lower)
            for way, found in ways.items():
                told[way][rate].append(found is not None and found.p is not None and found.p < LEVEL)
        if number < _WITH_OTHERS:
            over = ours_are["error_rate"] - theirs_are["error_rate"]
            parts.append([*variances(over, sharing)[:2], float(sharing.variance(over.contributions.mean(axis=0)))])
        if number < _WITH_DRAWS:
            for rate, apart in by_draws(g, ours, theirs).items():
                told["draws of seeds and clips"][rate].append(apart)
    seeds, recordings, whole = np.sqrt(np.mean(parts, axis=0)).tolist()
    return {
        "false_alarms": {way: {r: round(float(np.mean(of)), 4) for r, of in by.items()} for way, by in told.items()},
        "error_rate_moved_by": {
            "seeds": round(seeds, 4),
            "recordings": round(recordings, 4),
            "recordings_and_what_they_do_from_seed_to_seed": round(whole, 4),
        },
    }


def in_lists(world: World, n_seeds: int, n_tables: int) -> dict[str, Any]:
    """Return the share of comparisons, and of lists of comparisons, in which a difference is reported."""
    found: list[Difference | None] = []
    for sharing, (ours, theirs) in tables(world, n_seeds, n_tables):
        pair = of_rows(ours)["error_rate"], of_rows(theirs)["error_rate"]
        found.append(compare(*pair, sharing, lower_is_better=True))
    told = {"alone": [one is not None and one.p is not None and one.p < LEVEL for one in found]}
    for length in IN_LISTS:
        lists = (judged(found[at : at + length]) for at in range(0, n_tables - length + 1, length))
        told[f"lists of {length}"] = [any(one and one.outcome in ("better", "worse") for one in of) for of in lists]
    return {name: round(float(np.mean(of)), 4) for name, of in told.items()}


def power(world: World, n_seeds: int, n_tables: int) -> dict[str, dict[str, float]]:
    """Return, by intended difference, the mean difference and how often it was found."""
    seen = {}
    for effect in EFFECTS:
        alone, differences = [], []
        for sharing, (ours, theirs) in tables(world, n_seeds, n_tables, effect / _SLOPE):
            found = compare(of_rows(ours)["error_rate"], of_rows(theirs)["error_rate"], sharing, lower_is_better=True)
            assert found is not None
            assert found.p is not None
            differences.append(found.difference)
            alone.append(found.p < LEVEL)
        seen[f"{effect:g}"] = {
            "difference": round(float(np.mean(differences)), 4),
            "seen": round(float(np.mean(alone)), 3),
        }
    return seen


def main() -> None:
    """Measure false alarms in every world with every number of seeds, and power in two worlds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=2000, help="pairs of systems of each world and number of seeds")
    parser.add_argument("--fresh", type=int, metavar="SEED", help="in six worlds that are drawn")
    parser.add_argument("--lists", action="store_true", help="test Holm's correction")
    parser.add_argument("--out", type=Path, help="where to write, instead of benchmarks/results/")
    options = parser.parse_args()
    fresh = {} if options.fresh is None else drawn_worlds(options.fresh)
    kind = "-in-lists" if options.lists else "-fresh" if fresh else ""
    path = options.out or RESULT.with_stem(f"false-alarms{kind}")
    begun = time.monotonic()
    found: dict[str, Any] = {"tables": options.tables, "level": LEVEL}
    found |= {"seed": options.fresh} if fresh else {}
    found["worlds"] = {}
    if options.lists:
        measure_lists(path, found, {**WORLDS, **fresh}, begun)
    else:
        measure_comparisons(path, found, fresh, begun)


def measure_lists(path: Path, found: dict[str, Any], worlds: dict[str, World], begun: float) -> None:
    """Measure false alarms of lists in every world, with two seeds as well, and write them."""
    for name, world in worlds.items():
        found["worlds"][name] = of_world = described(world)
        for n_seeds in (2, *SEEDS):
            of_world["seeds"][str(n_seeds)] = row = in_lists(world, n_seeds, found["tables"])
            print(f"{name}, {n_seeds} seeds: {row}", flush=True)
            write(path, found, begun)


def measure_comparisons(path: Path, found: dict[str, Any], fresh: dict[str, World], begun: float) -> None:
    """Measure false alarms of single comparisons in every world, and power in two of the known ones; write them."""
    found |= {"tables_by_other_methods": _WITH_OTHERS, "tables_with_draws": _WITH_DRAWS, "power": {}}
    for name, world in (fresh or WORLDS).items():
        found["worlds"][name] = of_world = described(world)
        for n_seeds in SEEDS if world.seeds or world.seeds_by_recordings else (1, *SEEDS):
            of_world["seeds"][str(n_seeds)] = row = false_alarms(world, n_seeds, found["tables"])
            alarms = row["false_alarms"].items()
            shown = (f"{way} {100 * by['error_rate']:.1f} {100 * by['f1']:.1f}" for way, by in alarms)
            print(f"{name}, {n_seeds} seeds: {'; '.join(shown)}; {row['error_rate_moved_by']}", flush=True)
            write(path, found, begun)
    for name in () if fresh else ("as esc10-fold4, small", "seeds differ little"):
        found["power"][name] = {str(n_seeds): power(WORLDS[name], n_seeds, found["tables"] // 4) for n_seeds in SEEDS}
        print(name, found["power"][name], flush=True)
        write(path, found, begun)


def described(world: World) -> dict[str, Any]:
    """Return what a world is, with room for the results of each number of seeds."""
    recordings = N_CLASSES * world.n_a_class
    return {"standard_deviations": world.deviations, "clips": world.n_clips, "recordings": recordings, "seeds": {}}


def write(path: Path, found: dict[str, Any], begun: float) -> None:
    """Write the results so far, with the minutes that they took."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**found, "minutes": round((time.monotonic() - begun) / 60, 1)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
