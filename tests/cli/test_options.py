from __future__ import annotations

import json
import os
import subprocess

import click
import pytest

from agent.cli import ask, batch, chat, serve, tools
from tests.cli.advisor import ADVISOR, advisor

ASKING = [ask.command, chat.command, batch.command, serve.command]


@pytest.mark.parametrize(
    ("option", "commands"),
    [
        ("--config", ASKING[:3]),
        ("--as-of", [*ASKING[:3], tools.call]),
        *((name, ASKING) for name in ("--offline", "--model", "--simulated", "--allow-live", "--trust")),
        ("--quiet", ASKING[:3]),
        ("--verbose", ASKING[:2]),
    ],
)
def test_an_option_means_the_same_in_every_command_that_asks(option: str, commands: list[click.Command]) -> None:
    found = [each for command in commands for each in command.params if option in each.opts]
    assert len(found) == len(commands)
    told = {(each.name, *each.opts, each.metavar, each.help) for each in found if isinstance(each, click.Option)}
    assert len(told) == 1 and told.pop()[-1]


@pytest.mark.parametrize(
    ("words", "where", "says"),
    [
        ("ask --format json --colour Q", "--colour", "No such option"),
        ("ask --format=envelope --max-turns many Q", "--max-turns", "'many' is not a valid integer"),
        ("ask --colour Q", "--colour", "No such option"),
        ("ask --format page Q", "--format", "'page' is not one of 'auto', 'table', 'answer', 'envelope'"),
        ("ask --format json -c", "-c", "requires an argument"),
        ("ask Q and more", None, "Got unexpected extra arguments (and more)"),
        ("chat --format answer --in-flight skip", "--in-flight", "No such option"),
        ("batch --format json jobs.yaml", "--out", "Missing option '-o' / '--out'"),
        ("batch -o out", "JOBS", "Missing argument 'JOBS'"),
        ("runs show --format envelope", "RUN", "Missing argument 'RUN'"),
        ("runs --format json -n 0", "--number", "0 is not in the range x>=1"),
        ("runs diff last --format json", "AFTER", "Missing argument 'AFTER'"),
        ("eval compare nowhere nowhere", "LEFT", "'nowhere' does not exist"),
        ("tools --format json cal", None, "No such command 'cal'"),
        ("check --format json --strict", "--strict", "No such option"),
        ("aks --format json", None, "No such command 'aks'"),
    ],
)
def test_a_script_reads_what_click_refuses_as_any_other_error(words: str, where: str | None, says: str) -> None:
    done = advisor(*words.split())
    failure = json.loads(done.stdout)
    assert (done.returncode, failure["ok"], failure["run"]) == (2, False, None)
    assert failure["error"].keys() == {"code", "message", "hint", "where"}
    assert (failure["error"]["code"], failure["error"]["where"]) == ("usage", where)
    assert says in failure["error"]["message"] and "--help" in failure["error"]["hint"]
    assert f"Error: {failure['error']['message']}" in done.stderr


def test_reader_of_stdout_that_goes_away_gets_no_traceback_for_a_wrong_option() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*ADVISOR, "ask", "--format", "json", "--colour"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    os.close(writing)
    assert done.returncode == 1 and done.stderr.endswith("Error: No such option '--colour'.\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", ["ask --format table --colour Q", "check --strict", "runs show", "runs diff last", "ask -c", "aks", "eval"]
)
def test_people_read_what_click_refuses_on_stderr_alone(words: str) -> None:
    done = advisor(*words.split())
    assert (done.returncode, done.stdout) == (2, "") and done.stderr
