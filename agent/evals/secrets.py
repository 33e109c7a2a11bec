"""What must not leave a machine with a file: secrets, and the machine's own names and paths."""

from __future__ import annotations

import base64
import getpass
import json
import math
import os
import re
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus

SECRET_LENGTH = 8
"""Shorter values of environment variables are too common to be looked for."""
NAME_LENGTH = 4
"""Shorter names of hosts and users are too common to be looked for."""
SHOWN = 4
"""Characters of what was found that may be told."""
MIN_ENTROPY = 4.0
"""Bits a character; names and words rarely have more."""
MIN_CHANGES = 0.28
"""Share of neighbours of another kind (lower case, upper case, digit), other than a capital and what follows it; in
names and words it is less."""

_PASSWORD = r"password|passwd|passphrase|pwd"
_TELLING = (
    rf"{_PASSWORD}|secret|token|credentials?|auth|authorization|_pass"
    r"|(?:api|access|private|secret|signing|encryption|subscription|account)[ _-]?key"
)
_TELLING_VARIABLE = re.compile(
    r"key|token|secret|passw|passphrase|credential|(?:^|_)(?:pass|auth|pat|dsn)\d*$|_pwd\d*$|webhook"
    r"|(?:^|_)(?:database|db|redis|mongo(?:db)?|postgres(?:ql)?|mysql|amqp|broker)_ur[il]$",
    re.IGNORECASE,
)
_TELLING_KEY = re.compile(rf"(?:{_TELLING})$", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_KIND_OF_VALUE = r"(?:string|null|none|true|false|required|optional|basic|bearer|digest|oauth2?)"
_VALUE = rf"(?!\$\{{|\[redacted|<|\*|{_KIND_OF_VALUE}(?![\w-]))[^\s\"'\\&,;<>}}\])]{{4,}}"
"""No place for a value: neither the name of a variable, nor what stands for something left out."""
_WITH_DIGIT = r"(?=[^\s\"'\\&,;<>}\])]*\d)"
_AMOUNT = r"\d{1,7}(?:[.,:/-]\d+)*(?:[-%][a-z]*)?(?![\w-])"
"""A number, a date, `10-year`: what prose has after a colon."""
_START = r"(?<![\w.-])"
_ROOT = r"(?<![\w.#}/-])"
"""As `_START`, and neither within a URL nor a pointer nor after a variable."""
_POINTER = r"/\w+(?:/\w+)*/\d{1,3}(?:/\w+)*(?![\w/.-])"
"""A JSON pointer into a list."""

_PATTERNS: dict[str, re.Pattern[str]] = {
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----"),
    "an Anthropic key": re.compile(r"sk-ant-[\w-]{8,}"),
    "a secret key": re.compile(r"(?<![A-Za-z0-9])[sr]k[-_](?=[\w-]*\d)[\w-]{16,}"),
    "an AWS access key": re.compile(r"(?<![A-Z0-9])A(?:KI|SI)A[A-Z0-9]{16}(?![A-Z0-9])"),
    "a GitHub token": re.compile(r"gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}"),
    "a Slack token": re.compile(r"xox[abeoprs]-[A-Za-z0-9-]{8,}"),
    "a Google key": re.compile(r"AIza[\w-]{30,}"),
    "a JSON Web Token": re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    "a bearer token": re.compile(r"\bbearer\s+(?P<value>(?=[\w.~+/-]*\d)[\w.~+/-]{8,})", re.IGNORECASE),
    "an authorization": re.compile(
        r"(?i:\bauthorization\\*[\"']?\s*[:=]\s*\\*[\"']?(?:basic|digest|token|apikey)\s+)"
        r"(?P<value>(?=[\w.~+/-]*(?:\d|=|[a-z][A-Z]))[\w.~+/-]{4,}=*)"
    ),
    "a URL with user information": re.compile(r"://(?P<value>[^\s/?#@\"'<>\\]+)@"),
    "a secret under its name": re.compile(
        rf"(?:{_TELLING})(?:\\*[\"']\s*:\s*(?:\\*[\"']|(?=\d{{8}}))|\s*=\s*\\*[\"']?)(?P<value>{_VALUE})",
        re.IGNORECASE,
    ),
    "a secret after a colon": re.compile(
        rf"(?:{_TELLING})[ \t]*:[ \t]*\\*[\"']?(?P<value>(?!{_AMOUNT}){_WITH_DIGIT}(?=\S{{6}}){_VALUE})", re.IGNORECASE
    ),
    "a password in a line of its own": re.compile(
        rf"^[\s-]*[\w.-]*(?:{_PASSWORD})[ \t]*:[ \t]+[\"']?(?P<value>(?!{_AMOUNT}){_VALUE})[\"']?[ \t]*$",
        re.IGNORECASE | re.MULTILINE,
    ),
    "a secret in a URL": re.compile(
        rf"(?:[?&;]|\\u0026)(?:sig|signature|key|x-(?:amz|goog)-signature)=(?P<value>{_WITH_DIGIT}(?=\S{{8}}){_VALUE})",
        re.IGNORECASE,
    ),
    "a file's URL": re.compile(r"\bfile://\S+", re.IGNORECASE),
    "a path of a home folder": re.compile(
        rf"{_START}/(?:home|Users)/[^\s/\"'\\:]+|{_START}/root(?![\w.-])|\b[A-Z]:[\\/]+Users[\\/]+[^\s\\/\"':]+"
        # Hidden folders have the same names on every machine.
        r"|(?<![\w./~-])~/\w\S*",
        re.IGNORECASE,
    ),
    "a path of a temporary folder": re.compile(rf"{_START}/(?:private/)?(?:tmp|var/folders|var/tmp)/\S+"),
    "a path of a machine": re.compile(
        rf"{_ROOT}(?!{_POINTER})/(?:opt|srv|mnt|media|Volumes|data|workspaces?|scratch)/[\w.][^\s\"']*"
        # A letter, a colon and an escaped line break are no drive.
        r"|(?<!\w)[A-Za-z]:(?:\\+(?![nrt](?:[^a-z]|$))|/)[\w.$][^\s\"']*"
        # The share of a Windows host: twice as many backslashes before the host as after it, however often escaped.
        r"|(?<!\\)(?P<slashes>\\+)(?P=slashes)[\w.$-]+(?P=slashes)[\w.$-][^\s\"']*"
    ),
}
_OF_SERVER = re.compile(r"(?:/.+)?/mcpServers/[^/]+/(?:command|cwd|args/\d+)|/content/prompt")
"""Where an agent file names programs and files."""
_ABSOLUTE = {
    "an absolute path": re.compile(
        r"(?:^|[\s\"'`=,;|(\[{<>@]|:(?!//)|:-|^-[A-Za-z])"
        # A slash and one letter is a switch of Windows.
        r"(?P<value>(?:~[\w.-]*)?/(?!\w?(?:[\s\"']|$))[^\s\"']+|[A-Za-z]:[\\/][^\s\"']*|\\\\[^\s\"']+)"
    )
}
_HEX = re.compile(r"(?<![A-Za-z0-9])[0-9a-fA-F]{40,}(?![A-Za-z0-9])")
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{32,}")
_OWN_HASH = re.compile(
    r"/(?:hash|root|request|spec|prompt|opening|schema|instructions|key|sha256|result/stored)"
    r"|/tools/\d+/(?:description|schema|output_schema|definition)"
)
"""Where an event has a hash of ours."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Finding:
    """`at`: `line 3, tool.answered, /result/content/0/text`; `shown`: no more than its first characters."""

    kind: str
    at: str
    shown: str

    def __str__(self) -> str:
        return f"{self.at}: {self.kind} ({self.shown})"


@dataclass(frozen=True)
class Machine:
    """What is known of a machine. `secrets`: environment variable → its value."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    host: str = ""
    user: str = ""

    @classmethod
    def this(cls, *texts: str) -> Machine:
        """Its secrets are in variables with telling names, and in those that the texts name as `${VAR}`.

        A value that a text gives as the default of its variable, `${VAR:-value}`, is known anyway.
        """
        named = {name for text in texts for name, default in _VARIABLE.findall(text) if os.environ.get(name) != default}
        user = ""
        with suppress(KeyError, OSError, ImportError):  # a user without a name
            user = getpass.getuser()
        secrets = {name: value for name, value in os.environ.items() if name in named or _TELLING_VARIABLE.search(name)}
        return cls(secrets, socket.gethostname(), user)

    def patterns(self) -> dict[str, re.Pattern[str]]:
        """Kind of finding → what it looks like."""
        found = {
            f"the value of {name}": re.compile("|".join(map(re.escape, _forms(value.strip()))))
            for name, value in self.secrets.items()
            if len(value.strip()) >= SECRET_LENGTH
        }
        if len(self.user) >= NAME_LENGTH and self.user != "root":
            found["a path with the user's name"] = re.compile(rf"[/\\]{re.escape(self.user)}(?![\w-])")
        if len(self.host) >= NAME_LENGTH and self.host != "localhost":
            found["the name of this machine"] = re.compile(rf"(?<![\w-]){re.escape(self.host)}(?![\w-])", re.IGNORECASE)
        return found


def findings(text: str, machine: Machine | None = None) -> list[Finding]:
    """What in a text must not be shared, line by line; lines of JSON are looked at value by value.

    `machine`: whose secrets and names are looked for besides; without it, this one with the variables that the text
    names.
    """
    patterns = (machine or Machine.this(text)).patterns() | _PATTERNS
    lines = text.split("\n")  # of the log: other separators may stand within its texts
    return [finding for number, line in enumerate(lines, 1) for finding in _of_line(line, number, patterns)]


def _of_line(line: str, number: int, patterns: dict[str, re.Pattern[str]]) -> Iterator[Finding]:
    try:
        body = json.loads(line)
    except ValueError:
        body = line
    event = str(body.get("event", "")) if isinstance(body, dict) else ""
    for pointer, text, is_opaque in _texts(body, ""):
        is_own_hash = bool(event and _OWN_HASH.fullmatch(pointer) and _SHA256.fullmatch(text))
        looked_for = _ABSOLUTE | patterns if _OF_SERVER.fullmatch(pointer) else patterns
        for kind, value in _found(text, looked_for, guess=not is_opaque and not is_own_hash):
            told = [_told(name, patterns) for name in (event, *pointer.split("/"))]
            at = ", ".join(each for each in (f"line {number}", told[0], "/".join(told[1:])) if each)
            yield Finding(kind, at, _excerpt(value))


def _texts(value: Any, pointer: str, is_opaque: bool = False) -> Iterator[tuple[str, str, bool]]:
    """(JSON pointer, text, whether it is meant to look random) of every text in a value, its keys included."""
    if isinstance(value, str):
        yield pointer, value, is_opaque
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, f"{pointer}/{number}")
    elif isinstance(value, dict):
        for key, each in value.items():
            inner = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            yield inner, key, False
            if _TELLING_KEY.search(key) and (isinstance(each, str) or _is_long_number(each)):
                # As it would stand in a URL, so that one rule says what is a secret under its name.
                yield inner, f"{key}={each}", True
            else:
                yield from _texts(each, inner, _is_opaque(key, value))


