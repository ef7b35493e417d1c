"""What OpenAI billed: dollars beside the traffic, exact to the last digit, and never requests."""

import json
import random
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from exports import MIDNIGHT, bucket, spend_logs, write_csv, write_jsonl

import audit
from audit.assumptions import Assumptions
from audit.config import Config
from audit.errors import AuditError, InputError
from audit.intake.load_checks import check_loads
from audit.intake.loading import LoadReport, load
from audit.intake.rejects import listed
from audit.intake.resolve import unload
from audit.intake.status import status
from audit.pipeline import run_report
from audit.readers.export import inspect
from audit.readers.registry import prepare, recognise
from audit.scope import Question, nothing_loaded
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "openai"
DAY = int(MIDNIGHT.timestamp())
Row = dict[str, object]


def cost(
    amount: object = "1.5", *, day: int = 0, project: str = "proj_a", item: str = "gpt-4o, input", **more: object
) -> Row:
    start = DAY + 86_400 * day
    row: Row = {"start_time": start, "end_time": start + 86_400, "start_time_iso": "", "end_time_iso": ""}
    return row | {"amount_value": amount, "amount_currency": "usd", "line_item": item, "project_id": project} | more


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def loaded(db: Path, *paths: Path) -> LoadReport:
    report = load([str(path) for path in paths], db)
    assert (report.refused, report.failed_checks) == ((), ())
    return report


def counts(report: LoadReport) -> list[tuple[int, int, int, int, int]]:
    """Read, loaded, duplicate, rejected, and of these the ones that nobody has to look at."""
    return [(file.read, file.loaded, file.duplicate, file.rejected, file.not_calls) for file in report.files]


def query(db: Path, text: str) -> list[tuple[object, ...]]:
    with Warehouse.read(db) as warehouse:
        return warehouse.rows(text)


def amounts(db: Path) -> list[object]:
    return [amount for (amount,) in query(db, "select amount from loaded_costs order by file_id, row_number")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cost_2025_written_here.csv", (4, 3, 0, 1, 1)),
        ("cost_2026_written_here.csv", (3, 2, 0, 1, 1)),
        ("openapi_example_organization_costs.json", (1, 1, 0, 0, 0)),
        ("openapi_example_CostsResult.json", (1, 0, 0, 1, 0)),
    ],
)
def test_every_sample_of_costs_loads_with_these_counts_and_again_as_duplicates(
    db: Path, name: str, expected: tuple[int, int, int, int, int]
) -> None:
    first = loaded(db, SAMPLES / name)
    assert (first.files[0].format, counts(first)) == ("openai_costs", [expected])
    read, used, _, rejected, by_nature = expected
    assert counts(loaded(db, SAMPLES / name)) == [(read, 0, used, rejected, by_nature)]


@pytest.mark.trap("openai_costs")
def test_amounts_keep_thirty_decimals_and_line_items_their_comma(db: Path) -> None:
    loaded(db, SAMPLES / "cost_2025_written_here.csv")
    rows = query(db, "select line_item, amount from loaded_costs order by row_number")
    assert rows[0] == ("gpt-4o-2024-08-06, input_tokens", Decimal("0.895874"))
    assert rows[1][1] == Decimal("0.104126000000000000000000000001")


@pytest.mark.trap("openai_costs")
def test_a_total_of_the_organization_is_never_added_to_its_groups(db: Path) -> None:
    loaded(db, SAMPLES / "cost_2025_written_here.csv", SAMPLES / "openapi_example_organization_costs.json")
    rows = query(
        db,
        "select cast(cost_date as varchar), billed_amount, is_organization_total from billed_cost_by_day order by all",
    )
    assert rows == [
        ("2024-11-01", Decimal("0.06"), True),
        ("2025-10-27", Decimal("1.000000000000000000000000000001"), False),
    ]


@pytest.mark.trap("openai_costs")
def test_the_epoch_is_trusted_before_a_naive_text_and_the_text_where_there_is_no_epoch(
    tmp_path: Path, db: Path
) -> None:
    loaded(db, SAMPLES / "cost_2026_written_here.csv")
    text = "select cast(period_start as varchar), cast(period_end as varchar) from loaded_costs order by row_number"
    assert query(db, text)[0] == ("2026-09-01 00:00:00", "2026-09-02 00:00:00")
    row = cost(start_time="", end_time="", start_time_iso="2026-03-02T00:00:00+00:00")
    loaded(tmp_path / "iso.duckdb", write_csv(tmp_path / "iso.csv", [row]))
    assert query(tmp_path / "iso.duckdb", text) == [("2026-03-02 00:00:00", "2026-03-03 00:00:00")]


@pytest.mark.trap("openai_costs")
def test_no_address_or_name_of_a_person_is_stored(tmp_path: Path, db: Path) -> None:
    loaded(db, SAMPLES / "cost_2026_written_here.csv")
    loaded(db, write_csv(tmp_path / "a.csv", [cost(user_id="bob@example.org")]))
    assert query(db, "select distinct user_id from billed_costs order by 1") == [("user-1",), (None,)]
    assert not any("@" in str(value) or "Acme" in str(value) for row in query(db, "from billed_costs") for value in row)


