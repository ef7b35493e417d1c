"""Every error this package raises on purpose; the command line prints their message and nothing else.

AuditError
├── InputError        an export, outcomes or price file cannot be read as what it claims to be
├── ConfigError       audit.toml or an option says something that cannot be done
├── UnknownNameError  a model, format, relation or workload that nobody knows, with the nearest names
├── DatabaseError     the database is missing, locked, or written by another version
│   └── OutOfMemoryError   a query needs more memory than it may use
└── CheckError        a check of queries/5_checks returned rows (exit code 3)
"""

from collections.abc import Iterable
from difflib import get_close_matches


class AuditError(Exception):
    """What is wrong, where, and what to do about it."""


class InputError(AuditError):
    """An input file cannot be used."""


class ConfigError(AuditError):
    """A setting cannot be used."""


class DatabaseError(AuditError):
    """The database cannot be used."""


class OutOfMemoryError(DatabaseError):
    """A query needs more memory than it may use."""


class CheckError(AuditError):
    """A check failed."""


def visible(text: str) -> str:
    r"""Text for a terminal, which obeys nothing in it but the ends of lines; names of files may hold anything.

    >>> print(visible("a\x1b[31m.csv"))
    a\x1b[31m.csv
    """
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in text
    )


class UnknownNameError(AuditError):
    """A name that nobody knows.

    >>> print(UnknownNameError("model", "gpt-4o-mni", ["gpt-4o", "gpt-4o-mini"]))
    unknown model 'gpt-4o-mni'; nearest: gpt-4o-mini, gpt-4o
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        """Quote `name` and list up to five of the `known` names that resemble it."""
        nearest = get_close_matches(name, list(known), n=5, cutoff=0.5)
        message = f"unknown {kind} {name!r}"
        if nearest:
            message += f"; nearest: {', '.join(nearest)}"
        if hint:
            message += f". {hint}"
        super().__init__(message)
