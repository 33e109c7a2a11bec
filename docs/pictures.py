"""Makes the pictures of the documentation from real runs: `python docs/pictures.py`, with a Chromium on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text
from walk import shown

IMAGES = Path(__file__).parent / "images"
ASK = 'advisor ask -q --offline -c us_sector_rotation --as-of {} "Which industries hold up in a downturn?"'
TERMINAL = """<meta charset="utf-8"><style>
body {{ margin: 0; padding: 18px 22px; background: #15181d; color: #d7dae0 }}
pre {{ margin: 0; font: 13px/1.35 "DejaVu Sans Mono", monospace }}
</style><pre>{code}</pre>"""


def main() -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no Chromium found: apt-get install chromium")
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
        _picture(browser, page, "page", 1240, 1800)
        _picture(browser, page, "page-dark", 1240, 900, "--force-dark-mode", "--blink-settings=preferredColorScheme=0")
        _picture(browser, page, "page-phone", 500, 1100)
        _picture(browser, compared, "diff", 1240, 1000)
        _picture(browser, _terminal(terminal, place / "terminal.html"), "terminal", 920, 1000)


def _terminal(said: str, path: Path) -> Path:
    """What a terminal was sent, as a page."""
    console = Console(record=True, file=StringIO(), width=110, color_system="truecolor")
    console.print(Text.from_ansi(said.replace("\r\n", "\n")))
    path.write_text(console.export_html(inline_styles=True, code_format=TERMINAL), encoding="utf-8")
    return path


def _picture(browser: str, page: Path, name: str, width: int, height: int, *flags: str) -> None:
    """A picture of the page's upper part."""
    target = IMAGES / f"{name}.png"
    run = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}", *flags]
    subprocess.run([*run, f"--screenshot={target}", page.as_uri()], check=True, capture_output=True)
    print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
