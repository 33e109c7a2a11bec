"""Where tools come from: MCP servers, opened together and offered to the model as one set."""
