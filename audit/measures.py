"""What requests add up to, in cells and in days."""

MEASURES = {
    "request_count": "BIGINT",
    "usage_input_tokens": "BIGINT",
    "usage_cache_read_input_tokens": "BIGINT",
    "usage_cache_creation_input_tokens": "BIGINT",
    "usage_cache_creation_1h_input_tokens": "BIGINT",
    "usage_output_tokens": "BIGINT",
    "usage_reasoning_output_tokens": "BIGINT",
    "usage_audio_input_tokens": "BIGINT",
    "usage_audio_output_tokens": "BIGINT",
    "image_count": "BIGINT",
    "billed_cost": "DECIMAL(38,12)",
    "billed_cost_count": "BIGINT",
    "duration_ms": "BIGINT",
    "duration_count": "BIGINT",
}
"""What cells and daily usage add up."""

COUNTS_OF = {"billed_cost_count": "billed_cost", "duration_count": "duration_ms"}
"""Measures that count the requests for which another one is known."""
