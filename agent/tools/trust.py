"""Whether an agent file may start programs: one that lies with the user's own things may, others when trusted."""

from __future__ import annotations

from pathlib import Path

from agent import data
from agent.errors import TrustNeeded
from agent.foreign import printable
from agent.runs import store
from agent.server_spec import HttpServer, StdioServer
from agent.spec import AgentSpec, is_local


def require(spec: AgentSpec, place: Path | None, *, trusted: bool) -> None:
    """`place`: where the file lies, or the run whose log holds it; None for a mapping of this process.

    Raises TrustNeeded for a file from elsewhere that would start programs, read a folder, or send variables of the
    environment to a server, unless it is `trusted`.
    """
    if trusted or place is None or _is_own(place):
        return
    doubtful = [f"  {name}: {printable(_address(server))}" for name, server in spec.servers.items() if _acts(server)]
    if spec.model.base_url and not is_local(spec.model.base_url):
        doubtful.append(f"  model: {printable(spec.model.base_url)}")
    if doubtful:
        raise TrustNeeded(
            f"{place} lies outside the current folder and your own configuration, and would start programs, read a "
            "folder, or send variables of yours away:\n" + "\n".join(doubtful),
            hint="look at it, then add --trust, or go to its folder",
            where=str(place),
        )


def _acts(server: StdioServer | HttpServer) -> bool:
    if isinstance(server, StdioServer):
        return not server.is_embedded or server.reads_folder
    return "${" in server.url or any("${" in value for value in server.headers.values())


def _address(server: StdioServer | HttpServer) -> str:
    return " ".join([server.command, *server.args]) if isinstance(server, StdioServer) else server.url


def _is_own(place: Path) -> bool:
    from platformdirs import user_config_path

    own = (Path.cwd(), store.home(), user_config_path("sector-advisor", appauthor=False), data.root())
    return any(place.resolve().is_relative_to(folder.resolve()) for folder in own)
