"""The text of an agent file, with a comment on each part; what is written here always loads."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent import agentfile, data, source
from agent.agentfile import AgentFile
from agent.errors import SpecError
from agent.foreign import visible
from agent.onboarding.choosing import Declared

SHIPPED = "dynamic_sector_advisor.yaml"
"""The agent file whose question and form of answer are taken."""
WIDTH = 110
COMMENT = 100
"""Characters of a stranger's words in a comment."""
_SIMPLE = re.compile(r"/?[^\W\d_][\w ./,'()?-]*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""What some reader of YAML takes for something else than a word."""


@dataclass(frozen=True)
class Draft:
    """`tools`: None for a file that declares none, so that all that only read are offered."""

    agent_name: str
    description: str
    servers: Mapping[str, dict[str, Any]]
    tools: Sequence[Declared] | None = None

    def text(self) -> str:
        shipped = source.read(data.root() / "configs" / SHIPPED).value
        parts = [
            "# An agent file of Sector Advisor; `advisor check --schema` says what else may stand in it.",
            "# Who the agent is: the first words that the model reads.\n"
            + _yaml({"agent_name": self.agent_name, "description": self.description}, flow=False),
            "# Where tools come from. ${NAME} is read from the environment when a run begins.\n"
            + _yaml({"mcpServers": dict(self.servers)}),
            self._tools(),
            "# What every answer has to look like, as a JSON Schema.\n"
            + _yaml({"response_format": shipped["response_format"]}),
            "# The question when none is given.\n" + _yaml({"objective": shipped["objective"]}, flow=False),
        ]
        return "\n".join(part.rstrip("\n") + "\n" for part in parts)

    def _tools(self) -> str:
        if self.tools is None:
            return "# No `tools`: every tool that is known to only read is offered. `advisor tools` lists them."
        heading = (
            "# The tools that may be used, and the parameters that are expected of them; `advisor tools` tells where\n"
            "# a server differs.\n"
        )
        return heading + "tools:\n" + "".join(textwrap.indent(_tool(each), "  ") for each in self.tools)

    def load(self, path: Path) -> AgentFile:
        """As `advisor check` reads it. `path`: where it is to lie."""
        try:
            return agentfile.parse(source.read_text(self.text(), str(path)), path.parent)
        except SpecError as error:
            raise RuntimeError(f"what was composed is no agent file: {error.message}") from None


def _tool(tool: Declared) -> str:
    said = [tool.listed.description, tool.warning or ""]
    comments = [f"# {comment}\n" for each in said if (comment := _comment(each))]
    return "".join(comments) + _yaml([tool.item])


def _comment(text: str) -> str:
    """One line, of characters that show."""
    line = " ".join("".join(each for each in visible(text)[0] if each.isprintable() or each.isspace()).split())
    return line if len(line) <= COMMENT else line[: COMMENT - 1] + "…"


class _Dumper(yaml.SafeDumper):
    """Quotes whatever some reader could take for something else than a text; breaks no text over lines."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def write_plain(self, text: str, split: bool = True) -> None:
        super().write_plain(text, split=False)

    def write_single_quoted(self, text: str, split: bool = True) -> None:
        super().write_single_quoted(text, split=False)

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        super().write_double_quoted(text, split=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _SIMPLE.fullmatch(text) and text.casefold() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def _yaml(value: Any, *, flow: bool | None = None) -> str:
    """`flow`: None for the short form of what holds nothing but single values."""
    return yaml.dump(value, Dumper=_Dumper, default_flow_style=flow, sort_keys=False, allow_unicode=True, width=WIDTH)
