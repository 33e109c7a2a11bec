"""A YAML, JSON or JSON5 text → its value, and where each key and value stands.

JSON5 covers JSON and a JavaScript object literal with its comments. YAML is read with JSON's scalars only:
`NO` is a word, `12:30` is no number. Duplicate keys are errors in all of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from agent.errors import SpecError
from agent.foreign import whole

Address: TypeAlias = tuple[str | int, ...]
Position: TypeAlias = tuple[int, int]

SHIPPED = "`advisor ask` alone uses the agent that ships with the package"
MAX_DEPTH = 64
MAX_VALUES = 100_000
MAX_DIGITS = 1_000
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


@dataclass
class Source:
    """`positions`: address of a value → (line, column), both from 1; `keys`: the same for a mapping's keys."""

    name: str
    value: Any = None
    positions: dict[Address, Position] = field(default_factory=dict)
    keys: dict[Address, Position] = field(default_factory=dict)

    def where(self, address: Address, *, key: bool = False) -> str:
        """`file:line:column` of a key or value, or of the nearest thing around it that the text has."""
        if key and address in self.keys:
            return self._at(self.keys[address])
        while address not in self.positions and address:
            address = address[:-1]
        return self._at(self.positions.get(address, (1, 1)))

    def _at(self, position: Position) -> str:
        return f"{self.name}:{position[0]}:{position[1]}"

    def fail(self, position: Position, problem: str) -> NoReturn:
        raise SpecError([f"{self._at(position)}: {problem}"], where=self._at(position))

    def add(self, target: dict[str, Any], key: str, value: Any, address: Address, position: Position) -> None:
        if key in target:
            first = self.keys[(*address, key)]
            self.fail(position, f"{path_text((*address, key))}: this key stands in line {first[0]} already")
        target[key] = value
        self.keys[(*address, key)] = position


def path_text(address: Address) -> str:
    """An address as people write it: tools.0.parameters."""
    return ".".join(str(part) for part in address) or "the file"


def read(path: Path) -> Source:
    """Read an agent file by its suffix. Raises SpecError with the position of the first problem."""
    return read_text(text_of(path), str(path))


def text_of(path: Path, *, hint: str = SHIPPED) -> str:
    """The text of a file that a person wrote. Raises SpecError; `hint`: what to do when there is no such file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SpecError([f"{path}: there is no such file"], where=str(path), hint=hint) from None
    except IsADirectoryError:
        raise SpecError([f"{path}: this is a folder"], where=str(path)) from None
    except UnicodeDecodeError as error:
        raise SpecError([f"{path}: not UTF-8 text (byte {error.start})"], where=str(path)) from None
    except (OSError, ValueError) as error:
        raise SpecError([f"{path}: {getattr(error, 'strerror', None) or error}"], where=str(path)) from None


def read_text(text: str, name: str) -> Source:
    """`name` ends in .yaml or .yml for YAML; everything else is JSON5."""
    source = Source(name)
    if not text.strip():
        source.fail((1, 1), "the file is empty")
    if name.endswith((".yaml", ".yml")):
        _read_yaml(text, source)
    else:
        source.value = _Json5(text, source).document()
    return source


def _read_yaml(text: str, source: Source) -> None:
    import yaml

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        source.fail(at, f"not YAML: {error.problem or error.context}")
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        at = (before.count("\n") + 1, error.position - before.rfind("\n"))
        source.fail(at, f"not YAML: {error.reason}")
    except (ValueError, OverflowError) as error:
        source.fail((1, 1), f"not YAML: {error}")
    except RecursionError:
        source.fail((1, 1), "nested too deeply")
    if root is None:
        source.fail((1, 1), "the file is empty")
    source.value = _yaml_value(root, source, ())


def _yaml_value(node: Any, source: Source, address: Address) -> Any:
    import yaml

    at = (node.start_mark.line + 1, node.start_mark.column + 1)
    source.positions[address] = at
    if len(address) > MAX_DEPTH or len(source.positions) > MAX_VALUES:
        source.fail(at, "nested too deeply, an alias to itself, or too many values")
    if isinstance(node, yaml.ScalarNode):
        return _yaml_scalar(node, source, at)
    if isinstance(node, yaml.SequenceNode):
        return [_yaml_value(item, source, (*address, index)) for index, item in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key, item in node.value:
        position = (key.start_mark.line + 1, key.start_mark.column + 1)
        if not isinstance(key, yaml.ScalarNode):
            source.fail(position, "a key has to be a word")
        name = whole(key.value)
        source.add(result, name, _yaml_value(item, source, (*address, name)), address, position)
    return result


def _yaml_scalar(node: Any, source: Source, at: Position) -> Any:
    if node.style is not None:
        return whole(node.value)
    if node.value in ("", "~"):
        return None
    return _number(node.value, source, at) if _NUMBER.fullmatch(node.value) else _word(node.value)


def _word(text: str) -> Any:
    """A bare word with JSON's meaning, else the word itself."""
    return {"true": True, "false": False, "null": None}.get(text, text)


