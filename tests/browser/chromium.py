"""A real Chromium, driven over its debugging pipe: nothing but the standard library is needed."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import select
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "no Chromium found: apt-get install chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-component-update",
    "--disable-background-networking",
    "--remote-debugging-pipe",
)
PATIENCE = 60
"""Seconds without any message from the browser before a test gives up."""


class Tab:
    """One tab. Commands go out and answers and events come back as JSON, each ended by a zero byte."""

    def __init__(self, out: int, back: int) -> None:
        self._out, self._back, self._unread, self._sent = out, back, b"", 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._sent:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def attach(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def go(self, url: str) -> None:
        self.events.clear()
        self.ask("Page.navigate", url=url)
        while not self.seen("Page.loadEventFired"):
            self.events.append(self._next())

    def seen(self, *methods: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") in methods]

    def value(self, expression: str) -> Any:
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        middle = self._middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, **middle, button="left", clickCount=1)

    def hover(self, selector: str) -> None:
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", **self._middle(selector))

    def press(self, key: str, text: str, code: int) -> None:
        about = {"key": key, "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **about)

    def resize(self, width: int, height: int) -> None:
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def prefer(self, scheme: str) -> None:
        """A colour scheme, `light` or `dark`; empty: the browser's own."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", media="", features=features if scheme else [])

    def picture(self, width: int, height: int, *, top: float = 0, scale: float = 1) -> bytes:
        """A part of the page, as PNG."""
        clip = {"x": 0, "y": top, "width": width, "height": height, "scale": scale}
        taken = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(taken["data"])

    def printed(self) -> tuple[int, tuple[int, int]]:
        """How many sheets the page is, and the width and height of the first, in points."""
        self.ask("Emulation.setEmulatedMedia", media="")
        pdf = base64.b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])
        width, height = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", pdf)[0]
        return max(int(count) for count in re.findall(rb"/Count (\d+)", pdf)), (
            round(float(width)),
            round(float(height)),
        )

    def on_paper(self, width: int, height: int) -> Tab:
        """As it is printed between the margins of a sheet, in millimetres."""
        self.resize(int(width / 25.4 * 96), int(height / 25.4 * 96))
        self.ask("Emulation.setEmulatedMedia", media="print")
        return self

    def _middle(self, selector: str) -> dict[str, float]:
        """Where it stands once it is scrolled into sight."""
        self.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        box = self.value(f"document.querySelector({selector!r}).getBoundingClientRect().toJSON()")
        return {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            assert select.select([self._back], [], [], PATIENCE)[0], "the browser does not answer"
            received = os.read(self._back, 1 << 16)
            assert received, "the browser is gone"
            self._unread += received
        message, self._unread = self._unread.split(b"\0", 1)
        parsed: dict[str, Any] = json.loads(message)
        return parsed


A4, LYING_A4 = (595, 842), (842, 595)
"""Sheets, in points."""
Open = Callable[..., Tab]
"""A page's text, and how it is looked at → the tab with it."""


@contextmanager
def started(profile: Path) -> Iterator[Tab]:
    """A browser with its own files in a folder. It reads commands from its descriptor 3 and writes answers to 4."""
    assert CHROMIUM, MISSING
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for pair in (os.pipe(), os.pipe()) for end in _closing(pair)]
    commands, out, back, answers = ends
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    pid = os.posix_spawn(
        CHROMIUM,
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}"],
        os.environ | {"HOME": str(profile)},
        file_actions=[*silent, (os.POSIX_SPAWN_DUP2, commands, 3), (os.POSIX_SPAWN_DUP2, answers, 4)],
        setpgroup=0,
    )
    os.close(commands)
    os.close(answers)
    try:
        tab = Tab(out, back)
        tab.attach()
        yield tab
    finally:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(out)
        os.close(back)


def _closing(pair: tuple[int, int]) -> Iterator[int]:
    for end in pair:
        yield end
        os.close(end)
