from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
import respx

from agent import agentfile, data, source
from agent.model import blocks
from agent.model.claude import Claude
from agent.run import choose_model
from agent.source import Source
from agent.spec import ModelSpec, is_local
from tests.messages_api import message, stream, text
from tests.model.test_claude import request
from tests.scripted import agent_file

SHIPPED = ["llama-server", "lmstudio", "ollama", "vllm"]


def test_blocks_that_ship_are_those_of_the_documentation() -> None:
    assert blocks.shipped() == SHIPPED
    words = (data.root() / "docs" / "models.md").read_text(encoding="utf-8")
    assert all(f"--model {name}/" in words for name in SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_block_is_a_model_section_of_a_server_on_this_machine(name: str) -> None:
    keys = source.read(data.root() / "configs" / "models" / f"{name}.yaml").value
    spec = ModelSpec.model_validate(keys)
    assert spec.base_url and is_local(spec.base_url) and urlsplit(spec.base_url).path == ""
    assert not spec.features.cache and spec.features.version == "2023-06-01"


def test_name_that_begins_with_a_block_takes_its_keys_and_leaves_the_rest_as_the_id() -> None:
    spec, model_id = blocks.resolved(ModelSpec(name="ollama/qwen3:8b"))
    assert (model_id, spec.base_url, spec.features.tool_choice) == ("qwen3:8b", "http://localhost:11434", False)


def test_keys_of_the_agent_file_win_over_the_blocks() -> None:
    own = ModelSpec.model_validate({"name": "vllm/a/b", "base_url": "http://gpu:8000", "features": {"stream": False}})
    spec, model_id = blocks.resolved(own)
    assert (model_id, spec.base_url) == ("a/b", "http://gpu:8000")
    assert (spec.features.stream, spec.features.cache) == (False, False)


def test_id_with_a_slash_of_its_own_names_no_block() -> None:
    spec = ModelSpec(name="qwen/qwen3-8b", base_url="http://localhost:1")
    assert blocks.resolved(spec) == (spec, "qwen/qwen3-8b")


async def test_local_server_is_asked_without_a_key_of_the_users_and_by_the_older_version(
    messages_api: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    route = messages_api.post("http://localhost:11434/v1/messages").respond(
        content=stream(message(text("{}"))), headers={"content-type": "text/event-stream"}
    )
    model = Claude(ModelSpec(name="ollama/qwen3:8b"))
    await model.answer(request())
    await model.close()
    sent = route.calls.last.request
    assert (sent.headers["authorization"], sent.headers["anthropic-version"]) == ("Bearer local", "2023-06-01")
    assert json.loads(sent.content)["model"] == "qwen3:8b"
    assert model.name == "ollama/qwen3:8b"


async def test_block_on_the_command_line_stands_for_all_that_the_file_says_of_its_model() -> None:
    about = {"name": "m", "base_url": "https://elsewhere.example", "effort": "max"}
    file = agentfile.parse(Source("a mapping", agent_file(model=about)))
    model = choose_model(file, "ollama/qwen3:8b", offline=False)
    assert isinstance(model, Claude)
    assert (model.spec.base_url, model.spec.effort) == ("http://localhost:11434", None)
    await model.close()
