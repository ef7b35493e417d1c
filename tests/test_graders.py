"""Graders: tables of cases with their scores, answers that cannot be read, and properties that hold for all."""

import sys
from pathlib import Path

import pytest
from graded import UNREADABLE, calling, made, scored

from audit.errors import ConfigError
from audit.grader_settings import GraderSettings
from audit.grading.grader import UnreadableError
from audit.grading.graders import grader


@pytest.mark.parametrize(
    ("given_text", "expected", "exact", "text", "without_punctuation"),
    [
        ("Paris", "Paris", 1, 1, 1),
        ("paris", "Paris", 0, 1, 1),
        (" Paris\n", "Paris", 0, 1, 1),
        ("Paris.", "Paris", 0, 0, 1),
        ("New  York", "new york", 0, 1, 1),
        ("ﬁne", "fine", 0, 1, 1),  # a ligature
        ("cafe\u0301", "café", 0, 1, 1),  # composed and not
        ("STRASSE", "straße", 0, 1, 1),
        ("Ｐａｒｉｓ", "Paris", 0, 1, 1),
        ("don't", "dont", 0, 0, 0),
        ("well-known", "well known", 0, 0, 1),
        ("１２３", "123", 0, 1, 1),
        ("", "Paris", UNREADABLE, UNREADABLE, UNREADABLE),
        ("  \n", "Paris", UNREADABLE, UNREADABLE, UNREADABLE),
        ("?!", "...", 0, 0, UNREADABLE),
        ("a\u200bb", "ab", 0, 0, 0),  # a zero-width space is neither white space nor punctuation
    ],
)
def test_texts_are_compared_to_the_letter_or_by_their_words(
    given_text: str, expected: str, exact: object, text: object, without_punctuation: object
) -> None:
    assert scored(made("exact"), given_text, expected) == exact
    assert scored(made("text"), given_text, expected) == text
    assert scored(made("text", ignore_punctuation=True), given_text, expected) == without_punctuation


def test_case_counts_where_audit_toml_says_so() -> None:
    assert scored(made("text", ignore_case=False), "paris", "Paris") == 0


@pytest.mark.parametrize(
    ("given_text", "expected", "score"),
    [
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', 1),
        ('{"a": 1}', '{"a": 1.0}', 1),
        ('{"a": 1}', '{"a": "1"}', 0),
        ('{"a": 1}', '{"a": true}', 0),
        ('{"a": 0}', '{"a": false}', 0),
        ('{"a": null}', "{}", 0),
        ("{}", "{}", 1),
        ('{"a": 1, "b": 2}', '{"a": 1, "b": 3}', 0.5),
        ('{"a": 1}', '{"a": 1, "b": 2, "c": 3, "d": 4}', 0.25),
        ('{"a": 1, "x": 0}', '{"a": 1}', 0.5),
        ('{"a": [1, [2, 3]]}', '{"a": [1, [2, 3]]}', 1),
        ('{"a": [1, [2, 3]]}', '{"a": [1, [3, 2]]}', 0),
        ("[1, 2]", "[1, 2.0]", 1),
        ("[1, 2]", "[2, 1]", 0),
        ("3", "3.0", 1),
        ('"é"', '"\\u00e9"', 1),
        ("1e400", "1e400", 1),
        ("1e400", "1e401", 0),
        ("123456789012345678901234567890", "123456789012345678901234567891", 0),
        ("0.1", "0.1000000000000000055", 0),  # equal as floats, not as what was written
        ('```json\n{"a": 1}\n```', '{"a": 1}', 1),
        ('```\n{"a": 1}\n```', '{"a": 1}', 1),
        ('Sure! {"a": 1}', '{"a": 1}', UNREADABLE),
        ('{"a": NaN}', '{"a": NaN}', UNREADABLE),
        ('{"a": Infinity}', '{"a": 1}', UNREADABLE),
        ('{"a": 1, "a": 2}', '{"a": 2}', UNREADABLE),
        ('{"a": 1', '{"a": 1}', UNREADABLE),
        ("", "{}", UNREADABLE),
        ("1e99999", "1", UNREADABLE),
        ("1" * 6000, "1", UNREADABLE),
        ("[" * 500 + "]" * 500, "[]", UNREADABLE),
        ("[" * 100_000, "[]", UNREADABLE),
    ],
)
def test_json_is_compared_by_its_fields(given_text: str, expected: str, score: object) -> None:
    assert scored(made("json"), given_text, expected) == score


