"""Videos, through yt-dlp: the address of their audio, and a file to read it from.

- :class:`VideoResolver`: one worker's yt-dlp, with its own cookie jar
- :class:`ResolvedAudio`: address and format of a video's audio
- :class:`VideoOptions`: cookies, proxy and limits for access to videos
- :func:`watch_address`: a video id -> its address
- :func:`javascript_runtimes`: the installed JavaScript runtimes, which YouTube's players need
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sedpipe.errors import SettingsError
from sedpipe.failures import FailedClipError, Failure, classify
from sedpipe.io.audio.container import Readable
from sedpipe.io.files.private_folder import PrivateFolder
from sedpipe.io.web.remote_file import Limits, RemoteFile

WATCH_ADDRESS = "https://www.youtube.com/watch?v={}"

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_OF_ONE = re.compile(r"\[[^\]]+\] (?P<id>\S+): ")  # beginning of yt-dlp's messages about a single video
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_RUNTIMES = {"deno": "deno", "node": "node", "bun": "bun", "quickjs": "qjs"}
_UNREADABLE = frozenset({"no-format", "no-player", "unknown"})
_REFUSED = frozenset({"bot-check", "rate-limited", "forbidden"})
_OF_ACCOUNT = frozenset({"sign-in", "age", "members", "payment", "restricted"})
_EXPLAINED_BY = {
    **dict.fromkeys(_REFUSED, _UNREADABLE),
    **dict.fromkeys(("no-js-runtime", "no-solver", "missing-package"), _UNREADABLE | {"forbidden"}),
    **dict.fromkeys(("old-cookies", "no-cookies"), _UNREADABLE | _REFUSED | _OF_ACCOUNT),
}
"""Reasons of failures that a warning of yt-dlp explains, by the warning's own reason."""
_WHOLE = frozenset({"http", "https"})  # protocols with which one address serves the whole file


@dataclass(frozen=True)
class VideoOptions:
    """Options for access to videos.

    Parameters
    ----------
    cookies : Path, optional
        A cookie file in Netscape's format; it is copied, since yt-dlp writes to its cookie file.
    cookies_from_browser : str, optional
        ``BROWSER[+KEYRING][:PROFILE][::CONTAINER]``.
    proxy : str, optional
        Address of a proxy, which may be a SOCKS proxy.
    bytes_per_second : int, optional
        Highest speed of reading.
    timeout_s : float
        Longest time in seconds without data from a server.
    """

    cookies: Path | None = None
    cookies_from_browser: str | None = None
    proxy: str | None = None
    bytes_per_second: int | None = None
    timeout_s: float = 20.0


@dataclass(frozen=True)
class ResolvedAudio:
    """Address and format of a video's audio.

    Parameters
    ----------
    page : str
        Address of the page that was resolved.
    url : str
        Address of the audio file; it is valid for this machine only, and expires.
    http_headers : mapping
        Headers to send with each request.
    format : str
        Format id, container and codec, in yt-dlp's notation.
    duration : float, optional
        Duration in seconds, according to the site.
    is_whole : bool
        Whether ``url`` is the file, rather than a list of pieces.
    """

    page: str
    url: str
    http_headers: Mapping[str, str] = field(default_factory=dict)
    format: str = ""
    duration: float | None = None
    is_whole: bool = True


