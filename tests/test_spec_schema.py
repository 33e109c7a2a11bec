"""The published JSON Schema of agent files and the loader say the same of every file.

What only the loader can say: tool names and tickers are unique, the files of prompt and sectors exist, `parameters` and
`response_format` are JSON Schemas, `response_format` has the type "object". What only a schema says otherwise: 3.0 is a
whole number.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agent import agentfile, data
from agent.errors import SpecError
from agent.source import Source
from agent.spec import json_schema

SCHEMA = json_schema()
SMALLEST = {"agent_name": "A", "description": "D", "response_format": {"type": "object"}}

SAMPLES: dict[str, list[Any]] = {
    "AgentSpec": [
        SMALLEST
        | {
            "tools": [],
            "strict": False,
            "model": {},
            "prompt": "prompts/research.md",
            "objective": "Which?",
            "universe": ["Banks"],
            "sectors": {"Banks": {}},
            "benchmark": "VNINDEX",
            "horizon": "1 quarter",
            "mcpServers": {},
            "budget": {},
            "timeouts": {},
            "policy": {},
            "language": "vi",
            "as_of_argument": "date",
            "simulated": True,
            "pages_url": "https://pages.example",
        }
    ],
    "ToolSpec": [
        {
            "tool_name": "x",
            "description": "d",
            "parameters": {"a": {"type": "string"}},
            "bind": "s.x",
            "arguments": {"b": 1},
            "figures": [{"rows": "$.data[*]", "metrics": {"m": {"at": "x"}}}],
        }
    ],
    "FiguresSpec": [
        {
            "rows": "$['by sector'].*[0]",
            "sector": "@key",
            "ticker": "symbol",
            "name": "@.what",
            "date": "$.date",
            "decimal_comma": True,
            "metrics": {"m": {"at": "x"}},
        }
    ],
    "MetricSpec": [
        {
            "at": "[1]",
            "unit": "percent",
            "lookback": "1 session",
            "scale": 100,
            "combine": "mean",
            "sign": {"at": "side", "negative": ["sell"]},
        }
    ],
    "SignSpec": [{"at": "@.side", "negative": ["sell", "bán"]}],
    "SectorSpec": [{"names": {"vi": "Ngân hàng"}, "aliases": ["Banking"], "tickers": ["VCB"]}],
    "ModelSpec": [
        {
            "name": "m",
            "base_url": "http://x",
            "key_variable": "MY_KEY",
            "effort": "max",
            "thinking": "adaptive",
            "max_tokens": 256,
            "features": {},
        }
    ],
    "FeaturesSpec": [
        {
            "cache": False,
            "format": False,
            "effort": False,
            "thinking": False,
            "strict": True,
            "tool_choice": False,
            "count_tokens": False,
            "stream": False,
            "version": "2023-06-01",
        }
    ],
    "BudgetSpec": [{"turns": 1, "tool_calls": 2, "tokens": 3, "usd": 0.01, "seconds": 0.5, "repairs": 0}],
    "TimeoutSpec": [{"start": 1, "list": 2.5, "call": 86_400, "answer": 1, "idle": 1}],
    "ServerTimeoutSpec": [{"start": 1, "list": None, "call": 3}],
    "DriftPolicy": [{"missing": "ignore", "changed": "error"}],
    "PolicySpec": [
        {
            "on_drift": "warn",
            "writes": "allow",
            "elicitation": "defaults",
            "roots": ["data"],
            "sampling": "allow",
            "evidence": "warn",
            "output_schema": "strict",
            "frame_results": False,
            "require_calls": False,
            "result_chars": 1000,
            "links": ["charts.example"],
        }
    ],
    "StdioServer": [
        {
            "command": "npx",
            "args": ["-y"],
            "env": {"A": "b"},
            "cwd": "x",
            "type": "stdio",
            "transport": "stdio",
            "required": False,
            "disabled": True,
            "timeouts": {"call": 3},
            "calls_per_minute": 3,
            "protocol": "legacy",
            "stateful": True,
            "description": "d",
            "autoApprove": [],
            "alwaysAllow": ["x"],
        }
    ],
    "HttpServer": [
        {
            "url": "https://x/mcp",
            "headers": {"A": "b"},
            "type": "http",
            "transport": "streamable-http",
            "required": False,
            "disabled": True,
            "timeouts": {"call": 3},
            "calls_per_minute": 3,
            "protocol": "legacy",
            "stateful": True,
            "description": "d",
            "autoApprove": [],
            "alwaysAllow": ["x"],
        }
    ],
}
"""A valid value for every key there is, by the part of the file that it stands in."""

PLACES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "AgentSpec": lambda part: part,
    "ToolSpec": lambda part: SMALLEST | {"tools": [part]},
    "FiguresSpec": lambda part: SMALLEST | {"tools": [{"tool_name": "x", "figures": part}]},
    "MetricSpec": lambda part: PLACES["FiguresSpec"]({"rows": "$", "metrics": {"m": part}}),
    "SignSpec": lambda part: PLACES["MetricSpec"]({"at": "x", "sign": part}),
    "SectorSpec": lambda part: SMALLEST | {"sectors": {"Banks": part}},
    "ModelSpec": lambda part: SMALLEST | {"model": part},
    "FeaturesSpec": lambda part: SMALLEST | {"model": {"features": part}},
    "BudgetSpec": lambda part: SMALLEST | {"budget": part},
    "TimeoutSpec": lambda part: SMALLEST | {"timeouts": part},
    "ServerTimeoutSpec": lambda part: SMALLEST | {"mcpServers": {"m": {"command": "x", "timeouts": part}}},
    "DriftPolicy": lambda part: SMALLEST | {"policy": {"on_drift": part}},
    "PolicySpec": lambda part: SMALLEST | {"policy": part},
    "StdioServer": lambda part: SMALLEST | {"mcpServers": {"m": part}},
    "HttpServer": lambda part: SMALLEST | {"mcpServers": {"m": part}},
}
"""An agent file around one part of it."""
REQUIRED = {
    "AgentSpec": set(SMALLEST),
    "ToolSpec": {"tool_name"},
    "FiguresSpec": {"rows", "metrics"},
    "MetricSpec": {"at"},
    "SignSpec": {"at", "negative"},
    "StdioServer": {"command"},
    "HttpServer": {"url"},
}


def schema_takes(content: Any) -> bool:
    return bool(Draft202012Validator(SCHEMA).is_valid(content))


def loader_takes(content: Any) -> bool:
    try:
        agentfile.parse(Source("a mapping", copy.deepcopy(content)))
    except SpecError:
        return False
    return True


def part_schema(part: str) -> dict[str, Any]:
    return SCHEMA if part == "AgentSpec" else SCHEMA["$defs"][part]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_part_of_the_schema_has_samples_and_the_other_way_round() -> None:
    assert set(SCHEMA["$defs"]) | {"AgentSpec"} == set(SAMPLES) == set(PLACES)


@pytest.mark.parametrize("part", SAMPLES)
def test_every_key_of_the_schema_is_taken_by_the_loader_and_the_other_way_round(part: str) -> None:
    (sample,) = SAMPLES[part]
    assert set(sample) == set(part_schema(part)["properties"])
    assert set(part_schema(part).get("required", [])) == REQUIRED.get(part, set())
    assert part_schema(part)["additionalProperties"] is False
    whole = PLACES[part](sample)
    assert (schema_takes(whole), loader_takes(whole)) == (True, True)
    for key in sample:
        required = REQUIRED.get(part, set())
        alone = PLACES[part]({name: sample[name] for name in sample if name == key or name in required})
        assert (schema_takes(alone), loader_takes(alone)) == (True, True), key


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"mcpServers": {"a b": {"command": "x"}}}, "a server's name"),
    ({"mcpServers": {"x" * 41: {"command": "x"}}}, "a long server's name"),
    ({"mcpServers": {"m": {"command": "x", "url": "http://x"}}}, "both kinds of server"),
    ({"mcpServers": {"m": {"command": "x", "type": "http"}}}, "a kind of server that its keys deny"),
    ({"budget": {"seconds": "30"}}, "a number as a text"),
    ({"budget": {"seconds": True}}, "a truth as a number"),
    ({"budget": {"turns": True}}, "a truth as a whole number"),
    ({"timeouts": {"call": 86_401}}, "more than a day"),
    ({"universe": []}, "no sector"),
    ({"universe": ["Banks", "Banks"]}, "a sector twice"),
    ({"horizon": "0 days"}, "no time"),
    ({"model": None}, "nothing where a mapping belongs"),
    ({"pages_url": "https://x/"}, "a slash at the end"),
    ({"policy": {"links": ["https://charts.example"]}}, "an address where a host belongs"),
    ({"policy": {"links": ["*.charts.example"]}}, "a pattern where a host belongs"),
    ({"policy": {"links": "charts.example"}}, "one host where a list belongs"),
    ({"sectors": {}}, "no sector at all"),
    ({"sectors": {"": {}}}, "a sector without a name"),
    ({"sectors": {"Banks": {"names": {"VI": "x"}}}}, "a language that is none"),
    ({"tools": [{"tool_name": "x", "figures": []}]}, "no table"),
    *(
        ({"tools": [{"tool_name": "x", "figures": {"rows": "$", "metrics": {"m": {"at": "x"}}} | wrong}]}, str(wrong))
        for wrong in (
            *({"rows": path} for path in ("", "data", "@", "$.", "$[x]", "$.a b", "$..a", "$[*", "$['']")),
            *({"sector": path} for path in ("", "*", "a[*]", "$.*", "a.", "a b", "@keys", "['a", "a]")),
            {"metrics": {}},
            {"metrics": {"": {"at": "x"}}},
            {"metrics": {"m": {"at": "x", "scale": "2"}}},
        )
    ),
]


@pytest.mark.parametrize("content", [content for content, _ in WRONG], ids=[name for _, name in WRONG])
def test_what_the_loader_refuses_the_schema_refuses(content: dict[str, Any]) -> None:
    assert (schema_takes(SMALLEST | content), loader_takes(SMALLEST | content)) == (False, False)


@pytest.mark.parametrize(
    "content",
    [
        {"tools": [{"tool_name": "x"}, {"tool_name": "x"}]},
        {"prompt": "no such file"},
        {"sectors": "no such file"},
        {"sectors": {"A": {"tickers": ["X"]}, "B": {"tickers": ["X"]}}},
        {"tools": [{"tool_name": "x", "parameters": {"a": {"type": "strng"}}}]},
        {"response_format": {"type": "strng"}},
        {"response_format": {"type": "array"}},
        {"budget": {"turns": 3.0}},
    ],
    ids=[
        "duplicate tools",
        "missing prompt",
        "missing sectors",
        "a ticker twice",
        "parameters",
        "response_format",
        "no object",
        "3.0",
    ],
)
def test_these_rules_are_the_loaders_alone(content: dict[str, Any]) -> None:
    assert (schema_takes(SMALLEST | content), loader_takes(SMALLEST | content)) == (True, False)


def test_null_means_absent_where_both_say_so() -> None:
    empty = SMALLEST | {"tools": None, "prompt": None, "mcpServers": None, "benchmark": None, "model": {"effort": None}}
    assert (schema_takes(empty), loader_takes(empty)) == (True, True)


def test_the_shipped_schema_is_the_loaders() -> None:
    # Regenerate it with: advisor check --schema > configs/agent.schema.json
    shipped = data.root() / "configs" / "agent.schema.json"
    assert json.loads(shipped.read_text(encoding="utf-8")) == SCHEMA


def test_the_shipped_agents_satisfy_the_schema() -> None:
    for name in data.shipped_agents():
        assert schema_takes(agentfile.load(name).source.value), name


def folded(name: str) -> str:
    return name.strip().casefold()


texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8)
counts = st.integers(1, 10**6)
seconds = st.integers(1, 86_400) | st.floats(0.001, 86_400)
reactions = st.sampled_from(["error", "warn", "ignore"])
schemas = st.sampled_from([{"type": "string"}, {"enum": [1, 2]}, True, {"type": "array", "items": {"type": "number"}}])


def sometimes(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


limits = sometimes(start=seconds, list=seconds, call=seconds)
shared = {"required": st.booleans(), "disabled": st.booleans(), "timeouts": limits}
stdio = st.fixed_dictionaries(
    {"command": texts},
    optional=shared | {"args": st.lists(texts, max_size=2), "env": st.dictionaries(texts, texts, max_size=2)},
)
http = st.fixed_dictionaries(
    {"url": st.sampled_from(["https://x/mcp", "${HOST}/mcp"])},
    optional=shared | {"headers": st.dictionaries(texts, texts, max_size=2), "type": st.just("http")},
)
places = st.sampled_from(["@key", "@", "$.a", "a", "a.b[0]", "['a b'].c", ".a", "[0]"])
languages = st.dictionaries(st.sampled_from(["vi", "de"]), texts, max_size=2)
metrics = st.fixed_dictionaries({"at": places}, optional={"unit": texts, "scale": st.floats(-9, 9) | st.integers()})
mappings = st.fixed_dictionaries(
    {
        "rows": st.sampled_from(["$", "$.a[*]", "$.*", "$['a b'][0].*"]),
        "metrics": st.dictionaries(texts, metrics, min_size=1, max_size=2),
    },
    optional={"sector": places, "ticker": places, "name": places, "date": places},
)
files = st.fixed_dictionaries(
    {
        "agent_name": texts,
        "description": texts,
        "response_format": st.just({"type": "object"})
        | st.builds(lambda of: {"type": "object", "properties": of}, st.dictionaries(texts, schemas, max_size=2)),
    },
    optional={
        "tools": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {"tool_name": texts},
                optional={
                    "description": texts,
                    "parameters": st.dictionaries(texts, schemas, max_size=2),
                    "figures": mappings,
                },
            ),
            max_size=2,
            unique_by=lambda tool: tool["tool_name"],
        ),
        "sectors": st.fixed_dictionaries({"Banks": sometimes(names=languages)}),
        "strict": st.booleans(),
        "model": sometimes(
            name=st.text("ab0:/.-", min_size=1),
            effort=st.sampled_from(["low", "max"]),
            max_tokens=st.integers(256, 128_000),
        ),
        "universe": st.just("all")
        | st.lists(texts, min_size=1, max_size=3, unique_by=lambda text: text.strip().casefold()),
        "horizon": st.sampled_from(["63 sessions", "1 quarter", "12 months"]),
        "mcpServers": st.dictionaries(st.from_regex(r"[A-Za-z0-9_.-]{1,40}", fullmatch=True), stdio | http, max_size=2),
        "budget": sometimes(turns=counts, tool_calls=counts, tokens=counts, seconds=seconds, repairs=st.integers(0, 9)),
        "timeouts": limits,
        "policy": sometimes(
            on_drift=reactions | sometimes(missing=reactions, changed=reactions),
            writes=st.sampled_from(["refuse", "allow"]),
            require_calls=st.booleans(),
            result_chars=st.integers(1_000, 10**6),
            links=st.none() | st.lists(st.sampled_from(["charts.example", "localhost", "10.0.0.1"]), max_size=2),
        ),
        "simulated": st.booleans(),
    },
)


def sections(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The mappings of a file whose keys are ours, with the part that each is: not schemas, variables and headers."""
    yield "AgentSpec", content
    for tool in content.get("tools") or []:
        yield "ToolSpec", tool
        if "figures" in tool:
            yield "FiguresSpec", tool["figures"]
            yield from (("MetricSpec", metric) for metric in tool["figures"]["metrics"].values())
    yield from (("SectorSpec", sector) for sector in content.get("sectors", {}).values())
    for name in ("model", "budget", "timeouts", "policy"):
        if name in content:
            yield f"{name.removesuffix('s').capitalize()}Spec", content[name]
    if isinstance(content.get("policy", {}).get("on_drift"), dict):
        yield "DriftPolicy", content["policy"]["on_drift"]
    for server in content.get("mcpServers", {}).values():
        yield "HttpServer" if "url" in server else "StdioServer", server
        if "timeouts" in server:
            yield "ServerTimeoutSpec", server["timeouts"]


@settings(deadline=None)
@given(content=files)
def test_a_valid_file_is_valid_to_both(content: dict[str, Any]) -> None:
    assert (schema_takes(content), loader_takes(content)) == (True, True)


strange = st.sampled_from([None, True, -1, 0, 1.5, 10**9, "", "x", "30", [], [1], {}, {"x": 1}])


JUDGED_BY_THE_LOADER = {"response_format", "parameters", "prompt", "sectors", "tool_name"}


@settings(max_examples=200, deadline=None)
@given(content=files, drawn=st.data(), value=strange)
def test_a_file_with_one_strange_value_or_key_gets_one_verdict_from_both(
    content: dict[str, Any], drawn: st.DataObject, value: object
) -> None:
    changed = copy.deepcopy(content)
    part, section = drawn.draw(st.sampled_from(list(sections(changed))))
    keys = [*part_schema(part)["properties"], "unknown", "url"]
    key = drawn.draw(st.sampled_from([key for key in keys if key not in JUDGED_BY_THE_LOADER]))
    section[key] = value
    assert schema_takes(changed) == loader_takes(changed), f"{part}.{key} = {value!r}"
