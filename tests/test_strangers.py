"""Settings of an endpoint that no traffic has change nothing, and a report says so: it may be a slip of the pen."""

from pathlib import Path

import pytest
from loads import jsonl, loaded

import audit

CALL = {"start_time": "2026-10-01T09:00:00Z", "model": "gpt-4o", "usage_input_tokens": 100, "usage_output_tokens": 10}


def warned(folder: Path, settings: str) -> list[str]:
    (folder / "audit.toml").write_text(settings)
    jsonl(folder / "log.jsonl", CALL | {"route": "checkout"}, CALL | {"route": "triage"})
    loaded(folder / "usage.duckdb", folder / "log.jsonl")
    document = audit.open(folder / "usage.duckdb").report(config=folder / "audit.toml", today="2026-11-26").document
    return [each.rpartition("audit.toml: ")[2] for each in document.get("warnings", []) if "audit.toml: " in each]


def test_stakes_of_a_misspelt_endpoint_are_said_to_count_for_nothing(tmp_path: Path) -> None:
    assert warned(tmp_path, '[stakes]\n"chekout" = "core"\n"triage" = "low"\n') == [
        "unknown endpoint 'chekout'; nearest: checkout. What is said of it counts for nothing"
    ]


def test_graders_and_task_types_count_too_and_several_are_one_line(tmp_path: Path) -> None:
    said = '[graders]\n"zzz" = { kind = "exact" }\n[task_types]\n"yyy" = "chat"\n'
    assert warned(tmp_path, said) == ["unknown endpoint 'yyy'. What is said of it counts for nothing, and so of 1 more"]


def test_settings_of_endpoints_that_have_traffic_are_not_a_word_worth(tmp_path: Path) -> None:
    assert warned(tmp_path, '[stakes]\n"checkout" = "core"\n"triage" = "low"\n') == []


def test_an_endpoint_without_traffic_in_the_asked_days_is_no_stranger(tmp_path: Path) -> None:
    settings, log, db = tmp_path / "audit.toml", tmp_path / "log.jsonl", tmp_path / "usage.duckdb"
    settings.write_text('[stakes]\n"checkout" = "core"\n')
    jsonl(log, CALL | {"route": "checkout"}, CALL | {"route": "triage", "start_time": "2026-10-05T09:00:00Z"})
    loaded(db, log)
    report = audit.open(db).report(config=settings, since="2026-10-04", today="2026-11-26")
    assert not [each for each in report.document.get("warnings", []) if "unknown endpoint" in each]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("escalation_rat = 0.1", "nearest: escalation_rate. Correct \\[assumptions\\] in audit.toml"),
        ("escalation_rate = 1.5", "escalation_rate must lie in 0..1, not 1.5$"),
        ("escalation_rate = [0, 0.5, 2]", "escalation_rate must lie in 0..1, not 0.0 to 2.0"),
    ],
)
def test_an_assumption_that_cannot_be_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(audit.AuditError, match=said):
        warned(tmp_path, f"[assumptions]\n{line}\n")
