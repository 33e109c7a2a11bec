from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.batch.schedule import ScheduleSpec
from agent.batch.wakeups import cron, systemd
from agent.errors import UsageError

COMMAND = ["/opt/advisor", "batch", "jobs.yaml", "-o", "out", "--due"]
NOW = datetime(2026, 9, 4, 12, 0, tzinfo=UTC)


def spec(**keys: Any) -> ScheduleSpec:
    return ScheduleSpec.model_validate({"at": "17:30", "zone": "Asia/Ho_Chi_Minh"} | keys)


def test_crontab_wakes_up_every_hour_and_says_why() -> None:
    assert cron(spec(), COMMAND, Path("/srv/daily"), NOW) == (
        "# Wakes up every hour, because many crons know no time zone: the command computes what is due"
        " (17:30 Asia/Ho_Chi_Minh),\n"
        "# and exits 0 at once when nothing is. Cron passes on none of your shell's variables:"
        " set a key above this line.\n"
        "30 * * * * cd /srv/daily && /opt/advisor batch jobs.yaml -o out --due >> batch.log 2>&1\n"
    )


@pytest.mark.parametrize(
    ("keys", "now", "minute"),
    [
        pytest.param({}, NOW.astimezone(timezone(timedelta(hours=5, minutes=45))), 15, id="a machine in Nepal"),
        pytest.param({"zone": "Asia/Kolkata", "at": "15:40"}, NOW, 10, id="a slot in India"),
        pytest.param({"at": "09:05"}, NOW.astimezone(ZoneInfo("America/New_York")), 5, id="whole hours apart"),
        pytest.param(
            {"zone": "Australia/Lord_Howe", "since": "2026-12-01"}, NOW, 30, id="the offset on the next slot's day"
        ),
        pytest.param({"zone": "Australia/Lord_Howe"}, NOW, 0, id="half an hour otherwise before clocks change"),
    ],
)
def test_crontab_takes_the_slots_minute_on_the_machines_clock(keys: dict[str, str], now: datetime, minute: int) -> None:
    assert cron(spec(**keys), COMMAND, Path("/srv"), now).splitlines()[-1].startswith(f"{minute} * * * * cd ")


def test_crontab_needs_a_time_with_a_zone() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        cron(spec(), COMMAND, Path("/srv"), datetime(2026, 9, 4))


def as_cron_hands_over(line: str) -> str:
    r"""What cron gives to the shell: the line without its five fields, \% made %; a bare % would end the command."""
    command, escaped = "", False
    for mark in line.split(maxsplit=5)[5]:
        assert escaped or mark != "%", "cron would end the command here"
        command = command[:-1] + mark if escaped and mark == "%" else command + mark
        escaped = mark == "\\" and not escaped
    return command


hard_words = st.lists(st.sampled_from(["%", "\\", "'", '"', "$", " ", ";", "#", "a", "é"])).map("".join)


@settings(deadline=None)
@given(words=st.lists(hard_words | st.text(st.characters(exclude_categories=["Cc", "Cs"])), min_size=1))
def test_shell_gets_each_word_from_cron_as_it_was(words: list[str]) -> None:
    line = cron(spec(), words, Path("/srv/100 % of 'it'"), NOW).split("\n", 2)[2]
    cd, rest = as_cron_hands_over(line.removesuffix("\n")).split(" && ", 1)
    assert shlex.split(cd) == ["cd", "/srv/100 % of 'it'"]
    assert shlex.split(rest) == [*words, ">>", "batch.log", "2>&1"]


