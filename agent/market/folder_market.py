"""market.yaml: what the files are about, and whether their numbers are real."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

import yaml

from agent.market.folder_csv import Unreadable
from agent.market.folder_problems import Problems, meant

MARKET = "market.yaml"
KINDS = ("real", "simulated")
RETURNS = ("price", "total")
LONGEST = {"source": 500}
USUAL_LONGEST = 80


@dataclass(frozen=True)
class Declared:
    """The keys of market.yaml; `kind` is the only one that is required."""

    kind: Literal["real", "simulated"] = field()
    name: str = ""
    source: str = ""
    taxonomy: str = ""
    benchmark: str = ""
    returns: Literal["price", "total"] = "price"
    money: str = ""


def read(folder: Path, problems: Problems) -> Declared | None:
    """None when a problem was found. Values are words: YAML's `no` and `2024` are read as they stand."""
    path = folder / MARKET
    if not path.exists():
        problems.add(MARKET, "is missing; it says at least `kind: real` or `kind: simulated`")
        return None
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)
    except UnicodeDecodeError:
        problems.add(MARKET, "is not UTF-8")
    except OSError as error:
        problems.add(MARKET, f"cannot be read: {error.strerror}")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        problems.add(MARKET, f"is no YAML: {error.problem}", line=line)
    except yaml.YAMLError as error:
        problems.add(MARKET, f"is no YAML: {str(error).splitlines()[0]}")
    else:
        return _declared(root, problems)
    return None


def _declared(root: yaml.Node | None, problems: Problems) -> Declared | None:
    if not isinstance(root, yaml.MappingNode):
        problems.add(MARKET, "is no list of keys such as `kind: real`", line=1)
        return None
    options = [each.name for each in fields(Declared)]
    values: dict[str, str] = {}
    for key, value in root.value:
        line, named = key.start_mark.line + 1, str(key.value)
        if named not in options:
            problems.add(MARKET, f"unknown key {named!r}{meant(named, options)}", line=line)
        elif named in values:
            problems.add(MARKET, "stands twice", line=line, column=named)
        else:
            try:
                values[named] = _checked(named, value)
            except Unreadable as error:
                problems.add(MARKET, str(error), line=line, column=named)
    if "kind" not in values and not problems.of(MARKET):
        problems.add(MARKET, "is missing: `kind: real`, or `kind: simulated`", column="kind")
    return None if problems.of(MARKET) else Declared(**values)  # type: ignore[arg-type]


def _checked(key: str, node: yaml.Node) -> str:
    """Models read these words: short, and in one line."""
    if not isinstance(node, yaml.ScalarNode):
        raise Unreadable("is no text")
    text = node.value.strip()
    options = {"kind": KINDS, "returns": RETURNS}.get(key)
    longest = LONGEST.get(key, USUAL_LONGEST)
    if options and text not in options:
        raise Unreadable(f"must be {' or '.join(options)}, not {text[:USUAL_LONGEST]!r}")
    if not text or len(text) > longest or not text.isprintable():
        raise Unreadable(f"must be 1 to {longest} printable characters in one line")
    return str(text)
