"""What every grader does: read an answer into what it compares, and score one against another."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from audit.grading.message import Answer


class UnreadableError(Exception):
    """Why an answer is not of the form that a grader compares, in a few words that can be counted."""


class Grader(ABC):
    """One way to compare the answers on an endpoint."""

    kind: ClassVar[str]
    """The name stored with every outcome."""
    needs_reference: ClassVar[bool] = True
    """Whether a score says how well two answers agree; if not, each answer is judged by itself."""

    @abstractmethod
    def read(self, answer: Answer, /) -> object:
        """What `score` takes; UnreadableError where the answer is not of that form."""

    @abstractmethod
    def score(self, given: object, expected: object, /) -> float:
        """0..1, and 1 for an answer against itself; `expected` is None where no reference is needed."""

    def check(self, _expected: Sequence[object], /) -> str | None:
        """What is wrong with the settings, seen against every reference of the endpoint; None if nothing is."""
        return None
