"""A judge compares blind and in both orders; every line, pair and dollar is accounted for, and its leaning measured."""

import csv
import json
import stat
from datetime import date
from pathlib import Path
from typing import cast

import pytest

from audit.config import Config
from audit.errors import ConfigError, InputError
from audit.grading.judge_batch import JudgeBatch, write_judge_batch
from audit.grading.judge_log import AddedVerdicts, add_verdicts
from audit.grading.judge_rubric import Judge
from audit.warehouse import Warehouse
from tests.judge_folders import (
    BIG,
    JUDGE,
    SMALL,
    database,
    judge_with,
    prefers,
    requests_of,
    sample_folder,
    shown_to,
    verdict,
)

TODAY = date(2026, 9, 30)
ASKED = Judge(model="gpt-4.1")


class Case:
    """A sample of twelve: one in four of the candidate's answers is poor, one pair is the same to the letter."""

    def __init__(self, folder: Path) -> None:
        self.db, self.ids = database(folder, 12)
        self.sample = sample_folder(
            folder / "sample", self.ids, lambda n: f"good {n}", lambda n: "good 5" if n == 5 else f"{kind(n)} {n}!"
        )
        self.out = folder / "judge"

    def write(self, judge: Judge = ASKED, **options: object) -> JudgeBatch:
        settings: dict[str, object] = {"out": self.out} | options
        return write_judge_batch(self.sample, [self.sample / "out.jsonl"], judge, Config(), today=TODAY, **settings)  # pyright: ignore[reportArgumentType]

    def add(self, *files: Path) -> AddedVerdicts:
        return add_verdicts(self.db, self.out, files, Config(), today=TODAY)

    def stored(self, columns: str) -> list[tuple[object, ...]]:
        with Warehouse.read(self.db) as warehouse:
            return warehouse.rows(f"select {columns} from paired_outcomes order by all")


def kind(number: int) -> str:
    return "poor" if number % 4 == 0 else "good"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_every_pair_is_asked_in_both_orders_under_blind_names(case: Case) -> None:
    batch = case.write()
    assert batch.counts == {"judged": 11, "same": 1}
    asked = {str(request["custom_id"]): shown_to(request) for request in requests_of(case.out)}
    assert len(asked) == 22
    for sample_id in case.ids:
        if f"{sample_id}-judge-ab" in asked:
            ab, ba = asked[f"{sample_id}-judge-ab"], asked[f"{sample_id}-judge-ba"]
            assert (ab["answer_A"], ab["answer_B"]) == (ba["answer_B"], ba["answer_A"])
            assert "!" in ab["answer_B"], "the incumbent comes first in ab"
    told = "".join(file.read_text(encoding="utf-8") for file in case.out.glob("judge-*.jsonl"))
    for name in (BIG, SMALL, "incumbent", "candidate"):
        assert name not in told


def test_the_conversation_is_data_and_the_verdict_has_a_fixed_shape(case: Case) -> None:
    case.write()
    body = cast("dict[str, list[dict[str, str]]]", requests_of(case.out)[0]["body"])
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    wanted = cast("dict[str, dict[str, dict[str, list[str]]]]", body["response_format"])["json_schema"]
    assert wanted["strict"] is True
    assert set(wanted["schema"]["required"]) == set(wanted["schema"]["properties"])
    assert wanted["schema"]["additionalProperties"] is False


def test_only_the_owner_can_read_what_holds_prompts(case: Case) -> None:
    case.write()
    for file in case.out.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_the_expected_cost_is_tokens_times_batch_price(case: Case) -> None:
    """gpt-4.1 on Batch: $1.00 in, $4.00 out per million; prompt 120, answers 40 and 50 tokens, 40 for a verdict."""
    batch = case.write()
    rubric = len(ASKED.instructions) // 4
    assert batch.expected_input_tokens == 22 * (120 + 40 + 50 + rubric)
    assert batch.expected_output_tokens == 22 * 40
    assert batch.expected_cost == pytest.approx(22 * ((210 + rubric) * 1.0 + 40 * 4.0) / 1e6)


