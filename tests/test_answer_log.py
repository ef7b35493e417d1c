"""Graded answers in the database: placed by their request, never counted twice, priced, and shown."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from exports import spend_logs, write_jsonl
from sample_folders import BIG, CREATED, SMALL, Json, refused, replay, reply, said, sample_id, write_lines, write_sample
from typer.testing import CliRunner

from audit.cli import app
from audit.config import Config
from audit.errors import InputError
from audit.evidence.outcome_listing import stored_outcomes
from audit.evidence.outcome_log import add_outcomes
from audit.grader_settings import GraderSettings
from audit.grading.answer_log import AddedAnswers, add_answers
from audit.intake.loading import load
from audit.warehouse import Warehouse

TODAY = date(2026, 9, 30)
TEXT = Config(graders={"chat": GraderSettings(kind="text")})
EXACT = Config(graders={"chat": GraderSettings(kind="exact")})


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A database with twenty requests on the endpoint 'chat'."""
    path = tmp_path / "usage.duckdb"
    assert load([str(write_jsonl(tmp_path / "log.jsonl", spend_logs(20)))], path).total("loaded") == 20
    return path


def keys(db: Path) -> dict[int, int]:
    """Request key by number of the request."""
    with Warehouse.read(db) as warehouse:
        rows = warehouse.rows("select request_id, request_key from requests")
    return {int(str(name).removeprefix("chatcmpl-")): int(str(key)) for name, key in rows}


def moved(db: Path, line: Json) -> Json:
    """A line about request n with the id that the database gives it."""
    number, _, role = str(line["custom_id"]).partition("-")
    return line | {"custom_id": f"{keys(db)[int(number, 16)]:016x}-{role}"}


def sample(db: Path, folder: Path, numbers: Sequence[int] = range(6), **changes: object) -> Path:
    """A sample folder of these requests, to which the incumbent said 'yes'."""
    found = keys(db)
    replays = [replay(n, endpoint="chat", **{"sample_id": f"{found[n]:016x}", **changes}) for n in numbers]
    write_sample(folder, replays)
    lines = [{"sample_id": f"{found[n]:016x}", "finish_reason": "stop"} | said("yes") for n in numbers]
    write_lines(folder / "answers.jsonl", lines)
    return folder


def added(db: Path, folder: Path, lines: Sequence[Json], config: Config = TEXT) -> AddedAnswers:
    """What becomes of the lines of one output file."""
    path = write_lines(folder.parent / "out.jsonl", [moved(db, line) for line in lines])
    return add_answers(db, [path], folder, config, today=TODAY)


def stored(db: Path, columns: str = "request_id, candidate_score") -> list[tuple[object, ...]]:
    with Warehouse.read(db) as warehouse:
        return warehouse.rows(f"select {columns} from paired_outcomes order by request_id, candidate_model")


def test_a_pair_is_kept_with_all_that_the_sample_knows(db: Path, tmp_path: Path) -> None:
    result = added(db, sample(db, tmp_path / "s", request_id=None), [reply(3, "no")])
    assert (result.added.pairs, result.added.unknown_requests) == (1, 0)
    columns = (
        "request_id, scope, endpoint, model, incumbent_model, candidate_model, incumbent_score, candidate_score, "
        "grader, weight, stratum, observed_on, incumbent_output_tokens, candidate_output_tokens, "
        "parse_failed, incumbent_failed"
    )
    assert stored(db, columns) == [
        (None, "request", "chat", BIG, BIG, SMALL, 1, 0, "text", 2, "s-1", date(2026, 3, 4), 5, 10, False, False)
    ]


def test_the_replay_costs_what_the_batch_price_list_says(db: Path, tmp_path: Path) -> None:
    result = added(db, sample(db, tmp_path / "s"), [reply(0, "yes"), reply(1, "yes"), reply(1, "yes", "again")])
    mini = (1000 * Decimal("0.075") + 10 * Decimal("0.30")) / 1_000_000  # half of 0.15 and 0.60
    large = (1000 * Decimal("1.25") + 10 * Decimal("5.00")) / 1_000_000
    assert result.replay_cost == pytest.approx(float(2 * mini + large))


def test_the_same_answers_again_change_nothing(db: Path, tmp_path: Path) -> None:
    folder, lines = sample(db, tmp_path / "s"), [reply(0, "yes"), reply(1, "no")]
    assert added(db, folder, lines).added.pairs == 2
    again = added(db, folder, lines)
    assert (again.added.already_known, again.counts) == (True, {"graded": 2})
    assert len(stored(db)) == 2


