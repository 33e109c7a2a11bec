from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent import agentfile
from agent.batch.jobs import Defaults, load
from agent.encoding import digest
from agent.errors import SpecError, UsageError
from agent.events import RunStarted
from agent.run import run
from agent.runs import log
from tests.batch.writing import batch_of, jobs_of, write, write_agent


def test_a_listed_job_has_what_the_file_says_of_it_and_where(tmp_path: Path) -> None:
    write_agent(tmp_path)
    (job,) = jobs_of(
        tmp_path,
        "# two jobs\njobs:\n  - {id: crash, as_of: 2008-09-30, agent: desk.yaml, model: m, question: ' Which? '}\n",
    )
    assert (job.id, job.question, job.as_of, job.model) == ("crash", "Which?", "2008-09-30", "m")
    assert job.file.spec.agent_name == "desk"
    assert job.where == "jobs.yaml:3:5"


def test_a_job_that_says_nothing_asks_the_shipped_agents_objective_now(tmp_path: Path) -> None:
    (job,) = jobs_of(tmp_path, "jobs: [{}]")
    shipped = agentfile.load("dynamic_sector_advisor")
    assert (job.file.spec, job.question) == (shipped.spec, str(shipped.spec.objective).strip())
    assert (job.as_of, job.model) == (None, None)
    assert job.id == f"now-{job.key[:10]}"


@pytest.mark.parametrize(
    ("job", "batch", "typed", "wins"),
    [("job", "batch", "typed", "job"), ("", "batch", "typed", "typed"), ("", "batch", "", "batch"), ("", "", "", None)],
)
def test_a_jobs_word_wins_over_the_command_line_over_the_batch_file_over_the_agent_file(
    job: str, batch: str, typed: str, wins: str | None, tmp_path: Path
) -> None:
    for name in ("job", "batch", "typed"):
        write_agent(tmp_path, name, f"objective: of {name}")
    text = "".join(f"{key}: {batch}{end}\n" for key, end in (("agent", ".yaml"), ("model", "")) if batch)
    text += "jobs: [{" + (f"agent: {job}.yaml, model: {job}" if job else "") + "}]"
    typed_agent = str(tmp_path / f"{typed}.yaml") if typed else None
    (found,) = jobs_of(tmp_path, text, agent=typed_agent, model=typed or None)
    assert found.model == wins
    assert found.file.spec.agent_name == (wins or "DynamicSectorAdvisor")
    assert wins is None or found.question == f"of {wins}"


def test_a_jobs_question_wins_over_the_batch_files_which_wins_over_the_objective(tmp_path: Path) -> None:
    write_agent(tmp_path, more="objective: Agent?")
    listed = "jobs: [{question: 'Job?'}, {}]"
    assert [job.question for job in jobs_of(tmp_path, f"question: Batch?\nagent: desk.yaml\n{listed}")] == [
        "Job?", "Batch?",
    ]  # fmt: skip
    assert [job.question for job in jobs_of(tmp_path, f"agent: desk.yaml\n{listed}")] == ["Job?", "Agent?"]


def test_the_command_lines_date_is_that_of_jobs_without_one(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, "jobs: [{as_of: 2001-01-31}, {}]", as_of="2002-02-28")
    assert [job.as_of for job in jobs] == ["2001-01-31", "2002-02-28"]


def test_offline_makes_every_model_the_planner_whatever_anybody_says(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, "model: a\njobs: [{model: b, question: x}, {}]", offline=True, model="c")
    assert [job.model for job in jobs] == ["planner", "planner"]


@pytest.mark.parametrize(("text", "typed", "wanted"), [("true", False, True), ("false", True, True),
                                                       ("false", False, False)])  # fmt: skip
def test_simulated_data_are_wanted_when_the_file_or_the_command_line_says_so(
    text: str, typed: bool, wanted: bool, tmp_path: Path
) -> None:
    assert batch_of(tmp_path, f"simulated: {text}\njobs: [{{}}]", simulated=typed).simulated is wanted


def test_an_agent_is_looked_for_beside_the_file_then_as_given_then_in_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("batch", "here"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def agent() -> str:
        text = "jobs: [{agent: configs/us_sector_rotation.yaml}]"
        return jobs_of(tmp_path / "batch", text)[0].file.spec.agent_name

    assert agent() == "USSectorRotation"
    os.renames(
        write_agent(tmp_path / "x", "given", "objective: O"), tmp_path / "here" / "configs" / "us_sector_rotation.yaml"
    )
    assert agent() == "given"
    os.renames(
        write_agent(tmp_path / "x", "beside", "objective: O"),
        tmp_path / "batch" / "configs" / "us_sector_rotation.yaml",
    )
    assert agent() == "beside"
    assert jobs_of(tmp_path / "batch", "jobs: [{agent: us_sector_rotation}]")[0].file.spec.agent_name == (
        "USSectorRotation"
    )


def test_the_command_lines_agent_lies_where_the_command_line_says_and_not_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write_agent(tmp_path / "here", more="objective: here").parent)
    write_agent(tmp_path / "batch", more="objective: beside")
    jobs = jobs_of(tmp_path / "batch", "jobs: [{}, {agent: desk.yaml}]", agent="desk.yaml")
    assert [job.question for job in jobs] == ["here", "beside"]