@pytest.mark.parametrize(
    ("options", "given_text", "expected", "score"),
    [
        ({"fields": ["label"]}, '{"label": "a", "why": 1}', '{"label": "a", "why": 2}', 1),
        ({"fields": ["label", "n"]}, '{"label": "a", "n": 1}', '{"label": "a", "n": 2}', 0.5),
        ({"fields": ["a.b.0"]}, '{"a": {"b": [1, 2]}}', '{"a": {"b": [1, 3]}}', 1),
        ({"fields": ["a.b"]}, '{"a.b": 1}', '{"a": {"b": 1}}', 1),
        ({"fields": ["a.9"]}, '{"a": [1]}', '{"a": []}', 1),  # neither has it
        ({"fields": ["label"]}, '["label"]', '{"label": 1}', UNREADABLE),
        ({"ignore": ["why"]}, '{"label": "a", "why": 1}', '{"label": "a"}', 1),
        ({"ignore": ["why"]}, '{"why": 1}', '{"why": 2}', 1),
        ({"tolerance": 0.01}, '{"p": 0.501}', '{"p": 0.5}', 1),
        ({"tolerance": 0.01}, '{"p": 0.52}', '{"p": 0.5}', 0),
        ({"tolerance": 0.01}, '{"p": [1.001, {"q": 2.0}]}', '{"p": [1, {"q": 2.009}]}', 1),
        ({"tolerance": 1}, '{"p": 1e4000}', '{"p": 1}', 0),
        ({"ignore_order": True}, '{"t": ["b", "a", "a"]}', '{"t": ["a", "b", "a"]}', 1),
        ({"ignore_order": True}, '{"t": ["b", "a", "a"]}', '{"t": ["a", "b", "b"]}', 0),
        ({"ignore_order": True}, '{"t": [{"x": [2, 1]}, 1]}', '{"t": [1, {"x": [1, 2]}]}', 1),
        ({"ignore_order": True, "tolerance": 0.1}, "[1.0, 1.1]", "[1.05, 0.95]", 1),
        ({"allow_fences": False}, '```json\n{"a": 1}\n```', '{"a": 1}', UNREADABLE),
    ],
)
def test_json_settings_say_what_counts(
    options: dict[str, object], given_text: str, expected: str, score: object
) -> None:
    assert scored(made("json", **options), given_text, expected) == score


def test_a_field_that_no_reference_has_is_a_misspelling() -> None:
    tool = made("json", fields=["lable"])
    problem = tool.check([{"label": 1}, {"label": 2}])
    assert problem == "no reference has a field 'lable'; did you mean 'label'?"
    assert made("json", fields=["label"]).check([{"label": 1}, {}]) is None


@pytest.mark.parametrize(
    ("options", "given_text", "expected", "score"),
    [
        ({}, "The answer is 42.", "42", 1),
        ({}, "6 * 7 = 42", "41 or 42", 1),
        ({}, "1,234.5", "1234.50", 1),
        ({}, "1, 2, 3", "3", 1),
        ({}, "-5", "5", 0),
        ({}, "\u22125", "-5", 1),  # the minus of typography
        ({}, "10-5", "5", 1),  # a range, not a negative number
        ({}, "6.02e23", "602e21", 1),
        ({}, "٤٢", "42", 1),  # Arabic digits
        ({}, "0.30000000000000004", "0.3", 0),
        ({}, "none", "42", UNREADABLE),
        ({}, "", "42", UNREADABLE),
        ({}, "9" * 6000, "9", UNREADABLE),
        ({"tolerance": 0.5}, "41.6", "42", 1),
        ({"tolerance": 0.5}, "41.4", "42", 0),
        ({"relative_tolerance": 0.01}, "1009", "1000", 1),
        ({"relative_tolerance": 0.01}, "1011", "1000", 0),
        ({"relative_tolerance": 0.01}, "0.001", "0", 0),
        ({"pattern": r"#### (\S+)"}, "#### 7 and 9", "#### 7", 1),
        ({"pattern": r"#### \S+"}, "8 #### 7", "#### 7", 1),
        ({"pattern": r"#### (\S+)"}, "7", "#### 7", UNREADABLE),
    ],
)
def test_numbers_are_compared_as_numbers(
    options: dict[str, object], given_text: str, expected: str, score: object
) -> None:
    assert scored(made("numeric", **options), given_text, expected) == score


