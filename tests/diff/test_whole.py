"""Two real logs set side by side: in what the runs differ, and what may explain their answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agent.diff.inputs import CallPair
from agent.diff.values import changed_lines, differences
from agent.diff.whole import Comparison, Side, compare
from agent.errors import UsageError
from agent.report import diff_table
from agent.report.diff_text import call_lines, short_rows, verdict
from agent.report.words import words
from agent.result import RULES, SIMULATED, RunResult
from tests.messages_api import call
from tests.moving import HEATMAP, JUNE, SEPTEMBER, advised, moving_market, moving_run
from tests.resuming import leave, lines_of

SAY = words("en")
OTHER = advised("underweight", 0.7)


def compared(before: RunResult, after: RunResult) -> Comparison:
    assert before.folder and after.folder
    return compare(Side.read(before.folder), Side.read(after.folder))


def told(before: RunResult, after: RunResult) -> list[str]:
    return verdict(compared(before, after), SAY)


def facts(found: Comparison) -> dict[str, tuple[Any, Any]]:
    return {each.at: (each.before, each.after) for each in found.facts}


async def test_equal_runs_differ_in_nothing() -> None:
    found = compared(await moving_run(), await moving_run())
    assert (found.facts, found.file, found.prompt, found.opening, found.tools, found.answer) == ((),) * 6
    assert found.setup == [] and found.same_answer and found.same_input and not found.is_one
    assert [each.outcome for each in found.calls] == ["same result"]
    assert verdict(found, SAY) == [
        "Same question, as-of date, agent and model.",
        "Recommendations and confidences are the same, 2 of 2.",
    ]


async def test_other_date_is_told_with_the_figures_that_moved() -> None:
    found = compared(await moving_run(JUNE), await moving_run(SEPTEMBER, OTHER))
    assert facts(found) == {"as_of": (JUNE, SEPTEMBER)} and found.setup == ["as_of"]
    assert [(each.tool, each.arguments, each.outcome) for each in found.calls] == [
        ("get_sector_heatmap", {"lookback_period": "3M"}, "other figures")
    ]
    inputs = found.inputs
    assert (inputs.before, inputs.after, inputs.same, inputs.moved, inputs.equal) == (3, 3, 1, 2, False)
    assert verdict(found, SAY) == [
        "Same question, agent and model; as of 2020-09-30 instead of 2020-06-30.",
        "Of 2 sectors: 1 flipped, 1 same.",
        "Figures moved, which may explain it and proves nothing; among them, of sectors with another action: "
        "Banks: Performance 3M +4.2 → −6.0 % (−2.2 σ).",
    ]


async def test_simulated_data_are_told_first_whichever_run_had_them() -> None:
    found = compared(await moving_run(), await moving_run())
    found.before.result.labels, found.after.result.labels = [RULES], [SIMULATED, RULES]
    assert found.labels == [SIMULATED, RULES]


async def test_a_date_that_only_one_run_has_is_told() -> None:
    dated, undated = await moving_run(JUNE), await moving_run(None)
    assert "no as-of date instead of 2020-06-30" in told(dated, undated)[0]
    assert "as of 2020-06-30 instead of no date" in told(undated, dated)[0]


async def test_equal_figures_leave_it_to_the_model() -> None:
    before = await moving_run(parameters={"max_tokens": 100})
    after = await moving_run(given=OTHER, model_name="another", parameters={"max_tokens": 200})
    found = compared(before, after)
    assert facts(found) == {"model.name": ("scripted", "another"), "model.max_tokens": (100, 200)}
    assert verdict(found, SAY) == [
        "Same question, as-of date and agent; model another instead of scripted; other parameters (model.max_tokens).",
        "Of 2 sectors: 1 flipped, 1 same.",
        "Both had the same 3 figures, so that these do not explain it: what differs beside them may.",
    ]


async def test_equal_figures_and_setup_leave_it_to_chance() -> None:
    last = told(await moving_run(), await moving_run(given=OTHER))[-1]
    assert last == ("Both had the same 3 figures, so that these do not explain it: the model answered otherwise.")


async def test_other_figures_and_another_model_explain_nothing_alone() -> None:
    last = told(await moving_run(), await moving_run(SEPTEMBER, OTHER, model_name="another"))[-1]
    assert last.startswith(
        "Figures moved as well, so that neither alone explains it; among them, of sectors with another"
    )


async def test_other_figures_that_lead_to_the_same_are_told() -> None:
    assert told(await moving_run(), await moving_run(SEPTEMBER))[-1] == "Other figures led to it."


async def test_prompt_is_told_line_by_line_and_the_file_key_by_key() -> None:
    before = await moving_run(keys={"description": "You test.", "budget": {"turns": 5}})
    after = await moving_run(keys={"description": "You judge.", "horizon": "21 sessions", "language": "vi"})
    found = compared(before, after)
    went, came = ([line for line in found.prompt if line[0] == mark] for mark in "-+")
    assert any("You test." in line for line in went) and any("You judge." in line for line in came)
    assert {"horizon", "budget.turns"} <= facts(found).keys()
    assert facts(found)["horizon"] == ("63 sessions", "21 sessions")
    assert [each.at for each in found.file] == ["description", "language"]
    assert found.setup == ["agent", "budget", "prompt"]
    assert found.opening, "the horizon stands in the first message"
    assert (
        "another agent file (horizon, description, language); another prompt; other conditions (budget)"
        in (verdict(found, SAY)[0])
    )


async def test_tools_that_came_went_and_changed_are_named() -> None:
    def quote(as_of: str = JUNE) -> str:
        """A quote."""
        return "1"

    def other(as_of: str = JUNE) -> str:
        """Another text."""
        return "1"

    before = await moving_run(servers={"market": moving_market(news=quote, flows=quote)})
    after = await moving_run(servers={"market": moving_market(news=other, whales=quote)})
    found = compared(before, after)
    assert {each.name: each.kind for each in found.tools} == {"news": "changed", "flows": "removed", "whales": "added"}
    [news] = [each for each in found.tools if each.name == "news"]
    assert ("description", "A quote.", "Another text.") in [(d.at, d.before, d.after) for d in news.differences]
    assert found.setup == ["tools"]


async def test_calls_are_paired_by_tool_and_arguments() -> None:
    def look(period: str) -> dict[str, Any]:
        return call("get_sector_heatmap", {"lookback_period": period}, id=f"toolu_{period}")

    before = await moving_run(looks=(look("1M"), look("3M")))
    after = await moving_run(looks=(look("3M"), look("1Y")))
    found = compared(before, after)
    assert [(each.arguments["lookback_period"], each.outcome, each.before, each.after) for each in found.calls] == [
        ("3M", "same result", 2, 1),
        ("1Y", "only after", None, 2),
        ("1M", "only before", 1, None),
    ]


async def test_call_that_is_made_more_often_stands_alone() -> None:
    twice = (HEATMAP, {**HEATMAP, "id": "toolu_2"})
    found = compared(await moving_run(), await moving_run(looks=twice))
    assert [(each.outcome, each.before, each.after) for each in found.calls] == [
        ("same result", 1, 1),
        ("only after", None, 2),
    ]


async def test_runs_without_calls_saw_nothing() -> None:
    keys = {"policy": {"require_calls": False}}
    before, after = await moving_run(looks=(), keys=keys), await moving_run(given=OTHER, looks=(), keys=keys)
    found = compared(before, after)
    assert found.same_input is None and verdict(found, SAY)[-1] == "Neither had a result of any tool."


async def test_answers_of_another_form_are_compared_key_by_key() -> None:
    form = {"type": "object", "properties": {"view": {"type": "string"}, "risk": {"type": "number"}}}
    keys = {"response_format": form}
    before = await moving_run(given={"view": "up", "risk": 1}, keys=keys)
    after = await moving_run(given={"view": "down", "risk": 1}, keys=keys)
    found = compared(before, after)
    assert found.changes is None and [(each.at, each.before, each.after) for each in found.answer] == [
        ("view", "up", "down")
    ]
    assert "The answers differ in 1: view." in verdict(found, SAY)
    assert "The answers are the same." in told(before, await moving_run(given={"view": "up", "risk": 1}, keys=keys))
    assert "Only one of the answers has sector recommendations." in told(before, await moving_run())


async def test_run_that_failed_has_no_changes_and_says_so() -> None:
    failed = await moving_run(given=advised(confidence=7.0), keys={"budget": {"repairs": 0}})
    found = compared(await moving_run(), failed)
    assert found.changes is None and found.answer == ()
    assert f"No valid answer in {failed.run_id} (invalid): no answers can be compared." in verdict(found, SAY)


async def test_one_id_in_two_folders_is_two_runs(tmp_path: Path) -> None:
    """As of jobs that two batches ran."""
    run = await moving_run()
    assert run.folder
    copy = tmp_path / run.run_id
    copy.mkdir()
    leave(copy, lines_of(run.folder))
    assert not compare(Side.read(run.folder), Side.read(copy)).is_one
    assert compare(Side.read(run.folder), Side.read(run.folder / ".." / run.run_id)).is_one


async def test_log_without_a_beginning_cannot_be_compared() -> None:
    run = await moving_run()
    assert run.folder
    leave(run.folder, lines_of(run.folder)[:1])
    with pytest.raises(UsageError, match="stopped before it began"):
        Side.read(run.folder)


async def test_verdict_speaks_the_language_that_is_wanted() -> None:
    found = compared(await moving_run(JUNE), await moving_run(SEPTEMBER, OTHER))
    assert verdict(found, words("vi"))[0].startswith("Cùng câu hỏi, tác tử và mô hình; tính đến 2020-09-30 thay cho")


def test_values_differ_by_their_paths_and_lists_as_a_whole() -> None:
    before = {"a": {"b": 1, "c": [1, 2]}, "d": None, "e": 1}
    after = {"a": {"b": 1, "c": [2, 1]}, "f": {"g": 1}, "e": True}
    found = [(each.at, each.before, each.after) for each in differences(before, after)]
    assert found == [("a.c", [1, 2], [2, 1]), ("e", 1, True), ("f", None, {"g": 1})]


LONG = "x" * 40


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ({"a": [1, 2]}, {"a": [2, 1]}, [("a", "[1, 2]", "[2, 1]")]),
        ({"a": LONG}, {"a": "y" * 50}, [("a", LONG, "y" * 50)]),
        ({"a": "all"}, {"a": [LONG, "b", "c", "d"]}, [("a", "all", f"[{LONG}, b, c +1]")]),
        ({}, {"a": {LONG: 1, "b": {"c": 2}}}, [("a", "–", f"{{{LONG}, b}}")]),
        (
            {"tools": [{"tool_name": "one", "about": LONG, "at": 1}, {"tool_name": "two"}]},
            {"tools": [{"tool_name": "two"}, {"tool_name": "one", "about": LONG, "at": 2}, {"tool_name": "three"}]},
            [("tools.one.at", "1", "2"), ("tools.three", "–", '{"tool_name": "three"}')],
        ),
        (
            {"tools": [{"tool_name": "one", "about": LONG}, {"tool_name": "two"}]},
            {"tools": [{"tool_name": "two"}, {"tool_name": "one", "about": LONG}]},
            [("tools", "[one, two]", "[two, one]")],
        ),
        (
            {"a": {"b": [LONG, "one", "two", {"c": [LONG, 1.25]}]}},
            {"a": {"b": ["new", LONG, "two", {"c": [LONG, 2.5]}]}},
            [("a.b.0", "–", "new"), ("a.b.2", "one", "–"), ("a.b.3.c.1", "1.25", "2.5")],
        ),
    ],
)
def test_what_has_no_room_is_told_by_the_paths_that_differ(before: Any, after: Any, rows: list[Any]) -> None:
    assert short_rows(differences(before, after), 30) == rows


async def test_terminal_tells_long_values_by_their_paths_and_json_has_them_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sectors = {name: {"tickers": [f"{name[:2].upper()}{at}" for at in range(9)]} for name in ("Banks", "Energy")}
    changed = sectors | {"Energy": {"tickers": [*sectors["Energy"]["tickers"][:8], "OIL"]}}
    found = compared(await moving_run(keys={"sectors": sectors}), await moving_run(keys={"sectors": changed}))
    monkeypatch.setenv("COLUMNS", "100")
    diff_table.show(found, SAY)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "sectors.Energy.tickers.8 EN8 OIL" in lines and not any("EN7" in line for line in lines)
    assert [(each["at"], len(each["before"])) for each in found.to_json()["agent_file"]] == [
        ("sectors.Energy.tickers", 9)
    ]


@pytest.mark.parametrize(("columns", "longest"), [(80, "get_relative_rotation"), (36, "get_relative_rotation_of_all")])
async def test_no_name_in_a_path_is_broken(
    columns: int, longest: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def sectors(told: str) -> dict[str, Any]:
        return {longest: {"aliases": [f"{told} of the taxonomy"], "names": {"en": "x" * 60}}, "Banks": {}, "Energy": {}}

    found = compared(
        await moving_run(keys={"sectors": sectors("one")}), await moving_run(keys={"sectors": sectors("another")})
    )
    assert [each.at for each in found.file] == [f"sectors.{longest}.aliases"]
    monkeypatch.setenv("COLUMNS", str(columns))
    diff_table.show(found, SAY)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= columns
    said = re.findall(r"[\w.]+", out)
    assert {f"{longest}.", f"sectors.{longest}."} & {*said} and "aliases" in said


async def test_terminal_speaks_the_language_of_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = {"language": "vi", "sectors": {"Banks": {"names": {"vi": "Ngân hàng"}}, "Energy": {}, "Media": {}}}
    found = compared(await moving_run(keys=keys), await moving_run(SEPTEMBER, OTHER, keys=keys))
    found.after.result.labels = [SIMULATED]
    monkeypatch.setenv("COLUMNS", "120")
    diff_table.show(found, words("vi"))
    out = capsys.readouterr().out
    assert "[DỮ LIỆU MÔ PHỎNG]" in out and "chi phí trước  chưa có giá, 2 lượt, 1 lệnh gọi công cụ" in out
    assert "Ngân hàng" in out and "Banks" not in out


def test_long_calls_of_one_tool_are_told_by_the_arguments_that_differ() -> None:
    given = {"sector": "Banks", "filter": {"days": 20, "metrics": ["performance", "momentum", "volatility"]}}
    other = {"sector": "Banks", "filter": {"days": 60, "metrics": ["performance", "volatility"]}}
    pairs = [
        CallPair("look", {}, "same result", 1, 1),
        CallPair("look", other, "only after", None, 2),
        CallPair("look", {"sector": "Retail"}, "only after", None, 3),
        CallPair("peek", {"sector": "Retail"}, "only after", None, 4),
        CallPair("look", given, "only before", 2, None),
    ]
    assert list(call_lines(pairs, 60, SAY)) == [
        "other arguments: look: filter.days 20 → 60; filter.metrics "
        '["performance", "momentum", "volatility"] → ["performance", "volatility"]',
        "only after: look(sector=Retail)",
        "only after: peek(sector=Retail)",
    ]
    briefly = "other arguments: look: filter.days 20 → 60; filter.metrics.1 momentum → –"
    assert next(call_lines(pairs, 30, SAY)) == briefly
    assert len(list(call_lines(pairs, 160, SAY))) == 4


def test_lines_of_equal_texts_do_not_differ() -> None:
    assert changed_lines("a\nb", "a\nb") == []
    assert changed_lines("a\nb", "a\nc") == ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]
