"""A headless Chromium, driven over the pipe of its DevTools protocol."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--force-device-scale-factor=1",
)
_TIMEOUT_S = 60.0
_POLL_S = 0.05


def find() -> str | None:
    """Return the path of a Chromium or Chrome, None if there is none."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


class Browser:
    """One browser with one page at a time; `events` holds its events since the page was opened."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, of: int) -> None:
        self._process, self._to, self._of = process, to, of
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def open(self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Load `url` in a new page and wait until it has loaded."""
        target = self.call("Target.createTarget", url="about:blank", session=None)["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True, session=None)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.size(width, height)
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def size(self, width: int, height: int) -> None:
        """Set the size of the window's content, in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def evaluate(self, expression: str) -> Any:
        """Return the JSON value of a JavaScript expression; a promise is awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> Any:
        """Return the value of `expression` as soon as it is true."""
        end = time.monotonic() + _TIMEOUT_S
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f"never became true: {expression}"
            time.sleep(_POLL_S)
        return value

    def settle(self) -> None:
        """Wait until the requested changes are drawn."""
        self.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done,"
            " 0))))"
        )

    def key(self, name: str, text: str = "") -> None:
        """Press and release a key, as `KeyboardEvent.key` names it."""
        codes = {
            "ArrowLeft": 37,
            "ArrowRight": 39,
            "Home": 36,
            "End": 35,
            "Escape": 27,
            "Tab": 9,
            "Enter": 13,
        }
        more = {"text": text} if text else {}
        code = codes.get(name, ord(name[0]))
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, windowsVirtualKeyCode=code, **more)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name, windowsVirtualKeyCode=code)
        self.settle()

    def mouse(self, kind: str, x: float, y: float, *, pressed: bool = False) -> None:
        """Send a mouse event: `mousePressed`, `mouseMoved`, `mouseReleased`."""
        button = "none" if kind == "mouseMoved" and not pressed else "left"
        self.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button=button,
            buttons=int(pressed),
            clickCount=int(button == "left"),
        )
        self.settle()

    def screenshot(self, path: Path | None = None, *, whole: bool = False) -> bytes:
        """Return a PNG of the window, or of the whole page; also written to `path`."""
        png = base64.b64decode(
            self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        )
        if path:
            path.write_bytes(png)
        return png

    def pdf(self) -> bytes:
        """Return the page printed on A4."""
        return base64.b64decode(
            self.call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, printBackground=True)["data"]
        )

    def complaints(self) -> list[str]:
        """Return the errors, warnings, exceptions and policy refusals on the console.

        The refusals are those of the Content-Security-Policy.
        """
        told = [
            event for event in self.events if event["method"] in ("Log.entryAdded", "Runtime.exceptionThrown")
        ]
        told += [
            e
            for e in self.events
            if e["method"] == "Runtime.consoleAPICalled" and e["params"]["type"] in ("error", "warning")
        ]
        texts = [json.dumps(event["params"]) for event in told]
        # Looking at a canvas is the test's own doing
        return [text[:400] for text in texts if "getImageData" not in text]

    def requested(self) -> list[str]:
        """Return every address that the page requested."""
        sent = (event for event in self.events if event["method"] == "Network.requestWillBeSent")
        return [event["params"]["request"]["url"] for event in sent]

    def call(self, method: str, *, session: str | None = "", **params: Any) -> dict[str, Any]:
        """Call a DevTools method of the page and return its result.

        With `session` None, call a method of the browser.
        """
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session is not None and self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def _read(self) -> dict[str, Any]:
        end = time.monotonic() + _TIMEOUT_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._of], [], [], max(0.0, end - time.monotonic()))
            assert ready, "Chromium did not answer"
            part = os.read(self._of, 1 << 20)
            assert part, f"Chromium has ended with {self._process.poll()}"
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(line)


@contextmanager
def open_browser(path: str, folder: Path, *flags: str) -> Generator[Browser]:
    """Start a Chromium with a profile of its own in `folder`, and end it afterwards."""
    read_commands, write_commands = os.pipe()
    read_answers, write_answers = os.pipe()
    pipes = f'exec "$0" "$@" 3<&{read_commands} 4>&{write_answers}'
    command = ["bash", "-c", pipes, path, *_FLAGS, *flags, f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(read_commands, write_answers),
        env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
    )
    os.close(read_commands)
    os.close(write_answers)
    browser = Browser(process, write_commands, read_answers)
    try:
        yield browser
    finally:
        # Ends it; its own way out is Browser.close, which it may be too busy for
        os.close(write_commands)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(read_answers)
