"""Access control: the server answers only the browser of the user who started it.

Every path begins with a secret that only the printed address contains. A page of another site in the same browser does
not know it, and may not read a response anyway, since no header allows it; a page whose host name points to this
machine (DNS rebinding) is recognised by its ``Host`` header, and one that sends blind POST requests by its ``Origin``.

- :class:`Guard`: checks requests before the application
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Guard:
    """Passes on requests with the secret that were sent to this address; refuses all others without giving a reason.

    Parameters
    ----------
    app : ASGIApp
        The application; it receives paths without the secret.
    token : str
        The secret.
    port : int
        Port on which the server listens.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http" or not self._is_allowed(scope):
            await _refuse(scope, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            await send(message)

        _, _, rest = scope["path"].removeprefix("/").partition("/")
        await self._app({**scope, "path": f"/{rest}", "raw_path": b"", "root_path": ""}, receive, send_guarded)

    def _is_allowed(self, scope: Scope) -> bool:
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts, origins = headers.get(b"host", []), headers.get(b"origin", [])
        token = scope["path"].removeprefix("/").partition("/")[0].encode("utf-8", "replace")
        return (
            secrets.compare_digest(token, self._token)
            and len(hosts) == 1
            and hosts[0] in self._hosts
            and (scope["method"] in ("GET", "HEAD") or origins == [b"http://" + hosts[0]])
        )


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    body = b"not here"
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain"), *_HEADERS]})
    await send({"type": "http.response.body", "body": body})
