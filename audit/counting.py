"""A number of things as sentences say it: so that none says `1 requests`."""


def number_of(count: object, one: str, many: str | None = None) -> str:
    """How many of something: what is said of one, or of any other number (`one` with an s); `count` as a row has it.

    >>> number_of(1, "day"), number_of(2000, "day"), number_of(0, "row is", "rows are")
    ('1 day', '2,000 days', '0 rows are')
    """
    shown = "n/a" if count is None else f"{count:,.0f}"
    return f"{shown} {one if shown == '1' else many or f'{one}s'}"


def none_of(count: int, noun: str, verb: str = "is") -> str:
    """That nothing holds of any of them.

    >>> none_of(1, "row"), none_of(2000, "record", "could")
    ('its only row is not', 'none of its 2,000 records could')
    """
    return f"its only {noun} {verb} not" if count == 1 else f"none of its {number_of(count, noun)} {verb}"
