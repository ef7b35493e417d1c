"""Data sets in folders such as `year=2026/month=03/`, as Hive and Spark write them: the folders are columns as well."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

FOLDER = re.compile(r"([A-Za-z_][\w.-]*)=([^/]*)")
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""How Hive and Spark write a partition whose value is NULL."""


def partitions_of(name: str, fields: Iterable[str]) -> Mapping[str, str | None]:
    """What the folders in the name of a file say about all of its records; a column of the file itself comes first.

    DuckDB's own rule takes the folder first, and looks at Parquet only.

    >>> partitions_of("logs/Year=2026/team=a%20b/part-0.parquet", ["year", "model"])
    {'team': 'a b'}
    """
    own = {field.lower() for field in fields}
    folders = (FOLDER.fullmatch(part) for part in name.split("/")[:-1])
    found = {folder[1]: unquote(folder[2]) for folder in folders if folder is not None}
    return {key: None if value == NO_VALUE else value for key, value in found.items() if key.lower() not in own}
