"""The reference market server: sector figures over MCP, from real US history or a simulated Vietnam."""
