"""Whether a run may begin with the tools that are offered: errors for what forbids it, warnings for what does not."""

from __future__ import annotations

from typing import Literal, TypeAlias

from agent.errors import DriftError, LiveOnlyError, SimulatedDataError, Stale
from agent.events import SIMULATED_KIND
from agent.spec import AgentSpec
from agent.tools.toolbox import Toolbox

Dated: TypeAlias = Literal["past", "missed"] | None
"""Why only tools that can be asked as of a date are allowed; None when others are, too."""
HEAVY = 20_000
"""Tokens of definitions above which people are told what they take."""


def admit(
    box: Toolbox,
    spec: AgentSpec,
    *,
    servers_failed: bool,
    real_data_only: bool,
    dated_only: Dated = None,
) -> list[str]:
    """What people have to know about the offer.

    Raises DriftError for a difference that the policy makes an error, except a missing tool when an optional
    server failed; SimulatedDataError when only real data are allowed and the tools have simulated ones. Where only
    tools that can be asked as of a date are allowed and another is offered: Stale for the `missed` session of a
    schedule, LiveOnlyError for any other `past` date.
    """
    warnings = []
    policy = spec.policy.drift
    for difference in box.differences:
        missing = difference.kind == "missing"
        verdict = policy.missing if missing else policy.changed
        if verdict == "error" and not (missing and servers_failed):
            raise DriftError(
                f"tool {difference}",
                hint="see `advisor tools`; mend the agent file, or set policy.on_drift to warn",
                where=difference.tool,
            )
        if verdict != "ignore":
            warnings.append(str(difference))
    warnings += [
        f"tool {aside['tool']!r} of {aside['server']!r} is set aside: {aside['problem']}" for aside in box.set_aside
    ]
    warnings += box.notes
    if (tokens := sum(tool.listed.tokens for tool in box.tools.values())) > HEAVY:
        warnings.append(
            f"{len(box.tools)} tools are offered, which takes about {tokens:,} tokens of every request; name those "
            "that are wanted under tools"
        )
    warnings += _without_a_date(box, dated_only)
    if SIMULATED_KIND in box.kinds and real_data_only:
        raise SimulatedDataError("the offered tools have simulated data")
    return warnings


def _without_a_date(box: Toolbox, dated_only: Dated) -> list[str]:
    """Of tools that cannot be asked as of a date."""
    blind = ", ".join(box.blind_to_as_of)
    if dated_only == "past" and box.as_of and blind:
        raise LiveOnlyError(box.as_of, blind)
    if dated_only == "missed" and blind:
        raise Stale(
            f"the session of {box.as_of} has passed, and these tools take no date, so they would tell of a later one: "
            f"{blind}",
            hint="wake the schedule up on the day itself, or use tools that can be asked as of a date; --allow-live "
            "asks these all the same",
        )
    if box.as_of and blind:
        return [f"asked as of {box.as_of}, but these tools take no date and may know more: {blind}"]
    return []
