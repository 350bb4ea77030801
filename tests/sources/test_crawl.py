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
    """Does with each clip what its plan says, and counts."""

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


def test_what_may_pass_is_tried_twice_and_what_may_not_once() -> None:
    fates, tried = run({"a": [DOWN, OK], "b": [DOWN], "c": [GONE, OK], "d": [REFUSED, OK], "e": [BOT, OK]})
    assert fates == {"a": "ok", "b": "network", "c": "removed", "d": "rate-limited", "e": "bot-check"}
    assert sorted(tried) == ["a", "a", "b", "b", "c", "d", "e"]


SHUT, UNREAD = Failure("blocked", "sign-in"), Failure("retryable", "no-format")


@pytest.mark.parametrize(
    "kinds", [[REFUSED], [BOT], [REFUSED, BOT, Failure("retryable", "forbidden")], [DOWN], [SHUT], [UNREAD]]
)
def test_a_storm_trips_the_breaker(kinds: list[Failure]) -> None:
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


def test_a_success_or_another_kind_in_between_keeps_it_closed() -> None:
    outcomes = [REFUSED, REFUSED, REFUSED, OK, REFUSED, REFUSED, REFUSED, GONE, DOWN, DOWN, DOWN, BOT, BOT, BOT]
    plan = {f"{number:02d}": [outcome] for number, outcome in enumerate(outcomes)}
    assert len(run(plan, Manners(1, 0, 4, 5, 0))[0]) == len(outcomes)


def test_dead_videos_never_trip_it() -> None:
    assert len(run({str(number): [GONE] for number in range(50)})[0]) == 50


NOT_THERE = [Failure("gone", "unavailable"), Failure("gone", "not-found")]


def test_so_many_videos_in_a_row_are_not_believed_to_be_gone_and_none_stays_marked() -> None:
    worker = Scripted({f"{number:02d}": [NOT_THERE[number % 2]] for number in range(90)})
    heard: list[Fate] = []
    with pytest.raises(FetchStoppedError, match="stopped after 16 failures") as caught:
        heard.extend(crawl(clips(*worker.plan), worker, AT_ONCE))
    fates = {fate.clip_id: fate for fate in heard}
    assert "update yt-dlp" in caught.value.hint
    assert {(fate.state, fate.reason) for fate in fates.values()} == {("pending", "doubtful")}
    assert len(fates) == 16


def test_with_one_that_is_there_in_between_or_where_it_is_known_they_are_believed() -> None:
    plan = {f"{number:02d}": [OK if number % 16 == 15 else NOT_THERE[0]] for number in range(64)}
    assert len(run(plan, Manners(1, 0, 4, 5, 0))[0]) == 64
    plan = {f"{number:02d}": [NOT_THERE[0]] for number in range(64)}
    assert set(run(plan, Manners(2, 0, 4, 5, 0, doubts=False))[0].values()) == {"unavailable"}


def test_a_lack_of_this_machine_stops_at_once_and_marks_nothing() -> None:
    worker = Scripted({str(number): [NO_DISK] for number in range(100)})
    with pytest.raises(FetchStoppedError, match="said of") as caught:
        list(crawl(clips(*worker.plan), worker, AT_ONCE))
    assert "--cache" in caught.value.hint
    assert len(worker.tried) <= 4


def test_a_slip_in_an_extractor_is_one_clips_fate() -> None:
    class Slipping(Scripted):
        def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
            if clip.clip_id == "b":
                raise KeyError("videoDetails")
            return super().get(clip, stopped)

    fates = {fate.clip_id: fate for fate in crawl(clips(*"abc"), Slipping({name: [OK] for name in "abc"}), AT_ONCE)}
    assert (fates["b"].state, fates["b"].reason) == ("retryable", "unknown")
    assert fates["b"].message == "KeyError: 'videoDetails'"
    assert fates["c"].state == "ok"


def test_a_worker_that_cannot_begin_is_a_sentence() -> None:
    def broken() -> Scripted:
        raise SedpipeError("--cookies x: No such file or directory")

    with pytest.raises(SedpipeError, match="--cookies x"):
        list(crawl(clips("a"), broken, AT_ONCE))


def test_a_worker_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_worker_that_is_left_behind_at_the_last_moment_ends_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clip has its fate already, and another worker has the place: nothing more may come, and nobody may fail."""

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


def test_a_worker_that_has_ended_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_worker_that_takes_its_time_or_pauses_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_leaving_early_stops_the_workers() -> None:
    worker = Scripted({str(number): [OK] for number in range(1000)})
    fates = crawl(clips(*worker.plan), worker, Manners(2, 0.02, 4, 5, 0))
    next(fates)
    fates.close()
    while worker.closed < 2:
        time.sleep(0.01)
    assert len(worker.tried) < 100


def test_nobody_waits_for_a_worker_when_the_program_ends() -> None:
    class Telling(Scripted):
        def get(self, clip: Clip, stopped: Callable[[], bool]) -> Fate:
            daemons.append(threading.current_thread().daemon)
            return super().get(clip, stopped)

    daemons: list[bool] = []
    list(crawl(clips(*"abcd"), Telling({name: [OK] for name in "abcd"}), AT_ONCE))
    assert daemons == [True] * 4


def test_workers_share_one_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[float] = []
    monkeypatch.setattr("sedpipe.sources.crawl.pause_until", lambda moment, stopped: turns.append(moment))
    pace = Pace(10.0)
    for _ in range(200):
        pace.wait(lambda: False)
    gaps = [later - earlier for earlier, later in itertools.pairwise(turns)]
    assert 7 <= min(gaps) < max(gaps) <= 13
    assert sum(gaps) / len(gaps) == pytest.approx(10, rel=0.05)
