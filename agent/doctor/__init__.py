"""Everything that a run needs, looked at: each finding with what to do about it."""
