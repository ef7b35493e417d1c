"""Answers to a sample become pairs: who answered, against what, and what a failure counts as."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_folders import (
    BIG,
    CREATED,
    Json,
    called,
    refused,
    replay,
    reply,
    said,
    sample_id,
    tool_calls,
    write_lines,
    write_sample,
)

from audit.errors import ConfigError, InputError
from audit.grader_settings import GraderSettings
from audit.grading.answers import read_replies
from audit.grading.graders import settings_by_endpoint
from audit.grading.pairing import Graded, pair_answers
from audit.grading.references import References, read_references
from audit.grading.sample_folder import read_sample

IDS = {sample_id(number) for number in range(100)}


def graded(
    folder: Path,
    lines: list[object],
    *,
    kind: str = "text",
    answers: dict[int, Json] | None = None,
    references: list[Json] | None = None,
    count: int = 6,
    **options: object,
) -> Graded:
    """The pairs that the lines make with a sample of `count` requests whose incumbent said 'yes'."""
    known = {number: said("yes") for number in range(count)} if answers is None else answers
    sample = read_sample(write_sample(folder / "sample", [replay(number) for number in range(count)], known))
    replies = read_replies([write_lines(folder / "out.jsonl", lines)], sample.replays.keys())
    gold = References()
    if references is not None:
        gold = read_references(write_lines(folder / "references.jsonl", references), sample)
    result = pair_answers(sample, replies, {"triage": GraderSettings(kind=kind, options=options)}, gold)
    assert replies.read == result.fates.total() + sum(replies.set_aside.values()), "every line is accounted for"
    return result


def test_a_failed_candidate_counts_against_it_where_the_incumbent_answered(tmp_path: Path) -> None:
    lines: list[object] = [
        reply(0, "Yes"),
        reply(1, "no"),
        reply(2, "y", finish="length"),
        refused(3, 400, "unsupported_value"),
        refused(4, 429),
    ]
    found = graded(tmp_path, lines)
    assert found.fates == {"graded": 2, "failed": 2, "not_answered": 1}
    scores = {
        pair.replay.sample_id: (pair.incumbent_score, pair.candidate_score, pair.parse_failed) for pair in found.pairs
    }
    assert scores == {
        sample_id(0): (1, 1, False),
        sample_id(1): (1, 0, False),
        sample_id(2): (1, 0, True),
        sample_id(3): (1, 0, True),
    }
    assert found.reasons["failed", "truncated"] == 1
    assert found.again_ids == [f"{sample_id(4)}-candidate"]
    assert found.missing_ids == [f"{sample_id(5)}-candidate"]


def test_two_answers_cut_off_at_the_same_limit_are_compared_as_they_are(tmp_path: Path) -> None:
    answers = {number: said("spam") | {"finish_reason": "length"} for number in range(6)}
    found = graded(
        tmp_path,
        [reply(0, "spam", finish="length"), reply(1, "ham", finish="length"), reply(2, "spam")],
        answers=answers,
    )
    assert found.fates == {"graded": 2, "incumbent_failed": 1}
    assert [pair.candidate_score for pair in found.pairs] == [1, 0, None]


def test_an_unreadable_answer_of_the_incumbent_is_its_own_outcome_and_no_gain(tmp_path: Path) -> None:
    answers = {0: said('{"a": 1}'), 1: said("not JSON"), 2: said(None, refusal="no")}
    lines: list[object] = [reply(number, '{"a": 1}') for number in range(4)]
    found = graded(tmp_path, lines, kind="json", answers=answers)
    assert found.fates == {"graded": 1, "incumbent_failed": 2, "unpaired": 1}
    assert [pair.incumbent_failed for pair in found.pairs] == [False, True, True]
    assert found.reasons["incumbent_failed", "not JSON"] == 1
    assert found.reasons["unpaired", "no answer of the incumbent in the log or in these files"] == 1


def test_a_replayed_answer_of_the_incumbent_stands_in_for_the_log(tmp_path: Path) -> None:
    lines: list[object] = [
        reply(0, "yes"),
        reply(0, "YES", "incumbent"),
        reply(1, "yes"),
        refused(1, 500, role="incumbent"),
        reply(2, "yes"),
        reply(2, "", "incumbent"),
        reply(3, "no"),
        reply(3, "no", "incumbent"),
    ]
    found = graded(tmp_path, lines, answers={3: said("yes")})
    assert found.fates == {
        "graded": 2,
        "reference": 1,
        "not_answered": 1,
        "unpaired": 2,
        "incumbent_failed": 2,
    }
    assert [pair.candidate_score for pair in found.pairs] == [1, None, 0]


def test_the_second_answer_of_the_incumbent_is_its_noise_and_its_score(tmp_path: Path) -> None:
    lines: list[object] = [
        reply(0, "yes"),
        reply(0, "no", "again"),
        reply(1, "no"),
        reply(1, "Yes", "again"),
        reply(2, "", "again"),
    ]
    found = graded(tmp_path, lines)
    rows = {(pair.replay.sample_id, pair.reply.role): pair for pair in found.pairs}
    first = rows[sample_id(0), "candidate"]
    assert (first.incumbent_score, first.candidate_score) == (0, 1)
    second = rows[sample_id(1), "candidate"]
    assert (second.incumbent_score, second.candidate_score) == (1, 0)
    again = {
        key[0]: (pair.incumbent_score, pair.candidate_score, pair.parse_failed)
        for key, pair in rows.items()
        if key[1] == "again"
    }
    assert again == {sample_id(0): (1, 0, False), sample_id(1): (1, 1, False), sample_id(2): (1, 0, True)}
    assert found.unrepeated == 0


def test_against_a_reference_both_models_are_graded(tmp_path: Path) -> None:
    references: list[Json] = [
        {"request_id": "chatcmpl-0", "expected": "no"},
        {"sample_id": sample_id(1), "expected": "yes"},
        {"sample_id": sample_id(2), "expected": "maybe"},
    ]
    lines: list[object] = [reply(0, "no"), reply(1, "no"), reply(2, ""), reply(3, "yes")]
    found = graded(tmp_path, lines, references=references)
    assert [(pair.incumbent_score, pair.candidate_score) for pair in found.pairs] == [(0, 1), (1, 0), (0, 0)]
    assert found.reasons["unpaired", "no answer is expected in --references"] == 1
    assert found.unrepeated == 0


def test_a_pattern_needs_no_reference(tmp_path: Path) -> None:
    found = graded(tmp_path, [reply(0, "no"), reply(1, "yes")], kind="regex", pattern="no")
    assert [(pair.incumbent_score, pair.candidate_score) for pair in found.pairs] == [(0, 1), (0, 0)]


def test_people_score_where_the_grader_is_a_label(tmp_path: Path) -> None:
    references: list[Json] = [
        {"sample_id": sample_id(0), "candidate_score": 0.25, "incumbent_score": 1},
        {"sample_id": sample_id(1), "candidate_score": 1},
    ]
    found = graded(tmp_path, [reply(0, "a"), reply(1, "b"), reply(2, "c")], kind="label", references=references)
    assert [(pair.incumbent_score, pair.candidate_score, pair.grader) for pair in found.pairs] == [(1, 0.25, "label")]
    assert found.fates == {"graded": 1, "ungraded": 2}


def test_answers_for_a_judge_are_left_alone(tmp_path: Path) -> None:
    found = graded(tmp_path, [reply(0, "a")], kind="judge")
    assert (found.fates, found.pairs) == ({"ungraded": 1}, [])


def test_a_misspelt_field_stops_the_grading(tmp_path: Path) -> None:
    answers = {0: said('{"label": 1}')}
    with pytest.raises(ConfigError, match=r'\[graders."triage"\] of audit.toml: no reference has a field .lable.'):
        graded(tmp_path, [reply(0, '{"label": 1}')], kind="json", answers=answers, fields=["lable"])


def test_an_expected_answer_that_the_grader_cannot_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected of request .* cannot be read by the numeric grader .*no number"):
        graded(tmp_path, [reply(0, "1")], kind="numeric", references=[{"sample_id": sample_id(0), "expected": "one"}])


def test_expected_tool_calls_may_be_written_plainly(tmp_path: Path) -> None:
    references: list[Json] = [{"sample_id": sample_id(0), "expected": [{"name": "find", "arguments": {"q": 1}}]}]
    line = reply(0, None, tool_calls=tool_calls(("find", {"q": 1.0})))
    found = graded(tmp_path, [line], kind="tool_calls", answers={0: called(("find", {"q": 2}))}, references=references)
    assert [(pair.incumbent_score, pair.candidate_score) for pair in found.pairs] == [(0, 1)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"expected": 1}], "missing column sample_id or request_id"),
        ([{"sample_id": sample_id(0)}], "missing column expected"),
        ([{"sample_id": sample_id(77), "expected": 1}], "its only row is not about a request"),
        (
            [{"sample_id": sample_id(0), "expected": 1}, {"sample_id": sample_id(0), "expected": 2}],
            "line 2: another answer",
        ),
        ([{"sample_id": sample_id(0), "candidate_score": 7}], "line 1, column candidate_score: 7 is no score in 0..1"),
        ([{"sample_id": sample_id(0), "candidate_score": "nan"}], "'nan' is no score"),
    ],
)
def test_references_that_cannot_be_used_are_named(tmp_path: Path, rows: list[Json], message: str) -> None:
    with pytest.raises(InputError, match=message):
        graded(tmp_path, [reply(0, "x")], references=rows)


def test_tool_calls_and_json_are_evident_and_free_text_is_not(tmp_path: Path) -> None:
    asked_json: Json = {"response_format": {"type": "json_schema"}}
    tools = read_sample(write_sample(tmp_path / "a", [replay(0)], {0: called(("find", {}))}))
    assert settings_by_endpoint(["triage"], tools, {})["triage"].kind == "tool_calls"
    formatted = read_sample(write_sample(tmp_path / "b", [replay(0)], {0: said("{}")}, asked_json))
    assert settings_by_endpoint(["triage"], formatted, {})["triage"].kind == "json"
    free = read_sample(write_sample(tmp_path / "c", [replay(0)], {0: said("{}")}))
    with pytest.raises(ConfigError, match="name a grader for endpoint 'triage' in audit") as caught:
        settings_by_endpoint(["triage"], free, {})
    assert "\n".join(str(caught.value).splitlines()[1:3]) == '  [graders."triage"]\n  kind = "..."'


def test_a_sample_folder_that_does_not_fit_together_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read_sample(tmp_path / "nowhere")
    write_sample(tmp_path / "a", [replay(0), replay(0)])
    with pytest.raises(InputError, match="is in it twice"):
        read_sample(tmp_path / "a")
    write_sample(tmp_path / "b", [replay(0)], {1: said("x")})
    with pytest.raises(InputError, match=r"answers.jsonl, line 1: request .* is not in replays.jsonl"):
        read_sample(tmp_path / "b")
    write_sample(tmp_path / "c", [replay(0, inclusion_probability=0.0)])
    with pytest.raises(InputError, match=r"inclusion_probability 0\.0"):
        read_sample(tmp_path / "c")


KINDS_OF_LINES = st.sampled_from(["right", "wrong", "cut", "400", "500", "unknown", "broken", "again", "incumbent"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), KINDS_OF_LINES), min_size=1, max_size=25))
def test_every_line_has_one_fate_whatever_the_order(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, str]]
) -> None:
    made: dict[str, object] = {}
    lines: list[object] = [reply(0, "yes")]
    for number, kind in drawn:
        made = {
            "right": reply(number, "yes"),
            "wrong": reply(number, "no", created=CREATED + 1),
            "cut": reply(number, "y", finish="length"),
            "400": refused(number, 400),
            "500": refused(number, 500),
            "unknown": reply(number + 50, "yes"),
            "broken": "{",
            "again": reply(number, "yes", "again"),
            "incumbent": reply(number, "yes", "incumbent"),
        }
        lines.append(made[kind])
    shuffled = sorted(lines, key=lambda line: json.dumps(line))
    one, other = (graded(tmp_path_factory.mktemp("order"), each) for each in (lines, shuffled))
    assert one.fates == other.fates
    assert [(p.replay.sample_id, p.candidate_score) for p in one.pairs] == [
        (p.replay.sample_id, p.candidate_score) for p in other.pairs
    ]
    assert BIG in {pair.replay.incumbent_model for pair in one.pairs}
