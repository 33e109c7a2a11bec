"""Makes the pictures of the documentation from real runs: `python docs/pictures.py`, with a Chromium on the PATH.

The browser is driven as in the tests, so the checkout has to be installed (`pip install -e .`, as make does it).
"""

from __future__ import annotations

import os
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text
from walk import shown

from tests.browser.chromium import CHROMIUM, MISSING, Tab, started

IMAGES = Path(__file__).parent / "images"
ASK = 'advisor ask -q --offline -c us_sector_rotation --as-of {} "Which industries hold up in a downturn?"'
TERMINAL = """<meta charset="utf-8"><style>
body {{ margin: 0; padding: 18px 22px; background: #15181d; color: #d7dae0 }}
pre {{ margin: 0; font: 13px/1.35 "DejaVu Sans Mono", monospace }}
</style><pre>{code}</pre>"""


def main() -> None:
    if CHROMIUM is None:
        raise SystemExit(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        programs = Path(sys.executable).parent
        env = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "ADVISOR_HOME": str(place / "home")}
        env |= {"HOME": folder, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        shown(ASK.format("2008-06-30"), place, env)
        before = Path(shown("advisor runs path last", place, env).strip()).name
        terminal = shown(ASK.format("2008-09-30"), place, env, columns=110)
        page = Path(shown("advisor runs path last", place, env).strip()) / "page.html"
        compared = place / "diff.html"
        shown(f"advisor runs diff {before} last --html -o {compared}", place, env)
        with started(place / "profile") as tab:
            _picture(tab, page, "page", 1480, 1800)
            _picture(tab, page, "page-dark", 1480, 1155, scheme="dark", begins=".heatmap")
            _picture(tab, page, "page-phone", 390, 1100)
            _picture(tab, compared, "diff", 1480, 1000)
            _picture(tab, _terminal(terminal, place / "terminal.html"), "terminal", 920, 1000)


def _terminal(said: str, path: Path) -> Path:
    """What a terminal was sent, as a page."""
    console = Console(record=True, file=StringIO(), width=110, color_system="truecolor")
    console.print(Text.from_ansi(said.replace("\r\n", "\n")))
    path.write_text(console.export_html(inline_styles=True, code_format=TERMINAL), encoding="utf-8")
    return path


def _picture(
    tab: Tab, page: Path, name: str, width: int, height: int, scheme: str = "light", begins: str = "body"
) -> None:
    """A picture of a part of the page. `begins`: the selector of what stands near its upper edge."""
    tab.prefer(scheme)
    tab.resize(width, height)
    tab.go(page.as_uri())
    top = tab.value(f"Math.max(document.querySelector({begins!r}).getBoundingClientRect().top - 24, 0)")
    target = IMAGES / f"{name}.png"
    target.write_bytes(tab.picture(width, height, top=top))
    print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
