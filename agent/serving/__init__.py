"""Agent files as tools of an MCP server: each call is a run, with its progress, its answer and its page."""