def test_a_judge_without_a_price_has_no_expected_cost(case: Case) -> None:
    assert case.write(Judge(model="house-judge-1")).expected_cost is None


def test_another_rubric_or_model_is_another_judge() -> None:
    assert Judge(model="m").rubric_hash != Judge(model="m", rubric="Shorter is better.").rubric_hash
    assert Judge(model="m").rubric_hash == Judge(model="n").rubric_hash


@pytest.mark.parametrize(("model", "side"), [("gpt-4o", "incumbent"), (SMALL, "candidate")])
def test_a_judge_of_its_own_answers_is_warned_of(case: Case, model: str, side: str) -> None:
    (warning,) = case.write(Judge(model=model)).notes
    assert f"of the family of the {side}" in warning


def test_a_fair_judge_has_no_position_bias_and_its_loss_is_worse_minus_better(case: Case) -> None:
    case.write()
    added = case.add(judge_with(case.out, prefers("good")))
    assert added.graders == [f"judge:{JUDGE}/{ASKED.rubric_hash}"]
    assert added.counts == {"used": 22}
    assert added.pairs == {"judged": 11, "judge_unreadable": 0, "same": 1, "missing": 0}
    assert added.inconsistent == 0
    assert added.position_bias is not None
    assert added.position_bias["point"] == 0.0
    assert added.position_bias["low"] < 0 < added.position_bias["high"], "eleven pairs do not prove fairness"
    assert case.stored("incumbent_score, candidate_score") == [(1.0, 0.0)] * 3 + [(1.0, 1.0)] * 9


def test_a_judge_that_takes_the_first_is_found_out_and_its_verdicts_cancel(case: Case) -> None:
    case.write()
    added = case.add(judge_with(case.out, lambda _first, _second: verdict("A", 7, 6)))
    assert added.inconsistent == 11
    assert added.position_bias is not None
    assert added.position_bias["point"] == 0.5
    assert case.stored("incumbent_score, candidate_score") == [(0.5, 0.5)] * 11 + [(1.0, 1.0)]


def test_weights_days_tokens_and_costs_are_kept_with_a_pair(case: Case) -> None:
    """A pair costs two verdicts of 1,000 in and 20 out at $1.00 and $4.00 per million; an identical one nothing."""
    case.write()
    added = case.add(judge_with(case.out, prefers("good")))
    columns = "judge_cost, weight, candidate_output_tokens, cast(observed_on as varchar), scope"
    rows = case.stored(columns)
    assert rows[0] == (0.0, 2.0, 40, "2026-09-21", "request")
    assert [row[0] for row in rows[1:]] == pytest.approx([2 * (1000 * 1.0 + 20 * 4.0) / 1e6] * 11)
    assert added.judge_cost == pytest.approx(22 * 1080 / 1e6)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"text": "Answer A is better."}, "not the JSON asked for"),
        ({"verdict": "both", "score_A": 5, "score_B": 5}, "not the JSON asked for"),
        ({"verdict": "A", "score_A": 11, "score_B": 5}, "not the JSON asked for"),
        ({"verdict": "A", "score_A": 3, "score_B": 5}, "verdict and scores contradict each other"),
        ({"text": " "}, "no answer"),
    ],
)
def test_a_verdict_that_cannot_be_read_is_an_outcome_of_its_own(case: Case, said: dict[str, object], why: str) -> None:
    case.write()
    added = case.add(judge_with(case.out, lambda a, b: said if "good 1" in (a, b) else prefers("good")(a, b)))
    assert added.reasons == {why: 2}
    assert added.counts == {"used": 20, "unreadable_verdict": 2}
    assert added.pairs["judge_unreadable"] == 1
    assert case.stored("parse_failed").count((True,)) == 1
    assert added.judge_cost == pytest.approx(22 * 1080 / 1e6), "what cannot be read was paid for"


