"""Two runs compared, in words: the verdict, and each line that the terminal and the page show of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from agent.comparison import Change, recommendations_of
from agent.diff.inputs import CallPair
from agent.diff.values import Difference, differences, in_parts, name_of
from agent.diff.whole import Comparison, Side
from agent.report.changed import Columns, columns_of, moved_text
from agent.report.heatmap import NO_FIGURE, heatmap_of
from agent.report.names import SectorNames
from agent.report.terminal import count_of
from agent.report.words import Words

NAMED = 3
"""Figures, and keys, that a sentence names."""
KINDS = ("flipped", "turned", "new", "gone", "surer", "less sure", "same")
"""What can become of a recommendation, the gravest first."""
_SAID = ("question", "as_of", "agent", "prompt", "model", "parameters", "tools")
"""Differences that the verdict has words for."""


def verdict(comparison: Comparison, say: Words) -> list[str]:
    """Sentences: under which conditions, to which outcome, and what may explain it."""
    if comparison.is_one:
        return [say("Both are the same run: there is nothing to compare.")]
    return [each for each in (_conditions(comparison, say), _outcome(comparison, say), _why(comparison, say)) if each]


def _conditions(comparison: Comparison, say: Words) -> str:
    differs = comparison.setup
    same = {
        say("question"): "question" not in differs,
        say("as-of date"): "as_of" not in differs and comparison.after.result.as_of is not None,
        say("agent"): not {"agent", "prompt"} & {*differs},
        say("model"): not {"model", "parameters"} & {*differs},
    }
    names = [name for name, is_same in same.items() if is_same]
    parts = [say("Same {what}", what=_listed(names, say))] if names else []
    parts += _others(comparison, say)
    if comparison.after.follows == comparison.before.result.run_id:
        parts.append(say("the later run is a question on the earlier one"))
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _others(comparison: Comparison, say: Words) -> Iterator[str]:
    """What differs, in words."""
    was, now, differs = comparison.before.result, comparison.after.result, comparison.setup
    nothing = say("no date")
    if "question" in differs:
        yield say("another question")
    if "as_of" in differs:
        if now.as_of:
            yield say("as of {after} instead of {before}", before=was.as_of or nothing, after=now.as_of)
        else:
            yield say("no as-of date instead of {before}", before=was.as_of)
    if was.agent_name != now.agent_name:
        yield say("agent {after} instead of {before}", before=was.agent_name, after=now.agent_name)
    elif "agent" in differs:
        about = [each for each in comparison.facts if each.at in ("agent_file", "horizon", "benchmark", "universe")]
        yield say("another agent file ({keys})", keys=_keys([*about, *comparison.file]))
    if "prompt" in differs:
        yield say("another prompt")
    if "model" in differs:
        yield say("model {after} instead of {before}", before=was.model, after=now.model)
    if "parameters" in differs:
        parameters = [each for each in comparison.facts if each.at.startswith("model.") and each.at != "model.name"]
        yield say("other parameters ({keys})", keys=_keys(parameters))
    if "tools" in differs:
        yield say("other tools ({keys})", keys=_some([each.name for each in comparison.tools]))
    if rest := [kind for kind in differs if kind not in _SAID]:
        yield say("other conditions ({keys})", keys=_some(rest))


def _outcome(comparison: Comparison, say: Words) -> str:
    failed = [side.result for side in (comparison.before, comparison.after) if not side.result.ok]
    if failed:
        said = _listed([f"{each.run_id} ({each.status})" for each in failed], say)
        return say("No valid answer in {runs}: no answers can be compared.", runs=said)
    if comparison.changes is None:
        if any(recommendations_of(side.result.answer) is not None for side in (comparison.before, comparison.after)):
            return say("Only one of the answers has sector recommendations.")
        if comparison.same_answer:
            return say("The answers are the same.")
        return say(
            "The answers differ in {count}: {keys}.", count=len(comparison.answer), keys=_keys(comparison.answer)
        )
    counted, total = comparison.counted, len(comparison.changes)
    if comparison.same_answer:
        return say("Recommendations and confidences are the same, {count} of {count}.", count=total)
    parts = [f"{counted[kind]} {say(kind)}" for kind in KINDS if kind in counted]
    what = ", ".join(parts)
    text = (
        say("Of 1 sector: {what}.", what=what)
        if total == 1
        else say("Of {count} sectors: {what}.", count=total, what=what)
    )
    return text if not comparison.answer else f"{text} {_beside(comparison, say)}"


def _beside(comparison: Comparison, say: Words) -> str:
    return say("The answers also differ in {keys}.", keys=_keys(comparison.answer))


def _why(comparison: Comparison, say: Words) -> str:
    """What may explain the outcome; a comparison proves nothing."""
    if not (comparison.before.result.ok and comparison.after.result.ok):
        return ""
    same_input, inputs = comparison.same_input, comparison.inputs
    if same_input is False and inputs.some:
        return _moved(comparison, say) if inputs.moved else _none_moved(comparison, say)
    if comparison.same_answer:
        return ""
    if same_input is None:
        return say("Neither had a result of any tool.")
    if same_input:
        return _same_input(comparison, bool(comparison.setup), say)
    return say("Their tools answered otherwise, with no figures that could be compared.")


def _moved(comparison: Comparison, say: Words) -> str:
    if comparison.same_answer:
        return say("Other figures led to it.")
    if comparison.changes is None:
        return say("They had other figures.")
    whose, found = _weightiest(comparison.changes)
    if not found and any(each.figures for each in comparison.changes):
        return say("They had other figures, but those of named sectors that moved notably speak against the change.")
    if not found:
        return say("They had other figures, but none of a named sector moved notably.")
    if set(comparison.setup) - {"as_of"}:
        what = say("Figures moved as well, so that neither alone explains it")
    else:
        what = say("Figures moved, which may explain it and proves nothing")
    name, columns = sector_names(comparison, say), _columns(comparison)
    foremost = sorted(found, key=lambda each: (-each.speaks(each.figures[0]), -abs(each.figures[0].size)))
    told = "; ".join(
        f"{name(each.sector)}: {moved_text(each, each.figures[0], say, columns)}" for each in foremost[:NAMED]
    )
    return f"{what}; {say(whose)}: {told}."


def _weightiest(changes: Sequence[Change]) -> tuple[str, list[Change]]:
    """Sectors of which a figure moved, and not against the change: those with another action where there are any, else
    those that are new or gone, else with another confidence; and what they are. None where all speak against a change.
    """
    moved = [each for each in changes if each.figures and each.speaks(each.figures[0]) >= 0]
    if turned := [each for each in moved if None not in each.action and each.action[0] != each.action[1]]:
        return "among them, of sectors with another action", turned
    if came := [each for each in moved if None in each.action]:
        return "among them, of sectors that are new or gone", came
    if surer := [each for each in moved if each.kind != "same"]:
        return "among them, of sectors with another confidence", surer
    if any(each.figures and each.kind != "same" for each in changes):
        return "", []
    return "among them, of sectors with the same advice", moved


def _none_moved(comparison: Comparison, say: Words) -> str:
    """They saw other figures, yet what both had is the same."""
    inputs = comparison.inputs
    if inputs.same:
        had = say("The figures that both had are the same: {count}.", count=inputs.same)
    else:
        had = say("They had no figure in common.")
    earlier, later = (count_of(count, "figure", say) for count in (inputs.only_before, inputs.only_after))
    alone = [say("{figures} of the earlier run alone", figures=earlier)] if inputs.only_before else []
    alone += [say("{figures} of the later run alone", figures=later)] if inputs.only_after else []
    what = "; ".join(
        [*(alone or [say("figures have another day, or older ones beside them")]), *_others(comparison, say)]
    )
    if comparison.same_answer:
        return f"{had} {say('What differs: {what}.', what=what)}"
    return f"{had} {say('What differs, and may explain it: {what}.', what=what)}"


def _same_input(comparison: Comparison, differs: bool, say: Words) -> str:
    if comparison.inputs.some:
        had = say("Both had the same {count} figures, so that these do not explain it", count=comparison.inputs.before)
    else:
        had = say("Both had the same results of tools, so that these do not explain it")
    return f"{had}: {say('what differs beside them may.') if differs else say('the model answered otherwise.')}"


def _columns(comparison: Comparison) -> Columns:
    """Of the later run's heatmap."""
    later = comparison.after.result
    return columns_of(heatmap_of(later.figures, later.taxonomy.key))