def test_units_say_where_they_lie_and_how_they_are_enabled() -> None:
    assert systemd(spec(), COMMAND, Path("/srv/daily"), "advice") == (
        "# ~/.config/systemd/user/advice.service\n"
        "[Unit]\n"
        "Description=Batch advice\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "WorkingDirectory=/srv/daily\n"
        'ExecStart="/opt/advisor" "batch" "jobs.yaml" "-o" "out" "--due"\n'
        "# A stop is for the command, which lets requests under way come to their answers, and not for its servers.\n"
        "KillMode=mixed\n"
        "# Another process is at it already.\n"
        "SuccessExitStatus=75\n"
        "\n"
        "# ~/.config/systemd/user/advice.timer\n"
        "[Unit]\n"
        "Description=Wakes up batch advice\n"
        "\n"
        "[Timer]\n"
        "OnCalendar=Mon..Fri 17:30 Asia/Ho_Chi_Minh\n"
        "# What was put off then is taken up within the hour; when nothing is due, the command ends at once.\n"
        "OnCalendar=hourly\n"
        "Persistent=true\n"
        "\n"
        "[Install]\n"
        "WantedBy=timers.target\n"
        "\n"
        "# To enable it, also while you are not logged in:\n"
        "#   systemctl --user daemon-reload\n"
        "#   systemctl --user enable --now advice.timer\n"
        "#   loginctl enable-linger\n"
        "# The service gets none of your shell's variables; set a key with: systemctl --user edit advice.service\n"
    )


def on_calendar(schedule: ScheduleSpec) -> str:
    found, _ = re.findall("^OnCalendar=(.*)$", systemd(schedule, COMMAND, Path("/srv"), "advice"), re.MULTILINE)
    return str(found)


TIMES = [
    ({}, "Mon..Fri 17:30 Asia/Ho_Chi_Minh", "Mon..Fri *-*-* 17:30:00 Asia/Ho_Chi_Minh"),
    ({"days": "daily", "zone": "UTC", "at": "00:00"}, "00:00 UTC", "*-*-* 00:00:00 UTC"),
    ({"days": ["sun", "wed"], "zone": "Etc/GMT+5"}, "Sun,Wed 17:30 Etc/GMT+5", "Wed,Sun *-*-* 17:30:00 Etc/GMT+5"),
    ({"days": ["tue"], "zone": "Europe/Berlin"}, "Tue 17:30 Europe/Berlin", "Tue *-*-* 17:30:00 Europe/Berlin"),
]


@pytest.mark.parametrize(("keys", "expected", "_"), TIMES)
def test_timer_wakes_up_at_the_slots_time_in_its_zone(keys: dict[str, object], expected: str, _: str) -> None:
    assert on_calendar(spec(**keys)) == expected


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize(("_", "expression", "normalized"), TIMES)
def test_systemd_understands_the_timer(_: object, expression: str, normalized: str) -> None:
    told = subprocess.run(["systemd-analyze", "calendar", expression], capture_output=True, text=True, check=True)
    assert normalized in told.stdout


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("", '""'),
        ("a b;", '"a b;"'),
        ("50%", '"50%%"'),
        ("$HOME", '"$$HOME"'),
        ('say "so"', r'"say \"so\""'),
        (r"C:\new", r'"C:\\new"'),
        (r"\"%$", r'"\\\"%%$$"'),
        ("Khuyến nghị", '"Khuyến nghị"'),
    ],
)
def test_service_quotes_words_by_the_rules_of_units(word: str, quoted: str) -> None:
    assert f'\nExecStart="run" {quoted}\n' in systemd(spec(), ["run", word], Path("/srv"), "advice")


def test_service_takes_a_folder_as_it_is_written_but_for_its_percent_signs() -> None:
    assert "\nWorkingDirectory=/srv/100 %% $of it\n" in systemd(spec(), COMMAND, Path("/srv/100 % $of it"), "advice")


def test_folder_is_told_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"cd {shlex.quote(str(tmp_path / 'daily'))} && " in cron(spec(), COMMAND, Path("daily"), NOW)
    assert f"\nWorkingDirectory={tmp_path / 'daily'}\n" in systemd(spec(), COMMAND, Path("daily"), "advice")


@pytest.mark.parametrize("text", ["two\nlines", "\r", "nul\0", "\x7f"])
def test_what_does_not_fit_a_line_is_refused(text: str) -> None:
    for command, folder in (([text], Path("/srv")), (COMMAND, Path("/srv") / text)):
        with pytest.raises(UsageError, match="no timer can pass on"):
            cron(spec(), command, folder, NOW)
        with pytest.raises(UsageError, match="no timer can pass on"):
            systemd(spec(), command, folder, "advice")


@pytest.mark.parametrize("name", ["", "two words", "../advice", "-x", "a\n", "a" * 101])
def test_name_that_no_unit_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot name a unit") as caught:
        systemd(spec(), COMMAND, Path("/srv"), name)
    assert "letters, digits" in str(caught.value.hint)
