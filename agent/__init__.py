"""Sector Advisor: an agent orchestrator for financial analysts that consumes MCP tools."""

__version__ = "0.1.0"
