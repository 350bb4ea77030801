import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sedpipe.failures import CUT_OFF, REFUSED, SAYINGS, Failure, classify
from sedpipe.fates import STATES

YOUTUBE = "[youtube] -5QrBL6MzLg: "
HINT = (
    "Use --cookies-from-browser or --cookies for the authentication. See  "
    "https://github.com/yt-dlp/yt-dlp/wiki/FAQ#how-do-i-pass-cookies-to-yt-dlp  for how to manually pass cookies"
)

SAID = [
    # gone
    ("Private video. Sign in if you've been granted access to this video. " + HINT, "gone", "private"),
    ("This video is private", "gone", "private"),
    ("Video unavailable. This video is private", "gone", "private"),
    ("Video unavailable. This video has been removed by the uploader", "gone", "removed"),
    ("This video has been removed for violating YouTube's Terms of Service", "gone", "removed"),
    ("This video has been removed for violating YouTube\u2019s policy on hate speech", "gone", "removed"),
    (
        "Video unavailable. This video is no longer available because the YouTube account associated with this video "
        "has been terminated.",
        "gone",
        "terminated",
    ),
    (
        "Video unavailable. This video is no longer available because the uploader has closed their YouTube account.",
        "gone",
        "terminated",
    ),
    (
        "Video unavailable. This video is no longer available due to a copyright claim by Somebody Music",
        "gone",
        "copyright",
    ),
    ("This video contains content from SME, who has blocked it on copyright grounds", "gone", "copyright"),
    ("Video unavailable", "gone", "unavailable"),
    ("Video unavailable. This video is not available", "gone", "unavailable"),
    ("This video isn't available anymore", "gone", "unavailable"),
    ("This video does not exist.", "gone", "unavailable"),
    ("This live stream recording is not available.", "gone", "unavailable"),
    ("This video has no audio track", "gone", "no-audio"),
    (
        "Unable to download webpage: HTTP Error 404: Not Found",
        "gone",
        "not-found",
    ),
    # blocked
    ("The uploader has not made this video available in your country", "blocked", "geo"),
    (
        "This video contains content from U, who has blocked it in your country on copyright grounds",
        "blocked",
        "geo",
    ),
    ("This video is not available from your location due to geo restriction", "blocked", "geo"),
    ("Sign in to confirm your age. This video may be inappropriate for some users. " + HINT, "blocked", "age"),
    ("This video is age-restricted and only available on YouTube", "blocked", "age"),
    ("Join this channel to get access to members-only content like this video, and other perks.", "blocked", "members"),
    (
        "This video is available to this channel's members on level: Fan (or any higher level). Join this channel to "
        "get access to members-only content and other exclusive perks.",
        "blocked",
        "members",
    ),
    ("This video requires payment to watch.", "blocked", "payment"),
    ("This video is only available to Music Premium members", "blocked", "payment"),
    ("This video is DRM protected", "blocked", "drm"),
    (
        "Video unavailable. This video is restricted. Please check the Google Workspace administrator and/or the "
        "network administrator restrictions",
        "blocked",
        "restricted",
    ),
    ("This video is only available for registered users. " + HINT, "blocked", "sign-in"),
    ("Please sign in. " + HINT, "blocked", "sign-in"),
    ("Login details are needed to download this content. " + HINT, "blocked", "sign-in"),
    ("The following content may contain suicide or self-harm topics.", "blocked", "age"),
    ("Video unavailable. Playback on other websites has been disabled by the video owner", "blocked", "restricted"),
    ("Access to this webpage has been blocked by decision of the Russian government.", "blocked", "geo"),
    # retryable
    ("Sign in to confirm you\u2019re not a bot. " + HINT, "retryable", "bot-check"),
    ("Sign in to confirm you're not a bot. This helps protect our community. Learn more", "retryable", "bot-check"),
    ("All player responses are invalid. Your IP is likely being blocked by Youtube", "retryable", "bot-check"),
    ("Video unavailable. YouTube is requiring a captcha challenge before playback", "retryable", "bot-check"),
    (
        "Video unavailable. This content isn't available, try again later. The current session has been rate-limited "
        "by YouTube for up to an hour. It is recommended to use `-t sleep`",
        "retryable",
        "rate-limited",
    ),
    ("Video unavailable. This content isn\u2019t available, try again later.", "retryable", "rate-limited"),
    ("Unable to download API page: HTTP Error 429: Too Many Requests", "retryable", "rate-limited"),
    ("unable to download video data: HTTP Error 403: Forbidden", "retryable", "forbidden"),
    ("web client https formats require a GVS PO Token which was not provided", "retryable", "forbidden"),
    ("The page needs to be reloaded.", "retryable", "forbidden"),
    ("The following content is not available on this app. Watch on the latest version", "retryable", "forbidden"),
    ("Unable to download webpage: HTTP Error 503: Service Unavailable", "retryable", "server-error"),
    ("Unable to download webpage: The read operation timed out", "retryable", "timeout"),
    ("HTTPSConnectionPool(host='x', port=443): Read timed out. (read timeout=20)", "retryable", "timeout"),
    ("<urlopen error [Errno -3] Temporary failure in name resolution>", "retryable", "network"),
    ("Unable to download webpage: [Errno 111] Connection refused", "retryable", "network"),
    ("('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))", "retryable", "network"),
    ("1024 bytes read, 5120 more expected", "retryable", "network"),
    ("Unable to connect to proxy", "retryable", "network"),
    ("Premieres in 3 hours", "retryable", "not-yet"),
    ("This live event will begin in 2 days.", "retryable", "not-yet"),
    ("Requested format is not available. Use --list-formats for a list of available formats", "retryable", "no-format"),
    ("No video formats found!; please report this issue on  https://github.com/yt-dlp", "retryable", "no-format"),
    ("Failed to extract any player response", "retryable", "no-player"),
    ("This live event has ended.", "retryable", "not-yet"),
    ("The channel is not currently live", "retryable", "not-yet"),
    ("We're processing this video. Check back later.", "retryable", "not-yet"),
    ("Cannot identify player 'https://www.youtube.com/s/player/0/base.js'", "retryable", "no-player"),
    ("Failed to load player for JS challenge: HTTP", "retryable", "no-player"),
    ("Incomplete data received", "retryable", "no-player"),
    ("YouTube may have enabled the SABR-only streaming experiment for your account", "retryable", "no-format"),
    ("content too short (expected 5120 bytes and served 1024)", "retryable", "network"),
    ("Did not get any data blocks", "retryable", "network"),
    ("A network error has occurred.", "retryable", "network"),
    ("Unsupported URL: http://127.0.0.1/watch/x", "retryable", "wrong-content"),
    ("Postprocessing: Error opening output files: Invalid data found", "retryable", "undecodable"),
    ("Something nobody has seen before", "retryable", "unknown"),
    ("", "retryable", "unknown"),
    # local
    ("[Errno 28] No space left on device", "local", "disk-full"),
    ("unable to open for writing: [Errno 13] Permission denied: 'x'", "local", "no-permission"),
    ("ffmpeg not found. Please install or provide the path using --ffmpeg-location", "local", "no-ffmpeg"),
    ("ffmpeg is not installed. Aborting due to --abort-on-error", "local", "no-ffmpeg"),
    ("No supported JavaScript runtime could be found. Only deno is enabled by default", "local", "no-js-runtime"),
    ("could not find firefox cookies database in '/home/u/.mozilla'", "local", "no-cookies"),
    ("Could not copy Chrome cookie database. See  https://github.com/yt-dlp", "local", "no-cookies"),
    ("failed to load cookies", "local", "no-cookies"),
    ("Cookies file must be Netscape formatted, not JSON. See  https://github.com/yt-dlp", "local", "no-cookies"),
    ("'cookies.txt' does not look like a Netscape format cookies file", "local", "no-cookies"),
    ('could not find firefox container "Work" in containers.json', "local", "no-cookies"),
    (
        "The provided YouTube account cookies are no longer valid. They have likely been rotated in the browser as a "
        "security measure. For tips on how to effectively export YouTube cookies, refer to  https://github.com .",
        "local",
        "old-cookies",
    ),
    (
        "n challenge solving failed: Some formats may be missing. Ensure you have a supported JavaScript runtime and "
        "challenge solver script distribution installed. Review any warnings presented before this message. ",
        "local",
        "no-solver",
    ),
    ("Signature solving failed: Some formats may be missing.", "local", "no-solver"),
    ("No usable challenge solver lib script available", "local", "no-solver"),
    ("An error occurred while solving the challenge", "local", "no-solver"),
    (
        "To use an HTTPS proxy for this request, one of the following dependencies needs to be installed: requests",
        "local",
        "missing-package",
    ),
]

