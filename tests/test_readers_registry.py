"""Which reader a file gets, and what is said of a file that no reader knows."""

import ast
import json
from pathlib import Path

import pytest
from staging import judged, prepared

from audit import sql
from audit.errors import InputError, UnknownNameError
from audit.readers.export import Export, inspect
from audit.readers.registry import READERS, recognise

STAGING_COLUMNS = 55
SAMPLES = Path(__file__).parent / "data" / "samples"


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_every_format_has_a_name_of_its_own_a_staging_query_and_a_way_to_export() -> None:
    assert len({reader.format for reader in READERS}) == len(READERS)
    for reader in READERS:
        assert f"raw_{reader.relation_name}" in sql.reads(sql.find(f"stg_{reader.relation_name}"))
        assert reader.title
        assert reader.audience
        assert reader.how_to_export
        assert reader.signatures


def test_all_staging_queries_have_the_same_columns_in_the_same_order() -> None:
    import sqlglot
    from sqlglot import exp

    names = {f"stg_{reader.relation_name}" for reader in READERS if reader.target == "request_facts"}
    found: dict[str, list[str]] = {}
    for name in names:
        tree = sqlglot.parse_one(sql.find(name).select, read="duckdb")
        renamed = next(cte for cte in tree.find_all(exp.CTE) if cte.alias == "renamed").this
        found[name] = renamed.named_selects
    first = found.popitem()[1]
    assert len(first) == STAGING_COLUMNS
    assert all(columns == first for columns in found.values())


