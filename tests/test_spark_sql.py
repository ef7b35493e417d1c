"""What sqlglot makes of DuckDB's SQL for Spark, and every rewrite beyond it: both engines give the same answer."""

from collections.abc import Sequence

import duckdb
import pytest
import sqlglot

from audit import sql
from audit.spark_sql import java_pattern, to_spark
from tests.spark_engine import needs_spark, spark

pytestmark = needs_spark

COUNTS = ("12", "12.7", "-2.5", "1e3", "twelve", "", " 7 ", "99999999999999999999", "true", None, "12.", "+5", ".5")
NO_NUMBERS = ("1d", "1F", "0x1p3", "\u0661\u0662", "1e", "--5", ".", "1 2", "\t5\n", "\u00a05", "1L", "1e+3", "1.e3")
"""Among them what Java takes for a number."""
TIMES = (
    "2026-01-05T00:00:00Z", "2026-01-05 12:30:01.123456+00:00", "2026-01-05 12:30:01+00", "2026-01-05 12:30:01.5-07",
    "2026-01-05", "2026", "2026-01", "12:30", "2026-01-05T12:30:01.123456789Z", "2026-1-5 1:02:03", "now", "infinity",
    "2026-01-05 12:30", "2026-01-05T12:30:01 +0200", "2026-01-05T12:30:01+0200", "2026-01-05 12:30:01 UTC",
    " 2026-01-05 12:30:01 ", "2026-02-30 00:00:00", "Jan 5 2026", "20260105", "2026/01/05 10:00:00", "", "x",
    "2026-01-05 12:30:60", "2026-01-05 12:30:01 Europe/Berlin", "2026-01-05T12:30:01+05:30",
)  # fmt: skip
OBJECTS = (
    '{"a": "b", "n": 12, "o": {"p": [1, 2]}, "w.d": true}', '{"a": null}', "{}", "[]", '["x", "y"]', "[1, null]",
    '{"a": "cut o', "n/a", "", None, '"text"', "12", '{"o": "n/a"}', '[{"f": {"g": "one"}}]',
    '[{"f": {"g": "one"}}, {"f": {"g": "two"}}, {"f": 3}, {}, "done"]',
)  # fmt: skip
ROUTES = ("/a/123/b", "/a/123é", "/a/123_x", "/9f1b2c3d-1111-2222-3333-444455556666/z", "/deadbeefdeadbeef00", "/12")

AROUND_BINS = [str(2**power + more) for power in range(3, 24) for more in (-1, 0, 1)]

