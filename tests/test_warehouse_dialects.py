"""The scripts for warehouses that no test can run are SQL of theirs, of functions that their documentation names."""

import json
import re

import pytest
import sqlglot
from handed_over import SALT, SAMPLES, Sample, script
from sqlglot import exp
from typer.testing import CliRunner

from audit.cli import app
from audit.dialects import DIALECTS, written
from audit.errors import AuditError, DatabaseError
from audit.handover.requests import requests
from audit.handover.table import PROVEN

FUNCTIONS = {
    # https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
    "bigquery": """
        ABS ARRAY ARRAY_LENGTH ARRAY_TO_STRING CAST COALESCE CONCAT COUNT DIV FLOOR FROM_HEX GREATEST INSTR JSON_OBJECT
        JSON_QUERY JSON_QUERY_ARRAY JSON_VALUE LEAST LENGTH LOG LOWER MAX MIN NULLIF PARSE_JSON POW REGEXP_CONTAINS
        REGEXP_EXTRACT_ALL REGEXP_REPLACE REPLACE ROUND ROW_NUMBER SAFE_CAST SAFE_OFFSET SPLIT STARTS_WITH STRING_AGG
        SUBSTR SUBSTRING SUM TIMESTAMP TIMESTAMP_MICROS TIMESTAMP_TRUNC TO_HEX TO_JSON_STRING TRIM UNIX_MICROS UNNEST
        MD5""",
    # https://docs.snowflake.com/en/sql-reference/functions-all
    "snowflake": """
        ABS ARRAY_COMPACT ARRAY_CONSTRUCT_COMPACT ARRAY_SIZE ARRAY_SLICE ARRAY_TO_STRING CAST COALESCE CONTAINS COUNT
        DATEDIFF DATE_PART DATE_TRUNC DECIMAL FILTER FLOOR GET GET_PATH GREATEST_IGNORE_NULLS HEX_ENCODE IS_ARRAY
        LEAST_IGNORE_NULLS LEFT LENGTH LOG LOWER MAX MD5 MIN NULLIF OBJECT_CONSTRUCT_KEEP_NULL POWER REGEXP_COUNT
        REGEXP_INSTR REGEXP_REPLACE REPLACE ROUND ROW_NUMBER SPLIT SPLIT_PART STARTSWITH SUBSTRING SUM TO_JSON
        TO_TIMESTAMP_NTZ TO_VARIANT TRANSFORM TRIM TRY_CAST TRY_HEX_DECODE_STRING TRY_PARSE_JSON TRY_TO_DECFLOAT
        TRY_TO_TIMESTAMP_TZ""",
}
WORDS = {"AND", "AS", "BY", "CASE", "ELSE", "EXCEPT", "EXCLUDE", "FROM", "IN", "NOT", "OR", "OVER", "THEN", "WHEN"}
"""Words of SQL that may stand before a bracket."""


