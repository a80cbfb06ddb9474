"""A page in headless Chromium, driven over the pipe of its DevTools protocol: go, click, ask, photograph."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="no chromium on the path; apt-get install chromium")
FLAGS = ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
_COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


class Page:
    """One page of a browser of its own, closed at the end of a ``with``."""

    def __init__(self, profile: Path, *, size: tuple[int, int] = (1250, 1600), patience: float = 60.0) -> None:
        self.patience, self.complaints, self._number, self._rest, self._session = patience, [], 0, b"", ""
        (theirs_in, self._out), (self._in, theirs_out) = os.pipe(), os.pipe()
        flags = [*FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"]
        pipes = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'  # where chromium looks for them
        self._process = subprocess.Popen(
            ["bash", "-c", pipes, str(BROWSER), *flags],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(theirs_in, theirs_out),
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._size = size

    def __enter__(self) -> Page:
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")
        width, height = self._size
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def go(self, url: str) -> None:
        """Open an address."""
        self._ask("Page.navigate", url=url)

    def value(self, script: str) -> Any:
        """Return what an expression of the page's JavaScript gives."""
        found = self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script: str) -> Any:
        """Return what an expression gives, as soon as it is true."""
        until = time.monotonic() + self.patience
        while time.monotonic() < until:
            found = self.value(script)
            if found:
                return found
            time.sleep(0.1)
        raise AssertionError(f"after {self.patience} s not true in the page: {script}")

    def click(self, element: str) -> None:
        """Press and release the mouse in the middle of an element, given as an expression."""
        middle = "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2];"
        box = self.value(f"(() => {{ const e = {element}; e.scrollIntoView({{block: 'center'}}); {middle} }})()")
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def photograph(self, path: Path) -> Path:
        """Write what is on the screen as a PNG."""
        path.write_bytes(base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"]))
        return path

    def _ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + self.patience
        while True:
            answer = self._read(until)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self._hear(answer)

    def _hear(self, event: dict[str, Any]) -> None:
        said = event.get("params", {})
        entry = said.get("entry", said)
        level = entry.get("level", entry.get("type", "error"))
        hint = entry.get("source") == "rendering" and level == "warning"  # how a drawing could be faster
        if event.get("method") in _COMPLAINTS and level in ("error", "warning") and not hint:
            self.complaints.append(json.dumps(said)[:500])

    def _read(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            left = until - time.monotonic()
            ready, _, _ = select.select([self._in], [], [], max(0.0, left))
            more = os.read(self._in, 1 << 20) if ready else b""
            assert more, "the browser does not answer"
            self._rest += more
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)
