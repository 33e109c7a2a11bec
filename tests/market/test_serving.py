from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from agent.market import us_real
from agent.market.server import build, serve

ROOT = Path(__file__).parents[2]
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def arguments(pack: str, port: int | None = None) -> list[str]:
    return ["-c", f"from agent.market.server import serve; serve({pack!r}, {port!r})"]


@contextmanager
def started(*args: str):
    """A server process, killed at the end if it has not ended by itself."""
    process = subprocess.Popen(
        [sys.executable, *args],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


async def test_stdio_serves_a_client_and_writes_nothing_to_stderr(tmp_path):
    parameters = StdioServerParameters(command=sys.executable, args=arguments("us-real"), cwd=ROOT)
    log = tmp_path / "stderr"
    with log.open("w") as errlog:
        async with Client(stdio_client(parameters, errlog=errlog)) as client:
            result = await client.call_tool("get_sector_heatmap", {"as_of": "2008-09-30"})
            refused = await client.call_tool("get_sector_heatmap", {"as_of": "soon"})
    assert result.structured_content["observed_at"] == "2008-09-30"
    assert refused.is_error
    assert log.read_text() == ""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_http_serves_a_client_and_a_signal_ends_it_quietly(stop):
    with started(*arguments("vn-sim", 0)) as process:
        line = process.stderr.readline()
        assert line.startswith("serving vn-sim on http://127.0.0.1:") and line.endswith("/mcp\n")
        async with Client(line.split()[-1]) as client:
            result = await client.call_tool("get_foreign_flow", {"sector": "Banks"})
            assert result.structured_content["rows"][0]["sector"] == "Banks"
            process.send_signal(stop)
            assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""
        assert process.stdout.read() == ""


async def test_http_serves_a_client_of_the_older_protocol():
    with started(*arguments("vn-sim", 0)) as process:
        url = process.stderr.readline().split()[-1]
        async with Client(url, mode="legacy") as client:
            assert len((await client.list_tools()).tools) == 7
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_stdio_server_that_waits_for_input(stop):
    with started(*arguments("vn-sim")) as process:
        process.stdin.write(json.dumps(INITIALIZE) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["result"]["serverInfo"]["name"] == "market-vn-sim"
        process.send_signal(stop)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("text", ["", "no JSON at all\n", json.dumps(INITIALIZE) + "\n"])
def test_end_of_input_ends_a_stdio_server_quietly(text):
    with started(*arguments("vn-sim")) as process:
        _, err = process.communicate(text, timeout=60)
    assert (process.returncode, err) == (0, "")


def test_a_client_that_leaves_before_the_answer_ends_a_stdio_server_quietly():
    with started(*arguments("vn-sim")) as process:
        process.stdout.close()
        process.stdin.write(json.dumps(INITIALIZE) + "\n")
        process.stdin.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""


def test_a_taken_port_is_an_error_of_the_caller():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve("vn-sim", taken.getsockname()[1])


def test_serving_in_this_process_answers_and_puts_the_signal_handlers_back(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    requests = io.TextIOWrapper(io.BytesIO(json.dumps(INITIALIZE).encode() + b"\n"))
    answers = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", requests)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(answers))
    serve("vn-sim")
    assert json.loads(answers.getvalue())["result"]["serverInfo"]["name"] == "market-vn-sim"
    assert signal.getsignal(signal.SIGTERM) is before


def test_http_in_this_process_stops_on_a_signal(monkeypatch):
    class Stderr(io.StringIO):
        def flush(self) -> None:
            connection = socket.create_connection(("127.0.0.1", int(self.getvalue().split(":")[-1].split("/")[0])))
            threading.Thread(target=self.stop_after_an_answer, args=(connection,)).start()

        def stop_after_an_answer(self, connection: socket.socket) -> None:
            with connection:
                connection.sendall(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                connection.recv(1000)
                os.kill(os.getpid(), signal.SIGTERM)

    line = Stderr()
    monkeypatch.setattr(sys, "stderr", line)
    serve("vn-sim", 0)
    assert line.getvalue().count("\n") == 1


def test_an_unknown_pack_is_refused_with_the_ones_there_are():
    with pytest.raises(ValueError, match=r"unknown pack 'moon'; the packs are vn-sim, us-real"):
        build("moon")


def test_without_its_folder_the_real_pack_says_what_is_missing_and_the_simulated_one_works(tmp_path):
    shutil.copytree(ROOT / "agent" / "market", tmp_path / "agent" / "market")
    (tmp_path / "agent" / "__init__.py").touch()
    shutil.rmtree(tmp_path / "agent" / "market" / "us_real_data")
    code = """
from agent.market import tools, vn_sim
from agent.market.answers import ANSWERS
from agent.market.server import build
build("vn-sim")
for name, tool in tools.offered(vn_sim.PACK).items():
    assert ANSWERS[name](vn_sim.PACK, tools.checked(tool, vn_sim.PACK, {}))["rows"], name
try:
    build("us-real")
except FileNotFoundError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("the pack us-real needs the file us_industries_monthly.csv in the folder ")
    assert done.stdout.count("\n") == 1


def test_each_missing_file_is_named(tmp_path, monkeypatch):
    shutil.copytree(us_real.DATA, tmp_path / "data")
    monkeypatch.setattr(us_real, "DATA", tmp_path / "data")
    us_real.require_data()
    (tmp_path / "data" / "us_gdp_quarterly.csv").unlink()
    with pytest.raises(FileNotFoundError, match="us_gdp_quarterly"):
        build("us-real")


def test_the_notices_lie_beside_the_data():
    sources = (us_real.DATA / "SOURCES.md").read_text()
    assert all(name in sources for name in us_real.FILES)
    assert "Kevin Sheppard" in (us_real.DATA / "NOTICE-linearmodels.md").read_text()
