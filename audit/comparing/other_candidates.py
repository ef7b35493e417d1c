"""The incumbent's traffic on other candidates: the queries that price it on the asked one, asked of each of them.

Only what such a candidate may be given and what that costs. Whether it answers well nobody has measured here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import cast

import polars as pl

from audit import sql
from audit.assumptions import Assumptions
from audit.catalog.alternatives import Alternative, alternatives
from audit.catalog.price_file import read_price_overrides
from audit.config import Config
from audit.folding import LONG_INPUT_SHARE
from audit.savings.cascade import Costs, Offer, offers
from audit.savings.whatif import Candidate, Inputs, Workload
from audit.scope import Scope
from audit.warehouse import Warehouse

NEEDED = """source_format, billing_period, provider_name, model, service_tier, has_images, has_audio, outcome,
    length_band, output_bin, workload_id, request_count, usage_input_tokens, usage_cache_read_input_tokens,
    usage_cache_creation_input_tokens, usage_cache_creation_1h_input_tokens, usage_audio_input_tokens,
    usage_output_tokens, usage_audio_output_tokens"""
"""Columns of `cell_workloads` that a price or a gate depends on."""

NOTHING = Costs(requests=0, list_cost=Decimal(0), candidate_input_cost=Decimal(0), candidate_output_cost=Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """Candidates beside the pair's, and per model and workload what it may be given."""

    models: Sequence[Alternative] = ()
    costs: Mapping[tuple[str, str], tuple[Costs, str | None]] = field(
        default_factory=dict[tuple[str, str], tuple[Costs, str | None]]
    )
    """(model, rule) -> costs of what no gate stops, and one of the gates that stop the rest."""


def other_candidates(warehouse: Warehouse, scope: Scope, config: Config) -> Others:
    """What else could serve the same traffic for less, priced on the day the window ends.

    Reads the temporary table `priced_cells` of the report.
    """
    on = (scope.window.end or datetime.combine(scope.question.today, datetime.min.time())).date()
    found, prices = alternatives(
        scope.pairs,
        leave_out=[scope.candidate_model],
        on=on,
        today=scope.question.today,
        overrides=read_price_overrides(config.prices_file) if config.prices_file else (),
        discount=config.discount,
    )
    if not found:
        return Others()
    pairs = [
        (provider, model, provider, each.model, each.context_window, each.output_limit)
        for provider, model in scope.pairs
        for each in found
    ]
    schema = warehouse.frame("select * from report_pairs limit 0").schema
    warehouse.temporary("other_pairs", pl.DataFrame(pairs, schema=schema, orient="row"))
    warehouse.temporary("other_prices", prices)
    rows = warehouse.frame(_other_costs()).iter_rows(named=True)
    return Others(models=found, costs={(row["candidate_model"], row["workload_id"]): _open(row) for row in rows})


@cache
def _other_costs() -> str:
    """`candidate_costs` over other pairs: what stands before it takes the place of the relations of these names."""
    return f"""
        with
        prices as (
            select * from main.prices
            union all by name
            select * from other_prices anti join main.prices using (provider_name, model)
        ),
        report_pairs as (select * from other_pairs),
        price_cards as ({sql.find("price_cards").select}),
        cell_workloads as (select {NEEDED} from priced_cells where cell_disposition in ('eligible', 'gated')),
        cell_costs as ({sql.find("cell_costs").select})
        {sql.find("candidate_costs").select}
    """


def _open(row: Mapping[str, object]) -> tuple[Costs, str | None]:
    """What no gate stops, long inputs included: they would need outcomes at that length, and there are none."""
    requests, long = cast("int", row["request_count"]), cast("int", row["long_request_count"])
    if long > LONG_INPUT_SHARE * requests:
        return NOTHING, "long_input"
    list_cost, into, out = (
        cast("Decimal", row[name]) for name in ("list_cost", "candidate_input_cost", "candidate_output_cost")
    )
    costs = Costs(requests=requests, list_cost=list_cost, candidate_input_cost=into, candidate_output_cost=out)
    return costs, cast("str | None", row["first_gate"])


def what_if(
    workloads: pl.DataFrame,
    verdicts: pl.DataFrame,
    others: Others,
    scope: Scope,
    assumptions: Assumptions,
    everything: tuple[int, Decimal],
    multiplier: float | None,
) -> Inputs:
    """The key `what_if` of the document: one workload per rule, with what each candidate may be given of it.

    `everything` is all requests of the window and their cost, `multiplier` the windows in a month.
    """
    decided = {offer.workload_id: offer for offer in offers(workloads, verdicts, scope.candidate_model, assumptions)}
    parts: dict[str, list[dict[str, object]]] = {}
    for row in workloads.iter_rows(named=True):
        parts.setdefault(str(row["rule_id"]), []).append(row)
    rules = list(parts)
    own = [_own(rule, parts[rule], decided.get(rule)) for rule in rules]
    end = next((each for each in scope.retirements if each.model == scope.candidate_model), None)
    return {
        "requests": everything[0],
        "list_cost": float(everything[1]),
        "monthly_multiplier": multiplier,
        "output_ratio": assumptions.output_ratio.point,
        "escalation_rate": assumptions.escalation_rate.point,
        "check_cost_share": assumptions.check_cost_share,
        "router_cost_per_1k_requests": assumptions.router_cost_per_1k_requests,
        "workloads": [_workload(rule, parts[rule], decided.get(rule)) for rule in rules],
        "candidates": [
            _candidate(scope.candidate_model, None if end is None else end.retires_on.isoformat(), own),
            *(
                _candidate(
                    each.model,
                    None if each.retires_on is None else each.retires_on.isoformat(),
                    [others.costs[each.model, rule] for rule in rules],
                )
                for each in others.models
            ),
        ],
    }


def _workload(rule: str, parts: Sequence[Mapping[str, object]], offer: Offer | None) -> Workload:
    is_measured = offer is not None and offer.is_ratio_measured
    return {
        "id": rule,
        "verdict": "keep" if offer is None else offer.verdict,
        "pass_probability": 0.0 if offer is None else offer.pass_probability,
        "output_ratio": offer.output_ratio.point if offer is not None and is_measured else None,
        "requests": sum(cast("int", part["request_count"]) for part in parts),
        "list_cost": float(sum((cast("Decimal", part["list_cost"]) for part in parts), Decimal(0))),
    }


def _own(rule: str, parts: Sequence[Mapping[str, object]], offer: Offer | None) -> tuple[Costs, str | None]:
    """The same of the pair, from what the report decided: the part that no cell gate stops has the rule's own id."""
    gates = {gate: part["workload_id"] == rule for part in parts for gate in cast("list[str]", part["gate_reasons"])}
    if offer is not None and offer.is_open:
        return offer, next((gate for gate, is_main in gates.items() if not is_main), None)
    return NOTHING, next(iter(gates), "same_model")


def _candidate(model: str, retires_on: str | None, found: Sequence[tuple[Costs, str | None]]) -> Candidate:
    return {
        "model": model,
        "retires_on": retires_on,
        "requests": [costs.requests for costs, _ in found],
        "list_cost": [float(costs.list_cost) for costs, _ in found],
        "input_cost": [float(costs.candidate_input_cost) for costs, _ in found],
        "output_cost": [float(costs.candidate_output_cost) for costs, _ in found],
        "gates": [gate for _, gate in found],
    }
