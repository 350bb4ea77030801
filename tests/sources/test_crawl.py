import itertools
import queue
import threading
import time
from collections.abc import Callable

import pytest
from sedpipe.clips import Clip
from sedpipe.errors import SedpipeError
from sedpipe.failures import FailedClipError, Failure
from sedpipe.fates import Fate
from sedpipe.sources.crawl import Manners, Pace, _Crew, _Job, _leave_behind, crawl
from sedpipe.sources.source import FetchStoppedError

AT_ONCE = Manners(workers=2, spacing_s=0, breaker=4, clip_timeout_s=5, backoff_s=0)
OK = Failure("ok", "")
GONE, REFUSED, BOT, DOWN, NO_DISK = (
    Failure("gone", "removed"),
    Failure("retryable", "rate-limited"),
    Failure("retryable", "bot-check"),
    Failure("retryable", "network"),
    Failure("local", "disk-full"),
)


class Scripted:
    """A worker that gives each clip the outcomes in its plan, and counts its calls."""

    def __init__(self, plan: dict[str, list[Failure]]) -> None:
        self.plan = {clip_id: list(outcomes) for clip_id, outcomes in plan.items()}
        self.tried: list[str] = []
        self.closed = 0
        self.lock = threading.Lock()

    def __call__(self) -> "Scripted":
        return self

    def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
        with self.lock:
            self.tried.append(clip.clip_id)
            outcomes = self.plan[clip.clip_id]
            outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        if outcome is OK:
            return Fate(clip.split, clip.clip_id, "ok")
        raise FailedClipError(f"said of {clip.clip_id}", outcome)

    def close(self) -> None:
        self.closed += 1


def clips(*names: str) -> list[Clip]:
    return [Clip(name, "training", name, 0, 10, ()) for name in names]


def run(plan: dict[str, list[Failure]], manners: Manners = AT_ONCE) -> tuple[dict[str, str], list[str]]:
    worker = Scripted(plan)
    fates = crawl(clips(*plan), worker, manners)
    return {fate.clip_id: fate.reason or fate.state for fate in fates}, worker.tried


def test_each_clip_has_one_fate() -> None:
    plan = {str(number): [OK if number % 3 else GONE] for number in range(30)}
    fates, tried = run(plan)
    assert fates == {str(number): "ok" if number % 3 else "removed" for number in range(30)}
    assert sorted(tried) == sorted(plan)


def test_network_failures_are_retried_once_and_other_failures_are_not() -> None:
    fates, tried = run({"a": [DOWN, OK], "b": [DOWN], "c": [GONE, OK], "d": [REFUSED, OK], "e": [BOT, OK]})
    assert fates == {"a": "ok", "b": "network", "c": "removed", "d": "rate-limited", "e": "bot-check"}
    assert sorted(tried) == ["a", "a", "b", "b", "c", "d", "e"]


SHUT, UNREAD = Failure("blocked", "sign-in"), Failure("retryable", "no-format")


@pytest.mark.parametrize(
    "kinds", [[REFUSED], [BOT], [REFUSED, BOT, Failure("retryable", "forbidden")], [DOWN], [SHUT], [UNREAD]]
)
def test_repeated_failures_of_one_kind_trip_the_breaker(kinds: list[Failure]) -> None:
    plan = {str(number): [kinds[number % len(kinds)]] for number in range(100)}
    worker = Scripted(plan)
    fates: list[Fate] = []
    crawled = crawl(clips(*plan), worker, AT_ONCE)
    with pytest.raises(FetchStoppedError, match="stopped after 4 failures of one kind in a row") as caught:
        fates.extend(crawled)
    assert "run the same command again" in caught.value.hint
    assert {(fate.state, fate.reason) for fate in fates} == {("pending", "doubtful")}
    assert len(fates) == 4
    assert len(set(worker.tried)) <= 4 + 2 * AT_ONCE.workers


