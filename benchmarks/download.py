"""Exactness of ``sedpipe download``, and its behaviour under faults and kill -9, measured on this machine alone.

``python benchmarks/download.py`` prints the table of cut errors; ``--clips 500 --kills 30`` also runs the real command
against a site that fails as planned, twice: undisturbed, and killed at random moments; ``--status 52763`` times
``sedpipe status`` on a ledger of that many rows. It needs the checkout (the site and the recordings are those of
``tests/``) and no network.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "pipeline"), str(ROOT / "tests")]

import av  # noqa: E402
import numpy as np  # noqa: E402
from encoded import FORMS, clock, encoded, start_error_ms  # noqa: E402
from loopback import Page, Site, site  # noqa: E402
from sedpipe.clips import Clip  # noqa: E402
from sedpipe.fates import Fate  # noqa: E402
from sedpipe.io.audio.cut import cut  # noqa: E402
from sedpipe.io.cache.dataset import Dataset  # noqa: E402
from sedpipe.io.cache.ledger import Ledger  # noqa: E402
from sedpipe.io.lists.clips import write_clips  # noqa: E402
from sedpipe.io.records.dataset import DatasetRecord  # noqa: E402

RATE = 44_100
STRETCHES = ((0.0, 10.0), (7.123, 17.123), (37.3, 47.3), (50.0, 60.0), (85.0, 95.0))
LENGTH_S = 90.0
MIXED = {
    "ok": 66,
    "404": 10,
    "403": 3,
    "429": 3,
    "500": 3,
    "stall": 3,
    "truncated": 3,
    "html": 3,
    "reset": 3,
    "drip": 3,
}
CONTAINERS = {"webm": "webm, a cue each 10 s", "m4a": "m4a, index first", "mp3": "mp3"}


def cut_table() -> None:
    """Print the start error and length of cut pieces, by container and method."""
    truth = clock(LENGTH_S, RATE)
    print(f"{'container':28}{'start':>8}   {'ours: ms':>10}{'samples':>9}   {'jump only: ms':>14}{'samples':>9}")
    for name, form in FORMS.items():
        body = encoded(clock(LENGTH_S, form.rate), form)
        for start_s, end_s in STRETCHES:
            piece = cut(io.BytesIO(body), start_s, end_s, RATE).samples
            jumped = _jump_only(body, start_s, end_s)
            columns = [(_error(samples, truth, start_s), len(samples)) for samples in (piece, jumped)]
            print(f"{name:28}{start_s:8.3f}   {columns[0][0]:10.3f}{columns[0][1]:9d}   ", end="")
            print(f"{columns[1][0]:14.3f}{columns[1][1]:9d}")


def _error(samples: np.ndarray, truth: np.ndarray, start_s: float) -> float:
    return start_error_ms(samples, truth, start_s, near_s=12.0) if len(samples) > RATE // 10 else float("nan")


def _jump_only(body: bytes, start_s: float, end_s: float) -> np.ndarray:
    """Return a naive cut: seek to the start, and keep frames up to the end without checking where they begin."""
    pieces = []
    with av.open(io.BytesIO(body), "r") as container:
        stream = container.streams.audio[0]
        assert stream.time_base is not None
        container.seek(round(start_s / stream.time_base), stream=stream)
        resampler = av.AudioResampler("flt", "mono", RATE)
        for frame in container.decode(stream):
            if frame.pts is not None:
                assert frame.time_base is not None
                if float(frame.pts * frame.time_base) >= end_s:
                    break
            pieces += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


@dataclass(frozen=True)
class Listed:
    """A clip of the plan."""

    video_id: str
    start_s: int
    path: str
    fault: str

    @property
    def clip_id(self) -> str:
        """ID that sedpipe gives the clip."""
        return f"{self.video_id}_{self.start_s:.3f}_{self.start_s + 10:.3f}"


def plan(server: Site, n_clips: int, seed: int, faults: dict[str, int]) -> list[Listed]:
    """Put videos on the site and return the clips wanted from them; every third video ID starts with ``-``."""
    dice = random.Random(seed)
    bodies = {
        suffix: [encoded(clock(70, FORMS[form].rate, take), FORMS[form]) for take in range(3)]
        for suffix, form in CONTAINERS.items()
    }
    clips = []
    for number in range(n_clips):
        video_id = f"{'-_x'[number % 3]}{hashlib.sha256(f'{seed} {number}'.encode()).hexdigest()[:10]}"
        suffix, fault = dice.choice(list(CONTAINERS)), dice.choices(list(faults), list(faults.values()))[0]
        start_s = dice.choice([0, 7, 30, 58, 63])  # from 60 s on, the video ends before the clip
        page = Page(dice.choice(bodies[suffix]), fault)
        server.plan[f"/watch/{video_id}"] = page
        clips.append(Listed(video_id, start_s, f"/watch/{video_id}", fault))
    return clips


def write_manifest(server: Site, clips: list[Listed], folder: Path, name: str) -> Path:
    """Write the manifest of the plan's dataset, put its list of clips on the site, and return the manifest's path."""
    rows = "".join(f"{c.video_id},{c.start_s}.000,{c.start_s + 10}.000,Car,/m/0k4j\n" for c in clips).encode()
    server.plan["/training.csv"] = Page(rows)
    path = folder / f"{name}.toml"
    path.write_text(
        f'name = "{name}"\nkind = "youtube"\nlabels = ["Car"]\nlists = "{server.url}/"\n[mids]\n"Car" = "/m/0k4j"\n'
        f'[splits.training]\nclips = {{ path = "training.csv", sha256 = "{hashlib.sha256(rows).hexdigest()}" }}\n'
    )
    return path


def child(url: str, arguments: list[str]) -> None:
    """Run the real command, except that videos are on the site, and that pauses and timeouts are shorter."""
    from sedpipe.cli import main
    from sedpipe.sources.access import Access, FetchOptions
    from sedpipe.sources.open import SOURCES
    from sedpipe.sources.youtube import YoutubeSource

    fast = FetchOptions(4, 0.0, breaker=10, timeout_s=0.6, clip_timeout_s=1.5, backoff_s=0.05)

    def elsewhere(manifest: Any, cache: Any, access: Access) -> YoutubeSource:
        here = Access(access.places, access.jobs, fast)
        return YoutubeSource(manifest, cache, here, watch_address=f"{url}/watch/{{}}")

    SOURCES["youtube"] = elsewhere
    sys.argv = ["sedpipe", *arguments]
    main()


def start(server: Site, manifest: Path, cache: Path) -> subprocess.Popen[bytes]:
    """Start ``sedpipe download`` in a process of its own."""
    command = [sys.executable, __file__, "--child", server.url]
    command += ["download", str(manifest), "--cache", str(cache), "--json"]
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean)


def run_to_the_end(server: Site, manifest: Path, cache: Path, most: int = 20) -> int:
    """Run the command until every clip was tried; return the last exit code, or -1 after ``most`` attempts."""
    for _ in range(most):
        process = start(server, manifest, cache)
        out, err = process.communicate()
        fates = ledger(cache, manifest.stem)
        listed = len(server.plan["/training.csv"].body.splitlines())
        if len([state for state, *_ in fates.values() if state != "pending"]) == listed:
            return process.returncode
        if process.returncode not in (0, 1, 3):
            raise SystemExit(f"exit code {process.returncode}: {out.decode()} {err.decode()[-2000:]}")
    return -1


def ledger(cache: Path, name: str) -> dict[str, tuple[str, str, str]]:
    """Return state, reason and sha256 by clip, read from the table in the ledger's file."""
    for path in sorted((cache / name).rglob("*")):
        if not path.is_file() or path.read_bytes()[:15] != b"SQLite format 3":
            continue
        connection = sqlite3.connect(path)
        try:
            for (table,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                columns = {row[1] for row in connection.execute(f'pragma table_info("{table}")')}
                if {"clip_id", "state", "reason", "sha256"} <= columns:
                    rows = connection.execute(f'select clip_id, state, reason, sha256 from "{table}"').fetchall()
                    return {row[0]: (row[1], row[2] or "", row[3] or "") for row in rows}
        finally:
            connection.close()
    return {}


def audio(cache: Path, name: str) -> dict[str, str]:
    """Return the sha256 of each file in the store, by its name."""
    files = sorted((cache / name / "audio").rglob("*.flac"))
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def killed_at_random(
    server: Site, manifest: Path, cache: Path, clips: list[Listed], kills: int, seconds: float
) -> tuple[int, int]:
    """Kill the parent process ``kills`` times; count the clips finished by then, and those of them requested again."""
    dice = random.Random(0)
    finished_at: dict[str, int] = {}
    for number in range(kills):
        process = start(server, manifest, cache)
        asked, deadline = sum(server.asked.values()), time.monotonic() + 20
        while sum(server.asked.values()) <= asked and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        # sometimes long enough to get past four clips that hang and are tried twice
        time.sleep(dice.uniform(0.0, max(4.0, 2.0 * seconds / kills)))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        time.sleep(0.1)
        there = audio(cache, manifest.stem)
        for clip in clips:
            if clip.clip_id in there or f"Y{clip.clip_id}" in there:
                finished_at.setdefault(clip.path, server.asked[clip.path])
        print(f"  kill {number + 1}: {len(finished_at)} clips there", file=sys.stderr)
    run_to_the_end(server, manifest, cache)
    again = [path for path, asked in finished_at.items() if server.asked[path] != asked]
    return len(finished_at), len(again)


def faults_and_kills(n_clips: int, kills: int) -> bool:
    """Run one plan undisturbed and killed; return whether both end alike and a storm of errors is stopped."""
    folder = Path(tempfile.mkdtemp(prefix="sedpipe-benchmark-"))
    try:
        with site() as server:
            clips = plan(server, n_clips, 1, MIXED)
            manifest = write_manifest(server, clips, folder, "plan")
            started = time.monotonic()
            code = run_to_the_end(server, manifest, folder / "calm")
            seconds = time.monotonic() - started
            calm, calm_audio = ledger(folder / "calm", "plan"), audio(folder / "calm", "plan")
            print(f"undisturbed: {seconds:.0f} s, exit code {code}, {sum(server.asked.values())} requests")
            _print_by_fault(clips, calm)
            server.asked.clear()
            there, again = killed_at_random(server, manifest, folder / "killed", clips, kills, seconds)
            killed, killed_audio = ledger(folder / "killed", "plan"), audio(folder / "killed", "plan")
            print(f"killed {kills} times: {sum(server.asked.values())} requests; of {there} clips that were there")
            print(f"at a kill, {again} were asked for again")
            for clip_id in sorted(calm.keys() | killed.keys()):
                if calm.get(clip_id) != killed.get(clip_id):
                    print(f"  {clip_id}: {calm.get(clip_id)} and {killed.get(clip_id)}")
            alike = calm == killed and calm_audio == killed_audio and again == 0
            print(f"same ledger: {calm == killed}; same audio: {calm_audio == killed_audio} ({len(calm_audio)} files)")
        return _storm(folder) and alike
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _print_by_fault(clips: list[Listed], fates: dict[str, tuple[str, str, str]]) -> None:
    for fault in MIXED:
        ends = Counter(" ".join(fates.get(c.clip_id, ("?",))[:2]).strip() for c in clips if c.fault == fault)
        print(f"  {fault:10} {', '.join(f'{count} {end}' for end, count in ends.most_common())}")


def _storm(folder: Path) -> bool:
    with site() as server:
        clips = plan(server, 100, 2, {"429": 1})
        manifest = write_manifest(server, clips, folder, "storm")
        process = start(server, manifest, folder / "storm-cache")
        out, _ = process.communicate()
        asked = sum(1 for path in server.asked if path.startswith("/watch/"))
        states = Counter(state for state, *_ in ledger(folder / "storm-cache", "storm").values())
        message = json.loads(out.decode().splitlines()[-1]).get("stopped", "") if out else ""
        print(
            f"storm: exit code {process.returncode}, {asked} of {len(clips)} videos asked for, {dict(states)}", message
        )
        return process.returncode in (1, 3) and asked < 25 and states.get("gone", 0) == 0


def status_seconds(n_clips: int) -> None:
    """Time ``sedpipe status`` as a whole process on a dataset of ``n_clips`` clips, four fifths of them available."""
    folder = Path(tempfile.mkdtemp(prefix="sedpipe-benchmark-"))
    try:
        cache = Dataset(folder, "many")
        clips = [Clip(f"{n:011d}_0.000_10.000", "training", f"{n:011d}", 0.0, 10.0, ("Car",)) for n in range(n_clips)]
        cache.write_record(
            DatasetRecord(dataset="many", fingerprint="1", labels=("Car",), listed={"training": n_clips})
        )
        write_clips(cache.clips_path, clips)
        cache.audio_dir("training").mkdir(parents=True)
        with Ledger(cache.folder) as ledger:
            ledger.record_all(
                Fate(
                    clip.split, clip.clip_id, "gone" if number % 5 == 0 else "ok", "removed" if number % 5 == 0 else ""
                )
                for number, clip in enumerate(clips)
            )
        for number, clip in enumerate(clips):
            if number % 5:
                cache.audio_path(clip).touch()
        seconds = [_timed([sys.executable, "cli.py", "status", "many", "--cache", str(folder)]) for _ in range(6)]
        print(f"status of {n_clips:,} clips: {sorted(seconds[1:])[2]:.2f} s (median of 5 processes after a first)")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return time.perf_counter() - started


def main() -> None:
    """Read options, print tables; exit with 1 if the runs differ or the storm is not stopped."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=0, help="size of the plan of faults; 0: only the table")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--status", type=int, default=0, metavar="CLIPS", help="time the status of so many clips")
    parser.add_argument("--no-table", action="store_true", help="leave out the table")
    options = parser.parse_args()
    if not options.no_table:
        cut_table()
    if options.status:
        status_seconds(options.status)
    if options.clips and not faults_and_kills(options.clips, options.kills):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
