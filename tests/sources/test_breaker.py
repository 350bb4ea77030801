from collections import Counter

import pytest
from sedpipe.failures import CUT_OFF, NOT_READ, NOT_THERE, REFUSED, SAYINGS, SHUT_OUT
from sedpipe.fates import Fate
from sedpipe.sources.breaker import LOCAL_ADVICE, Breaker

STATES = {reason: state for state, reason, _ in SAYINGS} | {"unknown": "retryable", "no-solver": "retryable"}
MOST = 10


def heard(*reasons: str, doubts: bool = True) -> tuple[list[str], Breaker]:
    """Return the settled fates of clips that fail for these reasons in turn (``""``: a success), and the breaker."""
    breaker, settled = Breaker(MOST, doubts=doubts), []
    for number, reason in enumerate(reasons):
        settled += breaker.settled_by(Fate("training", str(number), STATES.get(reason, "ok"), reason))
        if breaker.error is not None:
            break
    else:
        settled += breaker.rest()
    assert [fate.clip_id for fate in settled] == [str(number) for number in range(len(settled))]
    return [f"{fate.state} {fate.reason}".strip() for fate in settled], breaker


@pytest.mark.parametrize("reason", sorted(REFUSED | CUT_OFF | NOT_READ | SHUT_OUT | NOT_THERE))
def test_a_repeated_reason_that_can_affect_all_clips_stops_the_crawl_and_marks_none(reason: str) -> None:
    settled, breaker = heard(*[reason] * 300)
    assert Counter(settled) == {"pending doubtful": 40 if reason in NOT_THERE else 10}
    assert breaker.error is not None
    assert breaker.error.hint
    assert f"the last: {reason} " in breaker.error.message


@pytest.mark.parametrize("reason", sorted(STATES.keys() - (REFUSED | CUT_OFF | NOT_READ | SHUT_OUT | NOT_THERE)))
def test_a_reason_that_concerns_one_clip_is_believed_however_often_it_occurs(reason: str) -> None:
    if STATES[reason] == "local":
        assert LOCAL_ADVICE[reason]
        return
    settled, breaker = heard(*[reason] * 300)
    assert (Counter(settled), breaker.error) == ({f"{STATES[reason]} {reason}": 300}, None)


def test_a_success_settles_the_held_back_fates_in_order() -> None:
    settled, breaker = heard(*["unavailable"] * 3, "sign-in", "", *["no-format"] * 9)
    expected = ["gone unavailable"] * 3 + ["blocked sign-in", "ok"] + ["retryable no-format"] * 9
    assert (settled, breaker.error) == (expected, None)


def test_earlier_failures_of_another_kind_are_believed() -> None:
    settled, breaker = heard("unavailable", "unavailable", *["bot-check"] * 20)
    assert settled == ["gone unavailable"] * 2 + ["pending doubtful"] * 10
    assert "10 failures of one kind in a row" in str(breaker.error)


def test_alternating_kinds_of_failure_stop_the_crawl_later() -> None:
    settled, breaker = heard(*["network", "no-player", "bot-check"] * 100)
    assert settled == ["pending doubtful"] * 40
    assert "40 failures in a row" in str(breaker.error)


def test_without_doubts_missing_videos_are_believed() -> None:
    settled, breaker = heard(*["unavailable"] * 300, doubts=False)
    assert (Counter(settled), breaker.error) == ({"gone unavailable": 300}, None)


def test_unsolved_challenges_stop_the_crawl_with_advice_on_the_solver() -> None:
    settled, breaker = heard("", *["no-solver"] * 20)
    assert settled == ["ok"] + ["pending doubtful"] * 10
    assert breaker.error is not None
    assert breaker.error.hint == LOCAL_ADVICE["no-solver"]
    assert heard("", *["no-solver", ""] * 20)[1].error is None
