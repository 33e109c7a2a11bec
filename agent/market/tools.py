"""The tool table: what a client sees of each tool, and the check of the arguments it sends back.

Nothing here needs numpy or data, so listing the tools is quick. The numbers come from `answers`.
"""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from agent.market.pack import Pack, Refusal

USUAL_METRICS = ("performance", "momentum", "volatility", "relative_strength")
METRICS = (*USUAL_METRICS, "seasonality")
FLOW_TYPES = ("net_buy_sell", "total_buy", "total_sell")
MACRO_PERIODS = ("quarterly", "annually", "monthly")
STATEMENT_PERIODS = ("quarterly", "annually")

Schema = dict[str, Any]

_TYPES = {
    "string": (str, "a string"),
    "integer": (int, "a whole number"),
    "array": (list, "a list of strings"),
}
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Tool:
    """One tool. `arguments` gives the properties of its input schema, each with its default."""

    name: str
    title: str
    description: str
    row_name: str
    arguments: Callable[[Pack], dict[str, Schema]]
    offered: Callable[[Pack], bool] = lambda pack: True

    def properties(self, pack: Pack) -> dict[str, Schema]:
        """The properties of the input schema; every tool can be asked as of a past date."""
        as_of = f"Date YYYY-MM-DD, {pack.first} to {pack.last}: only what was known on that day is used."
        return self.arguments(pack) | {"as_of": _text(as_of, pack.last.isoformat())}

    def input_schema(self, pack: Pack) -> Schema:
        return {"type": "object", "properties": self.properties(pack), "additionalProperties": False}

    def output_schema(self) -> Schema:
        dates = {name: {"type": "string", "format": "date"} for name in ("as_of", "observed_at", "known_at")}
        row = {
            "type": "object",
            "properties": {self.row_name: {"type": "string"}},
            "required": [self.row_name],
            "additionalProperties": {"type": ["number", "string", "null"]},
        }
        column = {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("unit", "lookback", "method_id")},
            "required": ["unit", "method_id"],
        }
        properties = dates | {
            "kind": {"enum": ["real", "simulated"]},
            "pack": {"type": "string"},
            "columns": {"type": "object", "additionalProperties": column},
            "rows": {"type": "array", "items": row},
            "notes": {"type": "array", "items": {"type": "string"}},
            "source": {"type": "string"},
        }
        return {"type": "object", "properties": properties, "required": list(properties)}


def _text(description: str, default: str, options: Iterable[str] = ()) -> Schema:
    enum = {"enum": list(options)} if options else {}
    return {"type": "string", "description": description, "default": default} | enum


def _several(description: str, options: tuple[str, ...], usual: tuple[str, ...]) -> Schema:
    items = {"type": "string", "enum": list(options)}
    return {"type": "array", "items": items, "description": description, "default": list(usual)}


def _lookback(pack: Pack, default: str) -> Schema:
    units = ", ".join(f"1{unit} = {count}" for unit, count in pack.periods.items())
    return _text(f"Such as '{default}', '1Y' or 'YTD'; in observations {units}.", default)


def _sector(pack: Pack) -> Schema:
    return _text(f"'all', or one of: {', '.join(pack.sectors)}.", "all")


def _heatmap_arguments(pack: Pack) -> dict[str, Schema]:
    usual = next(iter(pack.sampling))
    sampled = f"Sampling of the returns behind volatility; this pack has {', '.join(pack.sampling)}."
    metrics = "Columns of the heatmap. seasonality is the mean return of the three months to come, in 20 past years."
    return {
        "lookback_period": _lookback(pack, "3M"),
        "granularity": _text(sampled, usual, ("daily", "weekly", "monthly")),
        "metrics": _several(metrics, METRICS, USUAL_METRICS),
    }


def _macro_arguments(pack: Pack) -> dict[str, Schema]:
    sampled = "Which observations to use: each month's, each quarter's last, or each year's last."
    return {
        "indicators": _several("Indicators to return.", pack.indicators, pack.indicators),
        "region": _text(f"One of: {', '.join(pack.regions)}.", pack.regions[0]),
        "period": _text(sampled, "quarterly", MACRO_PERIODS),
    }


def _flow_arguments(pack: Pack) -> dict[str, Schema]:
    flow = "Bought minus sold, all that was bought, or all that was sold."
    return {
        "sector": _sector(pack),
        "period": _lookback(pack, "1M"),
        "flow_type": _text(flow, "net_buy_sell", FLOW_TYPES),
    }


