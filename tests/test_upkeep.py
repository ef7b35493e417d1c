"""What people do between loads: settings to confirm, outcomes by request, new rules, the way back to the export."""

import csv
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from exports import spend_log, write_jsonl

from audit.config import Config, EndpointRule, Rewrite, read_config
from audit.errors import ConfigError, InputError
from audit.evidence.outcome_log import add_outcomes
from audit.intake.init_config import write_config
from audit.intake.loading import load
from audit.intake.resolve import rebuild, refit, unload
from audit.scope import Question, settle
from audit.warehouse import Warehouse

TODAY = date(2026, 3, 31)


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Two shapes of traffic on one endpoint, far apart, and another endpoint."""
    short = [spend_log(n, tag="support", tokens_in=400 + n % 7, tokens_out=5) for n in range(300)]
    long = [spend_log(300 + n, tag="support", tokens_in=9000 + n % 11, tokens_out=700) for n in range(300)]
    other = [spend_log(600 + n, tag='say "hi"', tokens_in=50, tokens_out=50) for n in range(40)]
    path = tmp_path / "usage.duckdb"
    load([str(write_jsonl(tmp_path / "log.jsonl", [*short, *long, *other]))], path)
    return path


def outcomes(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def pair(request_id: str) -> dict[str, object]:
    return {
        "request_id": request_id,
        "incumbent_model": "gpt-4o",
        "candidate_model": "gpt-4o-mini",
        "incumbent_score": 1,
        "candidate_score": 1,
    }


def test_init_writes_settings_that_can_be_read_back_and_guesses_that_count_for_nothing(
    db: Path, tmp_path: Path
) -> None:
    path = tmp_path / "audit.toml"
    assert write_config(db, path) == 2
    config = read_config(path)
    assert config.stakes == {"support": "normal", 'say "hi"': "normal"}
    assert config.task_types == {}
    text = path.read_text(encoding="utf-8")
    assert '# "support" = "' in text
    assert config.graders == {}
    assert '# "support" = { kind = "..." }' in text


def test_the_graders_that_init_guesses_can_be_confirmed_but_for_free_text(tmp_path: Path) -> None:
    asked: list[tuple[str, int, dict[str, object]]] = [
        ("label", 3, {}),
        ("prose", 300, {}),
        ("form", 80, {"response_format": {"type": "json_object"}}),
    ]
    rows = [
        spend_log(n, tag=tag, tokens_out=length, proxy_server_request=body)
        for n, (tag, length, body) in enumerate(asked * 10)
    ]
    db, path = tmp_path / "usage.duckdb", tmp_path / "audit.toml"
    load([str(write_jsonl(tmp_path / "log.jsonl", rows))], db)
    write_config(db, path)
    path.write_text(re.sub(r'^# ("\w+" = \{ kind)', r"\1", path.read_text(), flags=re.MULTILINE))
    with pytest.raises(ConfigError, match=r"unknown kind of grader '\.\.\.'"):
        read_config(path)
    path.write_text(path.read_text().replace('"..."', '"judge"'))
    kinds = {endpoint: settings.kind for endpoint, settings in read_config(path).graders.items()}
    assert kinds == {"label": "text", "prose": "judge", "form": "json"}


def test_init_leaves_settings_that_exist_alone(db: Path, tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text("[stakes]\n")
    with pytest.raises(ConfigError, match="exists already"):
        write_config(db, tmp_path / "audit.toml")


def test_a_pair_by_request_speaks_for_the_workload_of_that_request(db: Path, tmp_path: Path) -> None:
    added = add_outcomes(
        db, outcomes(tmp_path / "o.csv", [pair("chatcmpl-1"), pair("chatcmpl-400"), pair("nobody")]), today=TODAY
    )
    assert (added.pairs, added.unknown_requests) == (2, 1)
    with Warehouse.read(db) as warehouse:
        rows = warehouse.rows(
            "select request_id, endpoint, model, incumbent_output_tokens from paired_outcomes order by 1"
        )
        warehouse.execute("create temp table report_sources as select distinct source_format from files")
        warehouse.execute(
            "create temp table report_pairs as select '' as incumbent_provider_name, '' as incumbent_model, "
            "'' as candidate_provider_name, '' as candidate_model, 0 as candidate_context_window, "
            "0 as candidate_output_limit"
        )
        warehouse.add_views("4_")
        workloads = {name for (name,) in warehouse.rows("select workload_id from outcome_pairs")}
    assert rows == [
        ("chatcmpl-1", "support", "gpt-4o-2024-08-06", 5),
        ("chatcmpl-400", "support", "gpt-4o-2024-08-06", 700),
    ]
    assert len(workloads) == 2
    assert None not in workloads


def test_pairs_of_another_log_are_refused(db: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its only request is not in"):
        add_outcomes(db, outcomes(tmp_path / "o.csv", [pair("nobody")]), today=TODAY)


def test_a_refit_of_unchanged_traffic_changes_no_workload(db: Path) -> None:
    moves = refit(db)
    assert len(moves) == 3
    assert all(old == new for old, new, _ in moves)
    assert sum(requests for _, _, requests in moves) == 640


def test_rules_stay_frozen_until_a_refit_maps_old_to_new(db: Path, tmp_path: Path) -> None:
    more = [spend_log(1000 + n, tag="support", tokens_in=120_000, tokens_out=60 + n % 5) for n in range(900)]
    load([str(write_jsonl(tmp_path / "more.jsonl", more))], db)
    with Warehouse.read(db) as warehouse:
        frozen = warehouse.count("select count(*) from workload_rules where endpoint = 'support'")
    assert frozen == 2
    moves = refit(db)
    assert len({new for _, new, _ in moves}) > len({old for old, _, _ in moves})
    assert sum(requests for _, _, requests in moves) == 1540


def test_a_request_leads_back_to_its_record_also_behind_rows_that_could_not_be_parsed(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "start_time,model,prompt_tokens,completion_tokens,request_id\n"
        "2026-03-02 09:00:00,gpt-4o,10,1,first\n"
        "2026-03-02 09:00:01,gpt-4o,10\n"
        "2026-03-02 09:00:02,gpt-4o,twelve,1,worded\n"
        "2026-03-02 09:00:03,gpt-4o,10,1,last\n"
    )
    db = tmp_path / "usage.duckdb"
    report = load([str(path)], db)
    assert (report.total("loaded"), report.total("rejected")) == (2, 2)
    with Warehouse.read(db) as warehouse:
        places = warehouse.rows("select request_id, record_number from request_places order by record_number")
        rejected = warehouse.rows("select record_number from rejects order by record_number")
    assert places == [("first", 1), ("last", 4)]
    assert rejected == [(2,), (3,)]


def test_settings_with_unknown_keys_name_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "audit.toml"
    path.write_text("[prices]\ndiscont = 0.1\n")
    with pytest.raises(ConfigError, match=r"audit\.toml: unknown key of \[prices\] 'discont'; nearest: discount"):
        read_config(path)
    path.write_text(f"[stakes]\nchat = {json.dumps('vital')}\n")
    with pytest.raises(ConfigError, match="'vital' must be one of low, normal, core"):
        read_config(path)


def test_a_report_under_other_prices_than_those_of_the_load_is_refused_and_not_mixed(db: Path) -> None:
    with Warehouse.read(db) as warehouse, pytest.raises(ConfigError, match=r"discount 0\.1.* but .* priced with disc"):
        settle(warehouse, Question(today=TODAY), Config(discount=Decimal("0.1")))


def test_an_endpoint_rule_of_audit_toml_goes_with_it_and_one_of_the_command_line_stays(
    db: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "audit.toml"
    settings.write_text('[endpoint]\nfield = "tag:sup"\n')

    def rule() -> str | None:
        with Warehouse.read(db) as warehouse:
            return warehouse.setting("endpoint_rule")

    rebuild(db, read_config(settings))
    assert rule() == "tag:sup"
    settings.write_text("[endpoint]\n")
    rebuild(db, read_config(settings))
    assert rule() is None
    rebuild(db, Config(endpoint=EndpointRule(field="route", is_option=True)))
    rebuild(db, read_config(settings))
    assert rule() == "route:"


def test_a_load_under_new_settings_resolves_what_was_loaded_before_as_well(db: Path, tmp_path: Path) -> None:
    more = write_jsonl(tmp_path / "more.jsonl", [spend_log(9000, tag="support")])
    load([str(more)], db, config=Config(rewrites=(Rewrite(pattern=re.compile("support"), replacement="help"),)))
    with Warehouse.read(db) as warehouse:
        names = {name for (name,) in warehouse.rows("select distinct endpoint from traffic_cells")}
    assert names == {"help", 'say "hi"'}


def test_keys_written_by_a_duckdb_that_hashed_otherwise_are_made_anew_so_nothing_is_loaded_twice(
    db: Path, tmp_path: Path
) -> None:
    with Warehouse.create(db) as warehouse:
        warehouse.execute("update stored_facts set request_key = request_key // 2")
        warehouse.set("hash_probe", "1")
    again = load([str(tmp_path / "log.jsonl")], db)
    assert (again.total("loaded"), again.total("duplicate")) == (0, 640)


def test_unloading_a_log_leaves_costs_that_were_loaded_twice_counted_once(db: Path, tmp_path: Path) -> None:
    bill = Path(__file__).parent / "data" / "samples" / "openai" / "cost_2026_written_here.csv"
    (tmp_path / "copy.csv").write_bytes(bill.read_bytes())

    def billed() -> object:
        with Warehouse.read(db) as warehouse:
            return warehouse.value("select sum(billed_amount) from billed_cost_by_day")

    load([str(bill)], db)
    once = billed()
    load([str(tmp_path / "copy.csv")], db)
    unload(db, str(tmp_path / "log.jsonl"), Config())
    assert billed() == once
