"""What is kept of requests beside their cells: of those whose rows were let go, and where a bill is loaded."""

from audit.measures import COUNTS_OF, MEASURES

KEPT = ("rows", "keys", "cells")
"""What a load keeps of the requests in a file beside their cells: all they state, a key each, or nothing."""

USAGE = {name: kind for name, kind in MEASURES.items() if name not in COUNTS_OF} | {"billed_cost": "DECIMAL(18,10)"}
"""What a request adds to its cell."""

KEPT_TABLES: dict[str, dict[str, str]] = {
    "request_keys": {
        "load_id": "INTEGER",
        "file_id": "INTEGER",
        "identity": "UBIGINT using compression uncompressed",
        "content": "UINTEGER using compression uncompressed",
        "cell_key": "UBIGINT",
        "usage_date": "DATE",
        **USAGE,
    },
    "summed_models": {
        "load_id": "INTEGER",
        "provider_name": "VARCHAR",
        "request_model": "VARCHAR",
        "response_model": "VARCHAR",
        "first_day": "DATE",
        "last_day": "DATE",
        "pricing_provider": "VARCHAR",
        "model": "VARCHAR",
        "billing_period": "DATE",
    },
    "not_calls": {"file_id": "INTEGER", "reason": "VARCHAR", "record_count": "BIGINT"},
}
"""A request's key, the cell it is in (none if it does not count) and what it adds to it, so that it can be taken out
again: 20 bytes, of which its row takes 115. How the names of models were resolved when the cells were summed. Records
that are no model calls."""

KEPT_HOURS: dict[str, dict[str, str]] = {
    "kept_hours": {
        "load_id": "INTEGER",
        "source_format": "VARCHAR",
        "usage_hour": "TIMESTAMP",
        "is_long_bucket": "BOOLEAN",
        "billing_period": "DATE",
        "provider_name": "VARCHAR",
        "model": "VARCHAR",
        "service_tier": "VARCHAR",
        "length_band": "BIGINT",
        "project_id": "VARCHAR",
        "token_classes": "INTEGER",
        "request_count": "BIGINT",
        "input_tokens": "BIGINT",
        "cache_read_tokens": "BIGINT",
        "cache_creation_tokens": "BIGINT",
        "cache_creation_1h_tokens": "BIGINT",
        "audio_input_tokens": "BIGINT",
        "output_tokens": "BIGINT",
        "audio_output_tokens": "BIGINT",
    }
}
"""The relation `hourly_usage` of every load, so that no report has to sum requests to hold them against a bill. Empty
until a bill is loaded."""
