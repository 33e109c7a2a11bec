"""What a run took: money, tokens, turns, calls and the time of its tools."""

from __future__ import annotations

from dataclasses import asdict
from math import fsum

from agent.scoring.call_scores import UNSENT
from agent.scoring.sample import Sample
from agent.scoring.score import Score, unscored

SILENT = "the model never answered"


def usd(sample: Sample) -> Score:
    """USD of all of the model's answers, at the price that the run's log holds: sum of tokens · price of their kind."""
    if not sample.turns:
        return unscored(SILENT)
    cost = sample.result.usd
    if cost is None:
        return unscored(f"the model {sample.result.model!r} has no price")
    return Score(cost, f"{cost:.6f} USD", {"possibly_paid_twice": sample.result.possibly_paid_twice})


def tokens(sample: Sample) -> Score:
    """Tokens that count against a budget: sum over turns of input + cache_write + output."""
    if not sample.turns:
        return unscored(SILENT)
    usage = sample.result.usage
    return Score(float(usage.counted), f"{usage.counted} tokens", asdict(usage))


def turns(sample: Sample) -> Score:
    """Number of the model's answers."""
    made = len(sample.turns)
    return Score(float(made), f"{made} turns") if made else unscored(SILENT)


def tool_calls(sample: Sample) -> Score:
    """Number of calls that the model asked for, repeated and refused ones included."""
    if not sample.turns:
        return unscored(SILENT)
    return Score(float(len(sample.result.calls)), f"{len(sample.result.calls)} calls")


def seconds(sample: Sample) -> Score:
    """Sum of the seconds of each tool call, those made side by side included; of live calls alone.

    Unscored when any answer was not live: how fast a recording answers is no latency.
    """
    sent = [call for call in sample.result.calls if call.source not in UNSENT]
    if not sent:
        return unscored("no call was sent")
    if any(call.source != "live" for call in sent):
        return unscored("tools were replayed, and their time is no latency")
    total = fsum(call.seconds or 0.0 for call in sent)
    return Score(total, f"{total:.3f} s in {len(sent)} calls")
