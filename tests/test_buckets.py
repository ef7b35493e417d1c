"""Usage exported in buckets more than once, filtered and grouped in other ways: what stands, and what has no total."""

import shlex
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from exports import MIDNIGHT, Row, bucket, write_csv
from loads import jsonl, loaded, query

from audit.config import Config
from audit.errors import ConfigError
from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.intake.resolve import unload
from audit.scope import Question, settle
from audit.warehouse import Warehouse

WEEK = [MIDNIGHT + timedelta(days=n) for n in range(7)]
KEYS = {"key_1": 300, "key_2": 50}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def usage(day: datetime, tokens: float, **columns: object) -> Row:
    return bucket(start=day, tokens_in=tokens, tokens_out=0, requests=10) | columns


def by_key(*keys: str, days: list[datetime] = WEEK, project: str = "proj_a") -> list[Row]:
    return [usage(day, KEYS[key], api_key_id=key, project_id=project) for day in days for key in keys]


def in_one(*, tokens: float = 350, days: list[datetime] = WEEK, project: str = "proj_a") -> list[Row]:
    return [usage(day, tokens, api_key_id="", project_id=project) for day in days]


def tokens(db: Path) -> int:
    return int(str(query(db, "select sum(usage_input_tokens) from traffic_cells")[0][0]))


def report(db: Path, config: Config | None = None) -> int:
    with Warehouse.read(db) as warehouse:
        settle(warehouse, Question(today=date(2026, 11, 22)), config or Config())
        return warehouse.count("select sum(usage_input_tokens) from cell_costs")


def both(tmp_path: Path, db: Path, first: list[Row], second: list[Row]) -> LoadReport:
    loaded(db, write_csv(tmp_path / "first.csv", first))
    return loaded(db, write_csv(tmp_path / "second.csv", second))


@pytest.mark.parametrize("project", ["proj_a", ""])
def test_usage_exported_ungrouped_and_then_by_key_counts_once_in_the_finer_groups(
    tmp_path: Path, db: Path, project: str
) -> None:
    done = both(tmp_path, db, in_one(project=project), by_key("key_1", "key_2"))
    assert (tokens(db), report(db)) == (7 * 350, 7 * 350)
    assert (done.total("loaded"), len(done.warnings)) == (14, 1), "the warning is about buckets of a day"


@pytest.mark.parametrize("project", ["proj_a", ""])
def test_usage_exported_by_key_and_then_ungrouped_counts_once_in_the_finer_groups(
    tmp_path: Path, db: Path, project: str
) -> None:
    done = both(tmp_path, db, by_key("key_1", "key_2"), in_one(project=project))
    assert (tokens(db), report(db)) == (7 * 350, 7 * 350)
    assert (done.total("loaded"), done.total("duplicate")) == (0, 7)
    assert list(done.files[0].notes) == ["repeats usage that another export states in finer groups or in full"]


def test_an_export_filtered_by_a_key_leaves_the_other_keys_alone(tmp_path: Path, db: Path) -> None:
    both(tmp_path, db, by_key("key_1", "key_2"), by_key("key_1"))
    assert (tokens(db), report(db)) == (7 * 350, 7 * 350)


def test_one_export_per_key_adds_up_and_equals_the_export_of_them_all(tmp_path: Path, db: Path) -> None:
    both(tmp_path, db, by_key("key_1"), by_key("key_2"))
    assert report(db) == 7 * 350
    loaded(db, write_csv(tmp_path / "all.csv", in_one()))
    assert (tokens(db), report(db)) == (7 * 350, 7 * 350)


def test_what_an_export_filtered_by_a_key_shows_of_one_that_was_not_grouped_has_no_total(
    tmp_path: Path, db: Path
) -> None:
    done = both(tmp_path, db, in_one(), by_key("key_1"))
    assert len(done.warnings) == 2
    said = done.warnings[1]
    assert "first.csv and" in said
    assert "second.csv both show openai_usage of gpt-4o-2024-08-06 at the same times (7 of them)" in said
    assert "2,450 tokens" in said
    assert "2,100 tokens" in said
    with pytest.raises(ConfigError, match=r"`audit unload .*first.csv`.*add_up = \[\"openai_usage\"\]"):
        report(db)
    assert report(db, Config(add_up=("openai_usage",))) == 7 * (350 + 300)
    loaded(db, write_csv(tmp_path / "third.csv", by_key("key_2")))
    assert (tokens(db), report(db)) == (7 * 350, 7 * 350)


def test_the_command_that_takes_an_export_out_can_be_pasted_whatever_its_name(tmp_path: Path, db: Path) -> None:
    for name, count in (("March's usage.csv", 300), ("rest of it.csv", 50)):
        report_of = load([str(write_csv(tmp_path / name, in_one(tokens=count)))], db)
    command = next(warning for warning in report_of.warnings if "audit unload" in warning).split("`")[1]
    assert shlex.split(command) == ["audit", "unload", str(tmp_path / "March's usage.csv")]