def sector_names(comparison: Comparison, say: Words) -> SectorNames:
    """As the later run has them in its language, in that of the words."""
    return replace(SectorNames.of(comparison.after.result), language=say.language)


class ChangeRow(NamedTuple):
    """A recommendation in both runs; `name`: what its sector is called for people; `cited`: of each figure, whether a
    rationale rests on it.
    """

    sector: str
    name: str
    kind: str
    action: tuple[str | None, str | None]
    before: str
    after: str
    place: str
    figures: list[str]
    cited: list[bool]


def change_rows(comparison: Comparison, say: Words) -> list[ChangeRow]:
    """The gravest first."""
    name, columns = sector_names(comparison, say), _columns(comparison)
    return [
        ChangeRow(
            each.sector,
            name(each.sector),
            each.kind,
            each.action,
            _advice(each, 0, say),
            _advice(each, 1, say),
            _places(each),
            [moved_text(each, moved, say, columns) for moved in each.figures],
            [moved.cited for moved in each.figures],
        )
        for each in sorted(comparison.changes or (), key=lambda each: KINDS.index(each.kind))
    ]


def _places(change: Change) -> str:
    """Empty for a sector that has no place on either side."""
    if change.rank == (None, None):
        return ""
    return " → ".join(NO_FIGURE if rank is None else str(rank) for rank in change.rank)


