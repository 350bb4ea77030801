"""Requests that the server handles: the page of a folder, the page of a recording, saving a list, adding a file.

- :func:`application`: folder and model -> the application, which :class:`~sedpipe.serving.guard.Guard` protects
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sedpipe.errors import SedpipeError
from sedpipe.events import Event
from sedpipe.io.audio.find import AudioFile
from sedpipe.io.files.atomic import write_atomically
from sedpipe.printable import printable
from sedpipe.serving.ear import Ear
from sedpipe.serving.lists_beside import list_beside
from sedpipe.serving.recordings import Recordings, checked_events
from sedpipe.views.page.recording_page import recording_page
from sedpipe.views.page.served import Served, ServedRecording, recordings_page

MOST_BYTES_OF_AUDIO = 8 * 1024**3
MOST_BYTES_OF_A_LIST = 32 * 1024**2

Answer: TypeAlias = Callable[[Request], Awaitable[Response]]


def application(recordings: Recordings, ear: Ear, home: str) -> Starlette:
    """Make the application.

    Parameters
    ----------
    recordings : Recordings
        The folder.
    ear : Ear
        The model.
    home : str
        Path below which the application is found, including the secret, with a slash at its end.
    """
    routes = [
        Route("/", partial(_folder, recordings, ear, home)),
        Route("/recording/{name:path}", partial(_recording, recordings, ear, home)),
        Route("/save/{name:path}", partial(_save, recordings, ear), methods=["POST"]),
        Route("/add", partial(_add, recordings, home), methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={SedpipeError: _told, OSError: _told_by_the_system})


async def _folder(recordings: Recordings, ear: Ear, home: str, _: Request) -> Response:
    return HTMLResponse(await run_in_threadpool(_folder_page, recordings, ear, home))


def _folder_page(recordings: Recordings, ear: Ear, home: str) -> str:
    there = recordings.listing()
    rows = []
    for name, file in there.files.items():
        path, size = there.lists[name], file.path.stat().st_size if file.path.exists() else 0
        rows.append(ServedRecording(name, _address(home, file), size / 1e6, path.name if path.exists() else ""))
    labels = tuple(ear.opened.trained.labels)
    return recordings_page(
        str(recordings.folder), ear.opened.folder.name, labels, rows, f"{home}add", there.n_unlistable
    )  # fmt: skip


async def _recording(recordings: Recordings, ear: Ear, home: str, request: Request) -> Response:
    return HTMLResponse(await run_in_threadpool(_recording_html, recordings, ear, home, request.path_params["name"]))


def _recording_html(recordings: Recordings, ear: Ear, home: str, name: str) -> str:
    files = recordings.files()
    file = _known(files, name)
    names = list(files)
    later = names[names.index(name) + 1 :]
    parts = ear.hear(file)
    duration = parts.recording.duration
    saved = recordings.saved(file, duration)
    found = saved.found if saved.state else list_beside(file.path, duration, but=saved.path)
    has_no_usable_event = found is not None and found.has_no_usable_event
    remarks = [parts.remark] if parts.remark else []
    remarks += [f"{found.told}. The predictions are shown."] if found is not None and has_no_usable_event else []
    served = Served(
        home=home,
        save=f"{home}save/{quote(name)}",
        following=_address(home, files[later[0]]) if later else "",
        list_name=saved.path.name,
        state=saved.state,
        events=None if has_no_usable_event else _spelled(saved.events if found is None else found.events, ear),
        found="" if found is None or has_no_usable_event else found.told,
        kept=saved.kept_as,
        complaint=saved.complaint,
    )
    return recording_page(parts.recording, parts.picture, parts.sound, parts.changed_on, "; ".join(remarks), served)


def _spelled(events: list[Event] | None, ear: Ear) -> list[Event] | None:
    """Spell labels as the model spells its classes, so that events appear in the rows of these classes on the page."""
    labels = ear.opened.trained.labels
    return events and [
        replace(event, label=labels[labels.index(event.label)]) if event.label in labels else event for event in events
    ]


async def _save(recordings: Recordings, ear: Ear, request: Request) -> Response:
    body = await _body(request, MOST_BYTES_OF_A_LIST)
    try:
        asked = json.loads(body)
        rows, state = asked["events"], str(asked["state"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HTTPException(400, "expected an object with events and state") from error
    return JSONResponse(await run_in_threadpool(_saved, recordings, ear, request.path_params["name"], rows, state))


def _saved(recordings: Recordings, ear: Ear, name: str, rows: object, state: str) -> dict[str, str]:
    file = _known(recordings.files(), name)
    duration = ear.hear(file).recording.duration
    saved = recordings.save(file, checked_events(rows, duration), state, duration)
    return {"list": printable(str(saved.path)), "state": saved.state, "kept": saved.kept_as}


async def _add(recordings: Recordings, home: str, request: Request) -> Response:
    """Receive a file; the user chooses its name, but not its folder."""
    name = request.query_params.get("name", "")
    n_bytes = 0
    with recordings.adding(name) as path, write_atomically(path) as temporary, temporary.open("wb") as file:
        async for piece in request.stream():
            n_bytes += len(piece)
            if n_bytes > MOST_BYTES_OF_AUDIO:
                raise HTTPException(413, f"a recording of more than {MOST_BYTES_OF_AUDIO // 1024**3} GiB")
            file.write(piece)
        if n_bytes == 0:
            raise HTTPException(400, "an empty file")
        if os.path.lexists(path):
            raise SedpipeError(f"{path.name} exists by now, and is not overwritten", hint="add the recording again")
    return JSONResponse({"page": _address(home, AudioFile(path, path.name))})


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise HTTPException(413, "too large for a list of events")
    return bytes(body)


def _known(files: dict[str, AudioFile], name: str) -> AudioFile:
    if name not in files:
        raise HTTPException(404, "no such recording")
    return files[name]


def _address(home: str, file: AudioFile) -> str:
    return f"{home}recording/{quote(file.name)}"


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, SedpipeError)
    hint = f": {error.hint}" if error.hint else ""
    return Response(f"{error.message}{hint}", 409, media_type="text/plain")


async def _told_by_the_system(_: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    return Response(error.strerror or os.strerror(error.errno or 0), 409, media_type="text/plain")