def test_one_of_two_that_have_no_total_can_be_taken_out(tmp_path: Path, db: Path) -> None:
    both(tmp_path, db, in_one(), by_key("key_1"))
    unload(db, str(tmp_path / "second.csv"), Config())
    assert report(db) == 7 * 350


def test_exports_in_the_same_groups_that_state_other_figures_all_week_have_no_total(tmp_path: Path, db: Path) -> None:
    both(tmp_path, db, in_one(tokens=300), in_one(tokens=50))
    with pytest.raises(ConfigError, match="with other figures"):
        report(db)


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_exports_of_the_same_usage_the_fuller_stands_whichever_was_loaded_first(
    tmp_path: Path, db: Path, first: int
) -> None:
    early = [*in_one(days=WEEK[:5]), usage(WEEK[5], 40, api_key_id="")]
    files = [early, by_key("key_1", "key_2")]
    both(tmp_path, db, files[first], files[1 - first])
    assert (tokens(db), report(db)) == (7 * 350, 7 * 350)


def test_a_bucket_that_was_exported_again_later_in_its_day_has_grown(tmp_path: Path, db: Path) -> None:
    both(tmp_path, db, in_one(days=WEEK[:1], tokens=40), in_one(days=WEEK[:1]))
    assert report(db) == 350
    loaded(db, write_csv(tmp_path / "third.csv", in_one(days=WEEK[:1], tokens=90)))
    assert report(db) == 350


def test_other_models_and_operations_in_the_same_time_are_other_usage(tmp_path: Path, db: Path) -> None:
    mini = [row | {"model": "gpt-4o-mini-2024-07-18"} for row in in_one(tokens=20)]
    embedded = [row | {"model": "text-embedding-3-small"} for row in in_one(tokens=3)]
    both(tmp_path, db, in_one(), [*mini, *embedded])
    assert report(db) == 7 * (350 + 20 + 3)


def test_anthropic_exports_grouped_in_two_ways_count_once(tmp_path: Path, db: Path) -> None:
    row: Row = {
        "starting_at": "2026-03-02T00:00:00Z",
        "ending_at": "2026-03-03T00:00:00Z",
        "uncached_input_tokens": 900_000,
        "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
        "cache_read_input_tokens": 0,
        "output_tokens": 0,
        "model": "claude-sonnet-4-5",
    }
    keys = [row | {"api_key_id": key, "uncached_input_tokens": 450_000} for key in ("a", "b")]
    load([str(jsonl(tmp_path / "all.jsonl", row))], db)
    load([str(jsonl(tmp_path / "keys.jsonl", *keys))], db)
    assert tokens(db) == 900_000


def test_buckets_of_one_call_are_judged_as_if_they_came_one_by_one(tmp_path: Path, db: Path) -> None:
    paths = [
        write_csv(tmp_path / f"{number}.csv", rows)
        for number, rows in enumerate([by_key("key_1"), in_one(), by_key("key_2"), by_key("key_1", "key_2")])
    ]
    report_of = load([str(path) for path in paths], db)
    assert report_of.failed_checks == ()
    assert (tokens(db), report(db)) == (7 * 350, 7 * 350)
    for path in (paths[1], paths[0], paths[2]):
        unload(db, str(path), Config())
        assert (tokens(db), report(db)) == (7 * 350, 7 * 350)


CONSOLE = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count,inference_geo,speed\n"
)


@pytest.mark.trap("anthropic_usage")
@pytest.mark.parametrize("is_console_first", [True, False])
def test_the_console_and_the_usage_report_of_anthropic_count_once(
    is_console_first: bool, tmp_path: Path, db: Path
) -> None:
    """The one names keys and workspaces, the other gives their ids: neither says that they are other usage."""
    model = "claude-sonnet-4-5-20250929"
    console, days = tmp_path / "claude_api_tokens.csv", {day: 1000 * day for day in range(1, 5)}
    of = "{day},{model},billing key,Default,standard,≤ 200k,{tokens},0,0,0,0,0,global,\n"
    console.write_text(
        CONSOLE + "".join(of.format(day=f"2026-10-0{day}", model=model, tokens=days[day]) for day in days)
    )
    buckets: list[Row] = [
        {
            "starting_at": f"2026-10-0{day}T00:00:00Z",
            "ending_at": f"2026-10-0{day + 1}T00:00:00Z",
            "uncached_input_tokens": spent,
            "cache_creation": {"ephemeral_1h_input_tokens": 0, "ephemeral_5m_input_tokens": 0},
            "cache_read_input_tokens": 0,
            "output_tokens": 0,
            "model": model,
            "api_key_id": "apikey_01Rj2N8SVvo6BePZj99Nhm",
            "workspace_id": "wrkspc_01JwQvzr7rXLA5AG",
        }
        for day, spent in days.items()
    ]
    report_pages = jsonl(tmp_path / "usage.jsonl", *buckets)
    for path in (console, report_pages) if is_console_first else (report_pages, console):
        loaded(db, path)
    assert tokens(db) == 10_000
    assert query(db, "select count(*) from files where loaded_count > 0") == [(1,)]
