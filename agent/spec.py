"""AgentSpec: what an agent file says, key by key, with its defaults; and its JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field

from agent.mapping import FiguresSpec
from agent.section import Section, Text
from agent.server_spec import SERVER_NAME, Count, HttpServer, Seconds, ServerSpec, StdioServer
from agent.taxonomy import Sectors, Taxonomy

Schema: TypeAlias = dict[str, Any]

HORIZON = r"^[1-9]\d* (session|day|week|month|quarter|year)s?$"
DEFAULT_HORIZON = "63 sessions"
HORIZON_DAYS = {"session": 365 / 252, "day": 1, "week": 7, "month": 365 / 12, "quarter": 365 / 4, "year": 365}
NAME = r"^\S+$"
BASE_URL = r"^https?://[^\s@?#]+$"
VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
LONGEST_ANSWER = 128_000
"""Tokens."""
HOST = r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"


def is_local(url: str) -> bool:
    """Whether a URL leads to this machine."""
    try:
        return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        return False


class ToolSpec(Section):
    tool_name: Text
    """The name under which a server offers the tool."""
    description: str | None = None
    """What the model is told about the tool; without it, the server's own words."""
    parameters: Schema | None = None
    """What is expected of the tool's parameters: a map of property schemas, or a whole JSON Schema."""
    bind: Text | None = None
    """The tool that is meant, where the server's own name differs: `tool` or `server.tool`."""
    arguments: dict[str, Any] | None = None
    """Arguments that every call is sent with; the model neither sees nor sets them."""

    figures: FiguresSpec | Annotated[list[FiguresSpec], Field(min_length=1)] | None = None
    """Where the numbers stand in its results, or in each of several tables; without it, they are looked for."""

    @property
    def tables(self) -> list[FiguresSpec]:
        return [self.figures] if isinstance(self.figures, FiguresSpec) else self.figures or []

    def means(self, server: str, tool: str) -> bool:
        """Whether it speaks of that tool of that server."""
        return self.bind in (tool, f"{server}.{tool}") if self.bind else self.tool_name == tool

    @property
    def properties(self) -> dict[str, Any]:
        """Parameter name → its declared schema."""
        declared = self.parameters or {}
        return declared.get("properties", {}) if is_whole_schema(declared) else declared


def is_whole_schema(parameters: Schema) -> bool:
    """A JSON Schema has a textual `type` or a `$schema`; in a property map every value is a schema."""
    return isinstance(parameters.get("type"), str) or "$schema" in parameters


class FeaturesSpec(Section):
    """What a server that speaks the Messages API takes; what is switched off is left out of every request."""

    cache: bool = True
    """Marks that say what may be read from a cache."""
    format: bool = True
    """The answer's schema as `output_config.format`; it stands in the first message in any case."""
    effort: bool = True
    """`effort`, how much the model does for an answer."""
    thinking: bool = True
    """`thinking`, and how much of it."""
    strict: bool = False
    """Tools whose schemas are simple enough are offered as strict: their arguments then always have the right form."""
    tool_choice: bool = True
    """`tool_choice: none` for an answer after which no tool may be called."""
    count_tokens: bool = True
    """Its own count of a request's tokens, for `advisor ask --dry-run`."""
    stream: bool = True
    """Answers that come piece by piece; otherwise each comes in one."""
    version: Text | None = None
    """What `anthropic-version` is sent; without it, the newest."""


class ModelSpec(Section):
    name: Annotated[str, Field(pattern=NAME)] = "claude-opus-5-5"
    """A model id of the Messages API, or BLOCK/ID with the keys of a shipped block: ollama/qwen3:8b."""
    base_url: Annotated[str, Field(pattern=BASE_URL)] | None = None
    """Another server that speaks the Messages API; wins over ANTHROPIC_BASE_URL."""
    key_variable: Annotated[str, Field(pattern=VARIABLE)] | None = None
    """The environment variable that holds the server's key, where that is not ANTHROPIC_API_KEY."""
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    """How much the model does for an answer; without it, the model's own default."""
    thinking: Literal["adaptive", "between_tools", "disabled"] | Annotated[int, Field(ge=1_024)] | None = None
    """How the model thinks, for older models a number of tokens; without it, the model's own default."""
    max_tokens: Annotated[int, Field(ge=256, le=LONGEST_ANSWER)] = 16_000
    """The longest single answer, in tokens; doubled once in a run whose answer is cut there."""
    features: FeaturesSpec = FeaturesSpec()
    """What the server takes, where it does not take everything."""

    @property
    def key_name(self) -> str:
        """The environment variable that holds the key."""
        return self.key_variable or "ANTHROPIC_API_KEY"


class BudgetSpec(Section):
    turns: Count = 12
    """Answers of the model."""
    tool_calls: Count = 40
    """Calls of tools, over all turns."""
    tokens: Count = 200_000
    """Uncached input, cache writes and output, over the whole run."""
    usd: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """By the table of prices; without it, what the other limits allow."""
    seconds: Seconds = 300.0
    """Wall-clock time of the run, without waiting for limits and between attempts; counted anew when it is resumed."""
    repairs: Annotated[int, Field(ge=0)] = 2
    """How often an invalid answer is sent back."""


class TimeoutSpec(Section):
    start: Seconds = 90.0
    """Until a server has been greeted."""
    list: Seconds = 30.0
    """For a server's list of tools."""
    call: Seconds = 60.0
    """For one call of a tool."""
    answer: Seconds = 180.0
    """For one attempt at an answer of the model, whatever comes of it meanwhile."""
    idle: Seconds = 60.0
    """How long the model's service may say nothing at all in the middle of an answer."""


