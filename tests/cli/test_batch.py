from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch import dying
from tests.batch.desk import KEY, Desk, question, well
from tests.cli.advisor import advisor
from tests.messages_api import MODEL, Key, LedgerAPI, Reply, ledger_api, message, text, whole

JOBS = ["morning", "noon"]
EVENING = {"at": "17:30", "zone": "Asia/Ho_Chi_Minh", "since": "2999-01-01"}


@pytest.fixture
def api() -> Iterator[LedgerAPI]:
    with ledger_api(well) as api:
        yield api


@pytest.fixture
def desk(tmp_path: Path, api: LedgerAPI) -> Desk:
    return Desk(tmp_path / "desk", api, JOBS)


def _as_a_user(desk: Desk, *options: str, **env: str) -> Any:
    return advisor("batch", "jobs.yaml", "-o", "out", *options, cwd=desk.folder, env=KEY | env)


def test_piped_batch_is_its_summary_and_the_rest_goes_to_stderr(desk: Desk) -> None:
    done = _as_a_user(desk)
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary == desk.summary
    assert (summary["format"], summary["batch"], summary["complete"]) == ("sectorbatch/1", "jobs", True)
    assert [(each["id"], each["state"], each["answer"]) for each in summary["results"]] == [
        ("morning", "done", "morning.json"),
        ("noon", "done", "noon.json"),
    ]
    assert {path.name for path in desk.out.iterdir()} == {
        *(f"{job}{ending}" for job in JOBS for ending in (".json", ".envelope.json", ".html")),
        *("summary.json", "index.html", "recommendations.csv", "recommendations.jsonl", "runs", "lock"),
    }
    assert desk.whole_answers == 2
    assert "2/2" in done.stderr and "\x1b" not in done.stdout + done.stderr


def test_table_says_what_is_not_done_and_why_within_80_columns(desk: Desk, api: LedgerAPI) -> None:
    def half_valid(key: Key, before: int) -> Reply:
        return whole(message(text("Banks."))) if key[0] == question("noon") and key[1] > 1 else well(key, before)

    api.reply = half_valid
    done = _as_a_user(desk, "--format", "table", "-q", COLUMNS="80")
    assert (done.returncode, done.stderr) == (3, "")
    assert "jobs: 2 jobs · 1 done · 1 failed" in done.stdout and "still breaks the schema" in done.stdout
    assert "Research, not investment advice" in done.stdout
    lines = [line for line in done.stdout.splitlines() if str(desk.folder) not in line]
    assert max(map(len, lines)) <= 80


