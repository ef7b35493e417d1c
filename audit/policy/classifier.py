"""What it costs to let the candidate read every request first and judge how hard it is.

The call is LiteLLM's complexity classifier: instructions of its own and, of the request, the last question and the
system prompt. The log has only the length of the whole input, which is no less, so the cost is no less than it will be.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from audit.catalog.price_file import TokenClass
from audit.catalog.prices import request_cost, unit_prices
from audit.errors import ConfigError
from audit.policy.decided import Decided
from audit.policy.document import Policy, Rule
from audit.policy.matching import reaches, sees
from audit.policy.moving import Terms
from audit.policy.replay import Replay, replay
from audit.policy.visible import Seen
from audit.warehouse import Warehouse

PROMPT_TOKENS = 345
"""Instructions, the frame around the request and the schema of the answer, in tokens of the o200k encoding, as LiteLLM
1.110 sends them when no earlier turns are quoted. A test counts them again in the installed version."""

ANSWER_TOKENS = 8
"""Of the longest answer, {"tier": "REASONING"}."""


def candidate_prices(warehouse: Warehouse, policy: Policy) -> Mapping[str, Decimal]:
    """USD per million tokens of the candidate by token class on the day of the policy, where it costs most.

    Raises ConfigError where nobody knows a price: a classifier without one would look free.
    """
    on = date.fromisoformat(policy["created"])
    prices, model = warehouse.frame("select * from prices"), policy["candidate_model"]
    providers = warehouse.rows("select distinct candidate_provider_name from report_pairs order by all")
    found = [unit_prices(prices, str(provider), model, on) for (provider,) in providers]
    priced = [each for each in found if request_cost(each, {"input": 1, "output": 1}) is not None]
    if not priced:
        raise ConfigError(f"{model} has no price on {on}, so what it costs as a classifier is not known")
    return max(priced, key=lambda each: each["input"])


def with_classifiers(policy: Policy, traffic: Seen, report: Decided, prices: Mapping[str, Decimal]) -> list[Rule]:
    """The rules with what reading their requests costs; `traffic` is cut at their limits."""
    whole: Policy = {**policy, "rules": [{**rule, "share": 1.0} for rule in policy["rules"]]}
    played = replay(whole, traffic, report.known, Terms(assumptions=report.assumptions, is_at_ceiling=False))
    return [_read(rule, policy, traffic, played, prices) for rule in policy["rules"]]


def _read(rule: Rule, policy: Policy, traffic: Seen, played: Replay, prices: Mapping[str, Decimal]) -> Rule:
    when = rule["when"]
    pieces = [
        piece
        for piece in traffic.pieces
        if sees(when, piece.endpoint, piece.flags) and reaches(when, piece.mean_at_least)
    ]
    count = sum(piece.costs.requests for piece in pieces)
    tokens = sum(piece.input_tokens for piece in pieces)
    sent: Mapping[TokenClass, int] = {"input": tokens + count * PROMPT_TOKENS, "output": count * ANSWER_TOKENS}
    cost = request_cost(prices, sent)
    if not count or cost is None:
        return rule
    moved = played.total(rule=rule["id"]).point
    return {
        **rule,
        "classifier": {
            "model": policy["candidate"],
            "prompt_tokens": PROMPT_TOKENS,
            "input_tokens": tokens / count,
            "answer_tokens": ANSWER_TOKENS,
            "usd_per_request": float(cost / count),
            "saving_per_request": float(moved["saving"] / moved["requests"]) if moved["requests"] else 0.0,
        },
    }
