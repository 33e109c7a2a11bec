from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import CHROMIUM, MISSING, Open, Tab, started


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """Of a browser with an empty profile."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    with started(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def shown(tab: Tab, tmp_path: Path) -> Iterator[Open]:
    def show(text: str, width: int = 1480, scheme: str = "light", *, name: str = "page.html", anchor: str = "") -> Tab:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        tab.ask("Emulation.setTouchEmulationEnabled", enabled=width < 600)
        tab.prefer(scheme)
        tab.resize(width, 900)
        tab.go(file.as_uri() + anchor)
        return tab

    yield show
    tab.ask("Emulation.setTouchEmulationEnabled", enabled=False)
    tab.prefer("")
