"""Calls written as a format's export are read back as the same calls, in every column that the format carries."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import cast

import pytest
from exports import Row
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from round_trip import Call, Format, calls
from round_trip_clouds import FORMATS as CLOUDS
from round_trip_known import FORMATS as KNOWN
from round_trip_maps import FORMATS as MAPS
from round_trip_platforms import FORMATS as PLATFORMS
from round_trip_tracing import FORMATS as TRACING
from round_trip_vendors import FORMATS as VENDORS
from staging import judged, prepared

from audit.readers.registry import READERS

EXIST = {reader.format for reader in READERS}
FORMATS = {
    name: each
    for name, each in {**KNOWN, **MAPS, **CLOUDS, **TRACING, **PLATFORMS, **VENDORS}.items()
    if each.reader in EXIST
}
WITHOUT = {
    "openai_usage": "buckets: the calls in them are not told apart",
    "openai_costs": "dollars of days, no calls",
    "anthropic_costs": "dollars of days, no calls",
    "focus_costs": "dollars of days, no calls",
    "flat_bill": "dollars of days, no calls",
    "litellm_daily_spend": "buckets of a day",
    "anthropic_usage": "buckets without a count of requests",
    "openrouter_activity": "buckets of a day",
    "helicone_csv": "latency, models asked for and cached tokens are lost by the exporter itself",
    "azure_apim_gateway": "the bodies inside are those of openai_requests",
    "llm_logs": "a database that the tool llm writes; its tests build one",
}
"""Readers that have no round trip, and why."""


def as_read(row: Row, wanted: frozenset[str]) -> Row:
    """The columns of a loaded row that are compared; nothing said is none, and not no answer."""
    found = dict(row)
    found["start_second"] = cast("datetime", row["start_time"]).replace(microsecond=0)
    found["tool_count"] = row["tool_count"] or 0
    found["has_tools"] = bool(row["tool_count"])
    found["stream"] = bool(row["stream"])
    return {name: found[name] for name in wanted}


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_calls_written_in_a_format_are_read_back_as_they_were(name: str, data: st.DataObject) -> None:
    form: Format = FORMATS[name]
    held: list[Call] = [call for call in data.draw(calls(form.models)) if form.holds(call)]
    if not held:
        return
    with tempfile.TemporaryDirectory() as folder:
        siblings = form.siblings(Path(folder) / "sibling", held)
        path = form.write(Path(folder) / "export", held)
        assert prepared(path)[0].format == form.reader
        rows = [row for row in judged(path, siblings=siblings) if not is_other(row)]
    assert [row["reject_reason"] for row in rows] == [None] * len(held)
    if "request_id" in form.carries:
        rows.sort(key=lambda row: str(row["request_id"]))
    found = [as_read(row, form.carries) for row in rows]
    expected = [{**call.row(), **form.changes(call)} for call in held]
    assert found == [{key: row[key] for key in form.carries} for row in expected]


def is_other(row: Row) -> bool:
    """Whether a row is a span around the calls, which some exports have to show."""
    return str(row["reject_reason"] or "").startswith("not a model call")


def test_every_reader_has_a_round_trip_or_a_reason_to_have_none() -> None:
    covered = {each.reader for each in FORMATS.values()}
    assert EXIST - covered - WITHOUT.keys() == set()
    assert covered & WITHOUT.keys() == set()
