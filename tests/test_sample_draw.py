"""The requests of a sample: the right ones, at random, reproducible, and with weights that give the mean back."""

import csv
import json
from datetime import timedelta
from itertools import islice
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from exports import MIDNIGHT, START, Row, bucket, generated_log, spend_log, write_csv, write_jsonl
from samples_of import TODAY, calls, database, lines, replays, sampled

from audit.errors import AuditError, UnknownNameError
from audit.evidence.outcome_log import add_outcomes
from audit.intake.loading import load
from audit.sampling.plan import Ask
from audit.scope import Question

SNAPSHOT, MINI = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three endpoints of which one has next to all of the spend."""
    folder = tmp_path_factory.mktemp("mixed")
    rows = [
        *calls("chat", 2000),
        *calls("mail", 600, first=2000),
        *[row | {"prompt_tokens": 9000} for row in calls("docs", 800, first=3000)],
    ]
    return database(folder, *rows)


def outcome_file(path: Path, rows: list[Row], *, candidate: str = MINI) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(["request_id", "incumbent_model", "candidate_model", "incumbent_score", "candidate_score"])
        table.writerows([row["request_id"], SNAPSHOT, candidate, 1, 1] for row in rows)
    return path


def test_a_replay_names_the_record_that_holds_its_request(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    generated_log(log, "litellm", rows=6000, bad=60)
    load([str(log)], tmp_path / "usage.duckdb")
    sampled(tmp_path / "usage.duckdb", tmp_path / "sample", ask=Ask(pairs=400))
    records = [line for line in log.read_bytes().split(b"\n") if line.strip()]
    found = replays(tmp_path / "sample")
    assert len(found) == 400
    for replay in found:
        record = json.loads(records[replay.record_number - 1])
        assert record["request_id"] == replay.request_id
        assert json.loads(record["request_tags"])[0] == replay.endpoint
        assert record["status"] == "success"
        assert record["cache_hit"] == "None"
        assert record["model"].startswith("gpt-4o")
        assert "mini" not in record["model"]


def test_only_billed_requests_of_the_incumbent_that_no_gate_stops_are_drawn(tmp_path: Path) -> None:
    kept = calls("chat", 40)
    others = [
        *calls("chat", 40, first=100, status="failure"),
        *calls("chat", 40, first=200, cache_hit="True"),
        *calls("chat", 40, first=300, model="gpt-4o-mini"),
        *[spend_log(n, tokens_in=0, tokens_out=0) for n in range(400, 440)],
    ]
    db = database(tmp_path, *kept, *others)
    assert sampled(db, tmp_path / "sample")["pairs"] == 40
    assert {each.request_id for each in replays(tmp_path / "sample")} == {row["request_id"] for row in kept}


def test_the_same_seed_draws_the_same_requests_and_another_seed_others(mixed: Path, tmp_path: Path) -> None:
    ids: list[list[str]] = []
    for number, seed in enumerate((1, 1, 2)):
        sampled(mixed, tmp_path / str(number), ask=Ask(pairs=300), seed=seed)
        ids.append([each.sample_id for each in replays(tmp_path / str(number))])
    assert ids[0] == ids[1]
    assert len(set(ids[0]) & set(ids[2])) < 150


def test_the_order_of_loading_changes_nothing(tmp_path: Path) -> None:
    first, second = calls("chat", 500), calls("chat", 500, first=500)
    one, two = (write_jsonl(tmp_path / f"{n}.jsonl", rows) for n, rows in ((1, first), (2, second)))
    drawn: list[set[str]] = []
    for name, order in (("a", [one, two]), ("b", [two, one])):
        db = tmp_path / f"{name}.duckdb"
        with patch("audit.warehouse.os.urandom", return_value=b"the same salt 16"):
            for path in order:
                load([str(path)], db)
        sampled(db, tmp_path / name, ask=Ask(pairs=80))
        drawn.append({each.sample_id for each in replays(tmp_path / name)})
    assert drawn[0] == drawn[1]


def test_a_larger_sample_contains_the_smaller_one(mixed: Path, tmp_path: Path) -> None:
    for pairs in (200, 500):
        sampled(mixed, tmp_path / str(pairs), ask=Ask(pairs=pairs))
    small, large = ({each.sample_id for each in replays(tmp_path / name)} for name in ("200", "500"))
    assert len(small) == 200
    assert small < large


def test_the_weights_of_a_workload_add_up_to_its_requests(mixed: Path, tmp_path: Path) -> None:
    document = sampled(mixed, tmp_path / "sample", ask=Ask(pairs=300))
    found = replays(tmp_path / "sample")
    assert sum(each.weight for each in found) == pytest.approx(3400)
    for row in document["workloads"]:
        weights = [each.weight for each in found if each.workload_id == row["workload_id"]]
        assert sum(weights) == pytest.approx(row["requests"])
        assert all(part["pairs"] >= 5 for part in row["strata"])


def test_the_weighted_mean_of_a_sample_is_the_mean_over_requests(mixed: Path, tmp_path: Path) -> None:
    """Over many seeds, of a quantity that the strata are unequal in: output tokens."""
    truth = np.mean([float(str(row["completion_tokens"])) for row in calls("chat", 2000)])
    weighted: list[float] = []
    plain: list[float] = []
    for seed in range(40):
        sampled(mixed, tmp_path / str(seed), ask=Ask(pairs=150), endpoints=["chat"], seed=seed)
        found = replays(tmp_path / str(seed))
        values = [float(each.incumbent_output_tokens or 0) for each in found]
        weighted.append(float(np.average(values, weights=[each.weight for each in found])))
        plain.append(float(np.mean(values)))
    error = np.std(weighted, ddof=1) / np.sqrt(len(weighted))
    assert np.mean(weighted) == pytest.approx(truth, abs=4 * error)
    assert abs(np.mean(plain) - truth) > 10 * error, "dear requests are drawn more often, or the weights prove nothing"


def test_spend_decides_how_many_pairs_an_endpoint_gets(mixed: Path) -> None:
    rows = sampled(mixed, ask=Ask(pairs=600))["workloads"]
    assert [row["cost_share"] for row in rows] == sorted((row["cost_share"] for row in rows), reverse=True)
    assert [row["pairs"] for row in rows] == sorted((row["pairs"] for row in rows), reverse=True)
    assert rows[0]["endpoint"] == "docs"
    assert rows[0]["pairs"] / 600 == pytest.approx(rows[0]["cost_share"], abs=0.1)
    assert rows[-1]["pairs"] >= 30


def test_requests_that_have_a_pair_of_these_models_are_not_replayed_again(tmp_path: Path) -> None:
    rows = calls("chat", 300)
    db = database(tmp_path, *rows)
    add_outcomes(db, outcome_file(tmp_path / "done.csv", rows[:100]), today=TODAY)
    add_outcomes(db, outcome_file(tmp_path / "other.csv", rows[100:200], candidate="gpt-4.1-nano"), today=TODAY)
    document = sampled(db, tmp_path / "sample", ask=Ask(pairs=120))
    found = replays(tmp_path / "sample")
    assert not {each.request_id for each in found} & {row["request_id"] for row in rows[:100]}
    assert {each.request_id for each in found} & {row["request_id"] for row in rows[100:200]}
    assert sum(each.weight for each in found) == pytest.approx(300), "what is left stands for what was there"
    assert sum(row["pairs_measured"] for row in document["workloads"]) == 100
    everything = sampled(db, ask=Ask(pairs=5000))
    assert everything["pairs"] == 200


def test_when_every_request_has_its_pair_there_is_nothing_to_replay(tmp_path: Path) -> None:
    rows = calls("chat", 40)
    db = database(tmp_path, *rows)
    add_outcomes(db, outcome_file(tmp_path / "done.csv", rows), today=TODAY)
    with pytest.raises(AuditError, match="all of its requests have a pair already"):
        sampled(db)


def test_a_decided_workload_is_left_out_unless_it_is_named(tmp_path: Path) -> None:
    rows = [spend_log(n, tag="chat", tokens_in=500) for n in range(1000)]
    db = database(tmp_path, *rows, *[spend_log(n, tag="mail") for n in range(1000, 1100)])
    add_outcomes(db, outcome_file(tmp_path / "done.csv", rows[:900]), today=TODAY)
    document = sampled(db)
    assert [row["endpoint"] for row in document["workloads"]] == ["mail"]
    (left,) = document["left_out"]
    assert "decided" in left["reason"]
    named = sampled(db, workload_ids=[left["workload_id"]])
    assert [row["workload_id"] for row in named["workloads"]] == [left["workload_id"]]


def test_a_pair_with_two_graders_counts_as_one_measured_before(tmp_path: Path) -> None:
    rows = calls("chat", 900)
    db = database(tmp_path, *rows)
    for grader in ("exact match", "rubric"):
        path = outcome_file(tmp_path / f"{grader}.csv", rows[:100])
        text = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([f"{text[0]},grader", *(f"{line},{grader}" for line in text[1:])]), encoding="utf-8")
        assert add_outcomes(db, path, today=TODAY).pairs == 100
    assert sum(row["pairs_measured"] for row in sampled(db, ask=Ask(pairs=100), margin=1)["workloads"]) == 100


def test_every_sample_stands_for_all_requests_also_when_some_were_replayed_before(tmp_path: Path) -> None:
    """Each alone is a random sample of its strata; weighted with what is left, the second would slight the dearest."""
    rows = calls("chat", 900)
    db = database(tmp_path, *rows)
    by_id = {row["request_id"]: row for row in rows}
    for number in range(2):
        document = sampled(db, folder := tmp_path / f"sample-{number}", ask=Ask(pairs=300), margin=1)
        sizes = {
            (row["workload_id"], part["stratum"]): part["requests"]
            for row in document["workloads"]
            for part in row["strata"]
        }
        assert len(sizes) > 1
        stands_for = dict.fromkeys(sizes, 0.0)
        for each in replays(folder):
            stands_for[each.workload_id, each.stratum] += each.weight
        assert stands_for == pytest.approx(sizes)
        scored = [by_id[each.request_id] for each in replays(folder)]
        add_outcomes(db, outcome_file(tmp_path / f"{number}.csv", scored), today=TODAY)


def test_long_inputs_are_a_stratum_of_their_own(tmp_path: Path) -> None:
    rows = [*calls("chat", 500), *[spend_log(n, tag="chat", tokens_in=60_000) for n in range(500, 510)]]
    document = sampled(database(tmp_path, *rows), ask=Ask(pairs=60))
    strata = {part["stratum"]: part for row in document["workloads"] for part in row["strata"]}
    assert strata["input above 50000"]["available"] == 10
    assert strata["input above 50000"]["pairs"] >= 5


def test_a_workload_held_back_for_its_long_inputs_is_replayed_at_that_length_only(tmp_path: Path) -> None:
    rows = [spend_log(n, tag="docs", tokens_in=60_000 if n % 2 else 45_000, tokens_out=100) for n in range(200)]
    db = database(tmp_path, *rows)
    sampled(db, tmp_path / "sample", ask=Ask(pairs=60))
    gated = [each for each in replays(tmp_path / "sample") if each.stratum.startswith("input above")]
    assert len(gated) >= 30
    odd = {row["request_id"] for row in rows[1::2]}
    assert {each.request_id for each in gated} <= odd


def test_days_limit_what_is_drawn_and_what_it_stands_for(tmp_path: Path) -> None:
    first = [spend_log(n) for n in range(100)]
    second = [spend_log(n, start=START + timedelta(days=1, seconds=n)) for n in range(100, 250)]
    db = database(tmp_path, *first, *second)
    day = (START + timedelta(days=1)).date()
    sampled(db, tmp_path / "sample", ask=Ask(pairs=50), question=Question(today=TODAY, since=day))
    assert {each.request_date for each in replays(tmp_path / "sample")} == {day.isoformat()}
    assert sum(each.weight for each in replays(tmp_path / "sample")) == pytest.approx(150)
    with pytest.raises(AuditError, match="no billed requests of gpt-4o"):
        sampled(db, question=Question(today=TODAY, since=TODAY))


def test_buckets_are_no_requests_and_the_error_says_what_to_export(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    minutes = [bucket(requests=1, seconds=60, start=MIDNIGHT + timedelta(minutes=n)) for n in range(40)]
    load([str(write_csv(tmp_path / "usage.csv", [*minutes, bucket(requests=500, project_id="proj_b")]))], db)
    with pytest.raises(AuditError, match=r"only buckets of a usage export.*export request logs"):
        sampled(db)


def test_an_unknown_endpoint_is_named_with_its_nearest(mixed: Path) -> None:
    with pytest.raises(UnknownNameError, match="'chatt'; nearest: chat"):
        sampled(mixed, endpoints=["chatt"])


def test_a_filter_samples_nothing_else(mixed: Path, tmp_path: Path) -> None:
    sampled(mixed, tmp_path / "sample", endpoints=["mail"], ask=Ask(pairs=50))
    assert {each.endpoint for each in replays(tmp_path / "sample")} == {"mail"}
    assert len(list(islice(lines(tmp_path / "sample" / "replays.jsonl"), 60))) == 50