ALONE = [
    ("unable to write data: No space left on device", "local", "disk-full"),
    ("Disk quota exceeded: 'x'", "local", "disk-full"),
    ("[Errno 28] Auf dem Ger\u00e4t ist kein Speicherplatz mehr", "local", "disk-full"),
    ("[Errno 122] Der zugewiesene Plattenplatz ist zu klein", "local", "disk-full"),
    ("unable to open for writing: Read-only file system", "local", "no-permission"),
    ("[Errno 30] Das Dateisystem ist nur lesbar", "local", "no-permission"),
    ("YouTube extraction without a JS runtime has been deprecated", "local", "no-js-runtime"),
    ("The request handler has missing dependencies", "local", "missing-package"),
    ("The provided YouTube account cookies are no longer valid.", "local", "old-cookies"),
    ("They have likely been rotated in the browser as a security measure.", "local", "old-cookies"),
    ('unsupported browser: "lynx"', "local", "no-cookies"),
    ('unsupported keyring: "x"', "local", "no-cookies"),
    ("unknown browser: lynx", "local", "no-cookies"),
    ("failed to decrypt cookie (AES-CBC) because UTF-8 decoding failed", "local", "no-cookies"),
    ("Our systems have detected unusual traffic from your computer network", "retryable", "bot-check"),
    ("The current session has been rate-limited by YouTube for up to an hour", "retryable", "rate-limited"),
    ("Too Many Requests", "retryable", "rate-limited"),
    ("This video is geo-restricted", "blocked", "geo"),
    ("The owner has set to private what was here", "gone", "private"),
    ("This channel was terminated", "gone", "terminated"),
    ("This channel has been deleted", "gone", "terminated"),
    ("This channel does not exist.", "gone", "terminated"),
    ("Removed by the uploader", "gone", "removed"),
    ("The clip was deleted because of a complaint", "gone", "removed"),
    ("This video has been removed", "gone", "removed"),
    ("This video has been deleted", "gone", "removed"),
    ("This video violates YouTube's Community Guidelines", "gone", "removed"),
    ("the file has no audio", "gone", "no-audio"),
    ("there is no audio stream in it", "gone", "no-audio"),
    ("Please confirm your age", "blocked", "age"),
    ("This video may be inappropriate for some users.", "blocked", "age"),
    ("Viewer discretion is advised", "blocked", "age"),
    ("Members-only content", "blocked", "members"),
    ("This is for the channel's members", "blocked", "members"),
    ("Join this channel to get access", "blocked", "members"),
    ("Please purchase this video", "blocked", "payment"),
    ("This video is available for rent", "blocked", "payment"),
    ("This is paid content", "blocked", "payment"),
    ("This video is restricted", "blocked", "restricted"),
    ("Ask your Google Workspace administrator", "blocked", "restricted"),
    ("Restricted Mode hides this", "blocked", "restricted"),
    ("Login required", "blocked", "sign-in"),
    ("This video requires authentication", "blocked", "sign-in"),
    ("Use account cookies", "blocked", "sign-in"),
    ("Forbidden", "retryable", "forbidden"),
    ("Internal Server Error", "retryable", "server-error"),
    ("Bad Gateway", "retryable", "server-error"),
    ("Service Unavailable", "retryable", "server-error"),
    ("Network is unreachable", "retryable", "network"),
    ("Name or service not known", "retryable", "network"),
    ("Could not resolve host: x", "retryable", "network"),
    ("No route to host", "retryable", "network"),
    ("[SSL: WRONG_VERSION_NUMBER]", "retryable", "network"),
    ("certificate verify failed", "retryable", "network"),
    ("Broken pipe", "retryable", "network"),
    ("Remote end closed", "retryable", "network"),
    ("IncompleteRead(512)", "retryable", "network"),
    ("the file breaks off", "retryable", "network"),
    ("Unable to handle request", "retryable", "network"),
    ("[Errno 113] Kein Weg zum Zielrechner", "retryable", "network"),
    ("The premiere will begin shortly", "retryable", "not-yet"),
    ("It will begin in 2 days", "retryable", "not-yet"),
    ("This live event will start soon", "retryable", "not-yet"),
    ("The file is being processed", "retryable", "not-yet"),
    ("Processing this video", "retryable", "not-yet"),
    ("Please check back later", "retryable", "not-yet"),
    ("Only images are available for download", "retryable", "no-format"),
    ("All player responses are invalid", "retryable", "no-player"),
    ("Signature extraction failed: Some formats may be missing", "retryable", "no-player"),
    ("nsig extraction failed", "retryable", "no-player"),
    ("Failed to extract", "retryable", "no-player"),
    ("Unable to extract uploader id", "retryable", "no-player"),
    ("No player clients have been requested", "retryable", "no-player"),
    ("The extractor failed", "retryable", "no-player"),
    ("An extractor error has occurred.", "retryable", "no-player"),
    ("There is an error in extractor x", "retryable", "no-player"),
    ('Missing "id" field in extractor result', "retryable", "no-player"),
    ("/watch/x is not a video", "retryable", "wrong-content"),
    ("'x' is not a valid URL", "retryable", "wrong-content"),
    ("Invalid URL 'x'", "retryable", "wrong-content"),
    ("x.webm cannot be decoded", "retryable", "undecodable"),
    ("Invalid data found when processing input", "retryable", "undecodable"),
    ("ffmpeg exited with code 1", "retryable", "undecodable"),
    ("Error while decoding stream", "retryable", "undecodable"),
    ("Postprocessing: Conversion failed!", "retryable", "undecodable"),
    ("It is no longer available", "gone", "unavailable"),
    ("x is not a valid video ID", "gone", "unavailable"),
    ("Incomplete YouTube ID x. URL looks truncated.", "gone", "unavailable"),
]
"""Messages for the individual patterns, each of which no other pattern helps to classify."""


