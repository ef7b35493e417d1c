"""What a report document knows of both models beside its verdicts: published figures and times in the log."""

from collections.abc import Sequence
from typing import cast

from audit.report.document import Workload
from audit.report.evidence import Measure, Observations, ObservedModel
from audit.report.published import AnswerTime, Intelligence, KnownModel, Latency, LikeForLike

BIG, SMALL = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"
SOURCE, READ = "https://models.example/compare", "2026-03-05"


def intelligence() -> Intelligence:
    """Two models with an index and one without."""
    known: list[tuple[str, str, float | None, float | None]] = [
        (BIG, "incumbent", 0.0225, 17.3),
        (SMALL, "candidate", 0.00135, 12.6),
        ("house-llama-70b", "other", None, None),
    ]
    models = [
        {
            "model": model,
            "provider_name": "openai",
            "role": role,
            "usd_per_request": price,
            "intelligence_index": index,
            "source": None if index is None else SOURCE,
            "checked_on": None if index is None else READ,
        }
        for model, role, price, index in known
    ]
    return {"input_tokens": 5_000, "output_tokens": 1_000, "models": cast(list[KnownModel], models)}


def latency(like_for_like: LikeForLike | None = None) -> Latency:
    """Published speeds of both models, the small one's the lower, and what the log says, if it says it."""
    models = [
        {
            "model": model,
            "role": role,
            "requests": 0 if like_for_like is None else 900,
            "seconds": None if like_for_like is None else 3.0,
            "published": {
                "output_tokens_per_second": speed,
                "time_to_first_token_seconds": first,
                "seconds": first + 320.0 / speed,
                "source": SOURCE,
                "checked_on": READ,
            },
        }
        for model, role, speed, first in ((BIG, "incumbent", 110.7, 0.40), (SMALL, "candidate", 49.9, 0.49))
    ]
    return {"output_tokens": 320.0, "models": cast(list[AnswerTime], models), "like_for_like": like_for_like}


SAME: LikeForLike = {
    "incumbent_requests": 12_000,
    "candidate_requests": 3_100,
    "incumbent_seconds": 3.05,
    "candidate_seconds": 2.03,
}


def observations(workloads: Sequence[Workload]) -> Observations:
    """Both models timed on these workloads, the small one a third faster."""
    return {
        "caveat": "Observational.",
        "workloads": [
            {"id": each["id"], "incumbent": _observed(BIG, 3_000.0), "candidate": _observed(SMALL, 2_000.0)}
            for each in workloads
        ],
    }


def _observed(model: str, milliseconds: float) -> ObservedModel:
    time: Measure = {"low": 0.9 * milliseconds, "point": milliseconds, "high": 1.2 * milliseconds, "count": 400}
    return {
        "model": model,
        "requests": 400,
        "error_rate": None,
        "truncation_rate": None,
        "retry_rate": None,
        "feedback_score": None,
        "output_tokens": None,
        "duration_ms": time,
    }
