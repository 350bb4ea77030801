"""Many clips from one site, politely: few workers, pauses, and an end before harm is done.

- :func:`crawl`: clips -> fates, as they become known
- :class:`Pace`: pauses between requests, shared by all workers
- :class:`Manners`: how many, how fast, when to stop
"""

from __future__ import annotations

import itertools
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sedpipe.clips import Clip
from sedpipe.errors import AudioError, SedpipeError
from sedpipe.failures import FailedClipError, classify
from sedpipe.fates import Fate
from sedpipe.sources.breaker import LOCAL_ADVICE, Breaker
from sedpipe.sources.source import FetchStoppedError

_LOOK_S = 0.1  # how often waiting threads look whether they should stop
_GRACE_S = 5.0  # a worker may notice by itself that its time is up
_TIDY_S = 1.0  # what leaving waits for at most
_JITTER = 0.3  # pauses are this much longer or shorter, at random


@dataclass(frozen=True)
class Manners:
    """How to behave.

    Parameters
    ----------
    workers : int
        At the same time.
    spacing_s : float
        Seconds between two videos, over all workers; each pause is up to 30 % longer or shorter.
    breaker : int
        Failures of one kind in a row after which to stop.
    clip_timeout_s : float
        Longest time for one try of a clip; a worker that takes longer is left behind.
    backoff_s : float
        Pause before the second try of a clip.
    doubts : bool
        Stop, too, after four times ``breaker`` videos in a row that are said not to be there, which an outdated tool
        says of all videos; not wanted where many are known to be gone.
    """

    workers: int = 2
    spacing_s: float = 8.0
    breaker: int = 10
    clip_timeout_s: float = 300.0
    backoff_s: float = 10.0
    doubts: bool = True


class Worker(Protocol):
    """Gets clips, one after the other, in one thread."""

    def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
        """Get the audio of a clip; raises :class:`FailedClipError`."""

    def close(self) -> None:
        """Nothing more will be asked."""


