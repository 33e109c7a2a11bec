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

from agent.market.pack import INDICATORS, Pack, Refusal

USUAL_METRICS = ("performance", "momentum", "volatility", "relative_strength")
METRICS = (
    *USUAL_METRICS,
    "momentum_1_0",
    "momentum_6_0",
    "momentum_12_0",
    "downside_deviation",
    "max_drawdown",
    "beta",
    "mansfield_rs",
    "seasonality",
    "scorecard",
)
FLOW_TYPES = ("net_buy_sell", "total_buy", "total_sell")
MACRO_PERIODS = ("quarterly", "annually", "monthly")
STATEMENT_PERIODS = ("quarterly", "annually")

Schema = dict[str, Any]

_TYPES = {
    "string": (str, "a string"),
    "integer": (int, "a whole number"),
    "array": (list, "a list of strings"),
}
_SINGLE = {"D": "day", "M": "month"}
"""What one observation is, by its letter in a lookback."""
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Tool:
    """One tool. `arguments` gives the properties of its input schema, each with its default.

    What stands in braces in the description depends on the pack: `described` fills it in.
    """

    name: str
    title: str
    description: str
    row_name: str
    arguments: Callable[[Pack], dict[str, Schema]]
    offered: Callable[[Pack], bool] = lambda pack: True
    series: str | None = None
    """The key of a row that holds points, each a list of what the column's `fields` name."""

    def described(self, pack: Pack) -> str:
        """What it tells of this pack, and nothing that the pack does not have."""
        return f"{self.description.format(**_words(pack))} {pack.summary}"

    def properties(self, pack: Pack) -> dict[str, Schema]:
        """The properties of the input schema; every tool can be asked as of a past date."""
        as_of = f"Date YYYY-MM-DD, {pack.first} to {pack.last}: only what was known on that day is used."
        return self.arguments(pack) | {"as_of": _text(as_of, pack.last.isoformat())}

    def input_schema(self, pack: Pack) -> Schema:
        return {"type": "object", "properties": self.properties(pack), "additionalProperties": False}

    def output_schema(self) -> Schema:
        dates = {name: {"type": "string", "format": "date"} for name in ("as_of", "observed_at", "known_at")}
        cells: Schema = {self.row_name: {"type": "string"}}
        about: Schema = {name: {"type": "string"} for name in ("unit", "lookback", "method_id")}
        if self.series:
            point = {"type": "array", "items": {"type": ["number", "string"]}}
            cells[self.series] = {"type": "array", "items": point}
            about["fields"] = {"type": "array", "items": {"type": "string"}}
        row = {
            "type": "object",
            "properties": cells,
            "required": [self.row_name],
            "additionalProperties": {"type": ["number", "string", "null"]},
        }
        column = {
            "type": "object",
            "properties": about,
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


def _words(pack: Pack) -> dict[str, str]:
    details = pack.details_of_flow
    return {
        "money": pack.money.replace(" bn", " billion"),
        "performance": "total return" if pack.returns == "total" else "price return",
        "each": _SINGLE[next(iter(pack.periods))],
        "matching": ", and by what was matched and what was put through" if details else "",
        "room": ", and how much of their room they hold" if details else "",
        "before_streak": "," if details else " and",
    }


def _text(description: str, default: str, options: Iterable[str] = ()) -> Schema:
    enum = {"enum": list(options)} if options else {}
    return {"type": "string", "description": description, "default": default} | enum


def _several(description: str, options: tuple[str, ...], usual: tuple[str, ...]) -> Schema:
    items = {"type": "string", "enum": list(options)}
    return {"type": "array", "items": items, "description": description, "default": list(usual)}


def _count(description: str, least: int, most: int, default: int) -> Schema:
    bounds = {"minimum": least, "maximum": most}
    return {"type": "integer", "description": description, "default": default} | bounds


def _lookback(pack: Pack, default: str) -> Schema:
    units = ", ".join(f"1{unit} = {count}" for unit, count in pack.periods.items())
    return _text(f"Such as '{default}', '1Y' or 'YTD'; in observations {units}.", default)


def _sector(pack: Pack) -> Schema:
    return _text(f"'all', or one of: {', '.join(pack.sectors)}.", "all")


def _heatmap_arguments(pack: Pack) -> dict[str, Schema]:
    usual = next(iter(pack.sampling))
    sampled = (
        "Sampling of the returns behind volatility, downside deviation and beta; "
        f"this pack has {', '.join(pack.sampling)}."
    )
    metrics = (
        "Columns of the heatmap. momentum is 12-1 months; seasonality is the mean return of the three months to come, "
        "in 20 past years; the scorecard weighs momentum, relative strength and volatility as its column says."
    )
    return {
        "lookback_period": _lookback(pack, "3M"),
        "granularity": _text(sampled, usual, ("daily", "weekly", "monthly")),
        "metrics": _several(metrics, METRICS, USUAL_METRICS),
    }


def _macro_arguments(pack: Pack) -> dict[str, Schema]:
    sampled = "Which observations to use: each month's, each quarter's last, or each year's last."
    return {
        "indicators": _several("Indicators to return.", pack.indicators, _usual_indicators(pack)),
        "region": _text(f"One of: {', '.join(pack.regions)}.", pack.regions[0]),
        "period": _text(sampled, "quarterly", MACRO_PERIODS),
    }


def _usual_indicators(pack: Pack) -> tuple[str, ...]:
    """Those that every market has, so that an answer stays short; all of a pack that has none of them."""
    few = len(pack.indicators) <= 2 * len(INDICATORS)
    return pack.indicators if few else tuple(name for name in pack.indicators if name in INDICATORS) or pack.indicators


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


def _rotation_arguments(pack: Pack) -> dict[str, Schema]:
    sampled = sampling_of_rotation(pack)
    return {
        "window": _count(f"Samples ({sampled}) of each mean and deviation.", 3, 260, 14),
        "smoothing": _count("Span of the exponential mean, in samples; 1 is none.", 1, 52, 4),
        "lag": _count("Samples over which the change of the ratio is taken.", 1, 52, 1),
        "tail": _count("Earlier samples to tell of each sector: the way to where it stands.", 0, 12, 4),
    }


def _regime_arguments(pack: Pack) -> dict[str, Schema]:
    usual = next(iter(pack.sampling))
    window = f"Newest returns ({usual}) behind correlation and volatility."
    return {"window": _count(window, 20, 2600, pack.sampling[usual].floor)}


def sampling_of_rotation(pack: Pack) -> str:
    """Weekly where the data allow it, else the finest there is."""
    return "weekly" if "weekly" in pack.sampling else next(iter(pack.sampling))


TOOLS = (
    Tool(
        "get_sector_heatmap",
        "Sector heatmap",
        "Compares the sectors of one market: {performance} over the lookback, 12-1 month momentum, yearly "
        "volatility, and strength relative to the benchmark, all in percent. Momentum and volatility have "
        "windows of their own, stated in their columns. More metrics by name.",
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
        "What foreign investors bought and sold in each sector over the period, in {money}, as a share of "
        "the sector's turnover{matching}. Besides, whatever the period: how "
        "unusual their net flow of 20 {each}s is{before_streak} for how many {each}s it has kept its sign (negative: "
        "sold){room}.",
        "sector",
        _flow_arguments,
        lambda pack: pack.trading is not None,
    ),
    Tool(
        "get_whale_activity",
        "Large trades",
        "Unusually large trades in each sector: value bought, sold and net in {money}, and how many. "
        "A large trade does not identify who stands behind it.",
        "sector",
        _whale_arguments,
        lambda pack: pack.trading is not None,
    ),
    Tool(
        "get_financial_statements",
        "Financial statements",
        "Accounts of the companies of a sector added up, latest period that most have filed: revenue and net profit "
        "in {money}, their growth on the same period a year before, the net margin, and how many have filed.",
        "sector",
        _statement_arguments,
        lambda pack: pack.statements is not None,
    ),
    Tool(
        "get_relative_rotation",
        "Relative rotation",
        "Where each sector stands against the benchmark and where it is heading: a ratio and its momentum, in points "
        "around 100, the quadrant they make (leading, weakening, lagging, improving), the direction and length "
        "of the last step, and the tail: ratio and momentum on earlier dates.",
        "sector",
        _rotation_arguments,
        lambda pack: pack.panel is not None,
        "tail",
    ),
    Tool(
        "get_market_regime",
        "Market regime",
        "The state of the whole market: how alike the sectors move and how that changed, trend and volatility of the "
        "benchmark, and whether growth and inflation are above or below their own year.",
        "indicator",
        _regime_arguments,
        lambda pack: pack.panel is not None,
    ),
)


def offered(pack: Pack) -> dict[str, Tool]:
    """The tools that the pack's data can feed, by name."""
    return {tool.name: tool for tool in TOOLS if tool.offered(pack) and tool.name not in pack.without}


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
    elif isinstance(value, int) and "maximum" in schema and not schema["minimum"] <= value <= schema["maximum"]:
        raise Refusal(f"{name} must be {schema['minimum']} to {schema['maximum']}, not {reprlib.repr(value)}.")
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