@pytest.mark.trap("openai_costs")
def test_a_day_without_spend_is_no_cost_and_counted_apart_from_real_rejects(tmp_path: Path, db: Path) -> None:
    rows = [cost(), cost("", day=1), cost("twelve", day=2), cost(day=3, start_time="soon"), cost(day=4, end_time=5)]
    report = loaded(db, write_csv(tmp_path / "a.csv", [*rows, cost("123456789.5", day=6)]))
    assert counts(report) == [(6, 1, 0, 5, 1)]
    with Warehouse.read(db) as warehouse:
        found = [(reject.record_number, reject.reason) for reject in listed(warehouse, with_others=False)]
    assert found == [
        (3, "amount twelve is not an amount below 100 million"),
        (4, "start_time soon is not a time"),
        (5, "end_time 5 is not a time after the start"),
        (6, "amount 123456789.5 is not an amount below 100 million"),
    ]


def test_a_page_gives_every_result_the_time_of_its_bucket_and_says_that_there_is_more(tmp_path: Path, db: Path) -> None:
    result: Row = {"object": "organization.costs.result", "line_item": "gpt-4o", "project_id": "p", "quantity": 12.5}
    results = [
        result | {"amount": {"value": "0.130804383403075260000000000001", "currency": "USD"}},
        result | {"amount": {"value": 1e-05, "currency": "usd"}},
    ]
    times: Row = {"object": "bucket", "start_time": DAY, "end_time": DAY + 86_400}
    data: list[Row] = [
        times | {"results": results},
        times | {"start_time": DAY + 86_400, "end_time": DAY + 172_800, "results": []},
    ]
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"object": "page", "data": data, "has_more": True}))
    report = loaded(db, path)
    assert counts(report) == [(3, 2, 0, 1, 1)]
    assert "has_more is true" in report.warnings[0]
    rows = query(db, "select amount, currency, quantity from loaded_costs order by row_number")
    assert rows == [(Decimal(text), "usd", Decimal("12.5")) for text in ("0.130804383403075260000000000001", "0.00001")]


def test_an_amount_beyond_thirty_decimals_is_rounded_there_and_not_refused(tmp_path: Path, db: Path) -> None:
    loaded(db, write_csv(tmp_path / "a.csv", [cost("0.1308043834030752600000000000000149")]))
    assert amounts(db) == [Decimal("0.130804383403075260000000000000")]


def test_overlapping_exports_count_each_day_of_a_project_once_and_the_newest_amount(tmp_path: Path, db: Path) -> None:
    october = [cost(day=day) for day in range(10)]
    loaded(db, write_csv(tmp_path / "a.csv", october))
    # the last day had not been complete
    later = [cost(day=8), cost("1.75", day=9), cost("2", day=10), cost("9", day=9, project="proj_b")]
    assert counts(loaded(db, write_csv(tmp_path / "b.csv", later))) == [(4, 3, 1, 0, 0)]
    assert query(db, "select sum(amount) from loaded_costs") == [(Decimal("13.5") + Decimal("12.75"),)]
    assert query(db, "select loaded_count, duplicate_count from files order by file_id") == [(9, 1), (3, 1)]


def test_a_row_without_a_project_speaks_for_all_projects_of_its_day(tmp_path: Path, db: Path) -> None:
    loaded(db, write_csv(tmp_path / "a.csv", [cost("1"), cost("2", project="proj_b"), cost("5", day=1)]))
    loaded(db, write_csv(tmp_path / "b.csv", [cost("3", project="")]))
    assert amounts(db) == [Decimal(5), Decimal(3)]
    loaded(db, write_csv(tmp_path / "c.csv", [cost("3", project="", item="")]))
    assert amounts(db) == [Decimal(5), Decimal(3), Decimal(3)], "a total leaves the groups alone"


@pytest.mark.parametrize("seed", range(4))
def test_whatever_overlaps_each_day_of_a_project_shows_what_the_newer_export_says(
    tmp_path: Path, db: Path, seed: int
) -> None:
    rng = random.Random(seed)
    exports = [
        [
            (day, project, rng.randint(1, 3))
            for day in range(first, first + rng.randint(1, 4))
            for project in rng.sample(["proj_a", "proj_b", ""], rng.randint(1, 3))
            for _ in range(rng.randint(1, 2))
        ]
        for first in (rng.randint(0, 4) for _ in range(3))
    ]
    standing: list[tuple[int, str, int]] = []
    for number, export in enumerate(exports):
        rows = [cost(str(amount), day=day, project=project) for day, project, amount in export]
        loaded(db, write_csv(tmp_path / f"{number}.csv", rows))
        owned = {(day, project) for day, project, _ in export}
        standing = [
            (day, project, amount)
            for day, project, amount in standing
            if not any(day == on and (project == of or "" in (project, of)) for on, of in owned)
        ]
        standing += export
    rows = query(
        db,
        f"select cast((epoch(period_start) - {DAY}) / 86400 as bigint), coalesce(project_id, ''), amount "
        "from loaded_costs",
    )
    assert sorted((int(str(day)), str(project), int(str(amount)[0])) for day, project, amount in rows) == sorted(
        standing
    )


