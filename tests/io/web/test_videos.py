"""The real yt-dlp against a local site."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from encoded import FORMS, clock, encoded, start_error_ms
from loopback import WAITED_FOR, Site, site
from sedpipe.errors import SettingsError
from sedpipe.failures import FailedClipError, Failure
from sedpipe.io.audio.cut import cut
from sedpipe.io.web import videos
from sedpipe.io.web.remote_file import Limits
from sedpipe.io.web.videos import VideoOptions, VideoResolver, javascript_runtimes, watch_address, yt_dlp_version

COOKIES = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tname\tvalue\n"
WEBM = "webm, a cue each 10 s"


@pytest.fixture(scope="module")
def recording() -> bytes:
    return encoded(clock(30, 48_000), FORMS[WEBM])


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with site() as running:
        yield running


@pytest.fixture
def resolver() -> Iterator[VideoResolver]:
    opened = VideoResolver(VideoOptions(timeout_s=20))
    yield opened
    opened.close()


@pytest.fixture
def hurried() -> Iterator[VideoResolver]:
    opened = VideoResolver(VideoOptions(timeout_s=0.5))
    yield opened
    opened.close()


def failure_of(resolver: VideoResolver, address: str, seconds: float = 20) -> FailedClipError:
    with pytest.raises(FailedClipError) as caught, resolver.reading(resolver.resolve(address), Limits(seconds)) as file:
        cut(file, 20, 30, 44_100, timeout_s=seconds)
    return caught.value


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("form", [WEBM, "m4a", "m4a, fragments", "mp3"])
def test_a_clip_is_cut_from_the_audio_that_yt_dlp_finds(
    here: Site, resolver: VideoResolver, form: str, ranges: bool
) -> None:
    name = f"-5QrBL6MzLg.{form[:4].strip(',')}"
    audio = resolver.resolve(here.add(name, encoded(clock(30, FORMS[form].rate), FORMS[form]), ranges=ranges))
    assert audio.is_whole
    with resolver.reading(audio, Limits()) as file:
        piece = cut(file, 13.37, 23.37, 44_100)
    assert len(piece.samples) == 441_000
    assert abs(start_error_ms(piece.samples, clock(30, 44_100), 13.37)) < 1


@pytest.mark.parametrize(
    ("fault", "state", "reason"),
    [
        ("404", "gone", "not-found"),
        ("403", "retryable", "forbidden"),
        ("429", "retryable", "rate-limited"),
        ("500", "retryable", "server-error"),
        ("stall", "retryable", "timeout"),
        ("truncated", "retryable", "network"),
        ("html", "retryable", "wrong-content"),
        ("reset", "retryable", "network"),
        ("drip", "retryable", "timeout"),
    ],
)
def test_each_fault_gives_its_failure(
    here: Site,
    resolver: VideoResolver,
    hurried: VideoResolver,
    recording: bytes,
    fault: str,
    state: str,
    reason: str,
) -> None:
    address = here.add("abCdEfGhIjK.webm", recording, fault)
    failed = failure_of(hurried, address, 2) if fault in WAITED_FOR else failure_of(resolver, address)
    assert failed.failure == Failure(state, reason), failed.message
    assert "\x1b" not in failed.message
    assert failed.message


def test_an_unreachable_server_is_a_network_failure(resolver: VideoResolver) -> None:
    assert failure_of(resolver, "http://127.0.0.1:1/watch/a.webm").failure.reason == "network"


def test_content_that_is_not_audio_is_undecodable(here: Site, resolver: VideoResolver) -> None:
    assert failure_of(resolver, here.add("a.webm", bytes(300_000))).failure == Failure("retryable", "undecodable")


def test_each_resolver_has_a_private_copy_of_the_cookies(tmp_path: Path) -> None:
    jar = tmp_path / "cookies.txt"
    jar.write_text(COOKIES)
    jar.chmod(0o400)
    first, second = (VideoResolver(VideoOptions(cookies=jar)) for _ in range(2))
    folders = {first._private, second._private}
    assert len(folders) == 2
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders)
    first.close()
    second.close()
    assert jar.read_text() == COOKIES
    assert not any(folder.exists() for folder in folders)


def test_a_missing_cookie_file_gives_a_one_line_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^--cookies .*none\.txt: No such file"):
        VideoResolver(VideoOptions(cookies=tmp_path / "none.txt"))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("firefox", ("firefox", None, None, None)),
        ("Chrome+gnomekeyring:Profile 1", ("chrome", "Profile 1", "GNOMEKEYRING", None)),
        ("firefox:default::Work", ("firefox", "default", None, "Work")),
        ("firefox::none", ("firefox", None, None, "none")),
    ],
)
def test_browser_names_are_parsed_as_by_yt_dlp(wanted: str, expected: tuple[str | None, ...]) -> None:
    import yt_dlp

    assert videos._browser(wanted) == expected
    assert tuple(yt_dlp.parse_options(["--cookies-from-browser", wanted]).ydl_opts["cookiesfrombrowser"]) == expected


@pytest.mark.parametrize("video_id", ["-5QrBL6MzLg", "--------_--", "_abCdEfGhIj", "YbCdEfGhIjK"])
def test_a_video_id_gives_its_watch_address(video_id: str) -> None:
    assert watch_address(video_id) == f"https://www.youtube.com/watch?v={video_id}"


@pytest.mark.parametrize(
    "video_id", ["", "short", "--exec=true;x", "../../../etc", "abCdEfGhIj&", "abCdEfGhIjK\n", "é" * 11]
)
def test_an_invalid_video_id_is_rejected(video_id: str) -> None:
    with pytest.raises(FailedClipError, match="is not a valid video id"):
        watch_address(video_id)


def formats(*rows: tuple[str, str, str, str]) -> dict[str, object]:
    keys = ("format_id", "protocol", "vcodec", "acodec")
    return {"formats": [dict(zip(keys, row, strict=True)) for row in rows]}


def chosen(context: dict[str, object]) -> str:
    return str(next(videos._choose_format(context))["format_id"])


def test_an_audio_only_format_in_one_file_is_preferred() -> None:
    pieces = ("hls", "m3u8_native", "none", "mp4a")
    film, quiet, loud = (
        ("18", "https", "avc1", "mp4a"),
        ("249", "https", "none", "opus"),
        ("251", "https", "none", "opus"),
    )
    assert chosen(formats(quiet, loud, film, pieces)) == "251"
    assert chosen(formats(film, pieces)) == "18"
    assert chosen(formats(pieces)) == "hls"


def test_the_original_sound_track_is_preferred_whatever_its_format() -> None:
    """yt-dlp ranks sound tracks: original 10, default 5, dubbed -1, spoken description -10."""
    rows = formats(
        ("251-es", "https", "none", "opus"),
        ("251-en-desc", "https", "none", "opus"),
        ("hls-en", "m3u8", "none", "mp4a"),
    )
    marks = {"251-es": ("es", -1), "251-en-desc": ("en-desc", -10), "hls-en": ("en", 10)}
    for item in rows["formats"]:
        item["language"], item["language_preference"] = marks[item["format_id"]]
    assert chosen(rows) == "hls-en"
    film = {"format_id": "18", "protocol": "https", "vcodec": "avc1", "acodec": "mp4a", "language_preference": -1}
    assert chosen({"formats": [*rows["formats"][:2], film]}) == "18"  # -1 without a language: its file's only track
    assert chosen({"formats": rows["formats"][:2]}) == "251-es"


SOLVER = "n challenge solving failed: Some formats may be missing. Ensure you have a supported JavaScript runtime and "
RUNTIME = "[youtube] No supported JavaScript runtime could be found. Only deno is enabled by default"
ROTATED = (
    "[youtube] The provided YouTube account cookies are no longer valid. They have likely been rotated in the browser"
)
IDS = "abCdEfGhIjK", "-5QrBL6MzLg"


def failing(resolver: VideoResolver, video_id: str, said: str, *warnings: str) -> FailedClipError:
    """Return the failure for a video for which yt-dlp prints warnings and then raises an error."""

    def fails(address: str, download: bool) -> None:
        for warning in warnings:
            resolver._ydl.report_warning(warning, only_once=True)
        raise RuntimeError(said)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolver._ydl, "extract_info", fails)
        with pytest.raises(FailedClipError) as caught:
            resolver.resolve(watch_address(video_id))
    return caught.value


@pytest.mark.parametrize(
    ("warning", "said", "state", "reason"),
    [
        (f"[youtube] {IDS[0]}: {SOLVER}", "Requested format is not available", "retryable", "no-solver"),
        (f"[youtube] {IDS[0]}: {SOLVER}", "HTTP Error 403: Forbidden", "retryable", "no-solver"),
        (f"[youtube] {IDS[0]}: {SOLVER}", "This video is private", "gone", "private"),
        (f"[youtube] {IDS[0]}: {SOLVER}", "Sign in to confirm your age", "blocked", "age"),
        (RUNTIME, "Requested format is not available", "local", "no-js-runtime"),
        (RUNTIME, "This video is private", "gone", "private"),
        (ROTATED, "Sign in to confirm you're not a bot", "local", "old-cookies"),
        (ROTATED, "Sign in to confirm your age", "local", "old-cookies"),
        (ROTATED, "Video unavailable", "gone", "unavailable"),
        ("Your IP is likely being blocked by Youtube", "Requested format is not available", "retryable", "bot-check"),
    ],
)
def test_warnings_of_yt_dlp_explain_a_failure(
    resolver: VideoResolver, warning: str, said: str, state: str, reason: str
) -> None:
    failed = failing(resolver, IDS[0], said, warning)
    assert failed.failure == Failure(state, reason)
    later = failing(resolver, IDS[1], said)
    if state == "local":  # yt-dlp warns about this machine only with the first video
        assert later.failure == failed.failure
    else:  # a warning about one video does not explain the failure of another
        assert later.message == said


def test_four_silent_formats_mean_no_audio_and_a_single_one_is_retryable() -> None:
    silent = [(str(number), "https", "avc1", "none") for number in range(4)]
    for rows, failure in ((silent, Failure("gone", "no-audio")), (silent[:1], Failure("retryable", "no-format"))):
        with pytest.raises(FailedClipError) as caught:
            chosen(formats(*rows))
        assert caught.value.failure == failure


def test_segments_of_a_playlist_are_joined_before_cutting(here: Site, resolver: VideoResolver) -> None:
    body = encoded(clock(30, 44_100), FORMS["mp3"])
    third = len(body) // 3
    names = [f"{number}.mp3" for number in range(3)]
    for number, name in enumerate(names):
        here.add(name, body[number * third : (number + 1) * third if number < 2 else None])
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n" + "".join(f"#EXTINF:10,\n{name}\n" for name in names)
    audio = resolver.resolve(here.add("list.m3u8", f"{playlist}#EXT-X-ENDLIST\n".encode()))
    assert not audio.is_whole
    with resolver.reading(audio, Limits()) as file:
        piece = cut(file, 12, 22, 44_100)
    assert len(piece.samples) == 441_000
    assert abs(start_error_ms(piece.samples, clock(30, 44_100), 12)) < 1
    assert not list(resolver._private.glob("tmp*"))


def test_javascript_runtimes_are_those_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert javascript_runtimes() == {}
    (tmp_path / "node").write_text("#!/bin/sh\n")
    (tmp_path / "node").chmod(0o755)
    assert javascript_runtimes() == {"node": shutil.which("node")}


def test_the_version_string_names_yt_dlp() -> None:
    assert yt_dlp_version().startswith("yt-dlp 20")
