"""Whether a run may begin with the tools that are offered: errors for what forbids it, warnings for what does not."""

from __future__ import annotations

from agent.errors import DriftError, SimulatedDataError
from agent.events import SIMULATED_KIND
from agent.spec import AgentSpec
from agent.tools.toolbox import Toolbox


def admit(box: Toolbox, spec: AgentSpec, *, servers_failed: bool, real_data_only: bool) -> list[str]:
    """What people have to know about the offer.

    Raises DriftError for a difference that the policy makes an error, except a missing tool when an optional
    server failed; SimulatedDataError when only real data are allowed and the tools have simulated ones.
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
    if box.as_of and (blind := ", ".join(box.blind_to_as_of)):
        warnings.append(f"asked as of {box.as_of}, but these tools take no date and may know more: {blind}")
    if SIMULATED_KIND in box.kinds and real_data_only:
        raise SimulatedDataError("the offered tools have simulated data")
    return warnings