@pytest.mark.parametrize(
    ("options", "text", "score"),
    [
        ({"pattern": "^(yes|no)$"}, "yes", 1),
        ({"pattern": "yes|no"}, "I say no.", 1),
        ({"pattern": "yes|no", "whole": True}, "I say no.", 0),
        ({"pattern": "yes|no", "whole": True}, " no\n", 1),
        ({"pattern": "YES"}, "yes", 0),
        ({"pattern": "YES", "ignore_case": True}, "yes", 1),
        ({"pattern": "yes"}, "", UNREADABLE),
    ],
)
def test_a_pattern_judges_each_answer_by_itself(options: dict[str, object], text: str, score: object) -> None:
    assert scored(made("regex", **options), text, "") == score


Calls = list[tuple[str, object]]
CALLS: list[tuple[dict[str, object], Calls, Calls, object]] = [
    ({}, [("find", {"q": "a"})], [("find", {"q": "a"})], 1),
    ({}, [("find", '{"q":"a","n":1}')], [("find", '{ "n": 1.0, "q": "a" }')], 1),
    ({}, [("find", {"q": "a"})], [("find", {"q": "b"})], 0),
    ({}, [("find", {"q": "a"})], [("seek", {"q": "a"})], 0),
    ({}, [("a", {}), ("b", {})], [("b", {}), ("a", {})], 0),
    ({"ignore_order": True}, [("a", {}), ("b", {})], [("b", {}), ("a", {})], 1),
    ({"ignore_order": True}, [("a", {}), ("a", {})], [("a", {}), ("b", {})], 0),
    ({}, [("a", {}), ("a", {})], [("a", {})], 0),
    ({}, [("a", "")], [("a", "{}")], 1),
    ({"ignore": ["note"]}, [("a", {"x": 1, "note": "p"})], [("a", {"x": 1, "note": "q"})], 1),
    ({"tolerance": 0.1}, [("a", {"x": 1.05})], [("a", {"x": 1})], 1),
    ({}, [], [("a", {})], 0),
    ({}, [], [], 1),
    ({}, [("a", '{"x": 1')], [("a", {})], UNREADABLE),
    ({}, [("a", "[1]")], [("a", {})], UNREADABLE),
    ({}, [("a", '{"x": NaN}')], [("a", {})], UNREADABLE),
]


@pytest.mark.parametrize(("options", "one", "other", "score"), CALLS)
def test_tool_calls_are_equal_in_names_and_arguments(
    options: dict[str, object], one: Calls, other: Calls, score: object
) -> None:
    tool = made("tool_calls", **options)
    try:
        assert tool.score(tool.read(calling(*one)), tool.read(calling(*other))) == score
    except UnreadableError:
        assert score == UNREADABLE


def test_tool_calls_without_any_call_in_the_references_compare_nothing() -> None:
    assert "no reference calls a tool" in str(made("tool_calls").check([[], []]))
    assert made("tool_calls").check([[], [["a", 1]]]) is None


def test_a_bare_tool_call_is_no_text() -> None:
    with pytest.raises(UnreadableError, match="a tool call"):
        made("text").read(calling(("a", {})))


TEST_PROGRAM = "import sys; sys.exit(sys.stdin.read() != 'good')"


def test_a_command_passes_with_exit_code_0_and_sees_the_answer_only() -> None:
    tool = made("command", command=[sys.executable, "-c", TEST_PROGRAM])
    assert (scored(tool, "good", ""), scored(tool, "bad; exit 0", "")) == (1, 0)


def test_a_command_finds_the_answer_in_a_file_in_a_folder_of_its_own(tmp_path: Path) -> None:
    program = tmp_path / "check.py"
    program.write_text(
        "import pathlib, sys\n"
        "sys.exit(pathlib.Path('answer.py').read_text() != 'good' or len(list(pathlib.Path('.').iterdir())) != 1)\n"
    )
    settings = GraderSettings(
        kind="command",
        options={"command": [sys.executable, "check.py"], "file": "answer.py"},
        folder=tmp_path,
    )
    assert scored(grader(settings), "good", "") == 1


def test_a_command_that_does_not_end_has_not_passed() -> None:
    endless = [sys.executable, "-c", "import time; time.sleep(60)"]
    assert scored(made("command", command=endless, timeout=0.5), "x", "") == 0


def test_a_command_that_cannot_be_started_is_named() -> None:
    with pytest.raises(ConfigError, match="command 'no-such-program' cannot be started"):
        scored(made("command", command=["no-such-program"]), "x", "")


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    tool = made("command", command=[sys.executable, "-c", "pass", f"; touch {trap}"])
    assert scored(tool, f"$(touch {trap})", "") == 1
    assert not trap.exists()
