from __future__ import annotations

import click
import pytest

from agent.cli import ask, batch, chat, serve, tools

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