class Pace:
    """Pauses between requests, shared by all workers.

    Parameters
    ----------
    spacing_s : float
        Seconds between two turns.
    """

    def __init__(self, spacing_s: float) -> None:
        self._spacing_s = spacing_s
        self._next_s = 0.0
        self._lock = threading.Lock()

    def wait(self, stopped: Callable[[], bool]) -> None:
        """Come back when it is one's turn, or when stopped."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_s)
            self._next_s = turn + self._spacing_s * random.uniform(1 - _JITTER, 1 + _JITTER)
        pause_until(turn, stopped)


def pause_until(moment: float, stopped: Callable[[], bool]) -> None:
    """Wait for a moment of the monotonic clock, or until stopped."""
    while (left := moment - time.monotonic()) > 0 and not stopped():
        time.sleep(min(left, _LOOK_S))


@dataclass
class _Job:
    """A clip that a worker has in hand; the clock runs while it tries, not while it pauses."""

    clip: Clip
    trying_since: float | None = None
    is_left: bool = False


@dataclass
class _Crew:
    """What the threads share."""

    make_worker: Callable[[], Worker]
    manners: Manners
    clips: queue.SimpleQueue[Clip]
    fates: queue.Queue[tuple[_Job | None, Fate | Exception]] = field(default_factory=lambda: queue.Queue(1))
    jobs: dict[int, _Job] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    names: Iterator[int] = field(default_factory=itertools.count)
    threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pace = Pace(self.manners.spacing_s)

    def start(self) -> None:
        """One more worker. A daemon: Ctrl-C waits for nobody, and files appear whole or not at all."""
        thread = threading.Thread(target=self._work, args=(next(self.names),), daemon=True)
        self.threads.append(thread)
        thread.start()

    def dismiss(self) -> None:
        """Nobody begins anything more; who is in the middle of something has a moment to tidy up."""
        self.stop.set()
        end = time.monotonic() + _TIDY_S
        for thread in self.threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _work(self, name: int) -> None:
        try:
            worker = self.make_worker()
        except Exception as error:
            self._tell(None, error)
            return
        try:
            while not self.stop.is_set():
                try:
                    job = _Job(self.clips.get_nowait())
                except queue.Empty:
                    return
                self.jobs[name] = job
                outcome = self._outcome(worker, job)
                if self.jobs.pop(name, None) is None:  # left behind: somebody else has taken this place
                    return
                self._tell(job, outcome)
        finally:
            worker.close()

    def _tell(self, job: _Job | None, outcome: Fate | Exception) -> None:
        """Hand an outcome over; nobody goes on before it is taken, or a storm would be heard of too late."""
        while not self.stop.is_set():
            try:
                self.fates.put((job, outcome), timeout=_LOOK_S)
            except queue.Full:
                continue
            return

    def _outcome(self, worker: Worker, job: _Job) -> Fate | Exception:
        def stopped() -> bool:
            return job.is_left or self.stop.is_set()

        for is_last in (False, True):
            self.pace.wait(stopped)
            try:
                job.trying_since = time.monotonic()
                return worker.get(job.clip, stopped)
            except FailedClipError as failed:
                job.trying_since = None
                failure = failed.failure
                again = failure.state == "retryable" and failure.reason not in ("bot-check", "rate-limited")
                if is_last or not again or stopped():
                    return failed
                pause_until(time.monotonic() + self.manners.backoff_s, stopped)
            except Exception as error:  # a slip in one extractor must not end ten thousand clips
                return error
        raise AssertionError("unreachable")


def crawl(clips: Sequence[Clip], make_worker: Callable[[], Worker], manners: Manners) -> Iterator[Fate]:
    """Get clips with a few threads.

    Parameters
    ----------
    clips : sequence of Clip
        In the order in which they are begun.
    make_worker : callable
        Called once in each thread.
    manners : Manners
        How to behave. A clip that fails for a reason that may pass is tried twice, unless the server said that it
        is asked too much.

    Yields
    ------
    Fate
        Of each clip, as it becomes known; one that may be the site's and not the clip's as soon as the next clips tell.
        Of clips that failed for what strikes all, ``pending``, as before they were asked for.

    Raises
    ------
    FetchStoppedError
        After ``manners.breaker`` failures of one kind in a row, or when this machine lacks something; clips without
        a fate are untouched.
    SedpipeError
        What a worker raised about this machine: a full disk, an option that cannot be used.
    """
    waiting: queue.SimpleQueue[Clip] = queue.SimpleQueue()
    for clip in clips:
        waiting.put(clip)
    crew = _Crew(make_worker, manners, waiting)
    breaker = Breaker(manners.breaker, doubts=manners.doubts)
    try:
        for _ in range(min(manners.workers, len(clips))):
            crew.start()
        for _ in clips:
            yield from breaker.settled_by(_next_fate(crew))
            if breaker.error is not None:
                raise breaker.error
        yield from breaker.rest()
    finally:
        crew.dismiss()


def _next_fate(crew: _Crew) -> Fate:
    while True:
        try:
            job, outcome = crew.fates.get(timeout=_LOOK_S)
        except queue.Empty:
            left = _leave_behind(crew)
            if left is not None:
                return left
            continue
        if job is not None and job.is_left:
            continue
        return _fate(job, outcome)


def _leave_behind(crew: _Crew) -> Fate | None:
    """The fate of a clip whose worker hangs where it cannot be reached; another takes its place."""
    limit = crew.manners.clip_timeout_s + _GRACE_S
    for name, job in list(crew.jobs.items()):
        since = job.trying_since
        if since is not None and time.monotonic() - since > limit and crew.jobs.pop(name, None) is not None:
            job.is_left = True
            crew.start()
            message = f"timed out: not there after {crew.manners.clip_timeout_s:g} s"
            return Fate(job.clip.split, job.clip.clip_id, "retryable", "timeout", message)
    return None


def _fate(job: _Job | None, outcome: Fate | Exception) -> Fate:
    if isinstance(outcome, Fate):
        return outcome
    if isinstance(outcome, SedpipeError) and not isinstance(outcome, AudioError):
        raise outcome  # this machine's trouble, in a sentence already
    if isinstance(outcome, FailedClipError):
        failure, message = outcome.failure, outcome.message
    else:
        message = f"{type(outcome).__name__}: {outcome}"
        failure = classify(message)
    if failure.state == "local":
        raise FetchStoppedError(message, hint=LOCAL_ADVICE.get(failure.reason, "")) from outcome
    if job is None:
        raise outcome
    return Fate(job.clip.split, job.clip.clip_id, failure.state, failure.reason, message)
