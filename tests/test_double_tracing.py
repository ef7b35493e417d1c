"""The same calls recorded twice in one format, by two instrumentations that know nothing of each other."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from exports import Row
from loads import jsonl, loaded
from otlp_lines import CHAT, START, line, span

from audit.config import Config
from audit.errors import ConfigError
from audit.intake.disputes import Dispute, disputes
from audit.intake.double_tracing import Pairs, double_traced
from audit.intake.resolve import unload
from audit.scope import Question, settle
from audit.warehouse import Warehouse

CALLS = 60


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def traced(number: int, recorder: int, *, later: float = 0, trace: int | None = None, **usage: int) -> Row:
    """Call `number` as the instrumentation `recorder` writes it, `later` seconds after the other one."""
    begun = START + number * 7_000_000_000 + int(later * 1e9)
    counts = {"input_tokens": 300 + 13 * (number % 40), "output_tokens": 5 + number % 17} | usage
    return span(
        CHAT | {f"gen_ai.usage.{name}": count for name, count in counts.items()},
        number=1000 * recorder + number,
        traceId=f"{1000 * recorder + number if trace is None else trace:032x}",
        startTimeUnixNano=str(begun),
        endTimeUnixNano=str(begun + 1_000_000_000),
    )


def recorded(path: Path, *spans: Row, scope: str = "tests") -> Path:
    return jsonl(path, *(line(each, scope=scope) for each in spans))


def found(db: Path) -> list[Dispute]:
    with Warehouse.read(db) as warehouse:
        return disputes(warehouse)


def total(db: Path, config: Config | None = None) -> int:
    with Warehouse.read(db) as warehouse:
        settle(warehouse, Question(today=date(2026, 11, 22)), config or Config())
        return warehouse.count("select sum(request_count) from cell_costs")


def test_two_exporters_of_the_same_calls_are_noticed_and_have_no_total_until_one_is_taken_out(
    tmp_path: Path, db: Path
) -> None:
    one = recorded(tmp_path / "one.jsonl", *(traced(n, 1) for n in range(CALLS)))
    two = recorded(tmp_path / "two.jsonl", *(traced(n, 2, later=0.3) for n in range(5, CALLS + 20)))
    loaded(db, one)
    (warning,) = loaded(db, two).warnings
    assert "55 of the 60 requests of" in warning
    assert "have a twin in" in warning
    with pytest.raises(ConfigError, match=r"audit unload .*add_up = \[\"otlp\"\]"):
        total(db)
    assert total(db, Config(add_up=("otlp",))) == CALLS + 75
    unload(db, str(two), Config())
    assert (found(db), total(db)) == ([], CALLS)


def test_a_load_of_another_format_keeps_what_was_found_and_looks_at_no_call_again(
    tmp_path: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(db, *(recorded(tmp_path / f"{by}.jsonl", *(traced(n, by) for n in range(CALLS))) for by in (1, 2)))
    before, looked_at = found(db), set[str]()

    def watched(warehouse: Warehouse, source_format: str) -> list[Pairs]:
        looked_at.add(source_format)
        return double_traced(warehouse, source_format)

    monkeypatch.setattr("audit.intake.disputes.double_traced", watched)
    flat = {"start_time": "2026-03-02T09:00:00Z", "model": "gpt-4o", "usage_input_tokens": 3, "usage_output_tokens": 4}
    loaded(db, jsonl(tmp_path / "flat.jsonl", flat))
    assert "otlp" not in looked_at
    assert looked_at
    assert len(before) == 1
    assert found(db) == before


def test_two_instrumentations_in_one_file_are_noticed_by_their_pairs(tmp_path: Path, db: Path) -> None:
    spans = [span for n in range(CALLS) for span in (traced(n, 1), traced(n, 2, later=0.01))]
    (warning,) = loaded(db, recorded(tmp_path / "both.jsonl", *spans)).warnings
    assert "120 of the 120 requests of" in warning
    assert "come in pairs" in warning
    assert "export the spans of one instrumentation" in warning


def test_the_calls_of_two_machines_at_the_same_time_are_no_twins(tmp_path: Path, db: Path) -> None:
    one = recorded(tmp_path / "one.jsonl", *(traced(n, 1) for n in range(CALLS)))
    two = recorded(tmp_path / "two.jsonl", *(traced(n, 2, input_tokens=900 - 13 * (n % 40)) for n in range(CALLS)))
    loaded(db, one, two)
    assert found(db) == []


def test_equal_calls_at_the_same_time_are_no_twins_where_there_are_more_than_two_or_few_kinds(
    tmp_path: Path, db: Path
) -> None:
    votes = [traced(n, voter) for n in range(CALLS) for voter in (1, 2, 3)]
    labels = [traced(n, voter, input_tokens=200, output_tokens=1) for n in range(CALLS) for voter in (4, 5)]
    loaded(db, recorded(tmp_path / "votes.jsonl", *votes), recorded(tmp_path / "labels.jsonl", *labels))
    assert found(db) == []


def test_two_answers_asked_for_in_one_trace_are_two_calls(tmp_path: Path, db: Path) -> None:
    spans = [traced(n, recorder, trace=n) for n in range(CALLS) for recorder in (1, 2)]
    loaded(db, recorded(tmp_path / "asked_twice.jsonl", *spans))
    assert found(db) == []


def replied(number: int, *, later: float = 0, tokens: int | None = None) -> Row:
    """Call `number` in a table of one's own, `later` seconds after the provider's own time."""
    moment = datetime(2026, 9, 1) + timedelta(seconds=30 * number + later)
    return {
        "request_id": f"chatcmpl-{number}",
        "start_time": moment.isoformat(),
        "model": "gpt-4o-2024-08-06",
        "prompt_tokens": 300 + number if tokens is None else tokens,
        "completion_tokens": 1,
    }


def test_the_same_ids_at_other_starts_have_no_total_until_one_is_taken_out(tmp_path: Path, db: Path) -> None:
    one = jsonl(tmp_path / "replies.jsonl", *(replied(n) for n in range(CALLS)))
    two = jsonl(tmp_path / "requests.jsonl", *(replied(n, later=-1.4) for n in range(10, CALLS + 20)))
    loaded(db, one)
    (warning,) = loaded(db, two).warnings
    assert "50 of the 60 requests of" in warning
    assert "the same id, model (gpt-4o-2024-08-06) and tokens, but other starts" in warning
    with pytest.raises(ConfigError, match=r"audit unload .*add_up = \[\"flat_log\"\]"):
        total(db)
    unload(db, str(two), Config())
    assert (found(db), total(db)) == ([], CALLS)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param([replied(n, later=7200) for n in range(CALLS)], id="a counter that began again"),
        pytest.param([replied(n, later=1, tokens=9) for n in range(CALLS)], id="other tokens"),
        pytest.param([replied(n, later=1) for n in range(19)], id="too few to tell"),
        pytest.param([replied(n) | {"request_id": None} for n in range(CALLS)], id="no ids"),
    ],
)
def test_ids_that_may_be_of_different_calls_are_no_dispute(tmp_path: Path, db: Path, second: list[Row]) -> None:
    loaded(db, jsonl(tmp_path / "one.jsonl", *(replied(n) for n in range(CALLS))))
    loaded(db, jsonl(tmp_path / "two.jsonl", *second))
    assert (found(db), total(db)) == ([], CALLS + len(second))
