"""The part of the report document that says what was paid for, so that a later report can tell why spend differs."""

from typing import TypedDict

from audit.report.checked import Number


class Used(TypedDict):
    """Tokens of one class and their list cost."""

    tokens: int
    list_cost: Number


class Traffic(TypedDict):
    """Billed, priced requests of one endpoint, model, tier and length band; the costs of all rows add up to the spend.

    `usage` is by class of tokens (input without cached ones, cache_read, cache_creation, cache_creation_1h, output,
    audio_input, audio_output) and leaves out classes without tokens.
    """

    endpoint: str
    provider_name: str
    model: str
    service_tier: str
    length_band: int
    requests: int
    usage: dict[str, Used]
