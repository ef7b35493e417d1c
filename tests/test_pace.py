"""A month is projected from the days of the log: holes in it are said, quiet weekends are not."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

import audit

FIRST = date(2026, 9, 1)


def warned(folder: Path, days: Sequence[int], settings: str = "") -> list[str]:
    """What a report says of the pace of a log with one request at noon on each of `days`, counted from 1 September."""
    log, config = folder / "log.csv", folder / "audit.toml"
    rows = (f"r{day},{FIRST + timedelta(days=day)}T12:00:00Z,gpt-4o,1000,100" for day in days)
    log.write_text("\n".join(("request_id,start_time,model,prompt_tokens,completion_tokens", *rows)) + "\n")
    config.write_text(settings)
    audit.load(log, db=folder / "usage.duckdb")
    found = audit.open(folder / "usage.duckdb").report(config=config, today="2026-11-26").document.get("warnings", [])
    return [each for each in found if "monthly figure" in each]


def test_days_that_nobody_exported_are_said_with_the_longest_stretch(tmp_path: Path) -> None:
    assert warned(tmp_path, [0, 14, 29]) == [
        "27 days without a request, most in a row from 2026-09-16 to 2026-09-29, count as quiet ones in daily and "
        "monthly figures: load what was not exported, or narrow the days down (--since, --until)"
    ]


def test_one_clock_years_ahead_is_noticed(tmp_path: Path) -> None:
    (said,) = warned(tmp_path, [0, 1, 2, 3650])
    assert said.startswith("3,647 days without a request")


@pytest.mark.parametrize("days", [range(14), [day for day in range(28) if day % 7 < 5], [0, 4, 8]])
def test_quiet_weekends_are_part_of_a_month(tmp_path: Path, days: Sequence[int]) -> None:
    assert warned(tmp_path, days) == []


@pytest.mark.parametrize("days", [[0, 14, 29], [0]], ids=["holes", "one day"])
def test_who_states_the_volume_of_a_month_needs_no_pace(tmp_path: Path, days: Sequence[int]) -> None:
    assert warned(tmp_path, days, "[assumptions]\nmonthly_requests = 90\n") == []


def test_a_plan_by_the_day_says_the_same(tmp_path: Path) -> None:
    said = warned(tmp_path, [0, 14, 29])
    traffic = audit.open(tmp_path / "usage.duckdb")
    config = tmp_path / "audit.toml"
    assert set(said) <= set(traffic.plan(config=config, today="2026-11-26").document["notes"])
    assert not set(said) & set(traffic.plan(config=config, today="2026-11-26", monthly_requests=90).document["notes"])


def test_settings_beside_the_database_that_were_not_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned(tmp_path, [0, 1])
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    traffic = audit.open(tmp_path / "usage.duckdb")

    def said(config: Path | None) -> bool:
        found = traffic.report(config=config, today="2026-11-26").document.get("warnings", [])
        return any("audit.toml beside the database" in each for each in found)

    assert said(None)
    assert not said(tmp_path / "audit.toml")
    monkeypatch.chdir(tmp_path)
    assert not said(None)
