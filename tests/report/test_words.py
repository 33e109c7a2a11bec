"""What people read, in the language of the agent file."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

from agent.report.words import words
from agent.result import ADVICE, REPLAYED, RULES, SIMULATED

REPORT = Path(__file__).parents[2] / "agent"
IN_TEMPLATES = re.compile(r"\bsay\(\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')")


def said() -> Iterator[tuple[str, str]]:
    """Every literal text that is said in a language, with its place."""
    for path in (REPORT / "report" / "templates").glob("*.html"):
        for match in IN_TEMPLATES.finditer(path.read_text(encoding="utf-8")):
            yield path.name, ast.literal_eval(match[1])
    for path in [*(REPORT / "report").glob("*.py"), *(REPORT / "cli").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _named(node.func) == "say" and node.args:
                for each in ast.walk(node.args[0]):
                    if isinstance(each, ast.Constant) and isinstance(each.value, str):
                        yield f"{path.name}:{node.lineno}", each.value


def _named(function: ast.expr) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_of_pages_and_terminal_exists_in_vietnamese() -> None:
    known = words("vi").texts
    assert [f"{where}: {text}" for where, text in said() if text not in known] == []


def test_labels_actions_and_disclaimer_exist_in_vietnamese() -> None:
    assert {SIMULATED, RULES, REPLAYED, ADVICE, "overweight", "underweight", "neutral"} <= set(words("vi").texts)


def test_translations_have_the_places_of_their_originals() -> None:
    texts = words("vi").texts
    assert [text for text, other in texts.items() if places(text) != places(other)] == []


def test_no_translation_is_left_without_its_text() -> None:
    used = {text for _, text in said()} | {SIMULATED, RULES, REPLAYED, ADVICE, "overweight", "underweight", "neutral"}
    source = "".join(path.read_text(encoding="utf-8") for path in REPORT.rglob("*.py"))
    assert [text for text in words("vi").texts if text not in used and text not in source] == []


def test_text_without_translation_and_unknown_languages_stay_english() -> None:
    assert words("vi")("no such text") == "no such text"
    assert words("xx")("overweight") == "overweight"


def test_values_fill_the_places() -> None:
    assert words("en")("{count} more", count=3) == "3 more"
