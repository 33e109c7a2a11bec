"""Ready blocks for servers that speak the Messages API: configs/models/BLOCK.yaml, meant by a model named BLOCK/ID."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from agent import data, source
from agent.errors import UsageError
from agent.spec import NAME, ModelSpec


def block_of(name: str) -> str | None:
    """The shipped block that a model's name begins with. Ids of some servers hold slashes of their own."""
    block, slash, _ = name.partition("/")
    return block if slash and block in shipped() else None


def chosen(spec: ModelSpec, name: str | None) -> ModelSpec:
    """An agent file's model section, for the model of that name where one is given: a block stands for all of it.

    Raises UsageError for a name that is none.
    """
    if name is not None and not re.fullmatch(NAME, name):
        raise UsageError(
            f"--model {name!r} names no model", hint="a model id, BLOCK/ID such as ollama/qwen3:8b, or planner"
        )
    if name is None or name == spec.name:
        return spec
    return ModelSpec(name=name) if block_of(name) else spec.model_copy(update={"name": name})


def resolved(spec: ModelSpec) -> tuple[ModelSpec, str]:
    """With the block's keys beneath its own, and the id by which the server knows the model. Raises UsageError."""
    block = block_of(spec.name)
    if block is None:
        _require_address(spec)
        return spec, spec.name
    if spec.name == f"{block}/":
        raise UsageError(f"{spec.name} names no model", hint=f"write it as {block}/MODEL, as the server calls it")
    keys = source.read(_folder() / f"{block}.yaml").value
    own = spec.model_dump(exclude_unset=True)
    features = keys.get("features", {}) | own.get("features", {})
    return ModelSpec.model_validate({**keys, **own, "features": features}), spec.name.partition("/")[2]


def _require_address(spec: ModelSpec) -> None:
    """Raises UsageError for a block that does not ship, since Anthropic's own ids hold no slash."""
    block, slash, _ = spec.name.partition("/")
    if slash and spec.base_url is None and not os.environ.get("ANTHROPIC_BASE_URL"):
        near = difflib.get_close_matches(block, shipped(), 1)
        guess = f"; did you mean {near[0]}/?" if near else ""
        hint = f"known are {', '.join(shipped())}; for any other server, name its model.base_url in the agent file"
        raise UsageError(f"{spec.name}: there is no block of keys named {block!r}{guess}", hint=hint)


def shipped() -> list[str]:
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def _folder() -> Path:
    return data.root() / "configs" / "models"