SAME = (
    ("try_cast(x as bigint)", (*COUNTS, *NO_NUMBERS)),
    ("try_cast(x as double)", (*COUNTS, *NO_NUMBERS, "inf", "-Infinity", "1e400", "1e-400")),
    (
        "cast(try_cast(x as decimal(18, 10)) as varchar)",
        (*COUNTS, *NO_NUMBERS, "1.2e-5", "0.12345678905", "123456789", "1e8"),
    ),
    ("cast(make_timestamp(epoch_us(try_cast(x as timestamptz))) as varchar)", TIMES),
    ("regexp_matches(x, '^[0-9]{1,18}([.]0*)?$')", (*COUNTS, "12\n", "12.00")),
    (r"regexp_replace(x, '/([0-9]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,})\b', '/{id}', 'g')", ROUTES),
    ("regexp_extract(x, '^([a-z]+)', 1)", ("abc1", "1", None)),
    ("len(regexp_extract_all(x, 'a(b)'))", ("abab", "", None)),
    (
        "date_diff('millisecond', timestamp '2026-01-01 00:00:00.0009', cast(x as timestamp))",
        ("2026-01-01 00:00:00.0011", "2026-01-01 00:00:01", "2026-01-01 00:00:00.0009"),
    ),
    ("date_diff('second', timestamp '2026-01-01 00:00:00.9', cast(x as timestamp))", ("2026-01-01 00:00:01.1",)),
    ("try(json_extract_string(x, '$.a'))", [each for each in OBJECTS if each != '{"a": "cut o']),
    ("""try(json_extract_string(x, '$."w.d"'))""", OBJECTS),
    ("try(json_extract_string(x, '$[0]'))", OBJECTS),
    ("coalesce(cast(try(json_extract_string(x, '$[*].f.g')) as varchar), '[]')", OBJECTS),
    ("try(json_array_length(x))", OBJECTS),
    ("try(json_transform(x, '{\"a\": \"VARCHAR\", \"n\": \"VARCHAR\"}')).n", OBJECTS),
    ("try(json_transform(x, '{\"o\": {\"p\": \"VARCHAR\"}}')).o.p", OBJECTS),
    ("try(json_transform(x, '{\"a\": \"VARCHAR\"}')) is null", OBJECTS[:3] + OBJECTS[6:8]),
    ("try(from_json(x, '[\"VARCHAR\"]'))", OBJECTS[4:13]),
    ("try(from_json(x, '[\"VARCHAR\"]'))[-1]", OBJECTS[:6]),
    ("try(json_transform(x, '[{\"f\": {\"g\": \"VARCHAR\"}}]'))[1].f.g", OBJECTS[:1] + OBJECTS[3:6] + OBJECTS[-2:]),
    ("coalesce(length(x) > 2 and json_valid(x), false)", OBJECTS),
    ("cast(json_object('k', x, 'l', null) as varchar)", ("v", None, 'q"')),
    ("try(cast(cast(x as bigint) + 1 as varchar))", ("12", "x", None)),
    ("try(url_decode(replace(x, '+', '%2B')))", ("a%20b", "a+b", "%FF", "%", "a%2%z", "%D0%9A", "%ef%bf%bd", "", None)),
    ("list_filter(string_split(x, ','), lambda part: part <> '')[1]", (",a,b", "", "a")),
    ("""'{"a": "b", "c.d": "e"}' ->> x""", ("a", "c.d", "x")),
    ("cast(floor(log2(cast(x as bigint) * cast(x as bigint))) as integer)", AROUND_BINS),
)  # fmt: skip


@pytest.mark.parametrize(("expression", "texts"), SAME, ids=[expression[:60] for expression, _ in SAME])
def test_both_engines_give_the_same_answer(expression: str, texts: Sequence[str | None]) -> None:
    query = f"select {expression} as answer from texts order by place"
    rows = list(enumerate(texts))
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        con.execute("create table texts (place integer, x varchar)")
        con.executemany("insert into texts values (?, ?)", rows)
        expected = [answer for (answer,) in con.execute(query).fetchall()]
    spark().createDataFrame(rows, "place int, x string").createOrReplaceTempView("texts")  # pyright: ignore[reportUnknownMemberType]
    text = to_spark(sqlglot.parse_one(query, read="duckdb")).sql(dialect="spark")
    found = [row["answer"] for row in spark().sql(text).collect()]
    assert dict(zip(texts, found, strict=True)) == dict(zip(texts, expected, strict=True))


def test_a_hash_does_not_pass_over_a_null() -> None:
    text = to_spark(sqlglot.parse_one("select hash(a, b) as key from pairs", read="duckdb")).sql(dialect="spark")
    pairs = [("x", None), (None, "x"), (None, None)]
    frame = spark().createDataFrame(pairs, "a string, b string")  # pyright: ignore[reportUnknownMemberType]
    frame.createOrReplaceTempView("pairs")
    assert len({row["key"] for row in spark().sql(text).collect()}) == 3


def test_a_dollar_sign_in_brackets_or_behind_a_backslash_is_one() -> None:
    assert java_pattern(r"[$]\$a$") == r"[$]\$a\z"


def test_what_audit_sql_prints_for_spark_is_what_a_load_there_runs() -> None:
    assert "UNIX_MILLIS" in sql.transpile(sql.find("checked_requests"), "spark").upper()