def test_an_unknown_file_is_refused_with_its_fields_the_closest_format_and_what_that_needs(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "request_id,startTime,model,completion_tokens,colour\n1,2,3,4,5\n")
    with pytest.raises(InputError) as raised:
        prepared(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: ")
    assert "'request_id', 'startTime', 'model', 'completion_tokens', 'colour'" in message
    assert "Closest is litellm_spend_logs" in message
    assert "also needs 'prompt_tokens'" in message


def test_a_file_that_resembles_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has the fields 'colour', 'shape'\. No format resembles it"):
        prepared(write(tmp_path / "rows.csv", "colour,shape\nred,round\n"))


def test_a_table_of_ones_own_is_not_called_close_to_a_format_but_told_how_to_map_its_columns(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        prepared(write(tmp_path / "calls.csv", "id,when,model,prompt_toks,answer_toks,usd\n1,2,3,4,5,6\n"))
    message = str(raised.value)
    assert "Closest" not in message
    assert "'id', 'when', 'model', 'prompt_toks', 'answer_toks', 'usd'" in message
    assert "`audit formats --map flat_log > map.toml`" in message
    assert "load with --map map.toml" in message


def test_a_file_in_another_format_than_the_one_asked_for_is_told_which_it_is_in(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "start_time,model,prompt_tokens,completion_tokens\n2026-03-01,gpt-4o,1,2\n")
    with pytest.raises(InputError) as raised:
        prepared(path, "bedrock")
    message = str(raised.value)
    assert "not bedrock (AWS Bedrock model invocation logs (JSONL, also packed)), which needs" in message
    assert "Without --format it is read as flat_log" in message


FLAT = "model,prompt_tokens,completion_tokens"


@pytest.mark.parametrize("name", ["start_time", "timestamp", "created_at", "time", "Timestamp"])
def test_a_table_of_ones_own_may_call_the_time_of_a_call_as_is_usual(tmp_path: Path, name: str) -> None:
    (row,) = judged(write(tmp_path / "calls.csv", f"{name},{FLAT}\n2026-09-01T10:00:00Z,gpt-4o,7,5\n"))
    assert (row["reject_reason"], str(row["start_time"])) == (None, "2026-09-01 10:00:00")
    assert row["usage_input_tokens"] == 7


def test_of_a_stated_start_and_another_time_the_start_counts(tmp_path: Path) -> None:
    text = f"created_at,start_time,{FLAT}\n2026-09-02T10:00:00Z,2026-09-01T10:00:00Z,gpt-4o,7,5\n"
    (row,) = judged(write(tmp_path / "calls.csv", text))
    assert str(row["start_time"]) == "2026-09-01 10:00:00"


@pytest.mark.parametrize("columns", ["timestamp,created_at", "timestamp,time", "created_at,requests", "time,calls"])
def test_two_times_or_a_number_of_calls_leave_a_table_unread_with_what_it_needs(tmp_path: Path, columns: str) -> None:
    with pytest.raises(InputError) as raised:
        prepared(write(tmp_path / "calls.csv", f"{columns},{FLAT}\n1,2,gpt-4o,7,5\n"))
    assert "Closest is flat_log" in str(raised.value)
    assert "also needs 'start_time'" in str(raised.value)
    assert "load with --map map.toml" in str(raised.value)


def test_a_log_of_bodies_with_counts_beside_them_is_still_read_by_its_bodies(tmp_path: Path) -> None:
    body = '{"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 7, "completion_tokens": 5}}'
    text = f'{{"timestamp": 1, "model": "gpt-4o", "prompt_tokens": 7, "completion_tokens": 5, "response": {body}}}\n'
    assert prepared(write(tmp_path / "calls.jsonl", text))[0].format == "openai_requests"


def test_a_long_list_of_fields_is_cut(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'c11' and 28 more"):
        prepared(write(tmp_path / "rows.csv", ",".join(f"c{n}" for n in range(40)) + "\n"))


def test_an_unknown_format_is_answered_with_the_nearest_names(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "a,b\n1,2\n")
    with pytest.raises(UnknownNameError, match="nearest: litellm_spend_logs"):
        recognise(inspect("rows.csv", path), "litellm_spendlogs")


def test_a_format_that_is_asked_for_reads_a_file_with_fewer_columns_but_not_a_foreign_one(tmp_path: Path) -> None:
    some = write(tmp_path / "some.csv", "model,prompt_tokens,completion_tokens,startTime\ngpt-4o,1,2,2026-03-01\n")
    assert prepared(some, "litellm_spend_logs")[0].format == "litellm_spend_logs"
    none = write(tmp_path / "none.csv", "colour,shape\nred,round\n")
    with pytest.raises(InputError, match=r"not litellm_spend_logs .* it has the fields 'colour', 'shape'"):
        prepared(none, "litellm_spend_logs")


def test_a_signature_is_told_apart_from_the_first_records_and_not_from_the_first_alone(tmp_path: Path) -> None:
    text = '{"event": "started"}\n{"request": {"model": "gpt-4o", "messages": []}, "response": null}\n'
    assert prepared(write(tmp_path / "app.log", text))[0].format == "openai_requests"


@pytest.mark.parametrize("text", ["[]", '{"data": []}', '{"object": "list",\n"data": []}'])
def test_a_document_without_records_is_refused_as_empty(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="holds no records"):
        prepared(write(tmp_path / "page.json", text))


def test_a_document_is_written_out_as_json_lines_and_the_rest_is_left_where_it_is(tmp_path: Path) -> None:
    reply = {"object": "chat.completion", "model": "gpt-4o", "usage": {"prompt_tokens": 1}}
    document = write(tmp_path / "page.json", json.dumps({"data": [reply, 7]}, indent=1))
    _, export = prepared(document)
    assert export.path != document
    assert export.container == "jsonl"
    assert [json.loads(line) for line in Path(str(export.path)).read_text().splitlines()] == [reply, 7]
    lines = write(tmp_path / "lines.jsonl", json.dumps(reply))
    assert prepared(lines)[1].path == lines


def formats_with_traps() -> set[str]:
    """The formats named by a `trap` marker anywhere in the tests."""
    marks = [
        node
        for path in Path(__file__).parent.glob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.trap")
    ]
    return {argument.value for mark in marks for argument in mark.args if isinstance(argument, ast.Constant)}  # pyright: ignore[reportReturnType]


def test_every_format_has_a_sample_and_a_test_of_its_traps() -> None:
    found = {
        recognise(export).format
        for path in SAMPLES.rglob("*")
        if path.is_file() and (export := readable(path)) is not None
    }
    names = {reader.format for reader in READERS}
    assert names - found == set()
    assert names - formats_with_traps() == set()


def readable(path: Path) -> Export | None:
    try:
        recognise(export := inspect(path.name, path))
    except InputError:
        return None
    return export
