"""A number of things is said in the singular where it is one, wherever it is said."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import audit
from audit.counting import none_of, number_of

SOURCES = Path(audit.__file__).parent
THINGS = (
    "answers|buckets|calls|columns|customers|days|endpoints|files|hours|judges|labels|lines|models|outcomes|pairs|"
    "records|rejects|replies|requests|rows|samples|tables|things|tokens|units|values|verdicts|words|workloads|more are"
)
MANY = re.compile(rf" (?!of )(?:[a-z]+ ){{0,2}}?(?:{THINGS})\b")
NEVER_ONE = {
    ("catalog/bottom_line.py", "_fact(a, 'context_window')"),
    ("catalog/comparison.py", "window"),
    ("holes.py", "count"),
    ("intake/locate.py", "taken"),
    ("intake/many_endpoints.py", "count"),
    ("readers/sniff.py", "len(lines)"),
}
"""Context windows, days of a hole in a log, endpoints too many to list, lines of a damaged file: two at the least."""


def sentences(source: Path) -> Iterator[tuple[str, str]]:
    """Numbers in the text of a module, as it writes them, each with the text that follows."""
    for node in ast.walk(ast.parse(source.read_text())):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for number, text in pairwise(parts):
            if isinstance(number, ast.FormattedValue) and isinstance(text, ast.Constant):
                written = ast.unparse(number.value)
                is_whole = number.format_spec is not None and ast.unparse(number.format_spec)[2:-1] in (",", ",.0f")
                if is_whole or re.match(r"len\(|words\.count\(|count\(", written):
                    yield written, str(text.value)


def test_no_sentence_puts_any_number_before_a_plural() -> None:
    found = {
        (source.relative_to(SOURCES).as_posix(), number)
        for source in SOURCES.rglob("*.py")
        for number, text in sentences(source)
        if MANY.match(text)
    }
    assert found == NEVER_ONE


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 rows"), (1, "1 row"), (1.0, "1 row"), (2, "2 rows"), (1500, "1,500 rows")]
)
def test_one_is_singular_and_every_other_number_plural(count: float, said: str) -> None:
    assert number_of(count, "row") == said


def test_none_of_one_is_said_of_the_only_one() -> None:
    assert none_of(1, "row") == "its only row is not"
    assert none_of(2, "row") == "none of its 2 rows is"
