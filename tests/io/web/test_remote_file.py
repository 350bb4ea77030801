import io
import urllib.request
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from loopback import WAITED_FOR, Site, site
from sedpipe.failures import FailedClipError, Failure
from sedpipe.io.web.remote_file import CHUNK, Limits, RemoteFile

BODY = np.random.default_rng(0).bytes(3 * CHUNK + 12_345)


@pytest.fixture
def here() -> Iterator[Site]:
    with site() as running:
        yield running


def remote(url: str, timeout_s: float = 20, **limits: Any) -> RemoteFile:
    def ask(headers: dict[str, str]) -> Any:
        answer = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout_s)
        return SimpleNamespace(fp=answer, status=answer.status, headers=answer.headers, close=answer.close)

    return RemoteFile(ask, Limits(**{"seconds": 20, **limits}))


def read_all(file: RemoteFile) -> bytes:
    return b"".join(iter(lambda: file.read(50_000), b""))


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_is_read_completely(here: Site, ranges: bool) -> None:
    file = remote(here.add("a", BODY, ranges=ranges))
    assert read_all(file) == BODY
    assert file.read(10) == b""
    assert here.asked["/watch/a"] == (4 if ranges else 1)
    file.close()


@pytest.mark.parametrize("ranges", [True, False])
def test_seeking_and_reading_match_a_local_file(here: Site, ranges: bool) -> None:
    file, local = remote(here.add("a", BODY, ranges=ranges)), io.BytesIO(BODY)
    places = np.random.default_rng(1).integers(0, len(BODY) + 100, 40)
    for place in [*places, 0, len(BODY) - 1, len(BODY)]:
        for whence, offset in ((0, int(place)), (2, -int(place % 5000)), (1, 17)):
            assert file.seek(offset, whence) == local.seek(offset, whence)
            wanted = local.read(100)
            got = b""
            while len(got) < len(wanted):
                got += file.read(len(wanted) - len(got))
            assert got == wanted
            assert file.tell() == local.tell()
    file.close()


def test_a_file_is_read_and_seeked_if_the_server_hides_its_length(here: Site) -> None:
    file = remote(here.add("a", BODY, hides_length=True))
    assert file.seek(-5, 2) == len(BODY) - 5
    assert file.read(10) == BODY[-5:]
    file.seek(0)
    assert read_all(file) == BODY


def test_only_the_needed_ranges_are_requested(here: Site) -> None:
    file = remote(here.add("a", BODY))
    file.read(1000)
    file.seek(0, 2)
    file.seek(-100, 1)
    assert file.read(100) == BODY[-100:]
    assert here.asked["/watch/a"] == 2
    assert file.seek(2 * CHUNK) == 2 * CHUNK
    assert here.asked["/watch/a"] == 2
    file.close()


def test_a_response_that_breaks_off_is_requested_again(here: Site) -> None:
    file = remote(here.add("a", BODY, "truncated", heals_after=2))
    assert read_all(file) == BODY


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        ("404", "gone", "not-found"),
        ("403", "retryable", "forbidden"),
        ("429", "retryable", "rate-limited"),
        ("500", "retryable", "server-error"),
        ("stall", "retryable", "timeout"),
        ("truncated", "retryable", "network"),
        ("reset", "retryable", "network"),
        ("drip", "retryable", "timeout"),
    ],
)
@pytest.mark.parametrize("ranges", [True, False])
def test_each_fault_gives_its_failure(here: Site, fault: str, state: str, reason: str, ranges: bool) -> None:
    hurry: dict[str, float] = {"timeout_s": 0.3, "seconds": 1.5} if fault in WAITED_FOR else {}
    file = remote(here.add("a", BODY[:90_000], fault, ranges=ranges), **hurry)
    with pytest.raises(FailedClipError) as caught:
        read_all(file)
    assert caught.value.failure == Failure(state, reason)
    file.close()


def test_reading_ends_when_a_stop_is_requested(here: Site) -> None:
    stopped: list[bool] = []
    file = remote(here.add("a", BODY), stopped=lambda: bool(stopped))
    file.read(10)
    stopped.append(True)
    with pytest.raises(FailedClipError, match=r"^stopped$"):
        file.read(10)


def test_the_download_speed_is_limited(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("sedpipe.io.web.remote_file.RemoteFile._pause", lambda self, seconds: slept.append(seconds))
    file = remote(here.add("a", BODY[:200_000]), bytes_per_second=1000)
    read_all(file)
    assert sum(slept) == pytest.approx(200)


def test_a_response_with_another_range_than_requested_is_rejected() -> None:
    def ask(headers: dict[str, str]) -> Any:
        range_sent = {"Content-Range": "bytes 0-99/1000"}
        return SimpleNamespace(fp=io.BytesIO(bytes(100)), status=206, headers=range_sent, close=lambda: None)

    file = RemoteFile(ask, Limits(seconds=5))
    file.seek(500)
    with pytest.raises(FailedClipError, match="asked for bytes from 500"):
        file.read(10)