def test_each_agent_file_is_read_once_and_shared_by_its_jobs(tmp_path: Path) -> None:
    write_agent(tmp_path)
    text = "jobs: [{agent: desk.yaml, question: a}, {agent: ./desk.yaml, question: b}]"
    first, second = jobs_of(tmp_path, text)
    assert first.file is second.file
    assert first.file.hashes is second.file.hashes


async def test_the_key_is_that_of_the_run_which_the_job_becomes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path / "home"))
    write_agent(tmp_path, more="mcpServers: {}")
    (job,) = jobs_of(tmp_path, "jobs: [{agent: desk.yaml, question: ' Q {a}? ', vars: {a: é}, model: planner}]")
    result = await run(job.file, job.question, model=job.model)
    assert result.folder
    assert [line.event.key for line in log.read(result.folder / log.FILE) if isinstance(line.event, RunStarted)] == [
        job.key
    ]


def test_the_key_holds_agent_file_system_text_question_date_and_model(tmp_path: Path) -> None:
    write_agent(tmp_path, more="prompt: p.md\nmodel: {name: own}")
    write(tmp_path, "Say x.", "p.md")
    text = "agent: desk.yaml\njobs: [{question: a, as_of: 2001-01-31}]"
    (job,) = jobs_of(tmp_path, text)
    file = job.file
    assert job.key == digest([digest(file.public), digest(file.system), "a", "2001-01-31", "own"])
    assert job.key == jobs_of(tmp_path, text, model="own")[0].key
    keys = {
        job.key,
        jobs_of(tmp_path, text, model="other")[0].key,
        jobs_of(tmp_path, text.replace("01-31", "02-28"))[0].key,
    }
    keys.add(jobs_of(tmp_path, text.replace("question: a", "question: b"))[0].key)
    write(tmp_path, "Say y.", "p.md")
    keys.add(jobs_of(tmp_path, text)[0].key)
    write_agent(tmp_path, more="prompt: p.md\nmodel: {name: own}\nhorizon: 1 month")
    keys.add(jobs_of(tmp_path, text)[0].key)
    assert len(keys) == 6


def test_equal_content_is_one_job_unless_its_ids_differ(tmp_path: Path) -> None:
    def ids(*jobs: str) -> list[str]:
        return [job.id for job in jobs_of(tmp_path, f"jobs: [{', '.join(jobs)}]")]

    made = ids("{question: a}")
    assert ids("{question: a}", "{question: ' a'}") == made
    assert ids("{id: x, question: a}", "{id: x, question: a}", "{id: X, question: a}") == ["x"]
    assert ids("{id: x, question: a}", "{id: y, question: a}", "{question: a}") == ["x", "y", *made]
    assert ids("{question: a}", f"{{id: {made[0]}, question: a}}") == made


def test_a_scheduled_slots_date_is_that_of_every_job_and_of_its_id(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "jobs: [{question: a}, {id: x, question: b}]\nschedule: {at: '17:30', zone: UTC}")
    assert [(job.id[:11], job.as_of) for job in batch.jobs("2026-11-20")] == [
        ("2026-11-20-", "2026-11-20"), ("x", "2026-11-20"),
    ]  # fmt: skip
    assert batch.jobs("2026-11-20")[0].key != batch.jobs("2026-11-23")[0].key
    assert [job.as_of for job in batch.jobs()] == [None, None]


def test_a_job_with_a_date_is_not_run_as_of_another(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, "jobs: [{as_of: 2001-01-31}]")
    with pytest.raises(
        UsageError, match="jobs: its jobs have dates of their own, so that none is run as of 2026-11-20"
    ):
        batch.jobs("2026-11-20")


def test_a_grid_is_every_combination_at_the_grids_place(tmp_path: Path) -> None:
    jobs = jobs_of(
        tmp_path,
        """jobs: [{id: first, question: x}]
grid:
  as_of: [2007-06-30, 2008-06-30]
  question: ["Which of {region}?", "In {region}, {{what}}?"]
  model: [planner, m]
  vars: {region: [the US, 7]}
""",
    )
    assert [(job.id, job.where) for job in jobs[:1]] == [("first", "jobs.yaml:1:8")]
    assert {job.where for job in jobs[1:]} == {"jobs.yaml:3:3"}
    questions = ["Which of the US?", "Which of 7?", "In the US, {what}?", "In 7, {what}?"]
    assert {(job.as_of, job.question, job.model) for job in jobs[1:]} == {
        (day, question, model)
        for day in ("2007-06-30", "2008-06-30")
        for question in questions
        for model in ("planner", "m")
    }
    assert len(jobs) == 17


