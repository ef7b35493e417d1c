"""Both models side by side: times from the log, like for like, or published ones with their source, or none."""

import json
from collections import defaultdict
from datetime import date
from importlib.resources import files
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.comparing.side_by_side import intelligence, latency, like_for_like
from audit.config import Config
from audit.report.document import ReportDocument
from audit.scope import Question, settle
from audit.warehouse import Warehouse
from tests.exports import Row
from tests.loads import jsonl, loaded
from tests.logged import BIG, SMALL, TODAY, calls, document


def reported(folder: Path, *rows: Row) -> ReportDocument:
    db = folder / "usage.duckdb"
    loaded(db, jsonl(folder / "log.jsonl", *rows))
    found = document(db)
    schema = json.loads(files("audit").joinpath("data/schemas/report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(found)), schema, jsonschema.Draft202012Validator)
    return found


def standardised(rows: list[tuple[str, str, int, float]]) -> tuple[float, float] | None:
    """(kind, role, answers, milliseconds of all) -> both means over shared kinds, by hand."""
    kinds: dict[str, dict[str, tuple[int, float]]] = defaultdict(dict)
    for kind, role, count, total in rows:
        kinds[kind][role] = (count, total)
    shared = [kind for kind in kinds.values() if len(kind) == 2]
    weight = sum(kind["incumbent"][0] for kind in shared)
    if not weight:
        return None
    means = [
        sum(kind["incumbent"][0] * kind[role][1] / kind[role][0] for kind in shared) / weight
        for role in ("incumbent", "candidate")
    ]
    return means[0] / 1000, means[1] / 1000


def test_the_mean_time_of_a_model_is_that_of_its_timed_answers(tmp_path: Path) -> None:
    timed = calls("tag", 30, duration_ms=2_000)
    slow = calls("tag", 10, day=date(2026, 9, 2), duration_ms=6_000)
    untimed = calls("tag", 60, day=date(2026, 9, 3))
    failed = calls("tag", 5, day=date(2026, 9, 4), duration_ms=90_000, is_failed=True)
    batch = calls("tag", 5, day=date(2026, 9, 5), duration_ms=3_600_000, service_tier="batch")
    small = calls("tag", 20, model=SMALL, duration_ms=4_500)
    found = reported(tmp_path, *timed, *slow, *untimed, *failed, *batch, *small).get("latency")
    assert found is not None
    before, after = found["models"]
    assert (before["model"], before["role"], before["requests"], before["seconds"]) == (BIG, "incumbent", 40, 3.0)
    assert (after["model"], after["role"], after["requests"], after["seconds"]) == (SMALL, "candidate", 20, 4.5)
    assert found["like_for_like"] == {
        "incumbent_requests": 40,
        "candidate_requests": 20,
        "incumbent_seconds": 3.0,
        "candidate_seconds": 4.5,
    }


def test_a_model_that_had_the_short_questions_does_not_look_fast_for_it(tmp_path: Path) -> None:
    easy = calls("tag", 90, duration_ms=1_000, usage_input_tokens=100)
    hard = calls("tag", 90, day=date(2026, 9, 2), duration_ms=9_000, usage_input_tokens=9_000)
    small_easy = calls("tag", 90, model=SMALL, duration_ms=2_000, usage_input_tokens=100)
    small_hard = calls("tag", 10, model=SMALL, day=date(2026, 9, 2), duration_ms=18_000, usage_input_tokens=9_000)
    found = reported(tmp_path, *easy, *hard, *small_easy, *small_hard).get("latency")
    assert found is not None
    assert found["like_for_like"] is not None
    assert found["models"][1]["seconds"] == pytest.approx(3.6)  # less than the incumbent's 5.0, and yet twice as slow
    assert found["like_for_like"]["incumbent_seconds"] == pytest.approx(5.0)
    assert found["like_for_like"]["candidate_seconds"] == pytest.approx(10.0)


def test_kinds_of_question_that_one_model_answered_do_not_count(tmp_path: Path) -> None:
    found = reported(
        tmp_path, *calls("one", 30, duration_ms=2_000), *calls("other", 30, model=SMALL, duration_ms=500)
    ).get("latency")
    assert found is not None
    assert found["like_for_like"] is None
    assert [model["seconds"] for model in found["models"]] == [2.0, 0.5]


counts = st.integers(0, 1_000)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(counts, counts, counts, counts), max_size=8))
def test_like_for_like_is_direct_standardisation(kinds: list[tuple[int, int, int, int]]) -> None:
    frame = pl.DataFrame(
        [(kind, before, before * ms, after, after * other) for kind, (before, ms, after, other) in enumerate(kinds)],
        schema=dict.fromkeys(
            ("kind", "incumbent_count", "incumbent_ms", "candidate_count", "candidate_ms"), pl.Int64()
        ),
        orient="row",
    )
    rows: list[tuple[str, str, int, float]] = []
    for kind, (before, ms, after, other) in enumerate(kinds):
        rows += [(str(kind), "incumbent", before, before * ms)] if before else []
        rows += [(str(kind), "candidate", after, after * other)] if after else []
    found, expected = like_for_like(frame), standardised(rows)
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert (found["incumbent_seconds"], found["candidate_seconds"]) == pytest.approx(expected)


def test_published_speed_comes_with_its_source_and_makes_mini_the_slower_one(tmp_path: Path) -> None:
    found = reported(tmp_path, *calls("tag", 30, usage_output_tokens=400)).get("latency")
    assert found is not None
    before, after = (model["published"] for model in found["models"])
    assert before is not None
    assert after is not None
    assert before["seconds"] == pytest.approx(0.40 + 400 / 110.7)
    assert after["seconds"] == pytest.approx(0.49 + 400 / 49.9)
    assert after["seconds"] > before["seconds"]
    assert (before["source"].startswith("https://"), before["checked_on"]) == (True, "2026-03-05")


def test_a_model_without_a_published_index_or_price_is_listed_with_none(tmp_path: Path) -> None:
    rows = [*calls("tag", 30), *calls("own", 3, model="house-llama-70b", provider_name="self")]
    found = reported(tmp_path, *rows).get("intelligence")
    assert found is not None
    models = {each["model"]: each for each in found["models"]}
    assert (models[BIG]["role"], models[SMALL]["role"], models["house-llama-70b"]["role"]) == (
        "incumbent",
        "candidate",
        "other",
    )
    assert (models[BIG]["intelligence_index"], models[SMALL]["intelligence_index"]) == (17.3, 12.6)
    assert (models[BIG]["usd_per_request"], models[SMALL]["usd_per_request"]) == (0.0225, 0.00135)
    own = models["house-llama-70b"]
    assert (own["intelligence_index"], own["usd_per_request"], own["source"]) == (None, None, None)


def test_without_the_incumbent_there_are_no_times_and_models_are_listed_all_the_same(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    loaded(db, jsonl(tmp_path / "log.jsonl", *calls("tag", 5, duration_ms=100)))
    with Warehouse.read(db) as warehouse:
        other = settle(warehouse, Question(incumbent="o3", candidate="o4-mini", today=TODAY), Config())
        assert latency(warehouse, other) is None
        listed = {each["model"]: each["role"] for each in intelligence(warehouse, other, Config())["models"]}
    assert listed[BIG] == "other"
    assert "candidate" in listed.values()