def test_a_newer_answer_to_a_request_takes_the_place_of_the_older(db: Path, tmp_path: Path) -> None:
    folder = sample(db, tmp_path / "s")
    added(db, folder, [reply(0, "no"), reply(1, "no")])
    result = added(db, folder, [reply(1, "yes", created=CREATED + 9), reply(2, "yes")])
    assert (result.added.pairs, result.added.replaced) == (2, 1)
    assert stored(db) == [("chatcmpl-0", 0), ("chatcmpl-1", 1), ("chatcmpl-2", 1)]


def test_the_same_request_in_another_sample_is_not_counted_twice(db: Path, tmp_path: Path) -> None:
    added(db, sample(db, tmp_path / "s"), [reply(0, "no")])
    assert added(db, sample(db, tmp_path / "t", [0]), [reply(0, "no")]).added.replaced == 1
    assert stored(db) == [("chatcmpl-0", 0)]


def test_another_grader_is_another_observation(db: Path, tmp_path: Path) -> None:
    folder = sample(db, tmp_path / "s")
    added(db, folder, [reply(0, "YES")])
    added(db, folder, [reply(0, "YES")], EXACT)
    assert sorted(stored(db, "grader, candidate_score")) == [("exact", 0), ("text", 1)]


def test_the_order_of_files_and_lines_does_not_matter(db: Path, tmp_path: Path) -> None:
    folder = sample(db, tmp_path / "s")
    one = write_lines(tmp_path / "a.jsonl", [moved(db, reply(0, "yes")), moved(db, refused(1, 500))])
    other = write_lines(tmp_path / "b.jsonl", [moved(db, reply(1, "no"))])
    first = add_answers(db, [one, other], folder, TEXT, today=TODAY)
    second = add_answers(db, [other, one], folder, TEXT, today=TODAY)
    assert second.added.already_known
    assert (first.counts, second.counts) == ({"graded": 2, "duplicate": 1},) * 2


def test_a_sample_of_another_database_is_refused(db: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "s", [replay(0, endpoint="chat")], {0: said("yes")})
    path = write_lines(tmp_path / "out.jsonl", [reply(0, "yes")])
    with pytest.raises(InputError, match="its only request is not in"):
        add_answers(db, [path], tmp_path / "s", TEXT, today=TODAY)


