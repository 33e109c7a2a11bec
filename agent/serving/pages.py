"""Pages of runs for chat clients: the App that shows one beside a result, and each page as a resource.

Follows the extension `io.modelcontextprotocol/ui`, version 2026-01-26. The App is the same for every run; the page
comes with the result of a call, in its `_meta`, which clients keep from their models.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from agent.errors import AdvisorError, UsageError
from agent.gathering import UNREADABLE, result_of
from agent.market import app
from agent.place import MEDIA_TYPE, page_of
from agent.runs import log, store

if TYPE_CHECKING:
    from collections.abc import Collection

    from mcp import types

APP = "ui://advisor/run.html"
PAGE = "sector-advisor/page"
"""The key in `_meta` of a result under which the App finds the page."""
TEMPLATE = "run://{run}/page.html"
_RUN = re.compile(r"run://([0-9]{8}-[0-9]{9}-[0-9a-f]{4})/page\.html")


def address(run_id: str) -> str:
    """Of a run's page as a resource."""
    return TEMPLATE.replace("{run}", run_id)


def enclosed(page: bytes) -> dict[str, Any]:
    return {PAGE: page.decode()}


def app_resource() -> types.Resource:
    from mcp import types
    from mcp.server.apps import APP_MIME_TYPE

    about = "The page of a run: recommendations, heatmap, and what each number rests on."
    return types.Resource(name="run", title="Run", uri=APP, description=about, mime_type=APP_MIME_TYPE)


def template() -> types.ResourceTemplate:
    from mcp import types

    about = "The page of a run, as it lies in the store of runs: one HTML file that loads nothing."
    return types.ResourceTemplate(name="page", uri_template=TEMPLATE, description=about, mime_type=MEDIA_TYPE)


def read(uri: str, agents: Collection[str]) -> types.TextResourceContents:
    """The App, or the page of a run of one of these agents. Raises UsageError when there is none."""
    from mcp import types

    if uri == APP:
        return app.served(APP, app.page("agent.serving", "run_app.html"), border=False)
    return types.TextResourceContents(uri=uri, text=_page(uri, agents), mime_type=MEDIA_TYPE)


def _page(uri: str, agents: Collection[str]) -> str:
    missing = UsageError(f"there is no resource {uri[:200]!r}", hint=f"there are {APP} and {TEMPLATE}")
    if not (found := _RUN.fullmatch(uri)):
        raise missing
    try:
        result = result_of(line.event for line in log.read(store.folder(found[1]) / log.FILE))
    except (AdvisorError, OSError, *UNREADABLE):
        raise missing from None
    if result.agent_name not in agents:
        raise missing
    return page_of(result).decode()
