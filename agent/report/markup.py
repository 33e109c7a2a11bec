"""What our HTML pages share: templates that escape, one look in light and dark, and texts that hide nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from agent.report.palettes import CVD, Palette

GLYPHS = {"overweight": "▲", "underweight": "▼", "neutral": "●"}
# Controls, marks that reorder text so that it reads differently than it is, and halves of surrogate pairs.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# No language puts more than three on a letter; more would cover the lines above and below.
_ACCENT = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED = re.compile(f"(?<={_ACCENT}{{3}}){_ACCENT}+")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")


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
    environment.filters["dated"] = _dated
    environment.filters["breakable"] = _breakable
    return environment


@cache
def asset(name: str) -> str:
    # Reading as text turns CRLF into LF, as browsers do before they hash a script.
    return files("agent.report").joinpath("templates", name).read_text("utf-8").strip()


def _dated(text: str) -> Markup:
    """Escaped, with each day as an element of its own: no line ends within one."""
    return Markup(_DAY.sub(r"<time>\g<0></time>", str(escape(text))))


def _breakable(name: str) -> Markup:
    """Escaped, with places after its underscores where a line may end."""
    return Markup("_<wbr>").join(name.split("_"))


def _policy_hash(content: str) -> str:
    """By what a content security policy knows a script or a style."""
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def cleaned(text: str) -> str:
    """With a replacement character for each one that could hide or reorder text, and for a pile of accents."""
    # Most texts are printable, which none of those characters but accents is.
    if not text.isprintable():
        text = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)
    return text if text.isascii() else _PILED.sub("\N{REPLACEMENT CHARACTER}", text)