def _whale_arguments(pack: Pack) -> dict[str, Schema]:
    days = {"type": "integer", "minimum": 1, "default": 20}
    return {
        "sector": _sector(pack),
        "lookback_days": days | {"description": "Trading days to look back, the newest included."},
    }


def _statement_arguments(pack: Pack) -> dict[str, Schema]:
    period = _text("The latest filed quarter, or the latest filed year.", "quarterly", STATEMENT_PERIODS)
    return {"sector": _sector(pack), "period": period}


TOOLS = (
    Tool(
        "get_sector_heatmap",
        "Sector heatmap",
        "Compares the sectors of one market: total return over the lookback, 12-1 month momentum, yearly "
        "volatility, and strength relative to the benchmark, all in percent. Momentum and volatility have "
        "windows of their own, stated in their columns.",
        "sector",
        _heatmap_arguments,
        lambda pack: pack.panel is not None,
    ),
    Tool(
        "get_macro_indicators",
        "Macro indicators",
        "Latest published growth, inflation, interest and unemployment rates of a region, the reading before "
        "and the change, each with the date it is about and the date it became known.",
        "indicator",
        _macro_arguments,
        lambda pack: pack.macro is not None,
    ),
    Tool(
        "get_foreign_flow",
        "Foreign flow",
        "What foreign investors bought and sold in each sector over the period, in VND billion and as a "
        "share of the sector's turnover.",
        "sector",
        _flow_arguments,
        lambda pack: pack.trading is not None,
    ),
    Tool(
        "get_whale_activity",
        "Large trades",
        "Unusually large trades in each sector: value bought, sold and net in VND billion, and how many. "
        "A large trade does not identify who stands behind it.",
        "sector",
        _whale_arguments,
        lambda pack: pack.trading is not None,
    ),
    Tool(
        "get_financial_statements",
        "Financial statements",
        "Accounts of the companies of a sector added up, latest filed period: revenue and net profit in VND "
        "billion, their growth on the same period a year before, and the net margin.",
        "sector",
        _statement_arguments,
        lambda pack: pack.statements is not None,
    ),
)


def offered(pack: Pack) -> dict[str, Tool]:
    """The tools that the pack's data can feed, by name."""
    return {tool.name: tool for tool in TOOLS if tool.offered(pack)}


def checked(tool: Tool, pack: Pack, arguments: Mapping[str, object]) -> dict[str, Any]:
    """The arguments with defaults filled in and `as_of` as a date.

    Raises Refusal: unknown name, wrong type, value outside an enum, bad date, date outside the pack.
    """
    properties = tool.properties(pack)
    for name, value in arguments.items():
        if name not in properties:
            raise unknown("argument", name, properties)
        _check(name, value, properties[name])
    filled = {name: schema["default"] for name, schema in properties.items()} | dict(arguments)
    return filled | {"as_of": _date(filled["as_of"], pack)}


def unknown(what: str, given: str, options: Iterable[str]) -> Refusal:
    """A refusal that lists what exists, the options that resemble `given` most first."""

    def likeness(option: str) -> float:
        return difflib.SequenceMatcher(None, given.casefold()[:80], option.casefold()).ratio()

    listed = ", ".join(sorted(options, key=likeness, reverse=True))
    return Refusal(f"Unknown {what} {reprlib.repr(given)}. Choose from: {listed}.")


def _check(name: str, value: object, schema: Schema) -> None:
    accepted, words = _TYPES[schema["type"]]
    if not isinstance(value, accepted) or isinstance(value, bool):
        raise Refusal(f"{name} must be {words}, not {reprlib.repr(value)}.")
    if isinstance(value, list):
        if not value:
            raise Refusal(f"{name} is empty. Name at least one of: {', '.join(schema['items']['enum'])}.")
        for item in value:
            _check(f"each of {name}", item, schema["items"])
    elif isinstance(value, str) and value not in schema.get("enum", [value]):
        raise unknown(name.removeprefix("each of ").removesuffix("s"), value, schema["enum"])


def _date(text: str, pack: Pack) -> date:
    try:
        if not _ISO_DATE.fullmatch(text):
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise Refusal(f"as_of must be a date such as {pack.last}, not {reprlib.repr(text)}.") from None
    if not pack.first <= day <= pack.last:
        raise Refusal(f"as_of {day} is outside the pack {pack.name}: it covers {pack.first} to {pack.last}.")
    return day
