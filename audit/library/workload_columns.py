"""Columns of `Report.workloads`: they must depend neither on the evidence nor on whether there is any traffic."""

import polars as pl

_PARTS = pl.List(
    pl.Struct({
        "name": pl.String(),
        "pairs": pl.Int64(),
        "low": pl.Float64(),
        "point": pl.Float64(),
        "high": pl.Float64(),
        "adjusted_p": pl.Float64(),
        "reading": pl.String(),
    })
)  # fmt: skip

_NUMBER, _COUNT, _TEXT, _FLAG = pl.Float64(), pl.Int64(), pl.String(), pl.Boolean()

WORKLOADS: dict[str, pl.DataType] = {
    **dict.fromkeys(("id", "name", "endpoint", "incumbent"), _TEXT),
    "requests": _COUNT,
    **dict.fromkeys(("request_share", "cost", "cost_share"), _NUMBER),
    **dict.fromkeys([f"tokens_{side}_{part}" for side in ("input", "output") for part in ("p50", "p95")], _NUMBER),
    "tokens_cache_read_share": _NUMBER,
    "task_type": _TEXT,
    "task_confidence": _NUMBER,
    "verdict": _TEXT,
    "reasons": pl.List(_TEXT),
    "risk": _COUNT,
    "evidence": _TEXT,
    **dict.fromkeys(("pairs", "pairs_needed"), _COUNT),
    **dict.fromkeys(("p_value", "pairs_effective"), _NUMBER),
    "pairs_discounted": _COUNT,
    "pairs_refused": pl.List(pl.Struct({"reason": _TEXT, "pairs": _COUNT})),
    "strata_kind": _TEXT,
    "strata_disagree": _FLAG,
    **dict.fromkeys(("strata_differ_p", "strata_sign_p"), _NUMBER),
    "strata_cut_side": _TEXT,
    "strata_cut_tokens": _COUNT,
    "strata_parts": _PARTS,
    **dict.fromkeys([f"quality_loss_{part}" for part in ("low", "point", "high", "margin", "adjusted_p")], _NUMBER),
    **dict.fromkeys([f"quality_loss_pooled_{bound}" for bound in ("low", "point", "high")], _NUMBER),
    "quality_loss_pooled_units": _COUNT,
    **dict.fromkeys(("output_ratio", "break_even_escalation"), _NUMBER),
    **dict.fromkeys(("savings_low", "savings_point", "savings_high", "ceiling", "pass_probability"), _NUMBER),
    "stakes": _TEXT,
    "margin": _NUMBER,
    "risk_dimension": _TEXT,
    "is_clustered": _FLAG,
    **dict.fromkeys(
        [
            f"bounds_{side}_{end}"
            for side in ("input_bin", "output_bin", "cache_read_bin", "reasoning_bin", "size", "ratio")
            for end in ("low", "high")
        ],
        _COUNT,
    ),
    **dict.fromkeys(("rule_in_words", "shape_in_words"), _TEXT),
}
"""Money in USD of the window, shares 0..1, quality loss and margin in points of 100, bins in half octaves."""
