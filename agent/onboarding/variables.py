"""What an agent file names as ${VARIABLE}: secrets that stood in clear, and what others fill in."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agent.evals.secrets import looks_random

_TELLING = re.compile(
    r"key|token|secret|passw|passphrase|auth|credential|cookie|session|webhook|(?:^|[_-])(?:pass|pwd|pat|dsn)(?:$|[_-])",
    re.IGNORECASE,
)
"""Names of environment variables and headers whose values are secrets."""
_OPTION = r"(?:key|token|secret|passw(?:or)?d|passphrase|pass|pwd|pat|auth|authorization|credentials?|cookie|dsn|sig)"
"""Ends of the names of options and parameters whose values are secrets; `--auth-provider` is none."""
_NO_SECRET = re.compile(
    r"true|false|yes|no|on|off|none|null|\d{1,5}|v?\d+(?:\.\d+)+|latest|[./~].*|https?://.*", re.IGNORECASE
)
"""What may follow a telling option without being a secret: a switch, a number, a version, a file, a place."""
_REFERENCE = re.compile(r"\$\{([^{}]*)\}")
_PLAIN = re.compile(r"(\w+)(?::-(.*))?", re.ASCII | re.DOTALL)
"""A variable as an agent file has it, perhaps with a default."""
_SCHEME = r"(?:Bearer|Basic|Digest|Token|ApiKey)\s+"
"""What may stand before a secret and is none."""
_USER = re.compile(r"(?<=://)(?!git@)[^\s/?#@\"'$]+(?=@)")
_NAMED = re.compile(
    rf"(?P<before>(?:^|[\s?&;,={{(\"'])-{{0,2}})(?P<name>(?:[A-Za-z][\w.-]*)?{_OPTION})"
    rf"(?P<mark>[\"']?\s*[=:]\s*[\"']?)(?P<scheme>{_SCHEME})?(?P<value>(?!//)[^\s&;,\"'$]+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"(?<![\w${@])(?<!sha256:)(?:eyJ[\w.-]{8,}|[\w+-]{16,}={0,2})", re.ASCII)
"""What may be a token; what follows an `@` is a version."""
_ISSUED = re.compile(
    r"[srp]k[-_][\w-]{12,}|gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{8,}|AIza[\w-]{30,}"
    r"|A(?:KI|SI)A[A-Z0-9]{16}|eyJ[\w.-]{8,}|hf_\w{16,}|npm_\w{16,}|[0-9a-fA-F]{32,}"
)
"""Tokens with the mark of who issues them, and long hexadecimal ones."""


@dataclass
class Variables:
    """`values`: variable → the value that stood in clear, None where there was none; `places`: where each is used.

    `referred`: names that other programs have in use, which no secret may get.
    """

    values: dict[str, str | None] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)
    referred: set[str] = field(default_factory=set)

    @property
    def missing(self) -> list[str]:
        """Those that the environment does not have."""
        return [name for name in self.values if name not in os.environ]

    @property
    def other(self) -> list[str]:
        """Those that the environment has with another value than stood in clear."""
        return [name for name, value in self.values.items() if value and os.environ.get(name, value) != value]

    def to_json(self) -> list[dict[str, object]]:
        return [{"name": name, "used_by": self.places[name], "set": name in os.environ} for name in self.values]

    @contextmanager
    def filled(self) -> Iterator[None]:
        """With the values that stood in clear, where the environment has none; as it was afterwards."""
        added = {name: value for name in self.missing if (value := self.values[name]) is not None}
        os.environ.update(added)
        try:
            yield
        finally:
            for name in added:
                del os.environ[name]

    def refer(self, name: str, default: str | None, place: str) -> str:
        """To a variable of the user's own."""
        return self._used(name, self.values.get(name) or default, place)

    def replace(self, value: str, place: str, *wanted: str) -> str:
        """A secret, by the first of the `wanted` variables that has this value and no other meaning."""
        names = [variable_name(each) for each in wanted]
        names += [f"{names[-1]}_{number}" for number in range(2, len(self.values) + 3)]
        free = (name for name in names if name not in self.referred and self.values.get(name, value) == value)
        return self._used(next(free), value, place)

    def _used(self, name: str, value: str | None, place: str) -> str:
        self.values[name] = value
        places = self.places.setdefault(name, [])
        places += [place] if place not in places else []
        return f"${{{name}}}"


def variable_name(text: str) -> str:
    """Something that a shell can export."""
    name = re.sub(r"\W", "_", text, flags=re.ASCII).strip("_") or "VALUE"
    return f"MCP_{name}" if name[0].isdigit() else name