def test_a_grid_of_agents_asks_each_its_own_objective(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_agent(tmp_path, name, f"objective: of {name}")
    assert [job.question for job in jobs_of(tmp_path, "grid: {agent: [one.yaml, two.yaml]}")] == ["of one", "of two"]


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ("from: 2007-12-31, to: 2008-03-30, every: month", ["2007-12-31", "2008-01-31", "2008-02-29"]),
        ("from: 2008-02-15, to: 2008-02-29, every: month", ["2008-02-29"]),
        ("from: 2007-03-31, to: 2008-01-01, every: quarter", ["2007-03-31", "2007-06-30", "2007-09-30", "2007-12-31"]),
        ("from: 2007-04-01, to: 2008-12-30, every: year", ["2007-12-31"]),
        ("from: 2008-02-25, to: 2008-03-10, every: week", ["2008-02-25", "2008-03-03", "2008-03-10"]),
        ("from: 2008-02-25, to: 2008-03-09, every: week", ["2008-02-25", "2008-03-03"]),
    ],
)
def test_a_range_of_dates_lies_within_both_its_ends(given: str, days: list[str], tmp_path: Path) -> None:
    assert [job.as_of for job in jobs_of(tmp_path, f"grid: {{as_of: {{{given}}}}}")] == days


@pytest.mark.parametrize(
    ("question", "variables", "filled"),
    [
        ("Which of {a} and {b}, {a}?", "{a: x, b: 2}", "Which of x and 2, x?"),
        ("{{a}} is {a}, {{{a}}}", "{a: x}", "{a} is x, {x}"),
        ("{a}", "{a: '{b} {{'}", "{b} {{"),
        ("{the region}", "{the region: 1.5}", "1.5"),
        ("in {a}?", "{a: ' x '}", "in x?"),
        ("{a} {{b}} {", "null", "{a} {{b}} {"),
        ("{a} {{b}} {", "{}", "{a} {{b}} {"),
    ],
)
def test_vars_are_filled_once_and_braces_mean_themselves_without_vars(
    question: str, variables: str, filled: str, tmp_path: Path
) -> None:
    (job,) = jobs_of(tmp_path, f'jobs: [{{question: "{question}", vars: {variables}}}]')
    assert job.question == filled


def test_the_whole_batch_file_is_read(tmp_path: Path) -> None:
    spec = batch_of(
        tmp_path,
        """jobs: [{}]
budget: {usd: 5, tokens: 2000000}
limits: {concurrency: 3, requests_per_minute: 50}
schedule: {at: "17:30", zone: Asia/Ho_Chi_Minh}
on_finish: [python3, mail.py]
""",
        "nightly.yaml",
    )
    assert (spec.folder, spec.name) == (tmp_path, "nightly")
    assert (spec.spec.budget.usd, spec.spec.budget.tokens) == (5, 2_000_000)
    assert (spec.spec.limits.concurrency, spec.spec.limits.requests_per_minute) == (3, 50)
    assert spec.spec.schedule and spec.spec.schedule.zone == "Asia/Ho_Chi_Minh"
    assert spec.spec.on_finish == ["python3", "mail.py"]


def test_standard_input_is_not_read() -> None:
    with pytest.raises(UsageError, match="not read from standard input"):
        load(Path("-"), Defaults())


def test_a_command_line_date_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--as-of: 'today' is no date"):
        batch_of(tmp_path, "jobs: [{}]", as_of="today")


def test_a_given_id_that_equals_a_made_one_only_on_a_slots_date_is_refused_then(tmp_path: Path) -> None:
    made = batch_of(tmp_path, "jobs: [{question: a}]").jobs("2026-11-20")[0].id
    batch = batch_of(tmp_path, f"jobs:\n- {{question: a}}\n- {{id: {made}, question: b}}\n")
    with pytest.raises(SpecError) as caught:
        batch.jobs("2026-11-20")
    path = tmp_path / "jobs.yaml"
    assert caught.value.problems == [f"{path}:3:8: jobs.1.id: {made!r} is the id of another job, at {path}:2:3"]


def test_question_alone_is_one_job_with_the_files_date(tmp_path: Path) -> None:
    (job,) = jobs_of(tmp_path, "agent: us_sector_rotation\nquestion: Which?\nas_of: 2008-09-30\n")
    assert (job.question, job.as_of, job.where) == ("Which?", "2008-09-30", "jobs.yaml:1:1")
    (dated,) = jobs_of(tmp_path, "question: q\nas_of: 2008-09-30\njobs: [{as_of: 2009-01-31}]\n")
    assert dated.as_of == "2009-01-31"
