"""A server on the package `fastmcp`, for its tool's result with structured content and an output schema."""

from __future__ import annotations

from fastmcp import FastMCP

server = FastMCP("tiny")


@server.tool(annotations={"readOnlyHint": True})
def average(values: list[float]) -> float:
    """The arithmetic mean of some numbers."""
    return sum(values) / len(values)


if __name__ == "__main__":
    server.run()
