"""The answer: how the run ended, whether the schema was met and at what cost, which sectors it names, its heatmap."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile
from typing import Any

from agent.answer import NO_TOOL_CALL, AnswerCheck
from agent.events import PAGE_URL, AnswerChecked, ModelAnswered, RunFinished
from agent.model.base import Usage
from agent.scoring.sample import Sample
from agent.scoring.score import Score, share, unscored
from agent.scoring.sectors import action_of, advice_of, no_advice
from agent.spec import AgentSpec, PolicySpec


def outcome(sample: Sample) -> Score:
    """1 if the run ended as expected, else 0: status = expected status."""
    if sample.started is None:
        return unscored("no run began")
    status, expected = sample.result.status, sample.expect.status
    return Score(
        float(status == expected), f"ended as {status}, expected {expected}", {"why": sample.result.stop_reason}
    )


def schema_first_pass(sample: Sample) -> Score:
    """1 if the first answer that was judged by the schema was valid, else 0.

    An answer that was sent back because no tool had been called was not judged by it.
    """
    attempts = _attempts(sample)
    if not attempts:
        return unscored("no answer was judged by the schema")
    first = attempts[0]
    said = "valid" if first.valid else f"{len(first.errors)} errors"
    return Score(float(first.valid), f"the first answer: {said}", {"errors": _codes(first)})


def schema_final(sample: Sample) -> Score:
    """1 if any answer that was judged by the schema was valid, else 0: max over attempts of valid."""
    attempts = _attempts(sample)
    if not attempts:
        return unscored("no answer was judged by the schema")
    valid = sum(each.valid for each in attempts)
    errors = {} if valid else _codes(attempts[-1])
    return Score(float(valid > 0), f"{valid} of {len(attempts)} answers valid", {"errors": errors})


def repairs(sample: Sample) -> Score:
    """Number of replies that asked for a better answer, for whichever reason."""
    if not sample.checks:
        return unscored("no answer was judged")
    replies = [check for check in sample.checks if check.reply is not None]
    without_calls = sum(_lacks_calls(check) for check in replies)
    said = f"{len(replies)} replies to {len(sample.checks)} answers"
    return Score(float(len(replies)), said, {"no_tool_call": without_calls, "schema": len(replies) - without_calls})


def repair_tokens(sample: Sample) -> Score:
    """Tokens of all turns after the first answer judged by the schema: sum of input + cache_write + output.

    0 when that answer was the last: comparing two runs has to show that one of them needed no repair.
    """
    attempts = _attempts(sample)
    if not attempts:
        return unscored("no answer was judged by the schema")
    after = dropwhile(lambda event: event is not attempts[0], sample.events)
    used = [Usage.of(event.usage).counted for event in after if isinstance(event, ModelAnswered)]
    return Score(float(sum(used)), f"{sum(used)} tokens in {len(used)} turns after the first answer")


def taxonomy(sample: Sample) -> Score:
    """Share of the sectors in the answer that exist: |answered ∩ known| / |answered|.

    Known: the case's taxonomy with its aliases, else the sectors that the run's figures are about. Names are compared
    without regard to case and to how accents are encoded; a recommendation without a name is of an unknown sector.
    """
    sectors, advice = advice_of(sample)
    if advice is None:
        return no_advice(sample)
    known = sample.expect.taxonomy or {figure.sector for figure in sample.result.figures if figure.sector}
    if not known:
        return unscored("neither the case nor a tool names any sector")
    names = set(map(sectors.one, known))
    unknown = [_written(advice[sector]) for sector in advice if sector not in names]
    said = f"{len(advice) - len(unknown)} of {len(advice)} sectors are known"
    return share(len(advice) - len(unknown), len(advice), said, unknown=unknown)


def coverage(sample: Sample) -> Score:
    """Share of the sectors to be covered that the answer recommends: |answered ∩ wanted| / |wanted|.

    Wanted: the sectors that the case names, else the agent file's universe.
    """
    sectors, advice = advice_of(sample)
    if advice is None:
        return no_advice(sample)
    wanted = {sectors.one(name): name for name in sample.expect.cover or sample.universe}
    missing = [name for sector, name in wanted.items() if sector not in advice]
    covered = len(wanted) - len(missing)
    return share(covered, len(wanted), f"{covered} of {len(wanted)} sectors covered", missing=missing)


def duplicates(sample: Sample) -> Score:
    """Recommendations beyond the first of each sector, aliases counting as one: recommendations - sectors."""
    _, advice = advice_of(sample)
    if advice is None:
        return no_advice(sample)
    repeated = {_written(each): len(each) for each in advice.values() if len(each) > 1}
    beyond = sum(repeated.values()) - len(repeated)
    return Score(float(beyond), f"{beyond} recommendations repeat a sector", {"repeated": repeated})


def stances(sample: Sample) -> Score:
    """Share of the expected sectors whose action is acceptable: right / expected.

    A sector that the answer leaves out is held as at the benchmark, so it counts as neutral; `coverage` tells that it
    was left out. Where a sector is recommended more than once, each action has to be acceptable.
    """
    expected = sample.expect.stances
    sectors, advice = advice_of(sample)
    if not expected:
        return unscored("the case expects no stance")
    if advice is None:
        return no_advice(sample)
    taken = {name: [action_of(each) for each in advice.get(sectors.one(name), [])] for name in expected}
    wrong = {name: actions for name, actions in taken.items() if not set(actions or ["neutral"]) <= set(expected[name])}
    right = len(expected) - len(wrong)
    return share(right, len(expected), f"{right} of {len(expected)} stances are acceptable", wrong=wrong)


def heatmap_provenance(sample: Sample) -> Score:
    """1 if the heatmap's address is the run's own page, or an https address that a tool returned, else 0.

    Returned: it is the whole of a string in the data of a result that was no error and was shown to the model, it does
    not stand in that call's arguments, and it leads to a host of the agent file's `policy.links`, where it has those.
    Details: `source` is rendered, tool, foreign or none. No address is ever fetched.
    """
    if sample.result.answer is None:
        return unscored(f"the run has no answer, it is {sample.result.status}")
    if not _has_heatmap(sample):
        return unscored("the answer's schema has no heatmap_url")
    url = _heatmap_of(sample)
    if not isinstance(url, str) or not url:
        return Score(0.0, "the answer has no address of a heatmap", {"source": "none"})
    source = "rendered" if url == PAGE_URL else "tool" if _is_returned(url, sample) else "foreign"
    scheme = url.partition(":")[0].lower()
    passes = source == "rendered" or (source == "tool" and scheme == "https")
    return Score(float(passes), f"{url}: {source}", {"source": source, "scheme": scheme})


def _attempts(sample: Sample) -> list[AnswerChecked]:
    """The answers that were judged by the schema."""
    return [check for check in sample.checks if not _lacks_calls(check)]


def _lacks_calls(check: AnswerChecked) -> bool:
    return any(error.get("code") == NO_TOOL_CALL for error in check.errors)


def _codes(check: AnswerChecked) -> dict[str, list[str]]:
    """JSON pointer → the codes of the errors there."""
    codes: dict[str, list[str]] = {}
    for error in check.errors:
        codes.setdefault(error.get("pointer", ""), []).append(error.get("code", ""))
    return codes


def _written(recommendations: Sequence[dict[str, Any]]) -> str:
    """A sector's name as the answer first writes it."""
    name = recommendations[0].get("sector_name")
    return name if isinstance(name, str) else ""


def _has_heatmap(sample: Sample) -> bool:
    schema = sample.contents.get(sample.started.schema) if sample.started else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return isinstance(properties, dict) and "heatmap_url" in properties


def _heatmap_of(sample: Sample) -> Any:
    """As the log has it, where the run's own page has one name on every machine."""
    answers = [event.answer for event in sample.events if isinstance(event, RunFinished)]
    return answers[-1].get("heatmap_url") if answers and isinstance(answers[-1], dict) else None


def _is_returned(url: str, sample: Sample) -> bool:
    """By the rule by which answers are checked."""
    given = sample.contents[sample.started.spec].get("policy", {}) if sample.started else {}
    check = AnswerCheck(AgentSpec.model_construct(policy=PolicySpec(links=given.get("links"))), {}, PAGE_URL)
    for event in sample.events:
        check.apply(event)
    return check.heatmap_problem(url) is None