@pytest.fixture(autouse=True)
def _one_salt(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("AUDIT_SALT", SALT)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("endpoint", ["tag:app:", "metadata.app's.part"])
def test_a_script_is_sql_of_its_dialect(dialect: str, endpoint: str) -> None:
    found = [each for each in sqlglot.parse(script(dialect, endpoint=endpoint), read=dialect) if each is not None]
    assert sum(isinstance(each, exp.Create) for each in found) == 2
    assert sum(isinstance(each, exp.Drop) for each in found) == 1
    # what sqlglot cannot parse it keeps as a command
    assert not [each for each in found if isinstance(each, exp.Command) and each.this.upper() != "ALTER"]


@pytest.mark.parametrize("dialect", FUNCTIONS)
@pytest.mark.parametrize("endpoint", ["tag:app:", "metadata.app's.part"])
def test_a_script_calls_only_functions_that_are_documented(dialect: str, endpoint: str) -> None:
    assert _called(script(dialect, endpoint=endpoint)) <= set(FUNCTIONS[dialect].split())


def _called(text: str) -> set[str]:
    outside = re.sub(r"'(?:[^'\\]|\\.|'')*'", "''", text)
    return {name.upper() for name in re.findall(r"\b(?:SAFE\.)?([A-Za-z_0-9]+)\(", outside)} - WORDS


@pytest.mark.parametrize("name", SAMPLES)
def test_a_script_of_any_format_is_sql_of_its_dialect_and_calls_what_is_documented(name: str) -> None:
    sample = Sample(name)
    for dialect in DIALECTS:
        text = sample.script(dialect)
        assert sum(isinstance(each, exp.Create) for each in sqlglot.parse(text, read=dialect)) == 2
        assert dialect not in FUNCTIONS or _called(text) <= set(FUNCTIONS[dialect].split())


@pytest.mark.parametrize("dialect", ["bigquery", "clickhouse", "snowflake"])
@pytest.mark.parametrize("name", SAMPLES)
def test_what_sqlglot_would_write_without_a_word_is_not_in_a_script(dialect: str, name: str) -> None:
    """Each means something else there; see the rewrites."""
    text = Sample(name).script(dialect)
    for wrong in (
        "JSON_TRANSFORM",
        "TO_MICROSECONDS",
        "CONCAT_WS",
        "CONTAINS_SUBSTR",
        "REGEXP_LIKE(",
        "TRUNC(a",
        "AS DATETIME",
        "URL_DECODE",
        "TRY(",
        "'g'",
    ):
        assert wrong not in text


def test_in_snowflake_money_keeps_its_digits() -> None:
    found = written(sqlglot.parse_one("try_cast(spend as decimal(18, 10))", read="duckdb"), "snowflake")
    assert " ".join(found.split()) == (
        'CASE WHEN ABS(TRY_TO_DECFLOAT("spend")) < 100000000 THEN CAST(TRY_TO_DECFLOAT("spend") AS DECIMAL(18, 10)) END'
    )


def test_what_is_looked_up_here_is_not_asked_for_there() -> None:
    text = requests(None, (0, 1_000))
    for name in ("model_resolution", "endpoint_names", "endpoint_rule", "length_bands"):
        assert name not in text


SPEND_LOGS = ["--all", "--from", "logs", "--format", "litellm_spend_logs"]
SAID = (
    (["--all"], 2, "name the table with the logs"),
    (["--all", "--from", "logs"], 2, "say what the rows of the table are"),
    (["--all", "traffic_cells", "--from", "logs"], 2, "leave 'traffic_cells' out"),
    ([*SPEND_LOGS, "--dialect", "oracle"], 2, "'oracle' is not one of"),
    *((["traffic_cells", option, "x"], 2, "are for --all") for option in ("--from", "--into", "--config", "--db")),
    (["--all", "--from", "logs", "--format", "langfuse"], 1, "records that are parts of one another"),
    (["--all", "--from", "logs", "--format", "litelm"], 1, "unknown format 'litelm'"),
    ([*SPEND_LOGS, "--config", "none.toml"], 1, "none.toml: no such file"),
    ([*SPEND_LOGS, "--db", "none.duckdb"], 1, "none.duckdb: no such database"),
)


@pytest.mark.parametrize(("arguments", "code", "said"), SAID)
def test_a_script_that_cannot_be_is_said_in_one_message(arguments: list[str], code: int, said: str) -> None:
    found = CliRunner().invoke(app, ["sql", *arguments])
    assert (found.exit_code, found.stdout) == (code, "")
    assert code == 2 or isinstance(found.exception, AuditError)
    assert said in (" ".join(found.output.split()) if code == 2 else str(found.exception))


def test_a_salt_that_can_be_guessed_gets_into_no_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_SALT", "x")
    with pytest.raises(DatabaseError, match="AUDIT_SALT has 1 characters; give it 16 or more"):
        script("duckdb")


def test_the_help_names_the_formats_that_there_are_scripts_for() -> None:
    said = CliRunner().invoke(app, ["sql", "--help"]).output
    assert all(name in said for name in PROVEN)


def test_the_command_prints_the_script_and_nothing_else() -> None:
    options = ["--from", "p.d.logs", "--into", "p.d.cells", "--dialect", "bigquery", "--format", "litellm_spend_logs"]
    found = CliRunner().invoke(app, ["sql", "--all", *options])
    assert found.exit_code == 0
    assert found.stdout.startswith("-- Cells of the litellm_spend_logs in p.d.logs")
    assert "create table `p`.`d`.`cells` as" in found.stdout or "create table p.d.cells as" in found.stdout


def test_as_json_the_script_is_one_document() -> None:
    found = CliRunner().invoke(app, ["sql", *SPEND_LOGS, "--json"])
    document = json.loads(found.stdout)
    assert (document["dialect"], document["from"], document["into"]) == ("duckdb", "logs", "audit_cells")
    assert document["sql"] == script("duckdb", into="audit_cells")
