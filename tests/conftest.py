from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import respx

import tests.respx_httpx2  # noqa: F401 - registers the mocker
from tests.cli.advisor import advisor


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs of a test lie in its own folder, and no key of the machine is seen."""
    monkeypatch.setenv("ADVISOR_HOME", str(tmp_path / "home"))
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture(autouse=True, scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is generated is kept for one session of tests, and not in the home of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def messages_api() -> Iterator[respx.MockRouter]:
    with respx.mock(using="httpx2", base_url="https://api.anthropic.com", assert_all_called=False) as router:
        yield router


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the planner over the embedded market; made once, and not to be written to."""
    home = tmp_path_factory.mktemp("planned")
    advisor("ask", "--offline", "-q", "--as-of", "2025-06-30", "Which sectors lead?", env={"ADVISOR_HOME": str(home)})
    [folder] = (home / "runs").iterdir()
    return folder
