"""The numbers of a rationale and what each rests on, for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from markupsafe import Markup, escape

from agent.evidence import UNBORNE
from agent.evidence.shown import shown
from agent.report.heatmap import column_key, decimals_of, grid_of, label, number_text, unit_label
from agent.report.names import SectorNames
from agent.report.words import ENGLISH, Words
from agent.result import RunResult

Number: TypeAlias = Mapping[str, Any]
"""One number of an answer as an envelope has it: `evidence.Number` as JSON."""


LONGEST_POINTER = 80
"""Characters of a pointer on a page, where a number finds its cell by what both say of their place."""
_UNBORNE = {"ungrounded": "ungrounded", "wrong_sign": "wrong sign", "wrong_sector": "wrong sector"}


def pointer_of(at: int) -> str:
    """Where the rationale of a recommendation stands in its answer."""
    return f"/sector_recommendations/{at}/rationale"


def evidence_of(run: RunResult) -> list[Number]:
    """The numbers of an answer, their sectors as people call them. A figure that several calls brought stands where the
    newest did, as in a heatmap, if its model was shown that.
    """
    names = SectorNames.of(run)
    key_of = cache(names.taxonomy.key)
    columns = grid_of(run.figures, key_of).columns
    seen = set(shown(run))
    figures = {_whole(each._asdict()): each for each in seen}

    def newest(cited: Mapping[str, Any]) -> Mapping[str, Any]:
        figure = figures.get(_whole(cited))
        if figure is None or figure.ticker:
            return cited
        cell = columns.get(column_key(figure), {}).get(key_of(figure.sector or ""))
        if cell is None or cell.value != figure.value or cell not in seen:
            return cited
        return {**cited, "call": cell.call, "pointer": cell.pointer}

    def told(number: Number) -> Number:
        found = {_whole(each): each for each in map(newest, number["figures"])}
        named = [{**each, "sector": names(each["sector"])} if each["sector"] else each for each in found.values()]
        return {**number, "figures": named}

    return [told(number) for number in run.evidence]


def _whole(figure: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells a figure from all others; a place alone may have several."""
    return tuple(figure[key] for key in ("call", "pointer", "sector", "metric", "unit", "lookback"))


def pieces(text: str, evidence: Sequence[Number], pointer: str) -> Iterator[tuple[str, Number | None]]:
    """A text of the answer, cut before and after each number that claims something: the piece, and its number."""
    done = 0
    for number in sorted(evidence, key=lambda each: each["start"]):
        start, end = number["start"], number["end"]
        if number["pointer"] != pointer or number["status"] == "excluded" or not done <= start < end <= len(text):
            continue
        if start > done:
            yield text[done:start], None
        yield text[start:end], number
        done = end
    if done < len(text):
        yield text[done:], None


def is_unborne(number: Number) -> bool:
    return number["status"] in UNBORNE


def rests_on(number: Number, calls: Mapping[str, int], say: Words = ENGLISH) -> str:
    """What bears a number out, in words; `calls`: a call's id → its place among the run's calls, from 1 on."""
    if is_unborne(number):
        why = number["why"] or say("no tool result bears it out")
        status = _UNBORNE[number["status"]]
        return f"{say(status)}: {why}"
    said = number["derivation"] or _figure_text(number["figures"][0], say)
    places = dict.fromkeys(place_of(each, calls, say) for each in number["figures"])
    return " · ".join([said, *places])


def cited(evidence: Sequence[Number], call: str, say: Words = ENGLISH) -> list[str]:
    """What the rationales rest on of a call's result, each figure once: where it stands, and what it is."""
    figures = (each for number in evidence for each in number["figures"] if each["call"] == call)
    return list(dict.fromkeys(f"{each['pointer']}  {_figure_text(each, say)}" for each in figures))


def place_of(figure: Mapping[str, Any], calls: Mapping[str, int], say: Words = ENGLISH) -> str:
    """The call that brought a figure, and where in its result it stood."""
    number = calls.get(figure["call"], "?")
    return f"{say('call {number}', number=number)} {figure['pointer']}".rstrip()


def _figure_text(figure: Mapping[str, Any], say: Words) -> str:
    value = number_text(figure["value"], decimals_of(figure["value"]), plus=False)
    metric, unit = label(figure["metric"]), unit_label(figure["unit"])
    parts = (figure["sector"], say(metric), figure["lookback"], value, say(unit))
    return " ".join(str(part) for part in parts if part)


def counted_text(counted: Mapping[str, int], say: Words = ENGLISH) -> str:
    """How many numbers are borne out; empty where there are none."""
    whole, derived = sum(counted.values()), counted.get("derived", 0)
    if not whole:
        return ""
    borne = whole - sum(counted.get(status, 0) for status in UNBORNE)
    if derived:
        told = "{count} of {all} numbers borne out by tool results, {derived} of them by calculation"
        return say(told, count=borne, all=whole, derived=derived)
    return say("{count} of {all} numbers borne out by tool results", count=borne, all=whole)


def marked(
    text: str,
    evidence: Sequence[Number],
    pointer: str,
    calls: Mapping[str, int],
    clean: Callable[[str, int], str],
    room: int,
    say: Words = ENGLISH,
) -> Markup:
    """A text for the page, at most `room` characters of it, each number with what it rests on. `clean`: a stranger's
    text within so many characters, not yet escaped."""
    shown, left = Markup(), room
    for piece, number in pieces(text, evidence, pointer):
        if left <= 0:
            return shown + f"… {say('({count} characters more)', count=len(text) - room)}"
        said = clean(piece, left)
        shown += escape(said) if number is None else _marked(said, number, calls, clean, say)
        left -= len(piece)
    return shown


def _marked(
    said: str, number: Number, calls: Mapping[str, int], clean: Callable[[str, int], str], say: Words
) -> Markup:
    why = clean(rests_on(number, calls, say), 300)
    if is_unborne(number):
        return Markup(f'<span class="number unborne" tabindex="0" title="{escape(why)}">{escape(said)}</span>')
    call = calls.get(number["figures"][0]["call"], "?")
    cut = ({**each, "pointer": clean(each["pointer"], LONGEST_POINTER)} for each in number["figures"])
    places = [place_of(each, calls, say) for each in cut]
    named = f'href="#call-{call}" data-at="{escape("|".join(places))}" title="{escape(why)}"'
    return Markup(f'<a class="number" {named}>{escape(said)}</a>')
