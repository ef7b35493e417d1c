"""Graders of text: to the letter, by its words, by a pattern, by a number in it."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from typing import ClassVar, cast

from audit.grading.grader import Grader, UnreadableError
from audit.grading.message import Answer

NUMBER = re.compile(r"(?:(?<![\w.)])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,4})?")
"""A number in running text: 1,234.5 and 6.02e23, not the 3 of '1,2,3' joined with its neighbours."""

FURTHEST = 5_000
"""Powers of ten beyond which a number is somebody's joke, and arithmetic with it costs minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact(Grader):
    """1 if both texts are the same, character by character."""

    kind: ClassVar[str] = "exact"

    def read(self, answer: Answer, /) -> str:
        """The text as it is."""
        return plain_text(answer)

    def score(self, given: object, expected: object, /) -> float:
        """Equality."""
        return float(given == expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Exact):
    """1 if both texts are the same after Unicode NFKC, with case and white space made one."""

    kind: ClassVar[str] = "text"
    ignore_case: bool = True
    ignore_punctuation: bool = False

    def read(self, answer: Answer, /) -> str:
        """The normalised text, which must not be empty: '!' and '?' are not the same answer."""
        words = normalised(plain_text(answer), ignore_case=self.ignore_case, ignore_punctuation=self.ignore_punctuation)
        if not words:
            raise UnreadableError("no words")
        return words


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern(Grader):
    """1 if the answer has (or as a `whole` is) what the pattern describes; no reference is needed."""

    kind: ClassVar[str] = "regex"
    needs_reference: ClassVar[bool] = False
    pattern: re.Pattern[str]
    whole: bool = False

    def read(self, answer: Answer, /) -> str:
        """The text as it is."""
        return plain_text(answer)

    def score(self, given: object, _expected: object, /) -> float:
        """Whether it matches."""
        text = cast("str", given)
        return float(bool(self.pattern.fullmatch(text.strip()) if self.whole else self.pattern.search(text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric(Grader):
    """1 if both answers' last number, or the one the pattern marks, is the same within the tolerances."""

    kind: ClassVar[str] = "numeric"
    pattern: re.Pattern[str] | None = None
    tolerance: float = 0.0
    relative_tolerance: float = 0.0

    def read(self, answer: Answer, /) -> Decimal:
        """The number, exactly as written."""
        text = unicodedata.normalize("NFKC", plain_text(answer)).replace("\u2212", "-")
        if self.pattern is not None:
            matches = list(self.pattern.finditer(text))
            if not matches:
                raise UnreadableError("the pattern is not in it")
            text = matches[-1][self.pattern.groups] or ""
        found = NUMBER.findall(text)
        if not found:
            raise UnreadableError("no number")
        return decimal(found[-1].replace(",", ""))

    def score(self, given: object, expected: object, /) -> float:
        """Closeness; the relative tolerance is a fraction of the reference."""
        one, other = cast("Decimal", given), cast("Decimal", expected)
        return float(is_close(one, other, self.tolerance, self.relative_tolerance))


def plain_text(answer: Answer) -> str:
    """The text of an answer; UnreadableError where it has none, as a bare tool call."""
    if not answer.text.strip():
        raise UnreadableError("a tool call" if answer.tool_calls else "no text")
    return answer.text


def normalised(text: str, *, ignore_case: bool = True, ignore_punctuation: bool = False) -> str:
    r"""Text in Unicode form NFKC, case folded, white space single; punctuation becomes space where it is ignored.

    >>> normalised("  \ufb01t,\nSTRASSE "), normalised("don't!", ignore_punctuation=True)
    ('fit, strasse', 'don t')
    """
    words = unicodedata.normalize("NFKC", text)
    if ignore_case:
        words = unicodedata.normalize("NFKC", words.casefold())
    if ignore_punctuation:
        words = "".join(" " if unicodedata.category(each).startswith("P") else each for each in words)
    return " ".join(words.split())


def decimal(text: str) -> Decimal:
    """The number a text spells; UnreadableError where nobody could calculate with it."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise UnreadableError("a number too large to read") from None
    if number.is_finite() and number and abs(number.adjusted()) > FURTHEST:
        raise UnreadableError("a number too large to read")
    return number


def is_close(one: Decimal, other: Decimal, tolerance: float, relative: float = 0.0) -> bool:
    """Whether |one - other| is at most the larger of `tolerance` and `relative` times |other|."""
    if one == other:
        return True
    if not tolerance and not relative:
        return False
    with localcontext() as context:
        context.traps[Overflow] = context.traps[InvalidOperation] = context.traps[DivisionByZero] = False
        allowed = max(Decimal(str(tolerance)), Decimal(str(relative)) * abs(other))
        return abs(one - other) <= allowed
