from __future__ import annotations

import csv
import io
import itertools
import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.batch.writing import batch_of, jobs_of, problems_of, write_agent

BARE = [
    ("jobs.yaml", "# two\n- {id: a, question: x}\n\n- id: b\n  question: y\n", ["2:3", "4:3"]),
    ("jobs.yml", "[{id: a, question: x}, {id: b, question: y}]", ["1:2", "1:24"]),
    ("jobs.json", '[\n {"id": "a", "question": "x"},\n {"id": "b", "question": "y"}]', ["2:2", "3:2"]),
    ("jobs.json5", "// two\n[{id: 'a', question: 'x'}, {id: 'b', question: 'y'}]", ["2:2", "2:28"]),
    ("jobs.jsonl", '{"id": "a", "question": "x"}\n\n  {"id": "b", "question": "y"}\n', ["1:1", "3:3"]),
    ("jobs.ndjson", '\ufeff{"id": "a", "question": "x"}\r\n{"id": "b", "question": "y"}', ["1:1", "2:1"]),
    ("jobs.csv", "id,question\na,x\n\n,\nb,y\n", ["2:1", "5:1"]),
    ("jobs.csv", '\ufeffquestion , id\r\n"x",a\r\n y ,b', ["2:1", "3:1"]),
]


@pytest.mark.parametrize(("name", "text", "places"), BARE)
def test_jobs_alone_are_read_in_every_format_with_their_places(
    name: str, text: str, places: list[str], tmp_path: Path
) -> None:
    jobs = jobs_of(tmp_path, text, name)
    assert [(job.id, job.question) for job in jobs] == [("a", "x"), ("b", "y")]
    assert [job.where for job in jobs] == [f"{name}:{place}" for place in places]


def test_the_other_columns_of_a_table_are_vars_and_an_empty_cell_says_nothing(tmp_path: Path) -> None:
    text = 'question,region,as_of,model\nOf {region}?, the US ,2008-09-30,\n"A, ""b""\nc",,,m\n'
    first, second = jobs_of(tmp_path, text, "jobs.csv")
    assert (first.question, first.as_of, first.model) == ("Of the US?", "2008-09-30", None)
    assert (second.question, second.as_of, second.model) == ('A, "b"\nc', None, "m")


def test_a_table_finds_agents_beside_it(tmp_path: Path) -> None:
    write_agent(tmp_path, more="objective: O")
    assert jobs_of(tmp_path, "agent\ndesk.yaml\n", "jobs.csv")[0].question == "O"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["1:1: no job: list some under `jobs`, give a `grid`, or a `question` alone"]),
        ("id,question\n", ["1:1: no job: list some under `jobs`, give a `grid`, or a `question` alone"]),
        ("id;question\na;b\n", ["1:1: the cells are separated by ';': save the table with commas"]),
        ("id,as_of\na,x\nb b,2001-01-31\n", [
            "2:3: jobs.0.as_of: has to be a date such as 2008-09-30, not 'x'",
            "3:1: jobs.1.id: may hold letters, digits, '.', '_' and '-', begins with a letter or digit, "
            "and has at most 100, not 'b b'",
        ]),
        ('question,x,y\n"a\n""{x}""",1,2\n', ["3:12: jobs.0.vars.y: the question does not use it: 'a\\n\"{x}\"'"]),
        ('id,question\na,"x\n\ny"\n\n.,z\n', ["6:1: jobs.1.id: may hold letters, digits, '.', '_' and '-', "
         "begins with a letter or digit, and has at most 100, not '.'"]),
        ("id,id,,\n,a\n", ["1:4: id: this column stands there already"]),
        ("id,,x\n,b,\na,,,c\n", [
            "2:2: 'b' stands in a column without a name", "3:5: 'c' stands in a column without a name",
        ]),
        ('id\na\n\n"b\nc', ["4:1: not CSV: unexpected end of data"]),
        ('id\n"a"b\n', ["2:1: not CSV: ',' expected after '\"'"]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_table_is_told_at_its_cell(text: str, problems: list[str], tmp_path: Path) -> None:
    assert problems_of(tmp_path, text, "jobs.csv") == [f"jobs.csv:{problem}" for problem in problems]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("\n\n", ["1:1: no job: list some under `jobs`, give a `grid`, or a `question` alone"]),
        ('{"id": "a"}\n{"id": }\n\n  {"id"\n', ["2:8: a value is missing before '}'",
                                               "4:8: ':' is missing before the end of the file"]),
        ('{"id": "a"}\n\n{"id": "b",\t"idd": 1}\n[]\n', [
            "3:13: jobs.1.idd: unknown key - did you mean 'id'?", "4:1: jobs.2: has to be a mapping of keys",
        ]),
        ('{"question": "a"}\n{"question": "{b}", "vars": {"c": 1}}', [
            "2:14: jobs.1.question: {b} is none of the vars: c",
            "2:30: jobs.1.vars.c: the question does not use it: '{b}'",
        ]),
        ('{"id": "a", "id": "b"}', ["1:13: id: this key stands in line 1 already"]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_json_lines_is_told_at_its_line(text: str, problems: list[str], tmp_path: Path) -> None:
    assert problems_of(tmp_path, text, "jobs.jsonl") == [f"jobs.jsonl:{problem}" for problem in problems]


def test_a_line_separator_within_a_text_ends_no_line(tmp_path: Path) -> None:
    (job,) = jobs_of(tmp_path, '{"question": "a\u2028b\x85c"}', "jobs.jsonl")
    assert job.question == "a\u2028b\x85c"


NAMES = st.text("abé_ {", min_size=1, max_size=4).filter(lambda name: name.strip() == name and "{" not in name)
WORDS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="{}"), max_size=12)
VALUES = st.integers(-5, 5) | WORDS.filter(str.strip)


