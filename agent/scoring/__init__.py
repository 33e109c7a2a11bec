"""Logs → scores: pure functions of one run and what was expected of it, and of many runs."""
