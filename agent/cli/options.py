"""Options that several commands share, each written once; and what follows from them before anything is asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import click
from click.core import ParameterSource

from agent.errors import UsageError

DEFAULT_AGENT = "dynamic_sector_advisor"
CHOSEN = ("as_of", "model", "offline", "simulated", "allow_live")
"""What a new run takes beside its agent file and question: the names of `run_options`."""

JSON_FORMS, FORMS_FOR_PEOPLE = ("json", "answer", "envelope"), ("table", "text")

Command = TypeVar("Command", bound=Callable[..., Any])
Option: TypeAlias = Callable[[Command], Command]


def together(*options: Option[Any]) -> Option[Any]:
    """Several options as one decorator; help lists them in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


config_option = click.option(
    "-c",
    "--config",
    default=DEFAULT_AGENT,
    show_default=True,
    metavar="FILE",
    help="An agent file, or the name of one that ships with the package.",
)
trust_option = click.option(
    "--trust",
    is_flag=True,
    help="Trust an agent file that lies neither here nor in your configuration: it may start programs.",
)
as_of_option = click.option(
    "--as-of", metavar="DATE", help="Ask as of this ISO date; tools that take a date are asked for it."
)
offline_option = click.option("--offline", is_flag=True, help="Use the keyless, rule-based planner; results say so.")
model_option = click.option(
    "--model",
    metavar="NAME",
    help="A model id, BLOCK/ID such as ollama/qwen3:8b, or `planner`; wins over the agent file.",
)
simulated_option = click.option(
    "--simulated", is_flag=True, help="Allow a paid model, or a batch, to work on simulated data."
)
allow_live_option = click.option(
    "--allow-live",
    is_flag=True,
    help="For a past date, also ask tools that take none; what they date later is withheld.",
)
undated_options = together(offline_option, model_option, simulated_option, allow_live_option)
run_options = together(as_of_option, undated_options)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Requests, attempts, waits and cache use on stderr, too."
)


def format_option(*forms: str, help: str | None = None) -> Option[Any]:
    """How a result is printed, by default in the first form; `auto` is the second on a terminal, else the third."""

    def chosen(_: click.Context, __: click.Parameter, form: str) -> str:
        return forms[1 if sys.stdout.isatty() else 2] if form == "auto" else form

    kinds = click.Choice(forms)
    return click.option("--format", "form", type=kinds, default=forms[0], show_default=True, callback=chosen, help=help)


def wants_json(error: click.UsageError, words: Sequence[str]) -> bool:
    """Whether a command whose words click refuses was to print JSON: by its `--format`, else as it does without one."""
    parts = [part for word in words for part in (word.split("=", 1) if word.startswith("--format=") else [word])]
    forms = [form for flag, form in pairwise(parts) if flag == "--format"]
    if forms and forms[-1] in (*JSON_FORMS, *FORMS_FOR_PEOPLE):
        return forms[-1] in JSON_FORMS
    if error.ctx is None:
        return False
    option = next((each for each in error.ctx.command.params if each.name == "form"), None)
    return option is not None and option.process_value(error.ctx, option.get_default(error.ctx)) in JSON_FORMS


def place_of(error: click.UsageError) -> str | None:
    """The option or argument that click refuses."""
    option, param = getattr(error, "option_name", None), getattr(error, "param", None)
    return option or (param.opts[-1] if isinstance(param, click.Option) else param and param.human_readable_name)


def typed(context: click.Context) -> set[str]:
    """The names of what stands on the command line itself."""
    return {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}


def require_one_model(*, offline: bool, model: str | None) -> None:
    """Raises UsageError for two models."""
    if offline and model not in (None, "planner"):
        raise UsageError("--offline and --model exclude each other", hint="leave one of them out")