class DriftPolicy(Section):
    missing: Literal["error", "warn", "ignore"] = "error"
    """A declared tool that no server offers."""
    changed: Literal["error", "warn", "ignore"] = "warn"
    """A parameter that is gone, an enum that lost a value, a type that changed, a new required parameter."""


class PolicySpec(Section):
    on_drift: DriftPolicy | Literal["error", "warn", "ignore"] = DriftPolicy()
    """What a difference between declared and offered tools is; one word counts for both."""
    writes: Literal["refuse", "ask", "allow"] = "refuse"
    """Whether tools that are not known to be read-only are offered; `ask`: on a terminal, each call asked about."""
    elicitation: Literal["decline", "defaults", "ask"] = "decline"
    """How a server's question is answered: declined, with the defaults of its form, or by a person on a terminal."""
    sampling: Literal["decline", "allow"] = "decline"
    """Whether a server may have the run's model write a text, at the run's cost; never in a batch."""
    roots: list[Text] | None = None
    """Folders that servers are told of when they ask; without it, none."""
    evidence: Literal["warn", "repair", "refuse"] = "repair"
    """What numbers in a rationale are that no tool result bears out: told, sent back once and then told, or errors."""
    output_schema: Literal["strict", "warn", "off"] = "warn"
    """What a result that breaks its tool's output schema is: an error, a warning, nothing. Its content is kept."""
    frame_results: bool = True
    """Whether results stand between marks that call them data."""
    require_calls: bool = True
    """Whether an answer that was given without any tool call is sent back."""
    result_chars: Annotated[int, Field(ge=1_000)] = 24_000
    """The longest tool result that the model is shown; the log keeps all of it."""
    links: list[Annotated[str, Field(pattern=HOST)]] | None = None
    """Hosts that a heatmap_url from a tool may lead to, or below; without it, any host that a tool's data name."""

    @property
    def drift(self) -> DriftPolicy:
        if isinstance(self.on_drift, DriftPolicy):
            return self.on_drift
        return DriftPolicy(missing=self.on_drift, changed=self.on_drift)


class AgentSpec(Section):
    agent_name: Text
    """What the agent is called, in its system text and in every result."""
    description: Text
    """Who the agent is; the first words of the system text."""
    response_format: Schema
    """JSON Schema of the answer, an object."""
    tools: list[ToolSpec] | None = None
    """The tools that may be used; without it, all that the servers offer."""
    strict: bool = True
    """Every declared property required and no other, at least one recommendation, confidence within 0..1, no link that
    came from no tool."""
    model: ModelSpec = ModelSpec()
    """Which model is asked, and how."""
    prompt: Text | None = None
    """A text file for the system text, beside this file or in the package."""
    objective: Text | None = None
    """The question when none is given."""
    universe: Literal["all"] | Annotated[list[Text], Field(min_length=1, json_schema_extra={"uniqueItems": True})] = (
        "all"
    )
    """Sectors of which each has to be answered."""
    sectors: Text | Sectors | None = None
    """The names of the sectors and their tickers: a file beside this one or in the package, or its content."""
    benchmark: Text | None = None
    """What overweight and underweight are relative to."""
    horizon: Annotated[str, Field(pattern=HORIZON)] = DEFAULT_HORIZON
    """What advice and confidence are about."""
    mcpServers: (
        Annotated[
            dict[Annotated[str, Field(pattern=SERVER_NAME)], ServerSpec],
            Field(json_schema_extra={"additionalProperties": False}),
        ]
        | None
    ) = None
    """Where tools come from; without it, the embedded market server with simulated data."""
    budget: BudgetSpec = BudgetSpec()
    """Limits that end a run."""
    timeouts: TimeoutSpec = TimeoutSpec()
    """Seconds."""
    policy: PolicySpec = PolicySpec()
    """What is allowed, and what is an error."""
    language: Literal["en", "vi"] = "en"
    """Of the rationales: English or Vietnamese; it also says how a number such as 1.240 is read."""
    as_of_argument: Text = "as_of"
    """The parameter by which tools are asked as of a date."""
    simulated: bool = False
    """Whether simulated data may meet a paid model."""
    pages_url: Annotated[str, Field(pattern=r"^https?://\S+[^/]$")] | None = None
    """Where the folder of runs is published; heatmap_url then lies below it."""

    @cached_property
    def taxonomy(self) -> Taxonomy | None:
        """By its sectors, which a loaded file has as content."""
        return Taxonomy(self.sectors) if isinstance(self.sectors, dict) else None

    @property
    def aliases(self) -> Mapping[str, Sequence[str]]:
        """Sector → its other names, in every language."""
        return self.taxonomy.aliases if self.taxonomy else {}

    @property
    def horizon_days(self) -> int:
        """In calendar days."""
        count, unit = self.horizon.split()
        return round(int(count) * HORIZON_DAYS[unit.removesuffix("s")])

    @property
    def universe_sectors(self) -> list[str]:
        return [] if self.universe == "all" else list(self.universe)

    @property
    def servers(self) -> dict[str, StdioServer | HttpServer]:
        """The servers to open, by name."""
        if self.mcpServers is None:
            return {"market": StdioServer(command="advisor", args=["market"])}
        return {name: server for name, server in self.mcpServers.items() if not server.disabled}

    def declares(self, server: str, tool: str) -> bool:
        """Whether the file speaks of that tool, and so takes it for read-only when it says nothing of itself."""
        return any(declared.means(server, tool) for declared in self.tools or [])

    @property
    def recommends_sectors(self) -> bool:
        """Whether the answer has the shape that the rules about sectors are for."""
        properties = self.response_format.get("properties")
        return isinstance(properties, dict) and "sector_recommendations" in properties


def json_schema() -> Schema:
    """The JSON Schema of agent files."""
    return AgentSpec.model_json_schema() | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Agent file of Sector Advisor",
    }
