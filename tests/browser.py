"""A real headless Chromium, controlled over two pipes by its DevTools protocol; nothing to install."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE_S = 60
_VIRTUAL_KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowUp": 38, "ArrowDown": 40, "Delete": 46}


def find_browser() -> str | None:
    """Return the path of a Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page in a Chromium process and a browser context of its own; ``with`` ends it.

    ``n_asked`` counts the pages that asked for confirmation before they were left.
    """

    def __init__(self, program: str, profile: Path) -> None:
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()

        def take_places() -> None:  # Chromium reads from descriptor 3 and writes to 4
            spare = [os.dup(commands), os.dup(answers)]
            os.dup2(spare[0], 3)
            os.dup2(spare[1], 4)

        options = [
            "--headless",
            "--no-sandbox",
            "--remote-debugging-pipe",
            "--autoplay-policy=no-user-gesture-required",
        ]
        options += [f"--user-data-dir={profile}", "--disable-gpu", "--mute-audio", "--hide-scrollbars", "about:blank"]
        self._process = subprocess.Popen(
            [program, *options], preexec_fn=take_places, close_fds=False, stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self._buffer, self._number, self.events, self.n_asked = b"", 0, [], 0
        self._begin()

    def begin_anew(self) -> None:
        """Open a new page, which has nothing that earlier pages have stored."""
        self._ask("Target.disposeBrowserContext", browserContextId=self._context)
        self._begin()

    def _begin(self) -> None:
        self._context = self._ask("Target.createBrowserContext")["browserContextId"]
        target = self._ask("Target.createTarget", url="about:blank", browserContextId=self._context)["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._commands)  # Chromium ends by itself when its pipe is closed
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._answers)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send the page a command and return its answer; events that arrive meanwhile are added to ``events``."""
        return self._ask(method, session=self._session, **parameters)

    def open(self, path: Path, *, width: int = 1180, height: int = 900, scheme: str = "light") -> None:
        """Open a file in a window of this size, and wait until it is loaded and drawn; earlier events are dropped."""
        self.visit(path.resolve().as_uri(), width=width, height=height, scheme=scheme)

    def visit(self, address: str, *, width: int = 1180, height: int = 900, scheme: str = "light") -> None:
        """Open an address in the same way."""
        phone = width < 500
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.navigate", url="about:blank")
        self.wait_for("location.href === 'about:blank'")  # takes a moment if the previous page asks for confirmation
        self.events.clear()
        self.ask("Page.navigate", url=address)
        until = time.monotonic() + PATIENCE_S
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read(until))
        # the load event may have been that of the blank page
        self.wait_for(f"location.href === {json.dumps(address)} && document.readyState === 'complete'")
        # pages draw when they first have a size, which they get between the callbacks of one frame and of the next
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression; of a promise, the value that it resolves to."""
        answer = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"].get("description"))
        return answer["result"].get("value")

    def wait_for(self, script: str) -> None:
        """Wait until a JavaScript expression is true."""
        until = time.monotonic() + PATIENCE_S
        while not self.run(script):
            assert time.monotonic() < until, f"never true: {script}"
            time.sleep(0.02)

    def complaints(self) -> list[str]:
        """Return what the page threw or logged, and what it was refused, since it was opened."""
        said = []
        for event in self.events:
            kind, told = event["method"], event["params"]
            if kind == "Runtime.exceptionThrown":
                said.append(str(told["exceptionDetails"]))
            elif kind == "Runtime.consoleAPICalled" or (
                kind == "Log.entryAdded" and told["entry"]["level"] != "verbose"
            ):
                said.append(str(told.get("args") or told["entry"]["text"]))
        return said

    def requests(self) -> list[str]:
        """Return the addresses that the page has requested since it was opened, without ``data:`` addresses."""
        urls = [e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith("data:")]

    def press(self, key: str, *, control: bool = False, shift: bool = False) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 and not control else {}
        code = {" ": "Space"}.get(key, key)
        held = 2 * control + 8 * shift
        virtual = {"windowsVirtualKeyCode": _VIRTUAL_KEYS[key]} if key in _VIRTUAL_KEYS else {}
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=code, modifiers=held, **virtual, **text)

    def click(self, x: float, y: float) -> None:
        """Click somewhere in the window."""
        self.drag(x, y)

    def drag(self, x: float, y: float, to_x: float | None = None, *, shift: bool = False) -> None:
        """Press somewhere in the window, move sideways to ``to_x``, if given, and release."""
        held: dict[str, Any] = {"y": y, "button": "left", "modifiers": 8 * shift}
        self.ask("Input.dispatchMouseEvent", type="mousePressed", x=x, clickCount=1, **held)
        places = [] if to_x is None else [x + (to_x - x) * k / 4 for k in range(1, 5)]
        for place in places:
            self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=place, buttons=1, **held)
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", x=[x, *places][-1], clickCount=1, **held)

    def box(self, selector: str) -> dict[str, float]:
        """Scroll an element to the middle of the window, and return where it lies there."""
        found = json.dumps(selector)
        return self.run(
            f"(() => {{ const e = document.querySelector({found}); e.scrollIntoView({{block: 'center', behavior: "
            "'instant'}); return e.getBoundingClientRect().toJSON(); })()"
        )

    def downloads_to(self, folder: Path) -> None:
        """Set the folder for what the page saves."""
        self._ask(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder), eventsEnabled=True,
            browserContextId=self._context,
        )  # fmt: skip

    def screenshot(self, path: Path, selector: str = "body") -> None:
        """Write a picture of an element, including what is below the window."""
        box = self.run(
            f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            "return {x: b.x + scrollX, y: b.y + scrollY, width: b.width, height: b.height}; })()"
        )
        answer = self.ask("Page.captureScreenshot", clip={**box, "scale": 1}, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(answer["data"]))

    def _ask(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        number = self._send(method, session, **parameters)
        until = time.monotonic() + PATIENCE_S
        while True:
            message = self._read(until)
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message.get('error')}"
                return message["result"]
            if "method" in message:  # otherwise it answers the command that accepted a dialog
                self.events.append(message)

    def _send(self, method: str, session: str = "", **parameters: Any) -> int:
        """Send a command without waiting for its answer, which will have the number that is returned."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        os.write(self._commands, json.dumps({**command, "sessionId": session} if session else command).encode() + b"\0")
        return self._number

    def _read(self, until: float) -> dict[str, Any]:
        """Return the next message; accept the dialog that it may announce."""
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, until - time.monotonic()))
            assert ready, "Chromium does not answer"
            read = os.read(self._answers, 1 << 20)
            assert read, "Chromium has ended"
            self._buffer += read
        text, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(text)
        if message.get("method") == "Page.javascriptDialogOpening":
            self.n_asked += 1
            self._send("Page.handleJavaScriptDialog", self._session, accept=True)
        return message