class VideoResolver:
    """yt-dlp for one worker; must not be shared between threads.

    Parameters
    ----------
    options : VideoOptions

    Raises
    ------
    SettingsError
        If the cookies cannot be read.
    """

    def __init__(self, options: VideoOptions | None = None) -> None:
        self._options = options or VideoOptions()
        self._folder = PrivateFolder()
        self._private = self._folder.path
        self._listener = _Listener()
        try:
            self._ydl = self._open(format=_choose_format)
        except BaseException:
            self.close()
            raise

    def resolve(self, address: str) -> ResolvedAudio:
        """Find the best audio of a page.

        Raises
        ------
        FailedClipError
            If there is none, or yt-dlp fails; the message is yt-dlp's own.
        """
        info = self._extracted(self._ydl, address, download=False)
        chosen = (info.get("requested_formats") or [info])[0]
        known = [chosen.get("format_id"), chosen.get("ext"), chosen.get("acodec")]
        return ResolvedAudio(
            page=address,
            url=chosen["url"],
            http_headers=dict(chosen.get("http_headers") or {}),
            format=" ".join(str(word) for word in known if word and word != "none"),
            duration=info.get("duration"),
            is_whole=chosen.get("protocol") in _WHOLE,
        )

    @contextmanager
    def reading(self, audio: ResolvedAudio, limits: Limits) -> Iterator[Readable]:
        """Open the audio for reading: the remote file itself or, if it is served in pieces, a temporary copy."""
        if audio.is_whole:
            remote = RemoteFile(lambda headers: self._ask(audio, headers), limits)
            try:
                yield remote
            finally:
                remote.close()
            return
        folder = Path(tempfile.mkdtemp(dir=self._private))
        try:
            with self._fetched(audio, folder, limits).open("rb") as file:
                yield file
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Close connections and delete the copy of the cookies."""
        if hasattr(self, "_ydl"):
            with suppress(Exception):  # a cookie jar that cannot be saved is no loss: it is only a copy
                self._ydl.close()
        self._folder.close()

    def _ask(self, audio: ResolvedAudio, headers: dict[str, str]) -> Any:
        from yt_dlp.networking import Request

        return self._ydl.urlopen(Request(audio.url, headers={**audio.http_headers, **headers}))

    def _fetched(self, audio: ResolvedAudio, folder: Path, limits: Limits) -> Path:
        def look_up(_: dict[str, Any]) -> None:
            if limits.stopped():
                raise FailedClipError("stopped", Failure("retryable", "stopped"))

        with self._open(
            format=_choose_format,
            outtmpl={"default": str(folder / "audio.%(ext)s")},
            fragment_retries=3,
            progress_hooks=[look_up],
        ) as ydl:
            self._extracted(ydl, audio.page, download=True)
        files = sorted(folder.glob("audio.*"))
        if not files:
            raise FailedClipError("no data came for the chosen format", Failure("retryable", "no-format"))
        return files[0]

    def _extracted(self, ydl: Any, address: str, *, download: bool) -> dict[str, Any]:
        self._listener.begin(address)
        try:
            info = ydl.extract_info(address, download=download)
        except FailedClipError:
            raise
        except Exception as error:
            inside = next(filter(_is_ours, _causes(error)), None)
            if isinstance(inside, FailedClipError):
                raise inside from error
            raise self._failed(error) from error
        entries = None if info is None else info.get("entries")
        if entries is not None:  # a page with several videos is not what was asked for; a list of one video is
            found = [entry for entry in entries if entry]
            info = found[0] if len(found) == 1 else None
        if info is None:
            raise FailedClipError(f"{address} is not a video", Failure("retryable", "wrong-content"))
        return dict(info)

    def _failed(self, error: Exception) -> FailedClipError:
        """Make the error from the message of yt-dlp, or of YouTube behind it, and of a warning that explains it."""
        message = _plain(str(error)) or type(error).__name__
        statuses = (getattr(cause, "status", None) for cause in _causes(error))
        status = next((found for found in statuses if isinstance(found, int)), None)
        failure = classify(message, status)
        for warning, why in self._listener.warnings:
            if failure.reason in _EXPLAINED_BY.get(why.reason, ()):
                return FailedClipError(f"{message} ({warning})", why)
        return FailedClipError(message, failure)

    def _open(self, **more: Any) -> Any:
        import yt_dlp  # importing takes a second, and only commands that fetch need it

        options = self._options
        parameters: dict[str, Any] = {
            "quiet": True,
            "noprogress": True,
            "color": "no_color",
            "logger": self._listener,
            "noplaylist": True,
            "playlist_items": "1:2",
            "cachedir": str(self._private / "yt-dlp"),
            "socket_timeout": options.timeout_s,
            "retries": 2,
            "extractor_retries": 1,
            "fixup": "never",
            "overwrites": True,
            "js_runtimes": {name: {"path": path} for name, path in javascript_runtimes().items()},
            **more,
        }
        if options.proxy is not None:
            parameters["proxy"] = options.proxy
        if options.bytes_per_second is not None:
            parameters["ratelimit"] = options.bytes_per_second
        if options.cookies is not None:
            parameters["cookiefile"] = str(self._own_cookies(options.cookies))
        if options.cookies_from_browser is not None:
            parameters["cookiesfrombrowser"] = _browser(options.cookies_from_browser)
        return yt_dlp.YoutubeDL(parameters)

    def _own_cookies(self, cookies: Path) -> Path:
        copy = self._private / "cookies.txt"
        if not copy.exists():
            try:
                shutil.copyfile(cookies, copy)
            except OSError as error:
                raise SettingsError(f"--cookies {cookies}: {error.strerror or error}") from error
        return copy


def watch_address(video_id: str, template: str = WATCH_ADDRESS) -> str:
    """Return the address of a video; an id with a leading ``-`` is safe in it.

    >>> watch_address("-5QrBL6MzLg")
    'https://www.youtube.com/watch?v=-5QrBL6MzLg'
    """
    if not _VIDEO_ID.fullmatch(video_id):
        raise FailedClipError(f"{video_id!r} is not a valid video id", Failure("gone", "unavailable"))
    return template.format(video_id)


def javascript_runtimes() -> dict[str, str]:
    """Return the paths of the installed JavaScript runtimes, by yt-dlp's names for them."""
    found = {name: shutil.which(program) for name, program in _RUNTIMES.items()}
    return {name: path for name, path in found.items() if path is not None}