def test_answers_that_make_no_pair_say_why(db: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no pair came of 2 answers; 2 not answered \(HTTP 500\)"):
        added(db, sample(db, tmp_path / "s"), [refused(0, 500), refused(1, 500)])


def test_the_input_of_a_batch_is_told_from_its_output(db: Path, tmp_path: Path) -> None:
    folder = sample(db, tmp_path / "s")
    with pytest.raises(InputError, match=r"6 unreadable; candidate-001.jsonl, line 1: .*is it the input of a batch\?"):
        add_answers(db, [folder / "candidate-001.jsonl"], folder, TEXT, today=TODAY)


def test_second_answers_without_the_candidates_are_said_to_leave_its_pairs_alone(db: Path, tmp_path: Path) -> None:
    folder = sample(db, tmp_path / "s")

    def told(*lines: Json) -> bool:
        return any("second answer of the incumbent came without" in text for text in added(db, folder, lines).notes)

    assert not told(reply(0, "yes"), reply(0, "yes", "again"))
    assert told(reply(1, "yes"), reply(0, "yes", "again", created=CREATED + 9))


def test_the_model_that_answered_is_the_one_that_counts(db: Path, tmp_path: Path) -> None:
    line = reply(0, "yes")
    body = json.loads(json.dumps(line))["response"]["body"] | {"model": "gpt-4.1-mini-2025-04-14"}
    line["response"] = {"status_code": 200, "body": body}
    result = added(db, sample(db, tmp_path / "s"), [line])
    assert stored(db, "candidate_model") == [("gpt-4.1-mini-2025-04-14",)]
    assert any("gpt-4.1-mini-2025-04-14 answered where" in text for text in result.notes)


def test_the_incumbent_against_itself_is_a_noise_ceiling_and_no_pair(db: Path, tmp_path: Path) -> None:
    lines = [reply(n, "yes" if n else "no", "again") for n in range(4)] + [reply(4, "", "again"), reply(0, "yes")]
    added(db, sample(db, tmp_path / "s"), lines)
    with Warehouse.read(db) as warehouse:
        pairs, ceiling = stored_outcomes(warehouse)
    assert (pairs["kind"], pairs["pairs"], pairs["self_agreement_point"]) == ("pairs", 1, None)
    assert (ceiling["kind"], ceiling["pairs"], ceiling["parse_failures"]) == ("noise ceiling", 5, 1)
    assert ceiling["self_agreement_point"] == pytest.approx(3 / 5)
    # Wilson for 3 of 5, Brown, Cai and DasGupta 2001, formula (4)
    assert ceiling["self_agreement_low"] == pytest.approx(0.2307, abs=1e-4)
    assert ceiling["self_agreement_high"] == pytest.approx(0.8824, abs=1e-4)


def test_an_answer_of_the_incumbent_that_nobody_can_read_is_in_no_verdict(db: Path, tmp_path: Path) -> None:
    numeric = Config(graders={"chat": GraderSettings(kind="numeric")})
    result = added(db, sample(db, tmp_path / "s"), [reply(0, "7")], numeric)
    assert result.counts == {"incumbent_failed": 1}
    assert stored(db, "incumbent_failed, incumbent_score, candidate_score") == [(True, None, None)]
    with Warehouse.read(db) as warehouse:
        assert [(row["pairs"], row["incumbent_failures"]) for row in stored_outcomes(warehouse)] == [(0, 1)]


def test_a_table_of_pairs_may_name_sampled_requests(db: Path, tmp_path: Path) -> None:
    key = f"{keys(db)[2]:016x}"
    header = "sample_id,incumbent_model,candidate_model,incumbent_score,candidate_score\n"
    path = tmp_path / "own.csv"
    path.write_text(f"{header}{key},{BIG},{SMALL},1,0.5\n")
    assert add_outcomes(db, path, today=TODAY).pairs == 1
    path.write_text(f"{header}{key},{BIG},{SMALL},1,0.75\n")
    assert add_outcomes(db, path, today=TODAY).replaced == 1
    assert stored(db, "endpoint, candidate_score") == [("chat", 0.75)]
    path.write_text(f"{header}{key},{BIG},{SMALL},1,1\n{key},{BIG},{SMALL},1,0\n")
    with pytest.raises(InputError, match="2 pairs share sample_id, models and grader"):
        add_outcomes(db, path, today=TODAY)
    path.write_text(f"{header}17,{BIG},{SMALL},1,1\n")
    with pytest.raises(InputError, match="column sample_id, line 2: '17' is not an id of `audit sample`"):
        add_outcomes(db, path, today=TODAY)


def test_the_command_line_tells_where_every_answer_went(db: Path, tmp_path: Path) -> None:
    folder = sample(db, tmp_path / "s")
    config = tmp_path / "audit.toml"
    config.write_text('[graders]\nchat = "text"\n')
    lines = [moved(db, line) for line in (reply(0, "yes"), reply(1, "", finish="length"), refused(2, 429))]
    out = write_lines(tmp_path / "out.jsonl", [*lines, reply(99, "yes")])
    options = ["--db", str(db), "--quiet"]
    command = ["outcomes", "add", str(out), "--sample", str(folder), "--config", str(config), *options]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0, shown.output
    assert "graded" in shown.stdout
    assert "truncated" in shown.stdout
    assert "1 request of the sample got no answer; replay them" in shown.stderr
    document = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert document["read"] == sum(document["counts"].values()) == 4
    assert document["replay_again"] == [f"{keys(db)[2]:016x}-candidate"]
    listed = CliRunner().invoke(app, ["outcomes", "show", "--db", str(db)]).stdout
    assert "parse failures: 1" in listed
    assert f"chat  {BIG} -> {SMALL}" in listed
    chosen = [
        CliRunner().invoke(app, ["outcomes", "show", "--db", str(db), "--endpoint", name]) for name in ("chat", "cat")
    ]
    assert chosen[0].stdout == listed
    assert "endpoint with outcomes 'cat'" in str(chosen[1].exception)
    useless = CliRunner().invoke(app, [*command, "--endpoint", "chat"])
    assert (useless.exit_code, "--endpoint belongs to the results of a harness" in useless.output) == (2, True)


def test_lines_of_a_batch_without_their_sample_are_recognised(db: Path, tmp_path: Path) -> None:
    out = write_lines(tmp_path / "out.jsonl", [reply(0, "yes")])
    with pytest.raises(InputError, match=r"name the folder that `audit sample` wrote with --sample DIR"):
        add_outcomes(db, out, today=TODAY)
    assert sample_id(0) in out.read_text()
