"""The column dictionary: what every column of the frames is called, measured in, taken from, and means."""

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from audit.library.traffic import Traffic


def columns(traffic: "Traffic", relation: str) -> pl.DataFrame:
    """One row per column of a relation: name, type, unit, source, meaning."""
    return traffic.sql(f"describe {relation}")
