"""Packages of npm in a folder of their own, and a Node.js that is new enough for them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs

CACHE = platformdirs.user_cache_path("sector-advisor")
NODE = 22
"""The oldest major version that runs the conformance suite."""


def package(folder: Path, name: str, version: str = "latest") -> Path:
    """Where a package lies, installed below `folder` unless it is there in that version (any, for the latest)."""
    path = folder / "node_modules" / name
    if not path.exists() or version not in ("latest", version_of(path)):
        npm = shutil.which("npm")
        if npm is None:
            sys.exit("npm is missing: it comes with Node.js (on Debian and Ubuntu: apt-get install npm)")
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
        command = [npm, "install", *quiet, "--prefix", str(folder), f"{name}@{version}"]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            sys.exit(f"npm could not install {name}@{version}: what it says stands above")
    return path


def version_of(package: Path) -> str:
    return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"])


def node() -> str:
    """The Node.js on PATH where it is new enough, else one from npm."""
    found = shutil.which("node")
    if found:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
        if int(said.removeprefix("v").partition(".")[0]) >= NODE:
            return found
    own = CACHE / "node" / "node_modules" / "node" / "bin" / "node"
    if not own.exists():
        package(CACHE / "node", "node", str(NODE))
    return str(own)