def yt_dlp_version() -> str:
    """Return ``yt-dlp`` and its version."""
    from yt_dlp.version import __version__

    return f"yt-dlp {__version__}"


class _Listener:
    """Logger for yt-dlp: keeps warnings about the current video, and those about this machine.

    yt-dlp prints the latter once only, with the first video.
    """

    def __init__(self) -> None:
        self._of_machine: dict[str, Failure] = {}
        self._of_video: dict[str, Failure] = {}
        self._address = ""

    @property
    def warnings(self) -> list[tuple[str, Failure]]:
        """Warnings and what each means; those about this machine first."""
        return [*self._of_machine.items(), *self._of_video.items()]

    def begin(self, address: str) -> None:
        """Start with the next video: forget warnings about the previous one."""
        self._of_video.clear()
        self._address = address

    def debug(self, message: str) -> None:
        pass

    def info(self, message: str) -> None:
        pass

    def warning(self, message: str) -> None:
        told = _plain(message)
        why, named = classify(told), _OF_ONE.match(told)
        if named is not None and named["id"] in self._address:
            # a single unsolved challenge says nothing about the next video; the breaker notices many in a row
            self._of_video[told] = replace(why, state="retryable") if why.state == "local" else why
        elif why.state == "local":
            self._of_machine[told] = why
        else:
            self._of_video[told] = why

    def error(self, message: str) -> None:
        pass  # errors are raised as exceptions, too


def _choose_format(context: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the best original audio: preferably a format that one address serves as a whole, then one without video."""
    formats: Sequence[dict[str, Any]] = context["formats"]  # yt-dlp sorts them, worst first
    heard = [item for item in formats if item.get("acodec") != "none" and not item.get("has_drm")]
    if not heard:
        only_pictures = bool(formats) and all(item.get("acodec") == "none" for item in formats)
        raise FailedClipError("Requested format is not available", _why_no_audio(only_pictures, formats))
    rank = {id(item): number for number, item in enumerate(heard)}

    def order(item: dict[str, Any]) -> tuple[int, bool, bool, int]:
        is_whole, is_alone = item.get("protocol") in _WHOLE, item.get("vcodec") == "none"
        return _originality(item), is_whole, is_alone, rank[id(item)]

    yield max(heard, key=order)


def _originality(item: Mapping[str, Any]) -> int:
    """Return yt-dlp's rank of a sound track: original 10, default 5, dubbed -1, spoken description -10; 0 if alone.

    A dubbed track has a language; -1 without a language means that the track is the only one of its file.
    """
    mark = item.get("language_preference")
    return 0 if mark is None or (mark == -1 and not item.get("language")) else int(mark)


def _why_no_audio(only_pictures: bool, formats: Sequence[dict[str, Any]]) -> Failure:
    """Return why there is no audio: a video without sound has all usual formats; if yt-dlp was denied some, few."""
    usual = sum(1 for item in formats if item.get("vcodec") not in (None, "none"))
    return Failure("gone", "no-audio") if only_pictures and usual >= 3 else Failure("retryable", "no-format")


def _browser(wanted: str) -> tuple[str | None, ...]:
    """Return name, profile, keyring and container of a browser, split as by yt-dlp."""
    rest, _, container = wanted.partition("::")
    rest, _, profile = rest.partition(":")
    name, _, keyring = rest.partition("+")
    if not name.strip():
        raise SettingsError(f"--cookies-from-browser {wanted!r}: expected BROWSER[+KEYRING][:PROFILE][::CONTAINER]")
    return name.strip().lower(), profile.strip() or None, keyring.strip().upper() or None, container.strip() or None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and all errors that caused it."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen or not isinstance(one, BaseException):
            continue
        seen.add(id(one))
        yield one
        information = getattr(one, "exc_info", None)
        waiting += [one.__context__, one.__cause__, getattr(one, "cause", None)]
        if isinstance(information, tuple) and len(information) == 3:
            waiting.append(information[1])


def _is_ours(error: BaseException) -> bool:
    return isinstance(error, FailedClipError)


def _plain(message: str) -> str:
    return " ".join(_COLOURS.sub("", message).removeprefix("ERROR: ").split())
