"""An agent file from servers that other programs of this machine know."""
