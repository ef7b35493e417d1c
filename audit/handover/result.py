"""The one table that a script leaves: what it says, row by row, so that a load can check it before it believes it."""

from audit.measures import MEASURES
from audit.schema import TABLES

VERSION = 2
"""Raised when the rows of the table mean something else; a load refuses others."""
MARK = "handed_over"
"""The column that tells such a table from any other: what its row states."""
SETTING, COUNT, NOTE, REJECT, NOT_CALL, TEMPLATE, TOTAL, CELL = (
    "setting", "count", "note", "reject", "not_call", "template", "total", "cell"
)  # fmt: skip
"""What a row states: how the script was made; records of a disposition; records with a note; records rejected for a
reason; records that are no calls; a prompt template; all measures summed without cells; a cell."""
MARKS = (SETTING, COUNT, NOTE, REJECT, NOT_CALL, TEMPLATE, TOTAL, CELL)
FILE_COUNTS = (
    "read_count", "loaded_count", "duplicate_count", "rejected_count", "not_call_count", "id_collision_count",
)  # fmt: skip
"""What becomes a column of `files` of the same name."""
TIMES = ("first_time", "last_time")
"""Of the first and the last record that is a request, in microseconds since 1970; null where none is."""
COUNTS = (*FILE_COUNTS, "bucket_count", "nested_count", *TIMES)
"""Names of the rows that are a COUNT."""
SETTINGS = ("version", "source_format", "source", "salt", "endpoint_rule", "length_bands")
"""Names of the rows that are a SETTING: what the script was printed with."""
LOOKED_UP_HERE = ("load_id", "source_format", "billing_period", "model")
"""What cells are by that no warehouse knows."""
CELL_KEY = {
    "usage_date": "DATE",
    "request_model": "VARCHAR",
    "response_model": "VARCHAR",
    **{name: kind for name, kind in TABLES["traffic_cells"].items() if name not in (*LOOKED_UP_HERE, *MEASURES)},
}
"""The grain of `daily_cells`: that of `traffic_cells`, and what it takes to look the rest up."""
COLUMNS = {
    MARK: "VARCHAR",
    "name": "VARCHAR",
    "value": "VARCHAR",
    "record_count": "BIGINT",
    "template_hash": "VARCHAR",
    **CELL_KEY,
    **MEASURES,
}
"""All columns of the table, with their types here; those that a kind of row has no use for are null in it."""
MOST_REASONS = 1000
"""Reasons of rejects that are listed, the commonest first: most quote the value that is wrong."""
OTHER_REASONS = f"for another reason than the {MOST_REASONS:,} commonest"
