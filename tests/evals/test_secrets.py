"""What is found in a text that is to be shared, and what is not."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from agent.encoding import digest
from agent.evals.secrets import Finding, Machine, findings, looks_random

NOBODY = Machine()
EVALS = Path(__file__).parents[2] / "evals"
RANDOM = "q7Zp2LxV9sKd4TnB8wYc1RfH6mJg3XaE5uQo"
HEX = "0123456789abcdef" * 3
HASH = digest("content")
PLANTED = {
    "an Anthropic key": "sk-ant-" + "api03-aBcD1234",
    "a secret key": "sk-" + "proj-abcdefgh12345678",
    "an AWS access key": "AKIA" + "IOSFODNN7EXAMPLE",
    "a GitHub token": "ghp_" + "abcdefghijklmnop1234",
    "a Slack token": "xoxb-" + "1234567890-abcdef",
    "a Google key": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "a JSON Web Token": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a value that looks random": RANDOM,
    "a long hexadecimal value": HEX,
    "a path of a home folder": "/home/alice",
    "a path of a temporary folder": "/tmp/pytest-of-alice/x",
    "a file's URL": "file:///srv/page.html",
}


def found(text: str, machine: Machine = NOBODY) -> list[str]:
    return [finding.kind for finding in findings(text, machine)]


def line(**members: Any) -> str:
    return json.dumps({"i": 3, "event": "tool.answered", **members}, ensure_ascii=False)


@pytest.mark.parametrize(("kind", "secret"), PLANTED.items())
@pytest.mark.parametrize("text", ["{}", "it is {}, they say", '{{"event": "run.warned", "text": "see {}"}}'])
def test_planted_secret_is_found_once_and_never_told(kind: str, secret: str, text: str) -> None:
    [finding] = findings(text.format(secret), NOBODY)
    assert finding.kind == kind
    assert len(finding.shown.rstrip("…")) <= 4 and secret.startswith(finding.shown.rstrip("…"))
    assert secret not in str(finding)


@pytest.mark.parametrize(
    ("kind", "text", "secret"),
    [
        ("a bearer token", "Authorization: Bearer abc.def-123", "abc.def-123"),
        ("a bearer token", "bearer 0123456789", "0123456789"),
        ("a URL with user information", "https://alice:hunter2@example.com/x", "alice:hunter2"),
        ("a URL with user information", "postgres://alice@db/x", "alice"),
        ("a secret under its name", "https://example.com/x?a=1&api_key=hunter22&b=2", "hunter22"),
        ("a secret under its name", "password=hunter2", "hunter2"),
        ("a secret under its name", '{"client_secret": "hunter22"}', "hunter22"),
        ("a secret under its name", '{"text": "{\\"apiKey\\": \\"hunter22\\"}"}', "hunter22"),
        ("a secret under its name", '[{"env": {"MY_TOKEN": "hunter22"}}]', "hunter22"),
        ("a secret under its name", '{"token": 48151623421234}', "48151623421234"),
        ("a secret under its name", '{"text": "{\\"token\\": 48151623421234}"}', "48151623421234"),
        ("a secret under its name", '{"pwd": "hunter"}', "hunter"),
        ("a secret under its name", '{"auth": "hunter"}', "hunter"),
        ("a secret under its name", '{"passphrase": "hunter"}', "hunter"),
        ("a secret under its name", "SMTP_PASS=hunter", "hunter"),
        ("a secret under its name", "password=stringent", "stringent"),
        ("a secret under its name", "AccountKey = hunter", "hunter"),
        ("a secret after a colon", "sent X-Api-Key: 9f8a7b6c and more", "9f8a7b6c"),
        ("a secret after a colon", '{"shown": "x-api-key:9f8a7b6c"}', "9f8a7b6c"),
        ("a secret after a colon", "api key: '9f8a7b6c'", "9f8a7b6c"),
        ("a secret after a colon", "  password: hunter22", "hunter22"),
        ("a secret after a colon", "token: 48151623421234", "48151623421234"),
        ("a secret after a colon", "Authorization: 9f8a7b6c", "9f8a7b6c"),
        ("a password in a line of its own", "- db.password: correcthorse", "correcthorse"),
        ("a password in a line of its own", '{"shown": "user: x\\npassphrase: \'correcthorse\'\\n"}', "correcthorse"),
        ("an authorization", "Authorization: Basic YWxpY2U6aHVu", "YWxpY2U6aHVu"),
        ("an authorization", '{"proxy-authorization": "Basic YWxpY2U6aHVu"}', "YWxpY2U6aHVu"),
        ("an authorization", '{"text": "{\\"Authorization\\": \\"Basic YWxpY2U6aHVu\\"}"}', "YWxpY2U6aHVu"),
        ("a secret in a URL", "https://example.com/x?se=1&sig=aB%2Fc3dEfg&b=2", "aB%2Fc3dEfg"),
        ("a secret in a URL", "https://example.com/x?key=hunter22", "hunter22"),
        ("a secret in a URL", "https://example.com/x?a=1&amp;key=hunter22", "hunter22"),
        ("a secret in a URL", r'{"text": "https://example.com/x?a=1\\u0026key=hunter22"}', "hunter22"),
        ("a path of a home folder", "~/desk/market.py", "~/desk/market.py"),
        ("a path of a machine", r"at D:\projects\desk, line 3", r"D:\projects\desk,"),
        ("a path of a machine", r"C:\new\desk", r"C:\new\desk"),
        ("a path of a machine", "d:/projects/desk", "d:/projects/desk"),
        ("a path of a machine", r"on \\files01\desk$\x", r"\\files01\desk$\x"),
        ("a path of a machine", r"text: \\\\files01\\desk\\x", r"\\\\files01\\desk\\x"),
        ("a path of a machine", "File '/opt/desk/market.py'", "/opt/desk/market.py"),
        ("a path of a machine", "cd /srv/desk", "/srv/desk"),
        ("a path of a machine", "cwd=/mnt/data/alice", "/mnt/data/alice"),
        ("a path of a machine", "/Volumes/Desk/x", "/Volumes/Desk/x"),
        ("a path of a machine", "read from /data/prices/2025/vn.csv", "/data/prices/2025/vn.csv"),
        ("a path of a machine", "/workspace/desk/bin/python", "/workspace/desk/bin/python"),
        ("an absolute path", '{"mcpServers": {"a/b": {"command": "/lib/x"}}}', "/lib/x"),
        ("an absolute path", '{"content": {"prompt": "/lib/x.md"}}', "/lib/x.md"),
        ("a path of a home folder", r"at C:\Users\alice\file.py, line 3", r"C:\Users\alice"),
        ("a path of a home folder", "File '/Users/alice/x.py'", "/Users/alice"),
        ("a path of a home folder", "cd /root", "/root"),
        ("a path of a temporary folder", "/private/var/folders/ab/x", "/private/var/folders/ab/x"),
    ],
)
def test_secret_is_found_by_where_it_stands(kind: str, text: str, secret: str) -> None:
    [finding] = findings(text, NOBODY)
    assert finding.kind == kind and secret not in str(finding)
    assert finding.shown == secret[: min(4, len(secret) // 4)] + "…"


@pytest.mark.parametrize(
    "text",
    [
        "Banks rose 4.2 percent, and risk-adjusted-returns-of-banks-1 too.",
        "The bearer of this certificate, bearer authentication",
        "a token: see the notes; max_tokens=16000 is no secret, nor secret='${MY_SECRET}' or token=[redacted]",
        '{"env": {"API_KEY": "${API_KEY}"}, "headers": {"x-token": "[redacted]"}, "password": {"type": "string"}}',
        '{"properties": {"token": {"type": "string", "description": "the next page"}}, "max_tokens": 16000}',
        "https://example.com/home/alice, https://example.com/root/x and https://example.com/@alice",
        "https://example.com/2025/06/banks-rally-as-foreign-investors-return-to-the-market",
        "get_sector_relative_strength_by_industry_3M and DynamicSectorAdvisorWithAVeryLongName",
        "6f1e8c1a-3f0b-4f0e-9d5a-0b1c2d3e4f5a",
        "artifact:page.html and ./tmp/x and a/home/x",
        "The token: 10-year bonds; a secret: 4.2% since 2025-06-30; api key: required; passwords: at least 12",
        "password: string",
        "Authorization: Basic authentication, Authorization: Bearer authentication, basic materials rose 4.2 percent",
        '{"headers": {"Authorization": "Bearer ${TOKEN}"}, "auth": "none", "max_token": 16000, "skip_auth": true}',
        "https://example.com/docs?key=introduction&sig=none and https://example.com/docs?monkey=hunter22",
        "https://example.com/data/x https://example.com/opt/x {base}/data/x and ${ROOT}/data/x and ./data/x",
        "the pointers /data/0/close, /data/rows/12 and #/data/rows; revenue/data/costs; the /data of a result",
        "about ~50/50, ~/.ssh/id_ed25519, https://example.com/~/x and https://example.com/~smith/x",
        r"Plan B:\nBuy. Then C:\n\nSell, or d:\t4; a ratio of D:E and 3:2",
        r"^\\d{4}-\\d{2}$ and \\nBanks\\nEnergy",
    ],
)
def test_words_names_and_public_addresses_are_no_secrets(text: str) -> None:
    assert findings(text, NOBODY) == []


def test_short_secret_is_told_even_less() -> None:
    assert findings("password=abcd", NOBODY)[0].shown == "a…"


def test_finding_names_its_line_event_and_pointer() -> None:
    text = "\n".join(["{}", line(result={"content": [{"a/b": f"see {PLANTED['an Anthropic key']}"}]})])
    at = "line 2, tool.answered, /result/content/0/a~1b"
    [finding] = findings(text, NOBODY)
    assert finding == Finding("an Anthropic key", at, "sk-a…")
    assert str(finding) == f"{at}: an Anthropic key (sk-a…)"


def test_separators_within_a_text_begin_no_line() -> None:
    [finding] = findings(line(shown=f"a\u2028b\x85c {HEX}") + "\n", NOBODY)
    assert finding.at == "line 1, tool.answered, /shown"


def test_secret_that_is_a_key_is_found_and_not_told_by_the_pointer() -> None:
    secret = PLANTED["an Anthropic key"]
    found = findings(line(result={secret: {"x": HEX}}), NOBODY)
    at = "line 1, tool.answered, /result/sk-a…"
    assert [each.at for each in found] == [at, f"{at}/x"]
    assert not any(secret in str(each) for each in found)


def test_event_that_is_a_secret_is_not_told() -> None:
    secret = PLANTED["an Anthropic key"]
    told = [str(each) for each in findings(json.dumps({"event": secret}), NOBODY)]
    assert told == ["line 1, sk-a…, /event: an Anthropic key (sk-a…)"]


@pytest.mark.parametrize(
    "members",
    [
        {name: HASH}
        for name in ("hash", "root", "request", "spec", "prompt", "opening", "schema", "instructions", "key", "sha256")
    ]
    + [{"tools": [{"description": HASH, "schema": HASH, "definition": HASH}]}, {"result": {"stored": HASH}}],
)
def test_hashes_of_the_log_are_no_secrets(members: dict[str, Any]) -> None:
    assert findings(line(**members), NOBODY) == []


@pytest.mark.parametrize(
    "text",
    [
        line(result={"key": HASH}),
        line(content={"hash": HASH}),
        line(shown=HASH),
        line(key=HASH + "ab"),
        json.dumps({"key": HASH}),
    ],
)
def test_hash_of_a_stranger_may_be_a_secret(text: str) -> None:
    assert found(text) == ["a long hexadecimal value"]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "mimeType": "image/png", "data": RANDOM},
        {"uri": "x:y", "mimeType": "application/pdf", "blob": RANDOM},
        {"type": "thinking", "thinking": "", "signature": RANDOM},
        {"type": "redacted_thinking", "data": RANDOM},
    ],
)
def test_media_and_sealed_thinking_may_look_random(block: dict[str, Any]) -> None:
    assert findings(line(content=[block]), NOBODY) == []
    bare = {key: value for key, value in block.items() if key not in ("mimeType", "type")}
    assert found(line(content=[bare])) == ["a value that looks random"]
    planted = {key: PLANTED["a GitHub token"] if value == RANDOM else value for key, value in block.items()}
    assert found(line(content=[planted])) == ["a GitHub token"]


@pytest.mark.parametrize(
    "form",
    [
        "{secret}",
        "x{secret}y",
        quote("p&ss wörd/1", safe=""),
        "p%26ss+w%C3%B6rd%2F1",
        json.dumps("p&ss wörd/1")[1:-1],
        *(
            base64.b64encode(before + "p&ss wörd/1".encode() + b"after").decode()
            for before in (b"", b"u", b"u:", b"me:")
        ),
        base64.urlsafe_b64encode("p&ss wörd/1".encode()).decode(),
    ],
)
def test_value_of_a_telling_variable_is_found_in_every_form(form: str) -> None:
    machine = Machine({"DESK_PASSWORD": "p&ss wörd/1"})
    [finding] = findings(line(shown=form.format(secret="p&ss wörd/1")), machine)
    assert finding.kind == "the value of DESK_PASSWORD"
    assert "wörd" not in str(finding) and "w%C3" not in str(finding)


def test_value_is_found_in_base64_for_urls() -> None:
    encoded = base64.urlsafe_b64encode(b"~~~???>>>").decode()
    assert "-" in encoded and "_" in encoded
    assert found(encoded, Machine({"A_TOKEN": "~~~???>>>"})) == ["the value of A_TOKEN"]


def test_short_values_and_names_are_not_looked_for() -> None:
    assert found("on, /lib/ab and pc", Machine({"A_TOKEN": "on"}, host="pc", user="ab")) == []
    assert found("/lib/root/x on localhost", Machine(host="localhost", user="root")) == []


def test_host_and_user_are_found_as_words() -> None:
    machine = Machine(host="desk-7", user="alice")
    assert found("served by DESK-7 from /lib/alice/x", machine) == [
        "a path with the user's name",
        "the name of this machine",
    ]
    assert found("alice and my-desk-7 and /lib/alice-b", machine) == []


def test_this_machine_is_looked_for_without_being_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_API_KEY", "hunter22")
    monkeypatch.setenv("DESK_NAME", "hunter33")
    monkeypatch.setenv("LOGNAME", "alicia")
    assert found("hunter22, hunter33, /lib/alicia", Machine.this()) == [
        "the value of DESK_API_KEY",
        "a path with the user's name",
    ]
    assert found("hunter22") == [] and [each.kind for each in findings("hunter22")] == ["the value of DESK_API_KEY"]


@pytest.mark.parametrize(
    "name",
    ["SMTP_PASS", "DB_PWD", "DESK_AUTH", "VIMO_PAT", "DATABASE_URL", "REDIS_URL", "SENTRY_DSN", "CHAT_WEBHOOK_URL"],
)
def test_variable_with_a_telling_name_is_looked_for(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "correct horse")
    assert [each.kind for each in findings("a correct horse")] == [f"the value of {name}"]


@pytest.mark.parametrize(
    "name", ["PWD", "OLDPWD", "SSH_AUTH_SOCK", "SSH_ASKPASS", "COMPASS", "PATH", "COMPAT", "DOCS_URL"]
)
def test_variable_that_only_sounds_alike_is_not_looked_for(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "correct horse")
    assert findings("a correct horse") == []


def test_variable_that_the_text_names_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK", "correct horse")
    kinds = [[each.kind for each in findings(f"{text} correct horse")] for text in ("DESK", "${DESK}", "${DESK:-x}")]
    assert kinds == [[], ["the value of DESK"], ["the value of DESK"]]


def test_value_that_the_text_gives_as_a_default_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_MODE", "simulated")
    assert findings("${DESK_MODE:-simulated} and ${DESK_AWAY}") == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/workspace/desk/bin/python", "/workspace"),
        ("/home/alice/bin/python", "/home"),
        ("/usr/bin/python3", "/usr"),
        ("--folder=/etc/desk", "/etc"),
        ("-I/etc/desk", "/etc"),
        ("desk:/etc/desk", "/etc"),
        ("${DESK:-/etc/desk}", "/etc"),
        ("~alice/desk", "~alice"),
        (r"D:\desk\python.exe", r"D:\desk"),
        ("C:/desk/python.exe", "C:/desk"),
        (r"\\files01\desk\x", r"\\files01"),
    ],
)
@pytest.mark.parametrize("key", ["command", "cwd", "args"])
def test_absolute_path_of_a_server_is_found_once(key: str, text: str, path: str) -> None:
    server = {key: ["-m", text] if key == "args" else text}
    [finding] = findings(line(content={"mcpServers": {"market": server}}), NOBODY)
    assert finding.kind == "an absolute path"
    assert len(finding.shown) > 2 and path.startswith(finding.shown.rstrip("…"))
    assert f"/content/mcpServers/market/{key}" in finding.at


@pytest.mark.parametrize(
    "text",
    [
        *("advisor", "npx", "python3", "uvx", "bin/python", "./server.py", "../desk/server.py", "/", "/c"),
        *("@scope/server-desk", "git+https://example.com/desk", "--url=https://example.com/etc", "${DESK}/server.py"),
        *("**/*.csv", "mcp/market:1.2", "-m"),
    ],
)
@pytest.mark.parametrize("key", ["command", "cwd", "args"])
def test_program_without_its_folder_is_no_finding(key: str, text: str) -> None:
    server = {key: [text] if key == "args" else text}
    assert findings(line(content={"mcpServers": {"market": server}}), NOBODY) == []


def test_absolute_path_elsewhere_is_no_finding() -> None:
    assert findings(line(content={"command": "/usr/bin/python3", "env": {"args": "/etc/desk"}}), NOBODY) == []


SHIPPED = sorted(path for folder in ("transcripts", "cases", "packs") for path in (EVALS / folder).iterdir())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_suite_is_clean(path: Path) -> None:
    assert findings(path.read_text(encoding="utf-8"), NOBODY) == []


def test_random_tokens_are_told_from_long_names() -> None:
    assert looks_random(RANDOM)
    assert not looks_random("the_quick_brown_fox_jumps_over_a_lazy_dog_2025")
    assert not looks_random("aB1" * 12), "few characters, and so few bits"
