"""The heatmap as an MCP App, and that nothing changes for clients that show none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp import Client
from mcp.client import advertise
from mcp.server.apps import APP_MIME_TYPE, EXTENSION_ID

from agent.market.server import PACKS, build

SHOWS_APPS = [advertise(EXTENSION_ID, {"mimeTypes": [APP_MIME_TYPE]})]
ERAS = ("auto", "legacy")
DRAWN = ["get_sector_heatmap", "get_relative_rotation"]


async def seen(pack: str, mode: str, extensions: Any) -> tuple[list[Any], list[str], Any]:
    """Tools, addresses of resources, and a result, as a client gets them."""
    async with Client(build(pack), mode=mode, extensions=extensions) as client:
        tools = (await client.list_tools()).tools
        resources = [each.uri for each in (await client.list_resources()).resources]
        result = await client.call_tool(DRAWN[0], {})
    return tools, resources, result.model_dump(mode="json", by_alias=True)


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("pack", PACKS)
async def test_only_clients_that_show_apps_are_told_of_one(pack: str, mode: str) -> None:
    tools, resources, result = await seen(pack, mode, SHOWS_APPS)
    plain_tools, plain_resources, plain_result = await seen(pack, mode, None)
    linked = {tool.name: tool.meta["ui"]["resourceUri"] for tool in tools if "ui" in tool.meta}
    assert list(linked) == DRAWN and len(set(linked.values())) == 1
    assert resources == [*plain_resources, *set(linked.values())]
    assert not [tool for tool in plain_tools if "ui" in tool.meta] and result == plain_result
    for tool in tools:
        tool.meta.pop("ui", None)
    assert tools == plain_tools


@pytest.mark.parametrize("extensions", [None, [advertise(EXTENSION_ID, {"mimeTypes": ["text/html;profile=other"]})]])
async def test_an_extension_without_html_is_none(extensions: Any) -> None:
    tools, resources, _ = await seen("us-real", "auto", extensions)
    assert resources == [] and "ui" not in json.dumps([sorted(tool.meta) for tool in tools])


@pytest.mark.parametrize("mode", ERAS)
async def test_the_app_is_one_small_file_that_asks_for_no_domain(mode: str) -> None:
    async with Client(build("us-real"), mode=mode, extensions=SHOWS_APPS) as client:
        [listed] = (await client.list_resources()).resources
        [content] = (await client.read_resource(listed.uri)).contents
    assert listed.uri.startswith("ui://") and listed.mime_type == content.mime_type == APP_MIME_TYPE
    assert content.text.startswith("<!DOCTYPE html>") and len(content.text.encode()) < 40_000
    assert content.meta == {
        "ui": {
            "csp": {"connectDomains": [], "resourceDomains": [], "frameDomains": [], "baseUriDomains": []},
            "prefersBorder": True,
        }
    }
    assert "//" not in content.text.replace("// ", "") and "src=" not in content.text, "no address, not even beside it"