def _is_long_number(value: Any) -> bool:
    return isinstance(value, int) and len(str(value)) >= SECRET_LENGTH


def _is_opaque(key: str, members: Mapping[str, Any]) -> bool:
    """Bytes of a medium, and what a model's service seals of its thinking, are random and no secret."""
    if key in ("data", "blob"):
        return "mimeType" in members or members.get("type") == "redacted_thinking"
    return key == "signature" and members.get("type") == "thinking"


def _found(text: str, patterns: Mapping[str, re.Pattern[str]], *, guess: bool) -> Iterator[tuple[str, str]]:
    """(Kind, value); no part of a text is found twice. `guess`: also what merely looks random."""
    for kind, pattern in patterns.items():
        for found in pattern.finditer(text):
            yield kind, found["value"] if "value" in pattern.groupindex else found[0]
        text = pattern.sub(" ", text)
    if guess:
        yield from (("a long hexadecimal value", value) for value in _HEX.findall(text))
        yield from (("a value that looks random", value) for value in _TOKEN.findall(text) if looks_random(value))


def looks_random(token: str) -> bool:
    """Whether a token has more bits a character, and more changes of its kinds of characters, than names have."""
    counts = Counter(token)
    entropy = -sum(count / len(token) * math.log2(count / len(token)) for count in counts.values())
    kinds = [each.isdigit() + 2 * each.isupper() for each in token if each.isalnum()]
    changes = sum(one != other and (one, other) != (2, 0) for one, other in pairwise(kinds))
    return entropy > MIN_ENTROPY and changes > MIN_CHANGES * len(kinds)


def _forms(secret: str) -> list[str]:
    """How a secret may stand in a text: as it is, escaped, percent-encoded, and within base64."""
    content = secret.encode("utf-8", "surrogateescape")
    forms = [secret, json.dumps(secret)[1:-1], quote(content, safe=""), quote_plus(content)]
    for before in range(3):  # bytes before it in a group of base64
        encoded = base64.b64encode(bytes(before) + content).decode()
        sure = encoded[(before * 8 + 5) // 6 : (before + len(content)) * 8 // 6]
        forms += [sure, sure.replace("+", "-").replace("/", "_")]
    return list(dict.fromkeys(forms))


def _told(name: str, patterns: Mapping[str, re.Pattern[str]]) -> str:
    """A name as it may be told: one that holds a secret is cut."""
    return _excerpt(name) if any(_found(name, patterns, guess=True)) else name


def _excerpt(value: str) -> str:
    """Less of a short value, so that it cannot be guessed."""
    return value[: min(SHOWN, len(value) // 4)] + "…"
