"""Tables that can be read and still are not what somebody meant: columns of one name, and no rows."""

from pathlib import Path

import pytest

from audit.intake.loading import load
from audit.warehouse import Warehouse

HEADER = "start_time,model,prompt_tokens,completion_tokens,endpoint"
ROW = "2026-10-01T00:00:00Z,gpt-4o,100,10,a"


def test_a_csv_with_columns_of_one_name_says_which_and_that_the_first_counts(tmp_path: Path) -> None:
    exports = {
        "twice": f"{HEADER},model,Endpoint,note,note\n{ROW},gpt-4o-mini,b,,\n",
        "nameless": f"{HEADER},,\n{ROW},1,2\n",
    }
    for name, text in exports.items():
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "header.csv").write_text(f"{HEADER},endpoint\n")
    report = load([str(tmp_path)], db := tmp_path / "usage.duckdb")
    assert (report.total("read"), report.total("rejected"), report.refused) == (2, 0, ())
    said = [warning.partition("; ")[0].removeprefix(f"{tmp_path}/") for warning in report.warnings]
    assert said == [
        "header.csv: several columns are called 'endpoint'",
        "twice.csv: several columns are called 'model', 'Endpoint', 'note'",
        "header.csv: holds no records",
    ]
    with Warehouse.read(db) as warehouse:
        assert set(warehouse.rows("select request_model, route from request_facts")) == {("gpt-4o", "a")}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_export_of_no_records_is_named_and_no_error(tmp_path: Path, suffix: str) -> None:
    export = tmp_path / f"quiet.{suffix}"
    if suffix == "csv":
        export.write_text(f"{HEADER}\n")
    else:
        import polars as pl

        pl.DataFrame(schema=dict.fromkeys(HEADER.split(","), pl.String)).write_parquet(export)
    report = load([str(export)], tmp_path / "usage.duckdb")
    assert (report.total("read"), report.refused, report.failed_checks) == (0, (), ())
    assert report.warnings == (f"{export}: holds no records; if there was traffic, export it again",)
