from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import SpecError
from tests.batch.writing import batch_of, problems_of, write_agent

DATE = "has to be a date such as 2008-09-30"
BEGUN = "has to be a day that has begun"
IDS = "may hold letters, digits, '.', '_' and '-', begins with a letter or digit, and has at most 100"
OURS = "has to be another name than those of the batch's own files"
NO_JOB = "no job: list some under `jobs`, give a `grid`, or a `question` alone"
MEANT = "write it twice where it is meant"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("jbos: []", "1:1: jbos: unknown key - did you mean 'jobs'?"),
        ("jobs: [{qestion: x}]", "1:9: jobs.0.qestion: unknown key - did you mean 'question'?"),
        ("grid: {modle: [x]}", "1:8: grid.modle: unknown key - did you mean 'model'?"),
        ("grid: {as_of: {form: 2001-01-31, from: 2001-01-31, to: 2001-01-31, every: week}}",
         "1:16: grid.as_of.form: unknown key - did you mean 'from'?"),
        ("jobs: [{}]\nbudget: {usb: 1}", "2:10: budget.usb: unknown key - did you mean 'usd'?"),
        ("jobs: [{}]\nlimits: {concurency: 1}", "2:10: limits.concurency: unknown key - did you mean 'concurrency'?"),
        ("jobs: [{}]\nschedule: {at: '17:30', zone: UTC, hollidays: x}",
         "2:36: schedule.hollidays: unknown key - did you mean 'holidays'?"),
        ("jobs: [{}]\nschedule: {at: 17.30, zone: UTC}", "2:16: schedule.at: has to be a text, not 17.3"),
        ("jobs: [{}]\nschedule: {at: '25:30', zone: UTC}",
         "2:16: schedule.at: has to be a time of the day, such as '17:30', not '25:30'"),
        ("jobs: [{}]\nschedule: {at: '17:30', zone: UTC, max_age: long}",
         "2:45: schedule.max_age: has to be a number and a unit, such as '5 days', not 'long'"),
        ("jobs: [{}]\nschedule: {at: '17:30', zone: UTC, days: [mon, tus]}",
         "2:48: schedule.days.1: has to be 'mon', 'tue', 'wed', 'thu', 'fri', 'sat' or 'sun', not 'tus'"),
        ("jobs: [{}]\nbudget: {usd: 0}", "2:15: budget.usd: has to be greater than 0, not 0"),
        ("jobs: [{}]\nbudget: {tokens: 0}", "2:18: budget.tokens: has to be greater than or equal to 1, not 0"),
        ("jobs: [{}]\nbudget: {tokens: 1.5}", "2:18: budget.tokens: has to be a whole number, not 1.5"),
        ("jobs: [{}]\non_finish: []", "2:12: on_finish: must not be empty"),
        ("jobs: [{}]\non_finish: mail", "2:12: on_finish: has to be a list, not 'mail'"),
        ("jobs: [{}]\nsimulated: 1", "2:12: simulated: has to be true or false, not 1"),
        ("jobs: {}", "1:7: jobs: has to be a list"),
        ("jobs: [x]", "1:8: jobs.0: has to be a mapping of keys, not 'x'"),
        ("jobs: [{question: '  '}]", "1:19: jobs.0.question: must not be empty, not '  '"),
        ("jobs: [{as_of: 2008-02-30}]", f"1:16: jobs.0.as_of: {DATE}, not '2008-02-30'"),
        ("jobs: [{as_of: 9999-12-31}]", f"1:16: jobs.0.as_of: {BEGUN}, not '9999-12-31'"),
        ("as_of: 9999-12-31\njobs: [{}]", f"1:8: as_of: {BEGUN}, not '9999-12-31'"),
        ("grid: {as_of: [2001-01-31, 9999-12-31]}", f"1:28: grid.as_of.1: {BEGUN}, not '9999-12-31'"),
        ("grid: {as_of: {from: 2001-02-28, to: 9999-12-31, every: year}}",
         f"1:38: grid.as_of.to: {BEGUN}, not '9999-12-31'"),
        ("jobs: [{as_of: 20080229}]", "1:16: jobs.0.as_of: has to be a text, not 20080229"),
        ("jobs: [{question: '{a}', vars: {a: true}}]", "1:36: jobs.0.vars.a: has to be a text or a number, not True"),
        ("jobs: [{question: '{a}', vars: {a: ' '}}]", "1:36: jobs.0.vars.a: has to be a text or a number, not ' '"),
        ("jobs: [{question: '{a}', vars: {a: [1]}}]", "1:36: jobs.0.vars.a: has to be a text or a number"),
        ("jobs: [{id: ''}]", f"1:13: jobs.0.id: {IDS}, not ''"),
        ("jobs: [{id: .a}]", f"1:13: jobs.0.id: {IDS}, not '.a'"),
        ("jobs: [{id: a/b}]", f"1:13: jobs.0.id: {IDS}, not 'a/b'"),
        (f"jobs: [{{id: {'a' * 100}}}, {{id: {'b' * 101}}}]", f"1:121: jobs.1.id: {IDS}, not '{'b' * 101}'"),
        ("jobs: [{id: 7}]", "1:13: jobs.0.id: has to be a text, not 7"),
        ("jobs: [{id: Summary}]", f"1:13: jobs.0.id: {OURS}, not 'Summary'"),
        ("jobs: [{id: index}]", f"1:13: jobs.0.id: {OURS}, not 'index'"),
        ("jobs: [{id: recommendations}]", f"1:13: jobs.0.id: {OURS}, not 'recommendations'"),
        ("jobs: [{id: runs}]", f"1:13: jobs.0.id: {OURS}, not 'runs'"),
        ("jobs: [{id: LOCK}]", f"1:13: jobs.0.id: {OURS}, not 'LOCK'"),
        ("jobs: [{id: a.Envelope}]", f"1:13: jobs.0.id: {OURS}, not 'a.Envelope'"),
        ("jobs: [{id: a.tmp}]", f"1:13: jobs.0.id: {OURS}, not 'a.tmp'"),
        ("agent: x", f"1:1: {NO_JOB}"),
        ("jobs: []", f"1:1: {NO_JOB}"),
        ("[]", f"1:1: {NO_JOB}"),
        ("{}", f"1:1: {NO_JOB}"),
        ("word", "1:1: a jobs file is a mapping of keys, or a list of jobs"),
        ("grid: {}", "1:7: grid: needs a list of dates, questions, models, agents or vars"),
        ("grid: {vars: {}}", "1:7: grid: needs a list of dates, questions, models, agents or vars"),
        ("grid: {model: []}", "1:15: grid.model: must not be empty"),
        ("grid: {vars: {a: []}}", "1:18: grid.vars.a: must not be empty"),
        ("grid: {vars: {a: x}}", "1:18: grid.vars.a: has to be a list, not 'x'"),
        ("grid: {as_of: []}", "1:15: grid.as_of: must not be empty"),
        ("grid: {as_of: 2001-01-31}", "1:15: grid.as_of: has to be a list, not '2001-01-31'"),
        ("grid: {as_of: [2001-01-31, 2001-02-31]}", f"1:28: grid.as_of.1: {DATE}, not '2001-02-31'"),
        ("grid: {as_of: {from: x, to: 2001-02-28, every: week}}", f"1:22: grid.as_of.from: {DATE}, not 'x'"),
        ("grid: {as_of: {from: 2001-02-28, every: week}}", "1:15: grid.as_of.to: this key is required"),
        ("grid: {as_of: {from: 2001-02-28, to: 2001-03-31, every: day}}",
         "1:57: grid.as_of.every: has to be 'week', 'month', 'quarter' or 'year', not 'day'"),
        ("grid: {as_of: {from: 2001-02-28, to: 2001-02-27, every: week}}",
         "1:15: grid.as_of: holds no date: is `from` after `to`, or the range too short?"),
        ("grid: {as_of: {from: 2001-02-01, to: 2001-02-27, every: month}}",
         "1:15: grid.as_of: holds no date: is `from` after `to`, or the range too short?"),
        ("jobs: [{}, {question: 'a {b}', vars: {c: 1, b: 2}}]",
         "1:39: jobs.1.vars.c: the question does not use it: 'a {b}'"),
        ("jobs: [{question: 'a {b}{c}', vars: {c: 1}}]", "1:19: jobs.0.question: {b} is none of the vars: c"),
        ("question: 'a {b}{c}'\njobs:\n- vars: {c: 1}", "3:3: jobs.0.question: {b} is none of the vars: c"),
        ("jobs: [{question: 'a {b', vars: {}}, {question: '{c} a }b', vars: {c: 1}}]",
         f"1:49: jobs.1.question: a '}}' alone in '{{c}} a }}b': {MEANT}"),
        ("grid: {question: ['{a}', '{a}{b}'], vars: {a: [1, 2]}}",
         "1:26: grid.question.1: {b} is none of the vars: a"),
        ("grid: {question: ['{a}', 'c'], vars: {a: [1, 2]}}", "1:39: grid.vars.a: the question does not use it: 'c'"),
        ("jobs: [{agent: nowhere}]",
         "1:16: jobs.0.agent: nowhere: there is no such file, nor an agent of that name"),
        ("grid: {agent: [us_sector_rotation, no.yaml]}", "1:36: grid.agent.1: no.yaml: there is no such file"),
        ("agent: no.yaml\njobs:\n- {}\n- {}", "1:8: agent: no.yaml: there is no such file"),
        ("jobs: [{id: a}, {id: a, question: b}]",
         "1:22: jobs.1.id: 'a' is the id of another job, at jobs.yaml:1:13"),
        ("jobs: [{id: a}, {id: A, question: b}]",
         "1:22: jobs.1.id: 'A' is the id of another job, at jobs.yaml:1:13"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(text: str, problem: str, tmp_path: Path) -> None:
    assert problems_of(tmp_path, text) == [f"jobs.yaml:{problem}"]


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    write_agent(tmp_path)
    write_agent(tmp_path, "bad", "a: 1\nb: 2")
    text = """
- {agent: desk.yaml}
- {agent: bad.yaml, question: x}
- {agent: ./bad.yaml, question: y}
- {id: a, question: "{b}", vars: {c: 1}}
- {id: a}
"""
    assert problems_of(tmp_path, text) == [
        "jobs.yaml:2:3: jobs.0: no question: neither here nor in the batch file, and its agent has no objective",
        "jobs.yaml:3:11: jobs.1.agent: bad.yaml:4:1: a: unknown key",
        "jobs.yaml:3:11: jobs.1.agent: bad.yaml:5:1: b: unknown key",
        "jobs.yaml:5:21: jobs.3.question: {b} is none of the vars: c",
        "jobs.yaml:5:35: jobs.3.vars.c: the question does not use it: '{b}'",
        "jobs.yaml:6:8: jobs.4.id: 'a' is the id of another job, at jobs.yaml:5:8",
    ]
    assert problems_of(tmp_path, "jobs:\n- {as_of: x, iid: b}\n- {model: 1}\n") == [
        f"jobs.yaml:2:11: jobs.0.as_of: {DATE}, not 'x'",
        "jobs.yaml:2:14: jobs.0.iid: unknown key - did you mean 'id'?",
        "jobs.yaml:3:11: jobs.1.model: has to be a text, not 1",
    ]


def test_a_made_id_that_a_given_one_takes_is_refused_at_both_places(tmp_path: Path) -> None:
    made = batch_of(tmp_path, "jobs: [{question: a}]").jobs()[0].id
    given = f"{{id: {made.upper()}, question: b}}"
    assert problems_of(tmp_path, f"- {given}\n- {{question: a}}\n") == [
        f"jobs.yaml:2:3: jobs.1.id: {made!r} is the id of another job, at jobs.yaml:1:8"
    ]


def test_a_schedule_allows_no_other_date_anywhere(tmp_path: Path) -> None:
    text = """schedule: {at: "17:30", zone: UTC}
jobs: [{question: a}, {as_of: 2001-01-31}]
grid: {as_of: [2001-01-31]}
"""
    assert problems_of(tmp_path, text, as_of="2001-01-31") == [
        "jobs.yaml:1:1: schedule: the schedule gives the date, so that --as-of has no place",
        "jobs.yaml:2:24: jobs.1.as_of: the schedule gives the date",
        "jobs.yaml:3:8: grid.as_of: the schedule gives the date",
    ]


def test_more_jobs_than_a_batch_takes_are_counted_and_not_made(tmp_path: Path) -> None:
    hundred = ", ".join(map(str, range(100)))
    grid = (
        f"question: ['{{a}}{{b}}{{c}}'], vars: {{a: [{hundred}], b: [{hundred}], c: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}}"
    )
    assert problems_of(tmp_path, f"jobs: [{{}}]\ngrid: {{{grid}}}") == [
        "jobs.yaml:1:1: 100,001 jobs are more than 100,000"
    ]


@pytest.mark.parametrize("name", ["jobs.txt", "jobs", "jobs.YAML"])
def test_a_file_of_another_kind_is_refused(name: str, tmp_path: Path) -> None:
    kinds = ".yaml, .yml, .json, .json5, .jsonl, .ndjson or .csv"
    assert problems_of(tmp_path, "jobs: [{}]", name) == [f"{name}: a jobs file ends in {kinds}"]


def test_a_file_that_is_not_there_is_refused_without_advice_about_agents(tmp_path: Path) -> None:
    from agent.batch.jobs import Defaults, load

    with pytest.raises(SpecError) as caught:
        load(tmp_path / "jobs.csv", Defaults())
    assert caught.value.problems == [f"{tmp_path}/jobs.csv: there is no such file"]
    assert caught.value.hint == "nothing was started; correct this and run the command again"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("jobs.yaml", "jobs: [", "1:8: not YAML: expected the node content, but found '<stream end>'"),
        ("jobs.json", '{"jobs": [{]}', "1:12: a key is missing before ']'"),
        ("jobs.json", "", "1:1: the file is empty"),
    ],
)
def test_a_text_that_cannot_be_read_is_told_with_its_first_problem(
    name: str, text: str, problem: str, tmp_path: Path
) -> None:
    assert problems_of(tmp_path, text, name) == [f"{name}:{problem}"]
