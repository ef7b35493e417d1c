"""Placeholder."""
from round_trip import Format
FORMATS: dict[str, Format] = {}
