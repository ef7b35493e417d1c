"""Bills through a cost map: the shipped ones and one's own, in dollars and never as requests."""

from decimal import Decimal
from pathlib import Path

import pytest
from exports import write_csv
from staging import prepared

from audit.errors import ConfigError, InputError, UnknownNameError
from audit.intake.loading import LoadReport, load
from audit.readers.cost_maps import COST_MAPS
from audit.readers.mapped import map_text
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "bills"
EXPECTED = {
    "focus_written_here.csv": ("focus_costs", (4, 3, 1)),
    "anthropic_cost_report_written_here.json": ("anthropic_costs", (3, 2, 1)),
    "flat_bill_written_here.csv": ("flat_bill", (2, 2, 0)),
}
"""Sample -> its format, and what becomes of it: read, loaded, rejected."""


def loaded(db: Path, *paths: Path, map_file: Path | None = None) -> LoadReport:
    report = load([str(path) for path in paths], db, map_file=map_file)
    assert (report.refused, report.failed_checks) == ((), ())
    return report


def costs(db: Path, columns: str) -> list[tuple[object, ...]]:
    with Warehouse.read(db) as warehouse:
        return warehouse.rows(f"select {columns} from loaded_costs order by file_id, row_number")


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_a_sample_loads_with_these_counts_and_the_same_through_its_map_as_printed(
    tmp_path: Path, name: str, expected: tuple[str, tuple[int, int, int]]
) -> None:
    (file,) = loaded(tmp_path / "shipped.duckdb", SAMPLES / name).files
    assert (file.format, (file.read, file.loaded, file.rejected)) == expected
    stem = {"focus_costs": "focus"}.get(expected[0], expected[0])
    chart = tmp_path / "mine.toml"
    chart.write_text(map_text(stem))
    loaded(tmp_path / "printed.duckdb", SAMPLES / name, map_file=chart)
    everything = "* exclude (file_id)"
    assert costs(tmp_path / "shipped.duckdb", everything) == costs(tmp_path / "printed.duckdb", everything)


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_a_sample_loads_as_well_where_its_format_is_asked_for(
    tmp_path: Path, name: str, expected: tuple[str, tuple[int, int, int]]
) -> None:
    report = load([str(SAMPLES / name)], tmp_path / "a.duckdb", format=expected[0])
    assert (report.refused, [file.loaded for file in report.files]) == ((), [expected[1][1]])


def test_every_cost_map_has_a_sample_and_none_recognises_that_of_another() -> None:
    assert len(list(COST_MAPS.glob("*.toml"))) == len(EXPECTED)
    for name, (wanted, _) in EXPECTED.items():
        assert prepared(SAMPLES / name)[0].format == wanted


@pytest.mark.trap("anthropic_costs")
def test_anthropics_cents_become_dollars_exactly_and_an_empty_day_is_no_cost(tmp_path: Path) -> None:
    loaded(tmp_path / "a.duckdb", SAMPLES / "anthropic_cost_report_written_here.json")
    found = costs(tmp_path / "a.duckdb", "amount, currency, line_item, cast(period_start as varchar)")
    assert found[0] == (
        Decimal("1.2378912"),
        "usd",
        "claude-sonnet-4-5-20250929, uncached_input_tokens, standard, tokens, Claude Sonnet 4.5 Usage - Input Tokens",
        "2026-03-02 00:00:00",
    )
    assert found[1][:3] == (Decimal("0.5"), "usd", "web_search, Web Search Usage")


@pytest.mark.trap("focus_costs")
def test_a_focus_row_says_its_category_and_keeps_its_sign_and_its_period(tmp_path: Path) -> None:
    loaded(tmp_path / "a.duckdb", SAMPLES / "focus_written_here.csv")
    found = costs(tmp_path / "a.duckdb", "amount, line_item, date_diff('day', period_start, period_end)")
    assert found[1:] == [(Decimal("0.19"), "Tax, VAT", 31), (Decimal("-0.5"), CREDIT, 1)]


CREDIT = "Credit, Azure OpenAI, Promotional credit"


@pytest.mark.trap("flat_bill")
def test_a_day_without_an_end_lasts_a_day_and_an_address_is_not_kept(tmp_path: Path) -> None:
    chart = tmp_path / "mine.toml"
    chart.write_text(
        '[source]\ntarget = "billed_costs"\n[columns]\nperiod_start = "on"\namount = "usd"\nuser_id = ["who", "id"]\n'
        'currency = { constant = "USD" }\n'
    )
    rows: list[dict[str, object]] = [{"on": "2026-03-02", "usd": "3.5", "who": "bob@example.org", "id": "1"}]
    loaded(tmp_path / "a.duckdb", write_csv(tmp_path / "a.csv", rows), map_file=chart)
    found = costs(tmp_path / "a.duckdb", "amount, currency, user_id, date_diff('hour', period_start, period_end)")
    assert found == [(Decimal("3.5"), "usd", None, 24)]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("[columns]\nperiod_start = 'a'", ConfigError, "needs at least period_start and amount"),
        ("[columns]\nperiod_start = 'a'\namount = 'b'\nmodel = 'c'", UnknownNameError, "'model'"),
        ("colour = 1\n[columns]\nperiod_start = 'a'\namount = 'b'", UnknownNameError, "'colour'"),
        ("unit = 'pence'\n[columns]\nperiod_start = 'a'\namount = 'b'", ConfigError, "unit = 'pence'"),
        ("[columns]\nperiod_start = 'a'\namount = { joyn = ['b'] }", ConfigError, "give a column, a list of them"),
        ("[columns]\nperiod_start = 'on'\namount = 'euros'", InputError, "no column 'euros'"),
    ],
)
def test_a_map_that_cannot_be_used_is_refused_with_what_is_wrong(
    tmp_path: Path, text: str, error: type[Exception], said: str
) -> None:
    chart = tmp_path / "mine.toml"
    chart.write_text(f"[source]\ntarget = 'billed_costs'\n{text}\n")
    path = write_csv(tmp_path / "a.csv", [{"on": "2026-03-02", "usd": "1"}])
    if error is InputError:
        assert said in load([str(path)], tmp_path / "a.duckdb", map_file=chart).refused[0]
        return
    with pytest.raises(error, match=said):
        load([str(path)], tmp_path / "a.duckdb", map_file=chart)
