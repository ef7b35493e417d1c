"""Results of eval harnesses: recognised by what is in them, paired by test, every score accounted for."""

import json
from datetime import date
from pathlib import Path
from typing import cast

import pytest
from exports import spend_logs, write_jsonl
from harness_results import as_csv, as_json, braintrust, inspect, langsmith, openai_events, output_item, promptfoo
from typer.testing import CliRunner

from audit.cli import app
from audit.errors import ConfigError, InputError, UnknownNameError
from audit.grading.harness_files import Score, read_scores, recognised
from audit.grading.harness_map import harness_map, harness_maps
from audit.grading.score_log import AddedScores, add_scores
from audit.intake.loading import load
from audit.warehouse import Warehouse

TODAY = date(2026, 9, 30)
BIG, SMALL = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with ten requests of the large model on the endpoint 'chat'."""
    folder = tmp_path_factory.mktemp("log")
    db = folder / "usage.duckdb"
    load([str(write_jsonl(folder / "log.jsonl", spend_logs(10)))], db)
    return db.read_bytes()


@pytest.fixture
def db(log: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "usage.duckdb"
    path.write_bytes(log)
    return path


def added(db: Path, *paths: Path, **options: str) -> AddedScores:
    """What becomes of files of one harness, recognised by the first."""
    harness = recognised(paths[0])
    assert harness is not None
    result = add_scores(db, paths, harness, today=TODAY, **options)
    assert result.read == result.paired + sum(result.unpaired.values())
    return result


def stored(db: Path) -> list[tuple[object, ...]]:
    with Warehouse.read(db) as warehouse:
        return warehouse.rows(
            "select endpoint, request_id, incumbent_model, candidate_model, incumbent_score, candidate_score, grader, "
            "candidate_output_tokens, cast(observed_on as varchar) from paired_outcomes order by all"
        )


DAY = "2026-03-04"


def test_promptfoo_pairs_two_providers_in_one_file(db: Path, tmp_path: Path) -> None:
    result = added(db, as_json(tmp_path / "results.json", promptfoo()))
    assert (result.harness, result.read, result.paired) == ("promptfoo", 4, 2)
    assert result.unpaired == {
        "of gpt-4o-mini: the call failed": 1,
        "of gpt-4o: no score of the other model for the test": 1,
    }
    with Warehouse.read(db) as warehouse:
        models = warehouse.rows("select incumbent_model, candidate_model from paired_outcomes")
    assert models == [("gpt-4o-2024-08-06", SMALL)]
    assert [row[4:] for row in stored(db)] == [(1, 0.5, "promptfoo", 4, DAY)]


def test_promptfoo_lines_and_its_older_list_say_the_same(tmp_path: Path) -> None:
    rows = cast("dict[str, list[dict[str, object]]]", promptfoo()["results"])["results"]
    lines = write_jsonl(tmp_path / "results.jsonl", rows)
    older = as_json(tmp_path / "older.json", {"results": rows, "timestamp": "2026-03-04T00:00:00Z"})
    for path in (lines, older):
        harness = recognised(path)
        assert harness is not None
        assert [score.score for score in read_scores(path, harness)] == [1, 0.5, 1, None]


def test_inspect_logs_are_paired_by_task_and_sample_and_epochs_averaged(db: Path, tmp_path: Path) -> None:
    big = as_json(tmp_path / "big.json", inspect("gpt-4o", ["C", "C", "P"]))
    small = as_json(tmp_path / "small.json", inspect("gpt-4o-mini", ["C", "I", "N"]))
    result = added(db, big, small)
    assert (result.read, result.paired) == (24, 12)
    assert result.unpaired == {
        f"of {model}: no score that is a number": 6 for model in ("openai/gpt-4o", "openai/gpt-4o-mini")
    }
    assert [row[4:6] for row in stored(db)] == [(0.5, 0), (1, 0), (1, 1)]
    other = as_json(tmp_path / "other.json", inspect("gpt-4o-mini", ["C"], task="another"))
    with pytest.raises(InputError, match="no test was scored for both models"):
        added(db, big, other)


def test_openai_evals_events_are_scores_where_they_match(db: Path, tmp_path: Path) -> None:
    big = write_jsonl(tmp_path / "big.jsonl", openai_events(BIG, [True, True, False]))
    small = write_jsonl(tmp_path / "small.jsonl", openai_events(SMALL, [True, False]))
    result = added(db, big, small, endpoint="chat")
    assert (result.harness, result.read, result.paired) == ("openai_evals", 5, 4)
    assert [row[:7] for row in stored(db)] == [
        ("chat", None, BIG, SMALL, 1, 0, "openai_evals match"),
        ("chat", None, BIG, SMALL, 1, 1, "openai_evals match"),
    ]


def test_the_evals_api_is_tied_to_requests(db: Path, tmp_path: Path) -> None:
    items = [output_item(n, model, score) for n in range(3) for model, score in ((BIG, 1.0), (SMALL, n / 2))]
    result = added(db, as_json(tmp_path / "items.json", {"object": "list", "data": items, "has_more": False}))
    assert (result.harness, result.read, result.paired) == ("openai_evals_api", 6, 6)
    assert [(row[0], row[1], row[5], row[7], row[8]) for row in stored(db)] == [
        ("chat", "chatcmpl-0", 0, 7, DAY),
        ("chat", "chatcmpl-1", 0.5, 7, DAY),
        ("chat", "chatcmpl-2", 1, 7, DAY),
    ]


def test_braintrust_experiments_are_one_file_each(db: Path, tmp_path: Path) -> None:
    big = as_json(tmp_path / "big.json", braintrust("e1", 1, BIG))
    small = as_csv(
        tmp_path / "small.csv",
        [
            {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
            for row in braintrust("e2", 0.25, SMALL)
        ],
    )
    result = added(db, big, small)
    assert (result.harness, result.paired) == ("braintrust", 2)
    assert [row[4:] for row in stored(db)] == [(1, 0.25, "braintrust Factuality", 5, DAY)]


def test_langsmith_experiments_name_their_model_by_their_file(db: Path, tmp_path: Path) -> None:
    baseline = as_csv(tmp_path / "baseline.csv", langsmith([1, 1, "", 1]))
    mini = as_csv(tmp_path / "mini.csv", langsmith([1, 0, 1]))
    result = added(db, baseline, mini, endpoint="chat", incumbent=f"{BIG}=baseline", candidate=f"{SMALL}=mini")
    assert (result.harness, result.read, result.paired) == ("langsmith", 7, 4)
    assert result.unpaired == {
        "of baseline: no score that is a number": 1,
        "of mini: no score of the other model for the test": 1,
        "of baseline: no score of the other model for the test": 1,
    }
    assert [row[:7] for row in stored(db)] == [
        ("chat", None, BIG, SMALL, 1, 0, "langsmith correct"),
        ("chat", None, BIG, SMALL, 1, 1, "langsmith correct"),
    ]


def test_the_same_results_again_change_nothing(db: Path, tmp_path: Path) -> None:
    path = as_json(tmp_path / "results.json", promptfoo())
    assert not added(db, path).added.already_known
    assert added(db, path).added.already_known
    assert len(stored(db)) == 1


def test_which_model_is_which_has_to_be_clear(db: Path, tmp_path: Path) -> None:
    path = as_json(tmp_path / "r.json", promptfoo(("openai:gpt-4.1", "openai:gpt-4.1-mini")))
    with pytest.raises(ConfigError, match=r"the scores are of 'gpt-4.1', 'gpt-4.1-mini'; say which is which"):
        added(db, path)
    assert added(db, path, candidate="gpt-4.1-mini").paired == 2
    three = as_json(tmp_path / "three.json", promptfoo(("gpt-4o", "gpt-4o-mini", "gpt-4.1")))
    with pytest.raises(ConfigError, match="say which is which"):
        added(db, three)
    result = added(db, three, incumbent="gpt-4o", candidate="gpt-4o-mini")
    assert result.unpaired["of another model, gpt-4.1"] == 2


def test_scores_outside_of_their_scale_are_named(db: Path, tmp_path: Path) -> None:
    items = [output_item(0, BIG, 5), output_item(0, SMALL, 3)]
    path = write_jsonl(tmp_path / "items.jsonl", items)
    with pytest.raises(InputError, match=r"scores 5.0 for test .* outside 0..1; say with --scale"):
        added(db, path)
    added(db, path, scale="5")
    assert [row[4:6] for row in stored(db)] == [(1, 0.6)]


def test_tests_that_nothing_ties_to_the_traffic_are_refused(db: Path, tmp_path: Path) -> None:
    big = write_jsonl(tmp_path / "big.jsonl", openai_events(BIG, [True]))
    small = write_jsonl(tmp_path / "small.jsonl", openai_events(SMALL, [True]))
    with pytest.raises(InputError, match="neither request_id nor endpoint in their metadata; say with --endpoint"):
        added(db, big, small)
    with pytest.raises(InputError, match="content is given twice"):
        added(db, big, small, small, endpoint="chat")


def test_a_file_of_no_harness_is_no_harness(tmp_path: Path) -> None:
    table = tmp_path / "pairs.csv"
    table.write_text("endpoint,incumbent_model,candidate_model,incumbent_score,candidate_score\nchat,a,b,1,1\n")
    assert recognised(table) is None
    assert recognised(write_jsonl(tmp_path / "log.jsonl", spend_logs(2))) is None
    (tmp_path / "x.eval").write_bytes(b"PK\x03\x04\xff")
    assert recognised(tmp_path / "x.eval") is None
    with pytest.raises(UnknownNameError, match="unknown harness 'promptfo'; nearest: promptfoo"):
        harness_map("promptfo")
    with pytest.raises(InputError, match="no results of Inspect AI"):
        list(read_scores(as_json(tmp_path / "empty.json", {"samples": []}), harness_map("inspect_ai")))


def test_every_harness_says_how_its_results_are_exported() -> None:
    assert [each.name for each in harness_maps()] == [
        "braintrust",
        "inspect_ai",
        "langsmith",
        "openai_evals",
        "openai_evals_api",
        "promptfoo",
    ]
    assert all(each.title and each.how_to_export and each.recognise and each.item for each in harness_maps())


def test_a_score_that_is_no_number_is_no_score(tmp_path: Path) -> None:
    path = as_csv(tmp_path / "x.csv", langsmith(["nan", "inf", "", "good", "TRUE", "0.5", None]))
    found: list[Score] = list(read_scores(path, harness_map("langsmith")))
    assert [score.score for score in found] == [None, None, None, None, 1, 0.5, None]


def test_the_command_line_recognises_a_harness(db: Path, tmp_path: Path) -> None:
    path = as_json(tmp_path / "results.json", promptfoo())
    shown = CliRunner().invoke(app, ["outcomes", "add", str(path), "--db", str(db)])
    assert shown.exit_code == 0, shown.output
    assert "Scores of promptfoo" in shown.stdout
    document = json.loads(CliRunner().invoke(app, ["outcomes", "add", str(path), "--db", str(db), "--json"]).stdout)
    assert (document["read"], document["added"]["already_known"]) == (4, True)
