"""What OpenAI billed: the dashboard's cost CSV and pages of the costs API. Dollars a day, no requests and no tokens.

These records are no traffic. They go into `billed_costs`, where a bill is reconciled with what was recomputed.
Columns are read by name, and e-mail addresses are not read at all.
"""

from typing import cast

from audit.readers.export import Export
from audit.readers.openai_usage import unroll_buckets
from audit.readers.reader import MORE_PAGES, TEXT, Context, Reader, Shape, identifier, parsed, rows
from audit.readers.sniff import Record

RESULT = "organization.costs.result"
AMOUNT: Shape = {"value": TEXT, "currency": TEXT}
"""The amount of an API result: text, exact to 30 decimals, or a number, exact to the 17 digits of a double. The CSV
spreads it over two columns."""
COLUMNS = (
    "start_time",
    "end_time",
    "start_time_iso",
    "end_time_iso",
    "amount_value",
    "amount_currency",
    "line_item",
    "quantity",
    "quantity_unit",
    "project_id",
    "api_key_id",
    "user_id",
)


def _relation(export: Export, context: Context) -> str:
    kind, amount = parsed(export, "amount", AMOUNT)
    columns = ", ".join(map(identifier, COLUMNS))
    source = rows(export, dict.fromkeys(COLUMNS, TEXT) | {"amount": kind}, context)
    return f"""
    select {columns}, amount.value as result_value, amount.currency as result_currency
    from (select {columns}, {amount} as amount from {source})"""


def _recognises(export: Export) -> bool:
    return export.field_set >= {"start_time", "amount_value"} or any(map(_is_result, export.records))


def _is_result(record: Record) -> bool:
    amount = record.get("amount")
    return record.get("object") == RESULT or (
        isinstance(amount, dict) and "value" in cast("Record", amount) and "line_item" in record
    )


def _warn(export: Export) -> str | None:
    if export.page.get("has_more") is True:
        return f"{export.name}: {MORE_PAGES}"
    return None


OPENAI_COSTS = Reader(
    format="openai_costs",
    title="OpenAI costs: dashboard CSV, costs API pages (dollars per day, kept apart as billed_cost_by_day)",
    audience="every OpenAI customer",
    how_to_export=(
        "platform.openai.com/usage, cost view, grouped by project and line item: Export; or "
        "GET /v1/organization/costs?start_time=<epoch>&group_by=project_id,line_item"
    ),
    lacks=("requests", "tokens", "models, but for the text of the line item"),
    signatures=(
        frozenset({"start_time", "amount_value"}),
        frozenset({"object", "amount", "line_item"}),
    ),
    relation=_relation,
    recognises=_recognises,
    unroll=unroll_buckets,
    warn=_warn,
    target="billed_costs",
)