@st.composite
def said(draw: st.DrawFn) -> dict[str, Any]:
    """A job without an id, as a file may say it."""
    variables = draw(st.dictionaries(NAMES.filter(lambda name: name not in ("id", "as_of")), VALUES, max_size=2))
    job: dict[str, Any] = {"question": draw(WORDS) + "?" + "".join(f"{{{name}}}\n" for name in variables)}
    if variables:
        job["vars"] = variables
    days = st.dates(max_value=date(2025, 12, 31)).map(lambda day: day.isoformat())
    given = draw(st.fixed_dictionaries({}, optional={"as_of": days, "model": st.sampled_from(["planner", "m"])}))
    return job | given


JOBS = st.lists(said(), min_size=1, max_size=4)


def as_table(jobs: list[dict[str, Any]]) -> str:
    rows = [{key: value for key, value in job.items() if key != "vars"} | job.get("vars", {}) for job in jobs]
    text = io.StringIO()
    table = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)))
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def ids(text: str, name: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        agent = write_agent(Path(folder))
        return [job.id for job in jobs_of(Path(folder), text, name, agent=str(agent))]


@settings(deadline=None, max_examples=60)
@given(jobs=JOBS)
def test_the_same_jobs_are_the_same_in_every_format(jobs: list[dict[str, Any]]) -> None:
    as_json = ids(json.dumps(jobs), "jobs.json")
    assert ids(yaml.safe_dump(jobs, allow_unicode=True), "jobs.yaml") == as_json
    assert ids("".join(json.dumps(job, ensure_ascii=False) + "\n" for job in jobs), "jobs.jsonl") == as_json
    assert ids(as_table(jobs), "jobs.csv") == as_json


@settings(deadline=None, max_examples=60)
@given(jobs=JOBS, order=st.randoms(use_true_random=False))
def test_ids_do_not_depend_on_the_order_of_jobs_and_keys(jobs: list[dict[str, Any]], order: Any) -> None:
    before = ids(json.dumps(jobs), "jobs.json")
    mixed = []
    for job in order.sample(jobs, len(jobs)):
        keys = order.sample(list(job), len(job))
        mixed.append({key: dict(reversed(job[key].items())) if key == "vars" else job[key] for key in keys})
    assert sorted(ids(json.dumps(mixed), "jobs.json")) == sorted(before)


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.fixed_dictionaries({}, optional=dict.fromkeys(["as_of", "question", "model", "a", "b"], st.integers(1, 4)))
)
def test_a_grid_has_as_many_jobs_as_its_lists_have_combinations(sizes: dict[str, int]) -> None:
    names = [name for name in ("a", "b") if name in sizes]
    places = "".join(f"{{{name}}}-" for name in names)
    lists: dict[str, Any] = {
        "as_of": [f"2001-01-{day:02}" for day in range(1, sizes.get("as_of", 0) + 1)],
        "question": [f"{number} {places}" for number in range(sizes.get("question", 1))],
        "model": [f"m{number}" for number in range(sizes.get("model", 0))],
    }
    grid = {key: values for key, values in lists.items() if values}
    grid["vars"] = {name: [f"{name}{number}" for number in range(sizes[name])] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        agent = write_agent(Path(folder), more="objective: O")
        jobs = batch_of(Path(folder), json.dumps({"grid": grid}), "jobs.json", agent=str(agent)).jobs()
    found = {(job.as_of, job.question, job.model) for job in jobs}
    product = itertools.product(*(range(size) for size in sizes.values()))
    assert len(jobs) == len(found) == len(list(product))