def test_dry_run_needs_no_key_and_writes_nothing(desk: Desk, api: LedgerAPI) -> None:
    done = advisor("batch", "jobs.yaml", "-o", "out", "--dry-run", cwd=desk.folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["states"] == {"waiting": 2}
    assert not desk.out.exists() and api.asked.total() == 0


def test_timers_name_this_installation_and_this_folder(desk: Desk) -> None:
    desk.batch["schedule"] = EVENING
    desk.write()
    cron = _as_a_user(desk, "--print-cron")
    assert cron.returncode == 0 and f"cd {desk.folder} && " in cron.stdout
    assert "jobs.yaml -o out --due -q >> batch.log" in cron.stdout and "--print-cron" not in cron.stdout
    units = _as_a_user(desk, "--print-systemd")
    assert units.returncode == 0 and "OnCalendar=Mon..Fri 17:30 Asia/Ho_Chi_Minh" in units.stdout
    assert f"WorkingDirectory={desk.folder}\n" in units.stdout and "SuccessExitStatus=75" in units.stdout
    assert not desk.out.exists()


@pytest.mark.parametrize("form", ["json", "table"])
def test_wake_up_with_nothing_due_is_exit_0_and_asks_nothing(desk: Desk, api: LedgerAPI, form: str) -> None:
    desk.batch["schedule"] = EVENING
    desk.write()
    done = desk.run("--due", "--format", form)
    assert (done.code, done.err) == (0, "")
    if form == "json":
        assert done.json["due"] == [] and done.json["next"].startswith("2999-01-01T10:30")
    else:
        assert done.out == "nothing is due; next: 2999-01-01 10:30 UTC\n"
    assert api.asked.total() == 0


def test_one_job_is_told_in_one_line_or_as_its_entry(desk: Desk) -> None:
    told = desk.run("--only", "noon")
    assert told.code == 0 and (told.json["id"], told.json["state"]) == ("noon", "done")
    assert desk.run("--only", "noon", "--format", "table").out == "noon: done\n"
    assert not (desk.out / "summary.json").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("jobs.csv", "id,question\nmorning,{morning}\nnoon,{noon}\n"),
        ("jobs.jsonl", '{{"id": "morning", "question": "{morning}"}}\n\n{{"id": "noon", "question": "{noon}"}}\n'),
    ],
)
def test_jobs_come_from_other_formats_too(desk: Desk, api: LedgerAPI, name: str, content: str) -> None:
    told = {job: f'"{question(job)}"' if name.endswith("csv") else question(job) for job in JOBS}
    (desk.folder / name).write_text(content.format(**told), encoding="utf-8")
    done = dying.start("batch", name, "-o", "out", "-c", "agent.yaml", cwd=desk.folder, env=KEY).end()
    assert done.code == 0, done.err
    assert desk.whole_answers == 2 and api.asked.total() == 4


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["jobs.yaml", "-o", "out", "--only", "night"], 2, "jobs has no job 'night'"),
        (["jobs.yaml", "-o", "out", "--due"], 2, "jobs has no schedule"),
        (["jobs.yaml", "-o", "out", "--print-cron"], 2, "jobs has no schedule"),
        (["jobs.yaml", "-o", "out", "--due", "--only", "a"], 2, "--due and --only exclude each other"),
        (["jobs.yaml", "-o", "out", "--offline", "--model", "m"], 2, "--offline and --model exclude each other"),
        (["jobs.yaml", "-o", "agent.yaml/out"], 1, "agent.yaml/out cannot be written: Not a directory"),
        (["jobs.yaml", "-o", "agent.yaml/out", "--only", "noon"], 1, "cannot be written: Not a directory"),
        (["nothing.yaml", "-o", "out"], 2, "nothing.yaml"),
        (["jobs.yaml"], 2, "Missing option"),
    ],
)
def test_wrong_usage_is_one_message_and_no_request(
    desk: Desk, api: LedgerAPI, arguments: list[str], code: int, says: str
) -> None:
    done = dying.start("batch", *arguments, cwd=desk.folder, env=KEY).end()
    assert done.code == code and says in done.err, done.err
    assert api.asked.total() == 0


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("jobs: [{id: a}]\nagents: agent.yaml", "jobs.yaml:3:1: agents: unknown key - did you mean 'agent'?"),
        ("jobs:\n- {id: a, agent: nobody.yaml}", "jobs.yaml:3:18: jobs.0.agent: nobody.yaml: there is no such file"),
        ("jobs: [{id: a}]\nbudget: {usd: 0}", "jobs.yaml:3:15: budget.usd: "),
    ],
)
def test_mistake_in_the_jobs_file_is_told_with_its_place(desk: Desk, api: LedgerAPI, lines: str, says: str) -> None:
    (desk.folder / "jobs.yaml").write_text(f"question: Which?\n{lines}\n", encoding="utf-8")
    done = desk.run()
    assert done.code == 2 and says in done.err, done.err
    assert done.json["error"]["where"].startswith("jobs.yaml:3:")
    assert api.asked.total() == 0 and not desk.out.exists()


def test_no_key_is_exit_4_before_any_request(desk: Desk, api: LedgerAPI) -> None:
    desk.env, desk.agent = {}, {"model": {"name": MODEL}}
    desk.write()
    done = desk.run()
    assert (done.code, done.json["error"]["code"], api.asked.total()) == (4, "credentials", 0)