def test_a_success_or_a_failure_of_another_kind_resets_the_breaker() -> None:
    outcomes = [REFUSED, REFUSED, REFUSED, OK, REFUSED, REFUSED, REFUSED, GONE, DOWN, DOWN, DOWN, BOT, BOT, BOT]
    plan = {f"{number:02d}": [outcome] for number, outcome in enumerate(outcomes)}
    assert len(run(plan, Manners(1, 0, 4, 5, 0))[0]) == len(outcomes)


def test_removed_videos_never_trip_the_breaker() -> None:
    assert len(run({str(number): [GONE] for number in range(50)})[0]) == 50


NOT_THERE = [Failure("gone", "unavailable"), Failure("gone", "not-found")]


def test_many_missing_videos_in_a_row_stop_the_crawl_and_stay_pending() -> None:
    worker = Scripted({f"{number:02d}": [NOT_THERE[number % 2]] for number in range(90)})
    heard: list[Fate] = []
    with pytest.raises(FetchStoppedError, match="stopped after 16 failures") as caught:
        heard.extend(crawl(clips(*worker.plan), worker, AT_ONCE))
    fates = {fate.clip_id: fate for fate in heard}
    assert "update yt-dlp" in caught.value.hint
    assert {(fate.state, fate.reason) for fate in fates.values()} == {("pending", "doubtful")}
    assert len(fates) == 16


def test_missing_videos_are_believed_with_successes_in_between_or_without_doubts() -> None:
    plan = {f"{number:02d}": [OK if number % 16 == 15 else NOT_THERE[0]] for number in range(64)}
    assert len(run(plan, Manners(1, 0, 4, 5, 0))[0]) == 64
    plan = {f"{number:02d}": [NOT_THERE[0]] for number in range(64)}
    assert set(run(plan, Manners(2, 0, 4, 5, 0, doubts=False))[0].values()) == {"unavailable"}


def test_a_local_failure_stops_the_crawl_after_a_few_clips_and_marks_none() -> None:
    worker = Scripted({str(number): [NO_DISK] for number in range(100)})
    fates: list[Fate] = []
    with pytest.raises(FetchStoppedError, match="said of") as caught:
        fates.extend(crawl(clips(*worker.plan), worker, AT_ONCE))
    assert "--cache" in caught.value.hint
    assert fates == []
    assert len(worker.tried) <= 4


def test_an_exception_in_an_extractor_affects_only_its_clip() -> None:
    class Slipping(Scripted):
        def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
            if clip.clip_id == "b":
                raise KeyError("videoDetails")
            return super().get(clip, stopped)

    fates = {fate.clip_id: fate for fate in crawl(clips(*"abc"), Slipping({name: [OK] for name in "abc"}), AT_ONCE)}
    assert (fates["b"].state, fates["b"].reason) == ("retryable", "unknown")
    assert fates["b"].message == "KeyError: 'videoDetails'"
    assert fates["c"].state == "ok"


def test_a_worker_that_cannot_start_gives_a_one_line_error() -> None:
    def broken() -> Scripted:
        raise SedpipeError("--cookies x: No such file or directory")

    with pytest.raises(SedpipeError, match="--cookies x"):
        list(crawl(clips("a"), broken, AT_ONCE))


def test_a_worker_that_hangs_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    class Hanging(Scripted):
        def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
            if clip.clip_id == "b":
                released.wait(20)
            return super().get(clip, stopped)

    monkeypatch.setattr("sedpipe.sources.crawl._GRACE_S", 0.1)
    worker = Hanging({name: [OK] for name in "abc"})
    fates = {fate.clip_id: fate for fate in crawl(clips(*"abc"), worker, Manners(1, 0, 4, 0.2))}
    released.set()
    assert {name: fate.reason for name, fate in fates.items()} == {"a": "", "b": "timeout", "c": ""}


