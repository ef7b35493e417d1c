"""Which formats hold requests that another engine can read one by one, as Spark and a warehouse do."""

from audit.intake.double_tracing import TRACED
from audit.intake.growing import GROWING
from audit.readers.reader import Reader


def why_only_here(reader: Reader) -> str | None:
    """What about a format needs this machine, as the end of a sentence about it; None where nothing does."""
    if reader.target != "request_facts":
        return "is a bill, which is small"
    if reader.needs_siblings or reader.records_per_line is not None:
        return "has records that are not one to a line or row"
    if reader.format in (*TRACED, *GROWING):
        return "has records that are parts of one another, and are compared with each other here"
    return None
