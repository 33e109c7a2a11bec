from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import agentfile, data
from agent.agentfile import AgentFile
from agent.errors import SpecError
from agent.server_spec import HttpServer, StdioServer
from agent.source import Source

FORM = Path(__file__).parent / "fixtures" / "article_form.json5"
ORIGINAL = Path(__file__).parents[2] / "shared" / "article_agent.json5"
"""The object as it was first published, where a copy of it lies beside the project."""

ROOT = """agent_name: A
description: D
response_format: {type: object, properties: {x: {type: string}}}
"""
"""The smallest agent file; what a test adds begins in line 4."""


HINT = "`advisor check --schema` says what may stand where"


def parse(more: str) -> AgentFile:
    from agent.source import read_text

    return agentfile.parse(read_text(ROOT + more, "f.yaml"))


def problems(more: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse(more)
    assert caught.value.exit_code == 2
    assert str(caught.value.where).startswith("f.yaml:") and str(caught.value.where) in caught.value.message
    return caught.value.problems


def of_mapping(content: dict[str, Any]) -> AgentFile:
    return agentfile.parse(Source("a mapping", content))


def check_article(path: Path) -> None:
    """An agent file in the article's form says what it says, and nothing is asked of it beyond that."""
    file = agentfile.load(path)
    spec = file.spec
    assert spec.agent_name == "DynamicSectorAdvisor"
    assert {tool.tool_name: sorted(tool.properties) for tool in spec.tools or []} == {
        "get_sector_heatmap": ["granularity", "lookback_period", "metrics"],
        "get_macro_indicators": ["indicators", "period", "region"],
        "get_foreign_flow": ["flow_type", "period", "sector"],
        "get_whale_activity": ["lookback_days", "sector"],
    }
    assert spec.recommends_sectors
    assert spec.servers == {"market": StdioServer(command="advisor", args=["market"])}
    assert file.public == file.source.value
    assert file.system.startswith(f"You are DynamicSectorAdvisor. {spec.description}\n\n")


def test_a_file_in_the_articles_form_loads_unchanged() -> None:
    check_article(FORM)


def test_the_article_itself_loads_unchanged_and_the_fixture_has_its_form() -> None:
    if not ORIGINAL.is_file():
        pytest.skip("the published object does not lie beside this project")
    check_article(ORIGINAL)

    def form(value: Any) -> Any:
        """Without the words of descriptions."""
        if isinstance(value, dict):
            return {key: "" if key == "description" else form(item) for key, item in value.items()}
        return [form(item) for item in value] if isinstance(value, list) else value

    assert form(agentfile.load(ORIGINAL).source.value) == form(agentfile.load(FORM).source.value)


@pytest.mark.parametrize("name", data.shipped_agents())
def test_a_shipped_agent_loads_by_its_name_and_by_its_path(name: str) -> None:
    by_name = agentfile.load(name)
    assert by_name.spec == agentfile.load(data.root() / "configs" / f"{name}.yaml").spec
    assert by_name.spec.recommends_sectors


def test_an_unknown_name_lists_the_shipped_agents() -> None:
    with pytest.raises(SpecError) as caught:
        agentfile.load("no_such_agent")
    assert caught.value.problems == ["no_such_agent: there is no such file, nor an agent of that name"]
    assert caught.value.hint == "shipped: dynamic_sector_advisor, rate_shock, sector_pro, us_sector_rotation, vimo"


def test_a_file_without_a_suffix_is_read_when_it_exists(tmp_path: Path) -> None:
    path = tmp_path / "agentfile"
    path.write_text('{agent_name: "A", description: "D", response_format: {type: "object"}}', encoding="utf-8")
    assert agentfile.load(str(path)).spec.agent_name == "A"


def test_defaults_fill_what_a_file_leaves_out() -> None:
    spec = parse("").spec
    assert (spec.budget.turns, spec.budget.tool_calls, spec.budget.tokens) == (12, 40, 200_000)
    assert (spec.budget.seconds, spec.budget.repairs) == (300, 2)
    assert (spec.timeouts.start, spec.timeouts.list, spec.timeouts.call) == (90, 30, 60)
    assert (spec.policy.drift.missing, spec.policy.drift.changed) == ("error", "warn")
    assert (spec.strict, spec.tools, spec.universe_sectors, spec.simulated) == (True, None, [], False)
    assert parse("policy: {on_drift: ignore}").spec.policy.drift.missing == "ignore"


def test_a_disabled_server_is_not_opened_and_no_server_at_all_may_be_wanted() -> None:
    servers = parse("mcpServers: {a: {command: x, disabled: true}, b: {url: 'https://x/mcp'}}").spec.servers
    assert {name: type(server) for name, server in servers.items()} == {"b": HttpServer}
    assert parse("mcpServers: {}").spec.servers == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "f.json5:1:1: an agent file is a mapping of keys"),
        ("'word'", "f.json5:1:1: an agent file is a mapping of keys"),
        ("{}", "f.json5:1:1: agent_name: this key is required|f.json5:1:1: description: this key is required|"
               "f.json5:1:1: response_format: this key is required"),
        ('{agent_name: "", description: 1, response_format: []}',
         "f.json5:1:14: agent_name: must not be empty, not ''|f.json5:1:31: description: has to be a text, not 1|"
         "f.json5:1:51: response_format: has to be a mapping of keys"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_agent_file_says_what_is_missing(text: str, says: str) -> None:
    from agent.source import read_text

    with pytest.raises(SpecError) as caught:
        agentfile.parse(read_text(text, "f.json5"))
    assert caught.value.problems == says.split("|")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("modle: {}", "4:1: modle: unknown key - did you mean 'model'?"),
        ("zzz: 1", "4:1: zzz: unknown key"),
        ("model: {nmae: x}", "4:9: model.nmae: unknown key - did you mean 'name'?"),
        ("budget:\n  turn: 3", "5:3: budget.turn: unknown key - did you mean 'turns'?"),
        ("timeouts: {cal: 3}", "4:12: timeouts.cal: unknown key - did you mean 'call'?"),
        ("policy: {on_drfit: warn}", "4:10: policy.on_drfit: unknown key - did you mean 'on_drift'?"),
        ("policy: {on_drift: {mising: warn}}", "4:21: policy.on_drift.mising: unknown key - did you mean 'missing'?"),
        ("tools:\n  - tool_name: x\n    paramters: {}",
         "6:5: tools.0.paramters: unknown key - did you mean 'parameters'?"),
        ("mcpServers: {m: {command: x, arg: []}}",
         "4:30: mcpServers.m.arg: unknown key - did you mean 'args'?"),
        ("mcpServers: {m: {url: 'http://x', header: {}}}",
         "4:35: mcpServers.m.header: unknown key - did you mean 'headers'?"),
        ("mcpServers: {m: {command: x, timeouts: {strat: 1}}}",
         "4:41: mcpServers.m.timeouts.strat: unknown key - did you mean 'start'?"),
        # A server's name is the user's: it says nothing about the keys below it.
        ("mcpServers: {tools: {command: x, arg: []}}",
         "4:34: mcpServers.tools.arg: unknown key - did you mean 'args'?"),
        # Brackets in a key once stood for something of the validator's.
        ("notes (old): 1", "4:1: notes (old): unknown key"),
        ("model: {'name[0]': x}", "4:9: model.name[0]: unknown key - did you mean 'name'?"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_named_with_its_place_and_the_nearest_known_one(more: str, says: str) -> None:
    assert problems(more) == [f"f.yaml:{says}"]


def test_two_kinds_of_server_in_one_are_refused_and_no_key_is_its_own_correction() -> None:
    (only,) = problems("mcpServers: {m: {command: x, url: 'https://x'}}")
    assert only == "f.yaml:4:18: mcpServers.m.command: a server has either a command or a url, and this one has both"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("tools: {}", "4:8: tools: has to be a list"),
        ("tools: [x]", "4:9: tools.0: has to be a mapping of keys, not 'x'"),
        ("tools: [{}]", "4:9: tools.0.tool_name: this key is required"),
        ("tools: [{tool_name: 5}]", "4:21: tools.0.tool_name: has to be a text, not 5"),
        ("strict: yes", "4:9: strict: has to be true or false, not 'yes'"),
        ("model: claude", "4:8: model: has to be a mapping of keys, not 'claude'"),
        ("model: {effort: huge}",
         "4:17: model.effort: has to be 'low', 'medium', 'high', 'xhigh' or 'max', not 'huge'"),
        ("model: {max_tokens: 1}", "4:21: model.max_tokens: has to be greater than or equal to 256, not 1"),
        ("budget: {turns: 0}", "4:17: budget.turns: has to be greater than or equal to 1, not 0"),
        ("budget: {turns: 1.5}", "4:17: budget.turns: has to be a whole number, not 1.5"),
        ("budget: {turns: '3'}", "4:17: budget.turns: has to be a whole number, not '3'"),
        ("budget: {seconds: 0}", "4:19: budget.seconds: has to be greater than 0, not 0"),
        ("budget: {seconds: 5m}", "4:19: budget.seconds: has to be a number, not '5m'"),
        ("budget: {seconds: '30'}", "4:19: budget.seconds: has to be a number, not '30'"),
        ("budget: {seconds: true}", "4:19: budget.seconds: has to be a number, not True"),
        ("budget:", "4:8: budget: has to be a mapping of keys, not None"),
        ("policy: {on_drift: stop}",
         "4:20: policy.on_drift: has to be 'error', 'warn', 'ignore', "
         "or a mapping with 'missing' and 'changed', not 'stop'"),
        ("policy: {writes: maybe}", "4:18: policy.writes: has to be 'refuse', 'ask' or 'allow', not 'maybe'"),
        ("universe: some", "4:11: universe: has to be 'all' or a list of sectors, not 'some'"),
        ("universe: []", "4:11: universe: has to be 'all' or a list of sectors"),
        ("universe: [Banks, 3]", "4:19: universe.1: has to be a text, not 3"),
        ("horizon: soon",
         "4:10: horizon: has to be a number and a unit, such as '63 sessions' or '1 quarter', not 'soon'"),
        ("pages_url: https://x/",
         "4:12: pages_url: has to be an http:// or https:// URL without a slash at its end, not 'https://x/'"),
        ("mcpServers: []", "4:13: mcpServers: has to be a mapping of keys"),
        ("mcpServers: {m: npx}", "4:17: mcpServers.m: has to be a mapping of keys, not 'npx'"),
        ("mcpServers: {m: {}}", "4:17: mcpServers.m.command: this key is required"),
        ("mcpServers: {m: {command: x, args: [1]}}", "4:37: mcpServers.m.args.0: has to be a text, not 1"),
        ("mcpServers: {m: {command: x, env: {A: 1}}}", "4:39: mcpServers.m.env.A: has to be a text, not 1"),
        ("mcpServers: {m: {url: 'ftp://x'}}",
         "4:23: mcpServers.m.url: has to be an http:// or https:// URL, not 'ftp://x'"),
        ("mcpServers: {'a b': {command: x}}",
         "4:14: mcpServers.a b: may hold letters, digits, '_', '-' and '.', at most 40, not 'a b'"),
        ("mcpServers: {'a(b)': {command: x}}",
         "4:14: mcpServers.a(b): may hold letters, digits, '_', '-' and '.', at most 40, not 'a(b)'"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_named_with_what_it_has_to_be(more: str, says: str) -> None:
    assert problems(more) == [f"f.yaml:{says}"]


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    assert problems("strict: 1\nbudget: {turns: 0, x: 1}\nhorizon: 3\n'a.b': 1\na: 2") == [
        "f.yaml:4:9: strict: has to be true or false, not 1",
        "f.yaml:5:17: budget.turns: has to be greater than or equal to 1, not 0",
        "f.yaml:5:20: budget.x: unknown key",
        "f.yaml:6:10: horizon: has to be a text, not 3",
        "f.yaml:7:1: a.b: unknown key",
        "f.yaml:8:1: a: unknown key",
    ]


def test_a_tool_and_a_server_stand_once() -> None:
    tools = "tools:\n  - tool_name: a\n  - tool_name: b\n  - tool_name: a\n"
    assert problems(tools) == ["f.yaml:7:16: tools.2.tool_name: 'a' is declared twice"]
    assert problems_of_reading("mcpServers:\n  m: {command: x}\n  m: {command: y}\n") == [
        "f.yaml:6:3: mcpServers.m: this key stands in line 5 already"
    ]


def problems_of_reading(more: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse(more)
    return caught.value.problems


def test_the_command_exits_with_2_and_tells_each_problem_on_stderr(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(ROOT + "modle: {}\nstrict: 1\n", encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "agent", "check", str(path), "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    says = f"{path}:4:1: modle: unknown key - did you mean 'model'?\n{path}:5:9: strict: has to be true or false, not 1"
    assert ended.returncode == 2
    assert f"error: {says}\n" in ended.stderr
    assert json.loads(ended.stdout) == {
        "ok": False,
        "run": None,
        "error": {"code": "agent_file", "message": says, "hint": HINT, "where": f"{path}:4:1"},
    }
