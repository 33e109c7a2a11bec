"""The person at the terminal: asked on stderr, answers on standard input, one question at a time."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass, field
from typing import Any

import click

from agent import schemas
from agent.cli import is_terminal
from agent.foreign import printable
from agent.report import terminal
from agent.spec import AgentSpec
from agent.tools.ports import Form

TRIES = 3
"""How often one answer is asked for."""
_TRUE, _FALSE = ("y", "yes", "true", "1"), ("n", "no", "false", "0")


def person_for(spec: AgentSpec) -> TerminalPerson | None:
    """Somebody to ask, where the agent file wants that and somebody is there."""
    wanted = "ask" in (spec.policy.writes, spec.policy.elicitation)
    return TerminalPerson() if wanted and is_terminal(sys.stdin, sys.stderr) else None


@dataclass
class TerminalPerson:
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def allow(self, server: str, tool: str, arguments: Any) -> bool:
        given = json.dumps(arguments, ensure_ascii=False)
        async with self._turn:
            with terminal.paused():
                _say(f"{tool} of server {server!r} may change something. It is to be called with {given}")
                return (await _asked("make this call? [y/N]")).lower() in _TRUE

    async def fill(self, server: str, message: str, schema: dict[str, Any]) -> Form:
        """Property by property; an empty answer takes the default, or leaves out what is not required."""
        properties = schema.get("properties")
        required = schema.get("required") or []
        form: dict[str, Any] = {}
        async with self._turn:
            with terminal.paused():
                _say(f"server {server!r} asks: {message}")
                if (await _asked("answer it? [y/N]")).lower() not in _TRUE:
                    return None
                for name, about in properties.items() if isinstance(properties, dict) else ():
                    about = about if isinstance(about, dict) else {}
                    found = await _value(name, about, required=name in required)
                    if found is None:
                        return None
                    form |= found
        return form


async def _value(name: str, about: dict[str, Any], *, required: bool) -> Form:
    """The answer to one property as `{name: value}`, empty when it is left out; None when none fits."""
    facts = [str(about.get("description") or ""), str(about.get("type") or "")]
    facts += [f"one of {', '.join(map(str, about['enum']))}"] if isinstance(about.get("enum"), list) else []
    facts += ["yes or no"] if about.get("type") == "boolean" else []
    facts += [f"at least {about['minimum']}"] if "minimum" in about else []
    facts += [f"at most {about['maximum']}"] if "maximum" in about else []
    facts += [f"default {about['default']}"] if "default" in about else [] if required else ["may be left out"]
    told = f"  {about.get('title') or name} ({'; '.join(fact for fact in facts if fact)}):"
    for _ in range(TRIES):
        said = await _asked(told)
        if not said and "default" in about:
            return {name: about["default"]}
        if not said and not required:
            return {}
        if not said:
            _say("  it has to be given")
            continue
        value = _read(said, about)
        if schemas.problem(about) is None and schemas.validator(about).is_valid(value):
            return {name: value}
        _say("  that does not fit")
    return None


def _read(said: str, about: dict[str, Any]) -> Any:
    """As the property's type has it; as it was written where it is no such value."""
    kind = about.get("type")
    if kind == "boolean" and said.lower() in (*_TRUE, *_FALSE):
        return said.lower() in _TRUE
    if kind == "array":
        return [part.strip() for part in said.split(",")]
    if kind in ("integer", "number"):
        try:
            return json.loads(said)
        except ValueError:
            return said
    return said


async def _asked(question: str) -> str:
    """One line; empty at the end of the input. Waits so that an interruption ends it."""
    click.echo(f"{printable(question)} ", err=True, nl=False)
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()

    def ready() -> None:
        if not line.done():
            line.set_result(sys.stdin.readline())

    loop.add_reader(sys.stdin.fileno(), ready)
    try:
        return (await line).strip()
    finally:
        loop.remove_reader(sys.stdin.fileno())


def _say(text: str) -> None:
    click.echo(printable(text), err=True)
