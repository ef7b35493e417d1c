"""People's labels reach the judged pairs they are of, once, and every label is accounted for."""

import csv
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.config import Config
from audit.errors import InputError
from audit.evidence.labels import PREFERENCES, Labelled, add_labels, incumbent_is_first, read_labels
from audit.grading.judge_batch import write_judge_batch
from audit.grading.judge_log import add_verdicts
from audit.grading.judge_rubric import Judge
from audit.warehouse import Warehouse
from tests.judge_folders import SMALL, database, judge_with, prefers, sample_folder, verdict

TODAY = date(2026, 9, 30)
AUDIT = str(Path(sys.executable).with_name("audit"))


class Case:
    """Six judged pairs: the judge finds nothing between them."""

    def __init__(self, folder: Path, model: str = "gpt-4.1") -> None:
        self.folder = folder
        self.db, self.ids = database(folder, 6)
        self.sample = sample_folder(folder / "sample", self.ids, lambda n: f"good {n}", lambda n: f"good {n}!")
        self.judge(model)

    def judge(self, model: str) -> None:
        out = self.folder / f"judge-{model}"
        judge = Judge(model=model, rubric=model)
        write_judge_batch(self.sample, [self.sample / "out.jsonl"], judge, Config(), today=TODAY, out=out)
        add_verdicts(self.db, out, [judge_with(out, lambda _a, _b: verdict("tie"))], Config(), today=TODAY)

    def label(self, *rows: str, header: str = "sample_id,preference") -> Labelled:
        file = self.folder / "labels.csv"
        file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return add_labels(self.db, file)

    def human(self) -> list[tuple[object, ...]]:
        with Warehouse.read(self.db) as warehouse:
            return warehouse.rows(
                "select sample_id, incumbent_human_score, candidate_human_score from paired_outcomes "
                "where incumbent_human_score is not null order by all"
            )


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_a_preference_is_one_for_an_answer_unless_the_other_is_better(case: Case) -> None:
    one, two, three = case.ids[:3]
    case.label(f"{one},incumbent", f"{two},candidate", f"{three},tie")
    assert case.human() == [(one, 1.0, 0.0), (two, 0.0, 1.0), (three, 1.0, 1.0)]


def test_first_and_second_mean_the_places_of_the_sheet(case: Case) -> None:
    one = case.ids[0]
    case.label(f"{one},first")
    assert case.human() == [(one, 1.0, 0.0) if incumbent_is_first(one) else (one, 0.0, 1.0)]


def test_every_label_is_used_unknown_duplicate_or_empty(case: Case) -> None:
    one, two = case.ids[:2]
    found = case.label(f"{one},tie", f"{one},tie", f"{two},", "00000000000000ff,tie")
    assert (found.read, found.used, found.unknown, found.duplicate, found.empty) == (4, 1, 1, 1, 1)
    assert (found.pairs, found.changed) == (1, 1)


def test_adding_labels_again_changes_nothing(case: Case) -> None:
    rows = [f"{each},candidate" for each in case.ids]
    assert case.label(*rows).changed == 6
    before = case.human()
    assert case.label(*rows).changed == 0
    assert case.human() == before


def test_labels_of_several_people_are_averaged_and_of_one_must_not_contradict(case: Case) -> None:
    one, header = case.ids[0], "sample_id,preference,labelled_by"
    case.label(f"{one},incumbent,ana", f"{one},tie,bo", header=header)
    assert case.human() == [(one, 1.0, 0.5)]
    with pytest.raises(InputError, match=r"lines 2 and 3: 'ana' says two things of sample_id"):
        case.label(f"{one},incumbent,ana", f"{one},tie,ana", header=header)
    assert case.human() == [(one, 1.0, 0.5)]


def test_labels_that_name_one_pair_in_two_ways_are_averaged_and_the_pair_counts_once(case: Case) -> None:
    one = case.ids[0]
    rows = (f"{one},incumbent,ana,", f"{one},candidate,bo,{SMALL}")
    told = case.label(*rows, header="sample_id,preference,labelled_by,candidate_model")
    assert case.human() == [(one, 0.5, 0.5)]
    assert (told.used, told.pairs, told.changed) == (2, 1, 1)


def test_scores_of_people_are_brought_to_zero_to_one(case: Case) -> None:
    file = case.folder / "scores.csv"
    rows = ["sample_id,incumbent_human_score,candidate_human_score", f"{case.ids[0]},5,2"]
    file.write_text("\n".join(rows), encoding="utf-8")
    add_labels(case.db, file, scale="1-5")
    assert case.human() == [(case.ids[0], 1.0, 0.25)]


def test_a_label_is_of_the_answers_and_so_of_every_judge_of_them(case: Case) -> None:
    case.label(f"{case.ids[0]},candidate")
    case.judge("gpt-4.1-mini")
    assert case.human() == [(case.ids[0], 0.0, 1.0)] * 2, "a second judge of the same answers finds the label"
    assert case.label(f"{case.ids[1]},tie").pairs == 2


def test_newer_verdicts_of_the_same_judge_keep_the_labels(case: Case) -> None:
    case.label(f"{case.ids[0]},candidate")
    out = case.folder / "judge-gpt-4.1"
    replaced = add_verdicts(case.db, out, [judge_with(out, prefers("!"))], Config(), today=TODAY).added.replaced
    assert replaced == 6
    assert case.human() == [(case.ids[0], 0.0, 1.0)]


