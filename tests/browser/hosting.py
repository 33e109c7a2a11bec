"""A host of MCP Apps as small as one can be: a page with one sandboxed frame, under the policy of the specification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.browser.chromium import Tab

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' data:; connect-src 'none'; object-src 'none'; base-uri 'self'"
)
"""What a host sets for an App that declares no domain: a frame without an address has the policy of its parent."""
PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<style>body {{ margin: 0 }} iframe {{ width: 100%; height: 300px; border: 0 }}</style></head>
<body><iframe sandbox="allow-scripts"></iframe>
<script>
const frame = document.querySelector("iframe");
const heard = [];
const send = (message) => frame.contentWindow.postMessage({{jsonrpc: "2.0", ...message}}, "*");
addEventListener("message", ({{source, data}}) => {{
  if (source !== frame.contentWindow) return;
  heard.push(data);
  if (data.method === "ui/initialize") {{
    const [protocolVersion, hostInfo] = ["2026-01-26", {{name: "test", version: "1"}}];
    send({{id: data.id, result: {{protocolVersion, hostCapabilities: {{}}, hostInfo, hostContext: {context}}}}});
  }}
  if (data.method === "ui/notifications/initialized") {{
    send({{method: "ui/notifications/tool-input", params: {{arguments: {{}}}}}});
    for (const params of {results}) send({{method: "ui/notifications/tool-result", params}});
  }}
  if (data.method === "ui/notifications/size-changed") {{
    for (const [side, length] of Object.entries(data.params)) frame.style[side] = `${{length}}px`;
  }}
}});
const until = (wanted) => new Promise((resolve) => {{
  const look = () => heard.some(wanted) ? resolve(heard) : setTimeout(look, 5);
  look();
}});
frame.srcdoc = {app};
</script></body></html>"""


class Hosted:
    """The App in the frame of an open host page, which the browser keeps in a process of its own."""

    def __init__(self, tab: Tab, url: str) -> None:
        self.tab, self._host = tab, tab._session
        tab.events.clear()
        tab.ask("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=True, flatten=True)
        tab.ask("Page.navigate", url=url)
        self._frame = self._when("Target.attachedToTarget")["sessionId"]
        with self.inside() as frame:
            for command in ("Runtime.enable", "Network.enable", "Log.enable", "Runtime.runIfWaitingForDebugger"):
                frame.ask(command)
        self._when("Page.loadEventFired")

    def _when(self, event: str) -> dict[str, Any]:
        while not (seen := self.tab.seen(event)):
            self.tab.events.append(self.tab._next())
        return seen[-1]

    @contextmanager
    def inside(self) -> Iterator[Tab]:
        """The same tab, asked about the frame."""
        self.tab._session = self._frame
        try:
            yield self.tab
        finally:
            self.tab._session = self._host

    def heard(self, method: str) -> list[dict[str, Any]]:
        """What the App has sent so far under a method, once there is anything."""
        sent: list[dict[str, Any]] = self.tab.value(f"until((each) => each.method === {json.dumps(method)})")
        return [each for each in sent if each.get("method") == method]

    def once(self, expression: str) -> Any:
        """The value of an expression within the frame, once it is one that is true."""
        look = f"const it = {expression}; it ? resolve(it) : setTimeout(look, 5)"
        return self.value(f"new Promise((resolve) => {{ const look = () => {{ {look} }}; look() }})")

    def value(self, expression: str) -> Any:
        with self.inside() as frame:
            return frame.value(expression)

    def requests(self) -> list[str]:
        """Of the host page and of the frame together."""
        return [each["request"]["url"] for each in self.tab.seen("Network.requestWillBeSent")]


def literal(value: Any) -> str:
    """As a script within HTML has it."""
    return json.dumps(value).replace("<", "\\u003c")


def host(folder: Path, app: str, results: list[Any], **context: Any) -> str:
    page = folder / "host.html"
    given = {"app": literal(app), "results": literal(results), "context": literal(context), "policy": POLICY}
    page.write_text(PAGE.format(**given), encoding="utf-8")
    return page.as_uri()