_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n\r]*|/\*.*?\*/)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))
      | (?P<word>[A-Za-z_$][\w$]*)
      | (?P<mark>[{}\[\]:,])""",
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"(?:\s+|//[^\n\r]*|/\*.*?\*/)*", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    position: Position


class _Json5:
    """Recursive descent over the tokens of one text; every value it returns has its position in `source`."""

    def __init__(self, text: str, source: Source) -> None:
        self._source = source
        self._tokens = self._tokenise(text)
        self._token = next(self._tokens)

    def document(self) -> Any:
        value = self._value(())
        if self._token.kind != "end":
            self._fail(f"{self._token.text!r} after the end of the value")
        return value

    def _value(self, address: Address) -> Any:
        token = self._token
        self._source.positions[address] = token.position
        if len(address) > MAX_DEPTH:
            self._fail("nested too deeply")
        match token.kind, token.text:
            case "mark", "{":
                return self._object(address)
            case "mark", "[":
                return self._array(address)
            case "string", text:
                self._advance()
                return _unquote(text)
            case "number", text:
                self._advance()
                return _number(text, self._source, token.position)
            case "word", ("true" | "false" | "null") as text:
                self._advance()
                return _word(text)
            case "word", text:
                self._fail(f"{text!r}: a text needs quotes here")
            case _:
                self._fail(f"a value is missing before {self._shown()}")

    def _object(self, address: Address) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for _ in self._items("}"):
            key = self._token
            if key.kind not in ("string", "word", "number"):
                self._fail(f"a key is missing before {self._shown()}")
            name = _unquote(key.text) if key.kind == "string" else key.text
            self._advance()
            self._expect(":")
            self._source.add(result, name, self._value((*address, name)), address, key.position)
        return result

    def _array(self, address: Address) -> list[Any]:
        result: list[Any] = []
        for index in self._items("]"):
            result.append(self._value((*address, index)))
        return result

    def _items(self, end: str) -> Iterator[int]:
        """The places of a list's items; a comma may stand after the last one."""
        self._advance()
        index = 0
        while self._token.text != end or self._token.kind != "mark":
            yield index
            index += 1
            if self._token.kind == "mark" and self._token.text == ",":
                self._advance()
            elif self._token.kind != "mark" or self._token.text != end:
                self._fail(f"',' or {end!r} is missing before {self._shown()}")
        self._advance()

    def _expect(self, mark: str) -> None:
        if self._token.kind != "mark" or self._token.text != mark:
            self._fail(f"{mark!r} is missing before {self._shown()}")
        self._advance()

    def _shown(self) -> str:
        return repr(self._token.text) if self._token.kind != "end" else "the end of the file"

    def _advance(self) -> None:
        self._token = next(self._tokens)

    def _fail(self, problem: str) -> NoReturn:
        self._source.fail(self._token.position, problem)

    def _tokenise(self, text: str) -> Iterator[_Token]:
        at, line, start = 0, 1, 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            position = (line, at - start + 1)
            if found is None:
                if text[at] == ";" and _BLANK.fullmatch(text, at + 1):
                    break
                what = f"{text[at]!r} has no meaning here"
                if text[at] in "\"'":
                    what = "a text that does not end"
                if text.startswith("/*", at):
                    what = "a comment that does not end"
                self._source.fail(position, what)
            if found.lastgroup != "space":
                yield _Token(str(found.lastgroup), found[0], position)
            if "\n" in found[0]:
                line += found[0].count("\n")
                start = at + found[0].rindex("\n") + 1
            at = found.end()
        yield _Token("end", "", (line, at - start + 1))


def _unquote(text: str) -> str:
    return str(whole(_ESCAPE.sub(_unescape, text[1:-1])))


def _unescape(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(found[3], found[3])


def _number(text: str, source: Source, at: Position) -> int | float:
    if len(text) > MAX_DIGITS:
        source.fail(at, "a number of too many digits")
    value = _value_of(text)
    if isinstance(value, float) and math.isinf(value):
        source.fail(at, f"{text}: the number is too large")
    return value


def _value_of(text: str) -> int | float:
    digits = text.lstrip("+-").lower()
    sign = -1 if text.startswith("-") else 1
    if digits.startswith("0x"):
        return sign * int(digits, 16)
    return sign * (int(digits) if digits.isdigit() else float(digits))
