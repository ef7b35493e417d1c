"""One small database that has some of everything a report can show: the kinds of traffic, of outcomes and of advice."""

from datetime import date, timedelta
from pathlib import Path

from tests.exports import Row
from tests.loads import jsonl
from tests.logged import SMALL, calls, outcomes_file

JUDGE = "judge:gpt-4.1/abc"
CHECK = "[check]\nsensitivity = 0.95\nfalse_alarm_rate = { hits = 2, of = 100 }\n"
"""An audit.toml that declares a check of the candidate's answers."""


def mixed_database(folder: Path) -> Path:
    """The database, with an audit.toml beside it.

    `sort` loses one answer in ten, `parted` all of it in one stratum, `talk` is judged and served by both models; other
    traffic fails, has images, has no price, has no token counts, or is another model's.
    """
    from audit.intake.loading import load

    later = date(2026, 9, 1) + timedelta(days=9)
    rows: list[Row] = [
        *calls("sort", 300),
        *calls("parted", 300),
        *calls("talk", 300, feedback_score=1, duration_ms=900, response_finish_reason="stop"),
        *calls("talk", 60, model=SMALL, feedback_score=0.5, duration_ms=700, response_finish_reason="length"),
        *calls("talk", 5, day=later, is_failed=True),
        *calls("photo", 40, has_images=True, image_count=1),
        *calls("house", 30, model="house-llama-70b", provider_name="self"),
        *calls("blind", 20, is_usage_unknown=True, usage_input_tokens=None, usage_output_tokens=None),
        *calls("cached", 10, gateway_cache_hit=True),
        *calls("other", 15, model="gpt-4.1-2025-04-14"),
    ]
    db = folder / "usage.duckdb"
    report = load([str(jsonl(folder / "log.jsonl", *rows))], db)
    assert report.failed_checks == ()
    outcomes_file(db, [(None, 1, 0 if number % 10 == 0 else 1) for number in range(2000)], endpoint="sort")
    outcomes_file(db, [(None, 1, 0 if number % 3 == 0 else 1) for number in range(300)], endpoint="parted", stratum="a")
    outcomes_file(db, [(None, 1, 1)] * 301, endpoint="parted", stratum="b")
    people = {"incumbent_human_score": 1, "candidate_human_score": 1}
    outcomes_file(db, [(None, 1, 1)] * 400, endpoint="talk", grader=JUDGE)
    outcomes_file(db, [(None, 1, 1)] * 36, endpoint="talk", grader=JUDGE, **people)
    outcomes_file(db, [(None, 1, 0)] * 4, endpoint="talk", grader=JUDGE, **people)
    (folder / "audit.toml").write_text(CHECK, encoding="utf-8")
    return db
