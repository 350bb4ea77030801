"""Videos, through yt-dlp: which address their audio has, and a file to read it from.

- :class:`VideoResolver`: one worker's yt-dlp, with a cookie jar of its own
- :class:`ResolvedAudio`: where the audio of a video lies
- :class:`VideoOptions`: how to get there
- :func:`watch_address`: of a video id; :func:`javascript_runtimes`: what YouTube's players need
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
_OF_ONE = re.compile(r"\[[^\]]+\] (?P<id>\S+): ")  # how yt-dlp begins what it says of one video
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
"""Which failures a warning of yt-dlp explains, by the reason that the warning tells."""
_WHOLE = frozenset({"http", "https"})  # protocols by which one address serves the whole file


@dataclass(frozen=True)
class VideoOptions:
    """How to get at videos.

    Parameters
    ----------
    cookies : Path, optional
        A cookie file in Netscape's form; copied, since yt-dlp writes it back.
    cookies_from_browser : str, optional
        ``BROWSER[+KEYRING][:PROFILE][::CONTAINER]``.
    proxy : str, optional
        Address of a proxy, SOCKS included.
    bytes_per_second : int, optional
        Fastest to read.
    timeout_s : float
        Longest silence of a server.
    """

    cookies: Path | None = None
    cookies_from_browser: str | None = None
    proxy: str | None = None
    bytes_per_second: int | None = None
    timeout_s: float = 20.0


@dataclass(frozen=True)
class ResolvedAudio:
    """Where the audio of a video lies.

    Parameters
    ----------
    page : str
        What was resolved.
    url : str
        The file's address; it is for this machine and expires.
    http_headers : mapping
        To be sent with each request.
    format : str
        Format id and codec, as yt-dlp has them.
    duration : float, optional
        Seconds, as the site says.
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
    """yt-dlp for one worker: not to be shared between threads.

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
            With yt-dlp's own words.
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
        """A file to cut from: the remote one, or, where it comes in pieces, a temporary copy."""
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
        """Forget cookies and connections."""
        if hasattr(self, "_ydl"):
            with suppress(Exception):  # a jar that cannot be saved is a copy anyway
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
        if entries is not None:  # a page with several videos is not what was asked for, unless it is one in a list
            found = [entry for entry in entries if entry]
            info = found[0] if len(found) == 1 else None
        if info is None:
            raise FailedClipError(f"{address} is not a video", Failure("retryable", "wrong-content"))
        return dict(info)

    def _failed(self, error: Exception) -> FailedClipError:
        """The words of yt-dlp, of YouTube behind it, or of a warning that explains them."""
        message = _plain(str(error)) or type(error).__name__
        statuses = (getattr(cause, "status", None) for cause in _causes(error))
        status = next((found for found in statuses if isinstance(found, int)), None)
        failure = classify(message, status)
        for warning, why in self._listener.warnings:
            if failure.reason in _EXPLAINED_BY.get(why.reason, ()):
                return FailedClipError(f"{message} ({warning})", why)
        return FailedClipError(message, failure)

    def _open(self, **more: Any) -> Any:
        import yt_dlp  # a second to import; only who fetches pays

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
    """The address of a video; a leading ``-`` is safe in it.

    >>> watch_address("-5QrBL6MzLg")
    'https://www.youtube.com/watch?v=-5QrBL6MzLg'
    """
    if not _VIDEO_ID.fullmatch(video_id):
        raise FailedClipError(f"{video_id!r} is not a valid video id", Failure("gone", "unavailable"))
    return template.format(video_id)


def javascript_runtimes() -> dict[str, str]:
    """Paths of the JavaScript runtimes that are installed, by yt-dlp's names for them."""
    found = {name: shutil.which(program) for name, program in _RUNTIMES.items()}
    return {name: path for name, path in found.items() if path is not None}


def yt_dlp_version() -> str:
    """``yt-dlp`` with its version."""
    from yt_dlp.version import __version__

    return f"yt-dlp {__version__}"


class _Listener:
    """Hears what yt-dlp would print of a video, and what it tells of this machine, once, with the first video."""

    def __init__(self) -> None:
        self._of_machine: dict[str, Failure] = {}
        self._of_video: dict[str, Failure] = {}
        self._address = ""

    @property
    def warnings(self) -> list[tuple[str, Failure]]:
        """What each means; those of this machine first."""
        return [*self._of_machine.items(), *self._of_video.items()]

    def begin(self, address: str) -> None:
        """The next video."""
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
            # a challenge that was not solved once says nothing of the next video; many in a row, the breaker hears
            self._of_video[told] = replace(why, state="retryable") if why.state == "local" else why
        elif why.state == "local":
            self._of_machine[told] = why
        else:
            self._of_video[told] = why

    def error(self, message: str) -> None:
        pass  # comes as an exception, too


def _choose_format(context: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The best original audio: first what one address serves, alone or with pictures; then what comes in pieces."""
    formats: Sequence[dict[str, Any]] = context["formats"]  # yt-dlp sorts them, worst first
    heard = [item for item in formats if item.get("acodec") != "none" and not item.get("has_drm")]
    if not heard:
        only_pictures = bool(formats) and all(item.get("acodec") == "none" for item in formats)
        raise FailedClipError("Requested format is not available", _why_unheard(only_pictures, formats))
    rank = {id(item): number for number, item in enumerate(heard)}

    def order(item: dict[str, Any]) -> tuple[int, bool, bool, int]:
        is_whole, is_alone = item.get("protocol") in _WHOLE, item.get("vcodec") == "none"
        return _originality(item), is_whole, is_alone, rank[id(item)]

    yield max(heard, key=order)


def _originality(item: Mapping[str, Any]) -> int:
    """yt-dlp's mark of a sound track: original 10, default 5, dubbed -1, spoken description -10; 0 where there is one.

    A track that is dubbed has its language told; one whose language nobody tells is the only one of its file.
    """
    mark = item.get("language_preference")
    return 0 if mark is None or (mark == -1 and not item.get("language")) else int(mark)


def _why_unheard(only_pictures: bool, formats: Sequence[dict[str, Any]]) -> Failure:
    """A film without sound has every usual picture format; when yt-dlp was refused some, few are left."""
    usual = sum(1 for item in formats if item.get("vcodec") not in (None, "none"))
    return Failure("gone", "no-audio") if only_pictures and usual >= 3 else Failure("retryable", "no-format")


def _browser(wanted: str) -> tuple[str | None, ...]:
    """Name, profile, keyring and container, as yt-dlp takes them apart."""
    rest, _, container = wanted.partition("::")
    rest, _, profile = rest.partition(":")
    name, _, keyring = rest.partition("+")
    if not name.strip():
        raise SettingsError(f"--cookies-from-browser {wanted!r}: expected BROWSER[+KEYRING][:PROFILE][::CONTAINER]")
    return name.strip().lower(), profile.strip() or None, keyring.strip().upper() or None, container.strip() or None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what lies behind it."""
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