def test_equal_rows_of_one_file_add_up_and_its_second_load_changes_nothing(tmp_path: Path, db: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [cost(), cost(), cost(day=1)])
    assert counts(loaded(db, path, path)) == [(3, 3, 0, 0, 0)]
    assert counts(loaded(db, path)) == [(3, 0, 3, 0, 0)]
    assert amounts(db) == [Decimal("1.5")] * 3


def test_unloading_a_file_of_costs_brings_back_what_it_had_replaced(tmp_path: Path, db: Path) -> None:
    first, second = write_csv(tmp_path / "a.csv", [cost()]), write_csv(tmp_path / "b.csv", [cost("7"), cost(day=1)])
    loaded(db, first)
    loaded(db, second)
    assert amounts(db) == [Decimal(7), Decimal("1.5")]
    assert unload(db, str(second), Config()) == 2
    assert amounts(db) == [Decimal("1.5")]
    with Warehouse.create(db) as warehouse:
        assert check_loads(warehouse) == []
    assert counts(loaded(db, second)) == [(2, 2, 0, 0, 0)]


def report_of(db: Path) -> Row:
    with Warehouse.read(db) as warehouse:
        document = run_report(warehouse, Question(today=date(2026, 11, 22)), Config(), Assumptions()).document
    assert document is not None
    return {key: value for key, value in document.items() if key not in ("generated_at", "files")}


@pytest.mark.parametrize("together", [True, False])
def test_a_report_is_the_same_with_and_without_files_of_costs(tmp_path: Path, together: bool) -> None:
    traffic = write_jsonl(tmp_path / "a.jsonl", [*spend_logs(40), "no json"])
    bill = write_csv(tmp_path / "cost.csv", [cost(day=day) for day in range(-40, 40)] + [cost("", day=50)])
    plain, both = tmp_path / "plain.duckdb", tmp_path / "both.duckdb"
    loaded(plain, traffic)
    for paths in [(bill, traffic)] if together else [(bill,), (traffic,)]:
        loaded(both, *paths)
    assert report_of(both) == report_of(plain)
    places = "select record_number, byte_offset, reason from rejects"
    assert query(both, places) == query(plain, places)


def test_status_shows_the_bill_beside_the_window_of_the_traffic(tmp_path: Path, db: Path) -> None:
    paths: Sequence[Path] = (
        write_csv(tmp_path / "usage.csv", [bucket()]),
        write_csv(tmp_path / "cost.csv", [cost(day=-3), cost("2.25", day=30)]),
    )
    loaded(db, *paths)
    with Warehouse.read(db) as warehouse:
        document = status(warehouse)
    assert document["window"] == {"start": "2026-03-02T00:00:00+00:00", "end": "2026-03-03T00:00:00+00:00"}
    bill = {"currency": "usd", "start": "2026-02-27", "end": "2026-04-01"}
    assert document["billed_costs"] == [bill | {"amount": Decimal("3.75")}]
    assert document["rows"] == {"read": 3, "loaded": 3, "duplicate": 0, "rejected": 0}


def test_a_database_of_costs_alone_holds_no_requests_but_answers_queries_about_the_bill(
    tmp_path: Path, db: Path
) -> None:
    loaded(db, write_csv(tmp_path / "cost.csv", [cost(), cost("2", project="proj_b")]))
    with Warehouse.read(db) as warehouse:
        assert isinstance(nothing_loaded(warehouse), AuditError)
    frame = audit.open(db).sql("select cost_date, billed_amount from billed_cost_by_day")
    assert frame.rows() == [(MIDNIGHT.date(), Decimal("3.5"))]
    assert "billed_cost_by_day" in list(audit.open(db).relations()["relation"])


def test_amounts_as_text_are_exact_in_lines_too_and_a_broken_line_is_a_reject(tmp_path: Path, db: Path) -> None:
    digits = "0.123456789012345678901234567891"
    line = '{"object": "organization.costs.result", "start_time": %d, "amount": {"value": "' + digits + '"}}'
    path = write_jsonl(tmp_path / "a.jsonl", [line % DAY, "{broken", line % (DAY + 86_400)])
    assert counts(loaded(db, path)) == [(3, 2, 0, 1, 0)]
    assert amounts(db)[0] == Decimal(digits)


def test_the_four_columns_of_an_empty_range_are_still_refused_with_what_to_click(tmp_path: Path) -> None:
    path = tmp_path / "cost.csv"
    path.write_text("start_time,end_time,start_time_iso,end_time_iso\n1,2,,\n")
    with pytest.raises(InputError, match="the range held no usage"):
        recognise(inspect(path.name, path))
    assert prepare(inspect("a", write_csv(tmp_path / "a.csv", [cost()])), tmp_path)[0].format == "openai_costs"
