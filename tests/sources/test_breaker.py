from collections import Counter

import pytest
from sedpipe.failures import CUT_OFF, NOT_READ, NOT_THERE, REFUSED, SAYINGS, SHUT_OUT
from sedpipe.fates import Fate
from sedpipe.sources.breaker import LOCAL_ADVICE, Breaker

STATES = {reason: state for state, reason, _ in SAYINGS} | {"unknown": "retryable", "no-solver": "retryable"}
MOST = 10


def heard(*reasons: str, doubts: bool = True) -> tuple[list[str], Breaker]:
    """What is settled of clips that failed for these reasons, one after the other; ``""``: one that is there."""
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
def test_a_reason_that_can_strike_all_stops_the_crawl_and_marks_nothing(reason: str) -> None:
    settled, breaker = heard(*[reason] * 300)
    assert Counter(settled) == {"pending doubtful": 40 if reason in NOT_THERE else 10}
    assert breaker.error is not None
    assert breaker.error.hint
    assert f"the last: {reason} " in breaker.error.message


@pytest.mark.parametrize("reason", sorted(STATES.keys() - (REFUSED | CUT_OFF | NOT_READ | SHUT_OUT | NOT_THERE)))
def test_a_reason_of_a_clip_alone_is_believed_at_once_however_often(reason: str) -> None:
    if STATES[reason] == "local":
        assert LOCAL_ADVICE[reason]
        return
    settled, breaker = heard(*[reason] * 300)
    assert (Counter(settled), breaker.error) == ({f"{STATES[reason]} {reason}": 300}, None)


def test_one_that_is_there_makes_the_others_believed_in_their_order() -> None:
    settled, breaker = heard(*["unavailable"] * 3, "sign-in", "", *["no-format"] * 9)
    expected = ["gone unavailable"] * 3 + ["blocked sign-in", "ok"] + ["retryable no-format"] * 9
    assert (settled, breaker.error) == (expected, None)


def test_what_came_before_of_another_kind_is_believed() -> None:
    settled, breaker = heard("unavailable", "unavailable", *["bot-check"] * 20)
    assert settled == ["gone unavailable"] * 2 + ["pending doubtful"] * 10
    assert "10 failures of one kind in a row" in str(breaker.error)


def test_kinds_that_take_turns_stop_it_later() -> None:
    settled, breaker = heard(*["network", "no-player", "bot-check"] * 100)
    assert settled == ["pending doubtful"] * 40
    assert "40 failures in a row" in str(breaker.error)


def test_where_many_are_known_not_to_be_there_that_is_believed() -> None:
    settled, breaker = heard(*["unavailable"] * 300, doubts=False)
    assert (Counter(settled), breaker.error) == ({"gone unavailable": 300}, None)


def test_challenges_that_are_not_solved_stop_it_with_the_advice_that_mends_them() -> None:
    settled, breaker = heard("", *["no-solver"] * 20)
    assert settled == ["ok"] + ["pending doubtful"] * 10
    assert breaker.error is not None
    assert breaker.error.hint == LOCAL_ADVICE["no-solver"]
    assert heard("", *["no-solver", ""] * 20)[1].error is None
