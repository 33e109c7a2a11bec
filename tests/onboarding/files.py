"""Files of other programs, as tests write them, and what is taken over from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.onboarding.adopted import Adopted, adopt
from agent.onboarding.configured import in_file


def write(path: Path, content: Any) -> Path:
    """As JSON, or a text as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    return path


def adopted(folder: Path, **servers: Any) -> Adopted:
    """What is taken over of a file with these servers."""
    return adopt(in_file(write(folder / ".mcp.json", {"mcpServers": servers})))