def referred(text: str) -> set[str]:
    """The variables that a text names, in any notation."""
    found = (_variable(reference[1]) for reference in _REFERENCE.finditer(text))
    return {each[0] for each in found if each}


def _variable(inside: str) -> tuple[str, str | None] | None:
    """Name and default of what stands in ${…}: of an agent file's notation, and of what editors ask or look up."""
    kind, _, rest = inside.partition(":")
    if kind == "input" and rest:
        return variable_name(rest.upper()), None
    if kind == "env" and rest:
        return variable_name(rest), None
    plain = _PLAIN.fullmatch(inside)
    return (plain[1], plain[2]) if plain else None


def is_token(word: str) -> bool:
    """Whether it was issued, rather than thought of by somebody."""
    return bool(_ISSUED.fullmatch(word)) or looks_random(word)


@dataclass(frozen=True)
class Hiding:
    """Texts of one server as an agent file may have them. `folder`: what editors call the workspace."""

    variables: Variables
    server: str
    folder: Path
    notes: list[str] = field(default_factory=list)

    def value(self, name: str, text: str, place: str, *, header: bool = False) -> str:
        """Of an environment variable or a header: a secret is replaced whole, after the word for its scheme."""
        text = self._filled(text, place, name)
        if _REFERENCE.search(text):
            return self._parts(text, place)
        if not text or not (_TELLING.search(name) or _holds_secret(text)):
            return text
        if not header:
            return self.variables.replace(text, place, name, f"{self.server}_{name}".upper())
        scheme = found[0] if (found := re.match(_SCHEME, text, re.IGNORECASE)) else ""
        wanted = "token" if name.lower() == "authorization" else re.sub("^x-", "", name, flags=re.IGNORECASE)
        return scheme + self._own(wanted, text.removeprefix(scheme), place)

    def argument(self, text: str, place: str, before: str = "") -> str:
        """Of a command line or a URL: only the secret is replaced. `before`: the argument before this one."""
        text = self._filled(text, place)
        option = before.lstrip("-")
        follows = before.startswith("-") and bool(re.search(_OPTION + "$", option, re.IGNORECASE))
        if follows and not (text.startswith("-") or "$" in text or _NO_SECRET.fullmatch(text)):
            return self._own(option, text, place)
        return self._parts(text, place)

    def _parts(self, text: str, place: str) -> str:
        text = _USER.sub(lambda found: self._own("password", found[0], place), text)
        text = _NAMED.sub(lambda found: self._named(found, place) if _is_secret(found) else found[0], text)
        return _WORD.sub(lambda found: self._own("token", found[0], place) if is_token(found[0]) else found[0], text)

    def _named(self, found: re.Match[str], place: str) -> str:
        wanted = "token" if found["name"].lower() == "authorization" else found["name"]
        kept = found["before"] + found["name"] + found["mark"] + (found["scheme"] or "")
        return kept + self._own(wanted, found["value"], place)

    def _own(self, wanted: str, value: str, place: str) -> str:
        """Named after the server, since the name alone says too little."""
        return self.variables.replace(value, place, f"{self.server}_{wanted}".upper())

    def folder_name(self, text: str, place: str) -> str:
        """Of a folder, where an agent file fills in nothing."""
        known = self._workspace()
        text = _REFERENCE.sub(lambda found: known.get(found[1], found[0]), text)
        if _REFERENCE.search(text):
            self.notes.append(f"{place}: an agent file fills in nothing here; write the folder's name")
        return text

    def _filled(self, text: str, place: str, name: str = "") -> str:
        """With what stands in ${…} as an agent file has it. `name`: of what has this text as its value."""
        return _REFERENCE.sub(lambda found: self._reference(found, place, name), text)

    def _reference(self, found: re.Match[str], place: str, name: str) -> str:
        if found[1] in (known := self._workspace()):
            return known[found[1]]
        if (variable := _variable(found[1])) is None:
            self.notes.append(f"{place}: {found[0]} is nothing that an agent file fills in")
            return found[0]
        called, default = variable
        if default and not (_TELLING.search(called) or _TELLING.search(name) or _holds_secret(default)):
            return found[0]
        return self.variables.refer(called, default or None, place)

    def _workspace(self) -> dict[str, str]:
        return {
            "workspaceFolder": str(self.folder),
            "workspaceFolderBasename": self.folder.name,
            "userHome": str(Path.home()),
            "pathSeparator": os.sep,
            "/": os.sep,
        }


def _holds_secret(text: str) -> bool:
    return bool(
        _USER.search(text)
        or any(map(_is_secret, _NAMED.finditer(text)))
        or any(is_token(word[0]) for word in _WORD.finditer(text))
    )


def _is_secret(named: re.Match[str]) -> bool:
    return not _NO_SECRET.fullmatch(named["value"])
