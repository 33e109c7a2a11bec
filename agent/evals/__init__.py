"""Suites of cases: loading them, running them, comparing what came out."""