def test_a_worker_abandoned_while_it_finishes_ends_without_a_fate_or_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clip already has its fate and another worker took over: no second fate may follow, and no exception."""

    class TakenMeanwhile(dict[int, _Job]):
        def pop(self, name: int, *default: object) -> object:  # type: ignore[override]
            super().pop(name)
            return super().pop(name, *default)

        def __delitem__(self, name: int) -> None:
            self.pop(name)

    failures: list[object] = []
    monkeypatch.setattr("threading.excepthook", failures.append)
    waiting: queue.SimpleQueue[Clip] = queue.SimpleQueue()
    for clip in clips("a", "b"):
        waiting.put(clip)
    worker = Scripted({name: [OK] for name in "ab"})
    crew = _Crew(worker, AT_ONCE, waiting, jobs=TakenMeanwhile())
    crew.start()
    crew.threads[0].join(20)
    assert (worker.tried, worker.closed, crew.fates.qsize(), failures) == (["a"], 1, 0, [])


def test_a_worker_that_has_ended_is_not_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sedpipe.sources.crawl._GRACE_S", 0.0)
    job, started = _Job(clips("a")[0], trying_since=time.monotonic() - 10), []

    class EndedMeanwhile(dict[int, _Job]):
        def pop(self, name: int, *default: object) -> object:  # type: ignore[override]
            super().pop(name)
            return super().pop(name, *default)

    crew = _Crew(Scripted({}), Manners(1, 0, 4, 0.2), queue.SimpleQueue(), jobs=EndedMeanwhile({0: job}))
    monkeypatch.setattr(crew, "start", lambda: started.append(True))
    assert _leave_behind(crew) is None
    assert (job.is_left, started) == (False, [])


def test_a_slow_or_pausing_worker_is_not_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Scripted):
        def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
            time.sleep(0.05)
            return super().get(clip, stopped)

    monkeypatch.setattr("sedpipe.sources.crawl._LOOK_S", 0.005)
    worker = Slow({"a": [OK], "b": [DOWN, OK]})
    fates = {fate.clip_id: fate.state for fate in crawl(clips(*"ab"), worker, Manners(1, 0, 4, 60, 0.05))}
    assert fates == {"a": "ok", "b": "ok"}
    assert worker.tried == ["a", "b", "b"]


def test_workers_end_without_an_error_when_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", ended.append)
    worker = Scripted({name: [OK] for name in "abcdef"})
    assert len(list(crawl(clips(*"abcdef"), worker, AT_ONCE))) == 6
    while worker.closed < 2:
        time.sleep(0.01)
    for thread in threading.enumerate():
        if thread.daemon and "_work" in thread.name:
            thread.join()
    assert ended == []


def test_closing_the_iterator_early_stops_the_workers() -> None:
    worker = Scripted({str(number): [OK] for number in range(1000)})
    fates = crawl(clips(*worker.plan), worker, Manners(2, 0.02, 4, 5, 0))
    next(fates)
    fates.close()
    while worker.closed < 2:
        time.sleep(0.01)
    assert len(worker.tried) < 100


def test_workers_are_daemon_threads() -> None:
    class Telling(Scripted):
        def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
            daemons.append(threading.current_thread().daemon)
            return super().get(clip, stopped)

    daemons: list[bool] = []
    list(crawl(clips(*"abcd"), Telling({name: [OK] for name in "abcd"}), AT_ONCE))
    assert daemons == [True] * 4


def test_turns_of_a_pace_vary_around_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []
    monkeypatch.setattr("sedpipe.sources.crawl.pause_until", lambda moment, stopped: turns.append(moment))
    pace = Pace(10.0)
    for _ in range(200):
        pace.wait(lambda: False)
    gaps = [later - earlier for earlier, later in itertools.pairwise(turns)]
    assert 7 <= min(gaps) < max(gaps) <= 13
    assert sum(gaps) / len(gaps) == pytest.approx(10, rel=0.05)