def _advice(change: Change, side: int, say: Words) -> str:
    action, confidence = change.action[side], change.confidence[side]
    if action is None:
        return NO_FIGURE
    return say(action) if confidence is None else f"{say(action)} {confidence:.2f}"


def short_rows(found: Iterable[Difference], longest: int) -> list[tuple[str, str, str]]:
    """Key and both values; mappings and lists of more than `longest` characters are told part by part."""
    rows = []
    for each in found:
        fits = all(len(value_text(value)) <= longest for value in (each.before, each.after))
        for part in [each] if fits else in_parts(each):
            rows.append((part.at, _in_short(part.before, longest), _in_short(part.after, longest)))
    return rows


def _in_short(value: Any, longest: int) -> str:
    """A value without room by what is in it: `{Banks, Retail, Media +16}`, `[get_sector_heatmap, get_foreign_flow]`."""
    text = value_text(value)
    if len(text) <= longest or not isinstance(value, Mapping | list):
        return text
    if isinstance(value, Mapping):
        return f"{{{_some(list(value))}}}"
    return f"[{_some([name_of(each) or value_text(each) for each in value])}]"


def value_text(value: Any) -> str:
    if value is None:
        return NO_FIGURE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def tool_rows(comparison: Comparison, say: Words) -> list[tuple[str, str, str]]:
    """Name, what became of it, and the keys in which it changed."""
    return [(each.name, say(each.kind), _keys(each.differences)) for each in comparison.tools]


def calls_text(pairs: Sequence[CallPair], say: Words) -> str:
    counts: dict[str, int] = {}
    for pair in pairs:
        counts[pair.outcome] = counts.get(pair.outcome, 0) + 1
    return ", ".join(f"{count} {say(outcome)}" for outcome, count in counts.items())


def call_text(pair: CallPair) -> str:
    arguments = pair.arguments.items() if isinstance(pair.arguments, dict) else []
    return f"{pair.tool}({', '.join(f'{name}={value_text(value)}' for name, value in arguments)})"


def call_lines(pairs: Sequence[CallPair], longest: int, say: Words) -> Iterator[str]:
    """Each call with another result. Of two long ones of one tool, of which each run made one, what differs."""
    twins = {after: before for before, after in _twins(pairs, longest)}
    for at, pair in enumerate(pairs):
        if at in twins:
            before, after = pairs[twins[at]].arguments, pair.arguments
            rows = short_rows(differences(before, after), longest)
            told = "; ".join(f"{path} {was} → {now}" for path, was, now in rows)
            yield f"{say('other arguments')}: {pair.tool}: {told}"
        elif pair.outcome != "same result" and at not in twins.values():
            yield f"{say(pair.outcome)}: {call_text(pair)}"


def _twins(pairs: Sequence[CallPair], longest: int) -> Iterator[tuple[int, int]]:
    """Places of calls of one tool that each run alone made, in their order, where their texts are long."""
    waiting: dict[str, list[int]] = {}
    for at, pair in enumerate(pairs):
        if pair.outcome == "only before":
            waiting.setdefault(pair.tool, []).append(at)
    for at, pair in enumerate(pairs):
        if pair.outcome == "only after" and waiting.get(pair.tool):
            twin = waiting[pair.tool].pop(0)
            if max(len(call_text(pairs[each])) for each in (at, twin)) > longest:
                yield twin, at


def about(side: Side, say: Words) -> list[str]:
    """A run in short: when, which model, how it ended."""
    result = side.result
    return [
        say("as of {date}", date=result.as_of) if result.as_of else say("no date"),
        result.model,
        result.status,
    ]


def _keys(found: Sequence[Difference]) -> str:
    return _some([each.at for each in found if each.at])


def _some(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return ", ".join(names[:NAMED]) + (f" +{len(names) - NAMED}" if len(names) > NAMED else "")


def _listed(names: Sequence[str], say: Words) -> str:
    """`question, agent and model`"""
    return say(" and ").join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else ""