ASKED_WRONGLY = re.compile(
    r"^(Unsupported language code|Login with OAuth|YouTube said: )"  # options that sedpipe lacks, or the site's words
)


def raised_by_yt_dlp() -> list[str]:
    """Return the error messages of the installed yt-dlp for YouTube videos, with ``{}`` for inserted values."""
    import yt_dlp.extractor.youtube as room

    found = []
    folder = Path(str(room.__file__)).parent
    for path in [folder / "_video.py", folder / "_base.py", *sorted(folder.glob("jsc/**/*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
            if name in ("ExtractorError", "raise_no_formats", "raise_login_required", "JsChallengeProviderError"):
                found.append("".join(_words(node.args[0])) if node.args else "")
    return [text for text in dict.fromkeys(found) if len(text.replace("{}", "")) > 8]


def _words(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.BinOp):
        yield from (*_words(node.left), *_words(node.right))
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            yield from _words(value) if isinstance(value, ast.Constant) else ["{}"]


def test_every_error_that_yt_dlp_raises_for_a_youtube_video_is_classified() -> None:
    texts = raised_by_yt_dlp()
    assert len(texts) > 8
    unknown = [text for text in texts if classify(text).reason == "unknown" and not ASKED_WRONGLY.search(text)]
    assert unknown == []


@pytest.mark.parametrize(("message", "state", "reason"), SAID + ALONE)
def test_the_message_determines_state_and_reason(message: str, state: str, reason: str) -> None:
    assert classify(YOUTUBE + message) == Failure(state, reason)
    assert classify(message.upper()) == Failure(state, reason)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, ("gone", "not-found")),
        (410, ("gone", "not-found")),
        (401, ("blocked", "sign-in")),
        (451, ("blocked", "geo")),
        (403, ("retryable", "forbidden")),
        (429, ("retryable", "rate-limited")),
        (500, ("retryable", "server-error")),
        (503, ("retryable", "server-error")),
        (504, ("retryable", "timeout")),
        (418, ("retryable", "unknown")),
    ],
)
def test_the_http_status_decides_if_the_message_does_not(status: int, expected: tuple[str, str]) -> None:
    failure = classify("it went wrong", status)
    assert (failure.state, failure.reason) == expected


def test_an_age_check_with_status_403_stays_an_age_check() -> None:
    assert classify("Sign in to confirm your age", 403).reason == "age"


def test_states_are_those_of_the_ledger_or_local() -> None:
    assert {state for state, _, _ in SAYINGS} <= {*STATES, "local"}
    known = {reason for _, reason, _ in SAYINGS}
    assert known >= REFUSED | CUT_OFF


def test_every_pattern_is_the_first_match_of_some_message() -> None:
    said = [" ".join(message.replace("\u2019", "'").split()) for message, _, _ in SAID + ALONE]
    first = [next((saying for saying in SAYINGS if re.search(saying[2], words, re.IGNORECASE)), None) for words in said]
    assert [saying for saying in SAYINGS if saying not in first] == []


def test_a_reason_has_one_state() -> None:
    states: dict[str, set[str]] = {}
    for state, reason, _ in SAYINGS:
        states.setdefault(reason, set()).add(state)
    assert [reason for reason, of_reason in states.items() if len(of_reason) > 1] == []
