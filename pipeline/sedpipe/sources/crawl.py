"""Many clips from one site, politely: few workers, pauses, and a stop before harm is done.

- :func:`crawl`: clips -> fates, as they become known
- :class:`Pace`: pauses between requests, shared by all workers
- :class:`Manners`: number of workers, pauses, and when to stop
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

_LOOK_S = 0.1  # interval at which waiting threads check whether they should stop
_GRACE_S = 5.0  # time for a worker to notice by itself that its time is over
_TIDY_S = 1.0  # longest wait for all workers at the end
_JITTER = 0.3  # pauses are up to this much longer or shorter, at random


@dataclass(frozen=True)
class Manners:
    """How to behave towards the site.

    Parameters
    ----------
    workers : int
        Number of clips at the same time.
    spacing_s : float
        Time in seconds between two videos, over all workers; each pause is up to 30 % longer or shorter.
    breaker : int
        Number of failures of one kind in a row after which to stop.
    clip_timeout_s : float
        Longest time in seconds for one try of a clip; a worker that takes longer is abandoned and replaced.
    backoff_s : float
        Pause in seconds before the second try of a clip.
    doubts : bool
        Whether to stop also after four times ``breaker`` videos in a row that are reported as missing, as an outdated
        tool reports all videos; turn it off if many are known to be gone.
    """

    workers: int = 2
    spacing_s: float = 8.0
    breaker: int = 10
    clip_timeout_s: float = 300.0
    backoff_s: float = 10.0
    doubts: bool = True


class Worker(Protocol):
    """A worker that gets clips, one after the other, in one thread."""

    def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
        """Get the audio of a clip; raises :class:`FailedClipError`."""

    def close(self) -> None:
        """Release resources; no more clips follow."""


class Pace:
    """Pauses between requests, shared by all workers.

    Parameters
    ----------
    spacing_s : float
        Mean time in seconds between two requests.
    """

    def __init__(self, spacing_s: float) -> None:
        self._spacing_s = spacing_s
        self._next_s = 0.0
        self._lock = threading.Lock()

    def wait(self, stopped: Callable[[], bool]) -> None:
        """Wait for the caller's turn, or until stopped."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_s)
            self._next_s = turn + self._spacing_s * random.uniform(1 - _JITTER, 1 + _JITTER)
        pause_until(turn, stopped)


def pause_until(moment: float, stopped: Callable[[], bool]) -> None:
    """Wait until a moment on the monotonic clock, or until stopped."""
    while (left := moment - time.monotonic()) > 0 and not stopped():
        time.sleep(min(left, _LOOK_S))


@dataclass
class _Job:
    """The clip that a worker is working on; its time limit applies to tries, not to pauses."""

    clip: Clip
    trying_since: float | None = None
    is_left: bool = False


@dataclass
class _Crew:
    """State shared by the threads."""

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
        """Start one more worker, in a daemon thread: Ctrl-C does not wait for it, and files are written atomically."""
        thread = threading.Thread(target=self._work, args=(next(self.names),), daemon=True)
        self.threads.append(thread)
        thread.start()

    def dismiss(self) -> None:
        """Stop all workers: none starts another clip, and those at work have a moment to clean up."""
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
                if self.jobs.pop(name, None) is None:  # abandoned: another worker has replaced this one
                    return
                self._tell(job, outcome)
        finally:
            worker.close()

    def _tell(self, job: _Job | None, outcome: Fate | Exception) -> None:
        """Hand over an outcome; wait while another is not taken yet, so that failures in a row are noticed in time."""
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
            except Exception as error:  # a bug in one extractor must not end a crawl of ten thousand clips
                return error
        raise AssertionError("unreachable")


def crawl(clips: Sequence[Clip], make_worker: Callable[[], Worker], manners: Manners) -> Iterator[Fate]:
    """Get clips with a few threads.

    Parameters
    ----------
    clips : sequence of Clip
        Clips in the order in which they are started.
    make_worker : callable
        Function that makes a worker, called once in each thread.
    manners : Manners
        How to behave towards the site. A clip that fails for a temporary reason is tried twice, unless the server
        complained about too many requests.

    Yields
    ------
    Fate
        Fate of each clip, as it becomes known; a failure that may be the site's and not the clip's, as soon as later
        clips decide it. If it is the site's, the clips are ``pending``, as before they were tried.

    Raises
    ------
    FetchStoppedError
        After ``manners.breaker`` failures of one kind in a row, or if this machine lacks something; clips without
        a fate are untouched.
    SedpipeError
        If a worker raised it about this machine: a full disk, an option that cannot be used.
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
    """Replace a worker that hangs and cannot be stopped; return the fate of its clip, or None if no worker hangs."""
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
        raise outcome  # a problem of this machine, whose message is a sentence already
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
