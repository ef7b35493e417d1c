"""What stands between the columns of a CSV: its header shows it."""

import csv

DELIMITERS = ",;\t|"
"""Excel writes a semicolon where the comma is the decimal sign; databases write tabs and bars."""


def delimiter_of(header: str) -> str:
    r"""The sign that the line `header` has most columns by; csv.Error where it cannot be split.

    >>> delimiter_of("model;score"), delimiter_of("model\tscore"), delimiter_of("model")
    (';', '\t', ',')
    """
    return max(DELIMITERS, key=lambda sign: len(next(csv.reader([header], delimiter=sign))))