def test_with_two_candidates_judged_a_label_has_to_say_whose(case: Case) -> None:
    with Warehouse.create(case.db) as warehouse:
        warehouse.execute(
            "insert into paired_outcomes select * replace ('other-model' as candidate_model) from paired_outcomes"
        )
    one = case.ids[0]
    with pytest.raises(InputError, match=f"answers of {SMALL}, other-model to this request were judged"):
        case.label(f"{one},tie")
    case.label(f"{one},candidate,{SMALL}", header="sample_id,preference,candidate_model")
    assert case.human() == [(one, 0.0, 1.0)]


@pytest.mark.parametrize("name", ["gpt-4o-mini", "openai/GPT-4o-mini", SMALL])
def test_a_label_may_call_the_candidate_by_its_alias(case: Case, name: str) -> None:
    case.label(f"{case.ids[0]},candidate,{name}", header="sample_id,preference,candidate_model")
    assert case.human() == [(case.ids[0], 0.0, 1.0)]


@pytest.mark.parametrize("name", ["", "gpt-4o-mini"])
def test_one_person_counts_once_under_whatever_name_the_candidate_has(case: Case, name: str) -> None:
    header = "sample_id,preference,candidate_model,labelled_by"
    twice = (f"{case.ids[0]},candidate,{name},ana", f"{case.ids[0]},candidate,{SMALL},ana")
    found = case.label(*twice, f"{case.ids[0]},tie,{SMALL},ben", header=header)
    assert (found.used, found.duplicate) == (2, 1)
    assert case.human() == [(case.ids[0], 0.5, 1.0)]
    with pytest.raises(InputError, match=r"lines 2 and 3: 'ana' says two things of sample_id"):
        case.label(twice[0], f"{case.ids[0]},incumbent,{SMALL},ana", header=header)


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["x,better"], "sample_id,preference", "line 2: preference 'better' is not one of incumbent"),
        (["r1,first"], "request_id,preference", "line 2: preference 'first' needs the sample_id of the sheet"),
        ([",tie"], "sample_id,preference", "line 2: neither sample_id nor request_id"),
        (["x,2,1"], "sample_id,incumbent_human_score,candidate_human_score", "'2' is not a number in 0..1"),
        (["x,1,"], "sample_id,incumbent_human_score,candidate_human_score", "candidate_human_score '' is not a number"),
        (["x"], "sample_id", "missing column preference, or incumbent_human_score and candidate_human_score"),
        (["tie"], "preference", "missing column sample_id or request_id"),
        (["00000000000000ff,tie"], "sample_id,preference", "its only label is not of a judged pair"),
    ],
)
def test_a_label_that_cannot_be_used_is_named_and_nothing_changes(
    case: Case, rows: list[str], header: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        case.label(*rows, header=header)
    assert case.human() == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([*PREFERENCES, ""])), min_size=1, max_size=30))
def test_every_row_is_read_as_a_label_or_as_empty(rows: list[tuple[str, str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "l.csv"
        file.write_text("sample_id,preference\n" + "".join(f"{a},{b}\n" for a, b in rows), encoding="utf-8")
        labels, empty = read_labels(file)
    assert len(labels) + empty == len(rows)
    assert all(max(label.incumbent, label.candidate) == 1.0 for label in labels)


def run(*arguments: str, folder: Path) -> str:
    done = subprocess.run([AUDIT, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_judge_to_labels_to_the_report_on_the_command_line(tmp_path: Path) -> None:
    _, ids = database(tmp_path, 200)
    sample_folder(tmp_path / "sample", ids, lambda n: f"good {n}", lambda n: f"{'poor' if n % 4 == 0 else 'good'} {n}!")
    said = run("outcomes", "judge", "sample/out.jsonl", "--sample", "sample", "--judge", "gpt-4.1", folder=tmp_path)
    assert "expected cost: about $" in said
    assert "150 pairs for people" in said
    (out,) = (tmp_path / "sample").glob("judge-gpt-4.1-*")
    verdicts = judge_with(out, prefers("good"))
    added = json.loads(run("outcomes", "judged", str(out), str(verdicts), "--json", folder=tmp_path))
    assert added["pairs"]["judged"] == 200
    (before,) = json.loads(run("report", "--json", "--quiet", folder=tmp_path))["workloads"]
    assert "judge_unverified" in before["reasons"]
    with (out / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["preference"] = "second" if "poor" in row["first"] else "first" if "poor" in row["second"] else "tie"
    with (tmp_path / "filled.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert "150 judged pairs have these labels, 150 of them new" in run(
        "outcomes", "label", "filled.csv", folder=tmp_path
    )
    document = json.loads(run("report", "--json", "--quiet", folder=tmp_path))
    (after,) = document["workloads"]
    assert (after["verdict"], after["pairs"]) == ("keep", 150)
    assert after["reasons"][:2] == ["loss_above_margin", "judge_corrected"]
    assert after["quality_loss"]["low"] < 25 < after["quality_loss"]["high"]
    assert document["judges"][0]["agreement"]["point"] == 1.0
    (listed,) = json.loads(run("outcomes", "show", "--json", folder=tmp_path))
    assert (listed["judge"]["labels"], listed["judge"]["kappa"]["point"]) == (150, 1.0)
    shown = " ".join(run("outcomes", "show", folder=tmp_path).split())
    assert "on chat on 100% of 150 labelled pairs" in shown
