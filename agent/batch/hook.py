"""`on_finish`: a program of the user's that hears how a batch ended, at least once."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from agent.errors import AdvisorError
from agent.runs.log import write_whole

SECONDS = 300.0
TOLD = "on_finish.json"
"""Stands in a batch's folder when the program has heard of its end."""
LAST_WORDS = 500


def is_told(folder: Path) -> bool:
    return (folder / TOLD).exists()


def message(folder: Path, summary: dict[str, Any], fatal: AdvisorError | None = None) -> dict[str, Any]:
    """What the program reads as JSON on its standard input: how the batch ended, and where its files lie.

    `fatal`: what stopped the batch; it is the `error` then, and the exit code is its.
    """
    keys = ("batch", "complete", "exit_code", "jobs", "states", "spend", "labels", "schedule", "notice")
    files = {"summary": "summary.json", "page": "index.html", "csv": "recommendations.csv"}
    paths = {name: str(folder.absolute() / file) for name, file in files.items()}
    stopped = {"error": fatal.to_json(), "exit_code": fatal.exit_code} if fatal else {"error": None}
    return (
        {key: summary[key] for key in keys}
        | stopped
        | {
            "paths": {
                "folder": str(folder.absolute()),
                **paths,
                "jsonl": str(folder.absolute() / "recommendations.jsonl"),
            },
            "not_done": [
                {key: each[key] for key in ("id", "state", "reason")}
                for each in summary["results"]
                if each["state"] != "done"
            ],
        }
    )


async def tell(command: list[str], cwd: Path, folder: Path, said: dict[str, Any]) -> None:
    """Run the program in the folder of the batch file. Raises AdvisorError when it fails; then it is told again."""
    content = json.dumps(said, ensure_ascii=False).encode()
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe)
    except OSError as error:
        raise _failed(command, str(error)) from None
    try:
        async with asyncio.timeout(SECONDS):
            _, words = await process.communicate(content)
    except TimeoutError:
        raise _failed(command, f"it did not end within {SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        said_last = words.decode("utf-8", "replace").strip()[-LAST_WORDS:]
        raise _failed(command, f"it exited with {process.returncode}{': ' if said_last else ''}{said_last}")
    if said["complete"]:
        write_whole(folder / TOLD, (json.dumps({"command": command[0]}) + "\n").encode())


def _failed(command: list[str], why: str) -> AdvisorError:
    return AdvisorError(
        f"on_finish: {command[0]}: {why}", hint="the batch itself is written; run it again to tell the program again"
    )
