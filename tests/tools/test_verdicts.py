from __future__ import annotations

from pathlib import Path

from agent.tools import verdicts


def test_verdict_is_kept_and_taken_back(home: Path) -> None:
    assert not verdicts.is_legacy("npx thing")
    verdicts.remember("npx thing", legacy=True)
    verdicts.remember("npx other", legacy=True)
    assert verdicts.is_legacy("npx thing") and not verdicts.is_legacy("npx third")
    verdicts.remember("npx thing", legacy=False)
    assert not verdicts.is_legacy("npx thing") and verdicts.is_legacy("npx other")


def test_nothing_of_an_address_can_be_read_from_it(home: Path) -> None:
    verdicts.remember("npx thing --key s3cret", legacy=True)
    assert "s3cret" not in (home / "protocols.json").read_text()


def test_file_that_is_none_of_ours_is_no_verdict_and_a_home_that_cannot_be_written_no_error(home: Path) -> None:
    home.mkdir()
    (home / "protocols.json").write_text("[1]")
    assert not verdicts.is_legacy("npx thing")
    (home / "protocols.json").unlink()
    (home / "protocols.json").mkdir()
    verdicts.remember("npx thing", legacy=True)
    assert not verdicts.is_legacy("npx thing")


def test_verdict_that_was_never_given_is_taken_back_without_a_file(home: Path) -> None:
    verdicts.remember("npx thing", legacy=False)
    assert not home.exists()
