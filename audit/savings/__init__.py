"""Verdicts and prices become three totals: measured, expected, ceiling."""
