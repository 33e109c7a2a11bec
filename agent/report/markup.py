"""What our HTML pages share: templates that escape, one look in light and dark, and texts that hide nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from agent.report.palettes import CVD, Palette

GLYPHS = {"overweight": "▲", "underweight": "▼", "neutral": "●"}
# Controls, marks that reorder text so that it reads differently than it is, and halves of surrogate pairs.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@cache
def template(name: str, *, style: str = "", script: str = "", palette: Palette = CVD) -> Template:
    """One of the package's templates, with the look of every page and with its own `style` and `script`; what else is
    put into it is escaped unless it is Markup."""
    look = f"{asset('page.css')}\n{palette.css()}\n{style}"
    own = {"style": Markup(look), "script": Markup(script), "palette": palette}
    return _environment().get_template(name, globals=own)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("agent.report"),
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["policy_hash"] = _policy_hash
    return environment


@cache
def asset(name: str) -> str:
    # Reading as text turns CRLF into LF, as browsers do before they hash a script.
    return files("agent.report").joinpath("templates", name).read_text("utf-8").strip()


def _policy_hash(content: str) -> str:
    """By what a content security policy knows a script or a style."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def cleaned(text: str) -> str:
    """With a replacement character for each one that could hide or reorder text."""
    # Most texts are printable, which none of those characters is.
    return text if text.isprintable() else _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)
