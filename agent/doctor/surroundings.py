"""What a run needs of this machine: a key, a model that exists, prices, a disk, a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from agent import data, prices
from agent.doctor.finding import Finding
from agent.errors import CredentialsError, SpecError
from agent.runs import store
from agent.spec import ModelSpec, is_local

FREE_ERROR, FREE_WARNING = 20 << 20, 500 << 20
"""Bytes that are free on the disk of the runs."""
NARROW = 80
"""Columns that the tables are made for."""
PRICES_AGE = 180
"""Days after which prices are looked at again."""
ASK_SECONDS = 15.0


async def model_findings(spec: ModelSpec) -> list[Finding]:
    """Whether the service takes the key and knows the model: it is asked for the model's name, which costs nothing."""
    import anthropic

    from agent.model.claude import Claude

    try:
        model = Claude(spec)
    except CredentialsError as error:
        return [Finding("key", "error", error.message, error.hint)]
    try:
        await model.service.client.with_options(timeout=ASK_SECONDS).models.retrieve(model.id)
    except anthropic.APIStatusError as error:
        return _refused(spec, error.status_code, error.message)
    except anthropic.APIError as error:
        address = str(model.service.client.base_url)
        why = f"its service at {address} cannot be asked: {type(error.__cause__ or error).__name__}"
        fix = "start it, or see model.base_url, ANTHROPIC_BASE_URL and the network"
        return [Finding("model", "error" if is_local(address) else "warning", why, fix)]
    finally:
        await model.close()
    return [Finding("key", "ok", "the service takes it"), Finding("model", "ok", f"{spec.name} is known")]


def _refused(spec: ModelSpec, status: int, said: str) -> list[Finding]:
    match status:
        case 401 | 403:
            fix = f"check {spec.key_name}, and which workspace it belongs to"
            return [Finding("key", "error", f"the service rejects it: {said}", fix)]
        case 404 if spec.base_url or os.environ.get("ANTHROPIC_BASE_URL"):
            return [Finding("model", "ok", f"{spec.name}: this service does not tell which models it has")]
        case 404:
            fix = "see model.name in the agent file, or --model"
            return [
                Finding("key", "ok", "the service takes it"),
                Finding("model", "error", f"no model {spec.name!r}", fix),
            ]
        case _:
            return [Finding("model", "warning", f"the service answered {status}: {said}", "try again later")]


def price_findings(model: str, today: date) -> Iterator[Finding]:
    try:
        price, as_of, retires = prices.price_of(model), prices.as_of(), prices.retires_on(model)
    except SpecError as error:
        yield Finding("prices", "error", error.message, f"mend the table, or what {prices.FILE} names")
        return
    if retires and prices.is_near(retires, today):
        yield Finding(
            "model", "warning", f"{model} retires on {retires}", "name another one, in model.name or with --model"
        )
    if price is None:
        fix = f"add it to a table of your own, and name that in {prices.FILE}"
        yield Finding("prices", "warning", f"{model} has no price, so what it costs is not known", fix)
    elif (age := (today - as_of).days) > PRICES_AGE:
        fix = f"compare with the price list of the service; {prices.FILE} names a table of your own"
        yield Finding("prices", "warning", f"they are of {as_of}, {age} days ago", fix)
    else:
        yield Finding("prices", "ok", f"of {as_of}")


def disk_findings() -> Iterator[Finding]:
    home = store.home()
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    if not (place.is_dir() and os.access(place, os.W_OK)):
        yield Finding("disk", "error", f"{home} cannot be written", "set ADVISOR_HOME to a folder that can")
        return
    free = shutil.disk_usage(place).free
    says = f"{free / (1 << 30):,.1f} GiB free at {home}"
    if free < FREE_WARNING:
        fix = "free some space, or set ADVISOR_HOME to another disk"
        yield Finding("disk", "error" if free < FREE_ERROR else "warning", says, fix)
    else:
        yield Finding("disk", "ok", says)


def terminal_findings() -> Iterator[Finding]:
    stdout = sys.__stdout__ or sys.stdout  # a spinner puts something else in its place
    if stdout.encoding.lower().replace("-", "") != "utf8":
        yield Finding("terminal", "warning", f"its encoding is {stdout.encoding}", "set PYTHONUTF8=1")
    if not stdout.isatty():
        yield Finding("terminal", "ok", "none: output is plain, and nobody is asked anything")
        return
    columns = shutil.get_terminal_size().columns
    if columns < NARROW:
        fix = f"widen it to {NARROW} columns"
        yield Finding("terminal", "warning", f"{columns} columns, so that tables are broken into pieces", fix)
    else:
        colours = "no colours (NO_COLOR)" if os.environ.get("NO_COLOR") else "colours"
        yield Finding("terminal", "ok", f"{columns} columns, {colours}")


def installation_findings() -> Iterator[Finding]:
    """Whether the package has its data."""
    missing = [name for name in ("prompts", "configs") if not (Path(data.root()) / name).is_dir()]
    if missing:
        fix = "install the package again"
        yield Finding("installation", "error", f"it lacks {', '.join(missing)}", fix)