def test_a_comparison_without_its_other_order_is_asked_again_and_not_stored(case: Case) -> None:
    case.write()
    asked = requests_of(case.out)
    added = case.add(judge_with(case.out, prefers("good"), asked[1:]))
    assert list(added.missing) == [asked[0]["custom_id"]]
    assert added.counts == {"used": 20, "half": 1}
    assert added.pairs["missing"] == 1
    assert len(case.stored("sample_id")) == 11


def test_lines_of_something_else_and_repeated_lines_are_counted(case: Case) -> None:
    case.write()
    file = judge_with(case.out, prefers("good"))
    lines = file.read_text(encoding="utf-8").splitlines()
    strange = json.dumps({"custom_id": "0123456789abcdef-judge-ab", "response": {"status_code": 200, "body": {}}})
    file.write_text("\n".join([*lines, lines[0], strange, "{broken"]) + "\n", encoding="utf-8")
    added = case.add(file)
    assert added.counts == {"used": 22, "duplicate": 1, "unknown": 1, "unreadable": 1}
    assert added.read == sum(added.counts.values()) == 25


def test_adding_the_same_verdicts_again_changes_nothing_and_newer_ones_take_their_place(case: Case) -> None:
    case.write()
    file = judge_with(case.out, prefers("good"))
    case.add(file)
    before = case.stored("*")
    assert case.add(file).added.already_known
    assert case.stored("*") == before
    again = case.add(judge_with(case.out, lambda _a, _b: verdict("tie")))
    assert again.added.replaced == 12
    assert case.stored("incumbent_score, candidate_score") == [(1.0, 1.0)] * 12


def test_answers_that_failed_are_not_shown_to_the_judge_and_count_as_everywhere(tmp_path: Path) -> None:
    db, ids = database(tmp_path, 4)
    folder = sample_folder(
        tmp_path / "sample", ids, lambda n: "" if n == 1 else f"good {n}", lambda n: "" if n == 0 else f"good {n}!"
    )
    out = tmp_path / "judge"
    batch = write_judge_batch(folder, [folder / "out.jsonl"], ASKED, Config(), today=TODAY, out=out)
    assert batch.counts == {"candidate_failed": 1, "incumbent_failed": 1, "judged": 2}
    add_verdicts(db, out, [judge_with(out, prefers("good"))], Config(), today=TODAY)
    with Warehouse.read(db) as warehouse:
        columns = "parse_failed, incumbent_failed, incumbent_score, candidate_score"
        rows = warehouse.rows(f"select {columns} from paired_outcomes order by all")
    fine = (False, False, 1.0, 1.0)
    assert rows == [fine, fine, (False, True, None, None), (True, False, 1.0, 0.0)]
    with (out / "labels.csv").open(encoding="utf-8", newline="") as file:
        filled = sorted(row["preference"] for row in csv.DictReader(file))
    assert filled == ["", "", "incumbent"]


def test_the_sheet_for_people_is_a_random_part_and_does_not_tell_whose_answer_is_whose(case: Case) -> None:
    case.write(labels=8, seed=3)
    with (case.out / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["sample_id"] for row in rows}) == 8
    places = {"!" in row["first"] for row in rows if row["first"] != row["second"]}
    assert places == {True, False}, "the incumbent's answer is sometimes first, sometimes second"
    for row in rows:
        assert row["preference"] == ("tie" if row["first"] == row["second"] else "")
        assert row["conversation"].startswith("[")


def test_what_cannot_be_judged_or_asked_is_named(case: Case, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown endpoint of the sample 'caht'; nearest: chat"):
        case.write(endpoints=["caht"])
    with pytest.raises(InputError, match=r"no judge\.json in it"):
        add_verdicts(case.db, tmp_path, [case.sample / "out.jsonl"], Config(), today=TODAY)
    case.write()
    with pytest.raises(ConfigError, match="exists and is not an empty folder"):
        case.write()
