"""Pairs of models worth a look in the user's own traffic: what is paid for, what is sold for less, what comes after.

A ceiling and nothing more: what moving everything would save at today's lengths, whatever the quality.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, cast

from audit.assumptions import Assumptions, assumptions_from
from audit.catalog.candidates import Successor, candidates, successors
from audit.catalog.facts import catalogue_info, facts
from audit.catalog.models import canonical
from audit.catalog.price_file import TokenClass, read_price_overrides
from audit.catalog.prices import as_offered, price_rows, request_cost, unit_prices
from audit.catalog.tasks import task_evidence
from audit.catalog.tokenizers import same_tokenizer
from audit.comparing.paid_models import Paid, first_end, paid_models
from audit.config import Config
from audit.errors import AuditError
from audit.folding import LONG_INPUT_SHARE
from audit.savings.cascade import Offer
from audit.savings.projection import monthly_multiplier
from audit.scope import Question, Scope, nothing_loaded, pair_up, settle
from audit.warehouse import Warehouse

Document = dict[str, object]
Kind = Literal["cheaper", "successor", "after_successor"]

CAVEAT = (
    "A ceiling: what moving all of it would save at today's token counts and prices of the days of the traffic, "
    "whatever the answers are worth; a model that thinks before it answers bills more tokens than that. `audit report` "
    "says how much of it has evidence."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    kind: Kind
    paid: Paid
    incumbent: str
    candidate: str
    candidate_model: str
    source: str | None = None


def candidate_pairs(warehouse: Warehouse, config: Config, today: date, question: Question | None = None) -> Document:
    """The document of `audit compare` without names, `traffic-audit/pairs/1`.

    {schema, on, catalogue, window {start, end, days}, monthly_multiplier (null under a day), caveat, models
    [{model, provider_names, requests, list_cost, monthly_list_cost, retires_on, pairs, pairs_left_out (no request
    can move)}] most spent first, pairs [{kind: cheaper | successor | after_successor, traffic (whose requests),
    incumbent, candidate, candidate_model, requests, requests_left_out (gated, or without a price on both),
    incumbent_cost, candidate_cost, price_ratio, saving and ceiling {window, monthly}, index_difference,
    has_published_tasks, same_tokenizer, incumbent_retires_on, candidate_retires_on, source (of a successor),
    command}] highest ceiling first, notes}. `saving` is signed and moves everything; `ceiling` leaves what would
    cost more where it is. A `question` limits the days. Raises AuditError where nothing is loaded.
    """
    if (error := nothing_loaded(warehouse)) is not None:
        raise AuditError(f"{error}; or name two models: `audit compare gpt-4o gpt-4o-mini`")
    assumptions = assumptions_from(config.assumptions)
    scope = settle(warehouse, question or Question(today=today), config)
    paid, notes = paid_models(warehouse, today)
    total = warehouse.count("select sum(request_count) from spend_by_disposition")
    multiplier = monthly_multiplier(assumptions, total, scope.window.days)
    pairs = [pair for each in paid for pair in _pairs(warehouse, each, config, today)]
    moved = _moved(warehouse, pairs, config, assumptions)
    listed = [_document(pair, moved, assumptions, multiplier, today) for pair in pairs]
    known = [entry for entry in listed if entry["requests"]]
    known.sort(key=lambda entry: (-cast("dict[str, float]", entry["ceiling"])["window"], str(entry["candidate"])))
    catalogue = catalogue_info(today)
    return {
        "schema": "traffic-audit/pairs/1",
        "on": today.isoformat(),
        "catalogue": {"version": catalogue.version, "checked_on": catalogue.checked_on.isoformat()},
        "window": _window(scope),
        "monthly_multiplier": multiplier,
        "caveat": CAVEAT,
        "models": [_model(each, listed, multiplier) for each in paid],
        "pairs": known,
        "notes": notes,
    }


def _pairs(warehouse: Warehouse, paid: Paid, config: Config, today: date) -> list[_Pair]:
    """What the family could move to: what costs less for its mix of tokens, successors, and what is below them."""
    provider, model = paid.served[0]
    overrides = read_price_overrides(config.prices_file) if config.prices_file else ()
    sold = candidates(provider, model, today, overrides)
    named = {each.model: each for each in successors(model)} if paid.retires_on else {}
    later = dict(named)
    for other in sold.values():
        if task_evidence(model, other)["candidate"]:
            later |= {each.model: each for each in successors(other)}
    options = sold | {name: canonical(name, today) for name in later}
    table = price_rows([(provider, other) for other in {model, *options.values()}], overrides, config.discount)
    cards = {
        name: as_offered(unit_prices(table, provider, other, today))
        for name, other in {paid.name: model, **options}.items()
    }
    mix = _mix(warehouse, paid)
    found = [
        _Pair(kind="successor", paid=paid, incumbent=paid.name, candidate=name, candidate_model=options[name],
              source=_source(each))
        for name, each in named.items()
    ]  # fmt: skip
    found += [
        _Pair(kind="cheaper", paid=paid, incumbent=paid.name, candidate=name, candidate_model=other)
        for name, other in sold.items()
        if name not in named and _costs_less(cards[name], cards[paid.name], mix)
    ]
    found += [
        _Pair(kind="after_successor", paid=paid, incumbent=first, candidate=second, candidate_model=options[second],
              source=_source(later[second]))
        for first in named
        for second in later
        if _costs_less(cards[second], cards[first], mix)
    ]  # fmt: skip
    return found


def _costs_less(
    card: Mapping[str, Decimal], than: Mapping[str, Decimal], mix: Sequence[Mapping[TokenClass, int]]
) -> bool:
    """Whether the part of the mix that both cards have prices for costs less on the first."""
    both = [(request_cost(card, tokens), request_cost(than, tokens)) for tokens in mix]
    known = [(after, before) for after, before in both if after is not None and before is not None]
    return sum(after for after, _ in known) < sum(before for _, before in known)


def _mix(warehouse: Warehouse, paid: Paid) -> list[dict[TokenClass, int]]:
    """All text tokens of the family by class, those of requests with the same classes together."""
    names: dict[TokenClass, str] = {
        "input": "input", "cache_read": "cache_read_input", "cache_creation": "cache_creation_input",
        "cache_creation_1h": "cache_creation_1h_input", "output": "output",
    }  # fmt: skip
    sums = ", ".join(f"sum(usage_{column}_tokens)" for column in names.values())
    models = ", ".join("?" for _ in paid.served)
    found = warehouse.rows(
        f"select {sums} from text_usage where model in ({models}) group by token_classes order by token_classes",
        [model for _, model in paid.served],
    )
    return [{name: int(str(value or 0)) for name, value in zip(names, part, strict=True)} for part in found]


Moved = dict[tuple[str, str], dict[str, Offer]]
"""(model, candidate model) -> workload -> its costs on both, at all providers together."""


def _moved(warehouse: Warehouse, pairs: Iterable[_Pair], config: Config, assumptions: Assumptions) -> Moved:
    """Every workload of the incumbents on every model asked for, in one pass over the cells."""
    trios = {(*served, pair.candidate_model) for pair in pairs for served in pair.paid.served}
    trios |= {
        (*served, other.candidate_model)
        for pair in pairs
        if pair.kind == "after_successor"
        for other in pairs
        if other.candidate == pair.incumbent
        for served in pair.paid.served
    }
    pair_up(warehouse, sorted(trios), config)
    warehouse.add_views("4_")
    found: Moved = {(model, candidate): {} for _, model, candidate in trios}
    for row in warehouse.frame("select * from workload_totals where cell_gate = ''").iter_rows(named=True):
        if row["long_request_count"] > LONG_INPUT_SHARE * row["request_count"]:
            continue
        found[row["model"], row["candidate_model"]][row["workload_key"]] = Offer(
            workload_id=row["workload_key"], endpoint=row["endpoint"], model=row["model"], decision_unit="",
            verdict="pilot", is_open=True, requests=row["request_count"], list_cost=row["list_cost"],
            candidate_input_cost=row["candidate_input_cost"], candidate_output_cost=row["candidate_output_cost"],
            output_ratio=assumptions.output_ratio, is_ratio_measured=False, pass_probability=0.0,
            pass_alpha=None, pass_beta=None,
        )  # fmt: skip
    return found


def _document(pair: _Pair, moved: Moved, assumptions: Assumptions, multiplier: float | None, today: date) -> Document:
    """One entry of `pairs`."""
    before, after, savings, requests = Decimal(0), Decimal(0), list[Decimal](), 0
    first, is_after = canonical(pair.incumbent, today), pair.kind == "after_successor"
    for model in sorted({model for _, model in pair.paid.served}):
        start = moved[model, first] if is_after else {}
        for workload, offer in moved[model, pair.candidate_model].items():
            if not is_after:
                saved = offer.saving(offer.ceiling_ratio, assumptions.escalation_rate.point, assumptions)
                paid = offer.list_cost
            elif workload in start:
                paid = _cost(start[workload])
                saved = paid - _cost(offer)
            else:
                continue
            before, after, requests = before + paid, after + _cost(offer), requests + offer.requests
            savings.append(saved)
    ceiling = sum((each for each in savings if each > 0), Decimal(0))
    index = [_index(canonical(name, today)) for name in (pair.incumbent, pair.candidate)]
    served_by = [provider for provider, _ in pair.paid.served]
    own = first_end((provider, first) for provider in served_by) if is_after else pair.paid.retires_on
    ends = (own, first_end((provider, pair.candidate_model) for provider in served_by))
    reference = first if is_after else pair.paid.main
    return {
        "kind": pair.kind,
        "traffic": pair.paid.name,
        "incumbent": pair.incumbent,
        "candidate": pair.candidate,
        "candidate_model": pair.candidate_model,
        "requests": requests,
        "requests_left_out": pair.paid.requests - requests,
        "incumbent_cost": float(before),
        "candidate_cost": float(after),
        "price_ratio": float(before / after) if after else None,
        "saving": _amount(sum(savings, Decimal(0)), multiplier),
        "ceiling": _amount(ceiling, multiplier),
        "index_difference": None if None in index else float(str(index[1])) - float(str(index[0])),
        "has_published_tasks": task_evidence(reference, pair.candidate_model)["candidate"] is not None,
        "same_tokenizer": same_tokenizer(reference, pair.candidate_model),
        "incumbent_retires_on": _day(ends[0]),
        "candidate_retires_on": _day(ends[1]),
        "source": pair.source,
        "command": f"audit compare {pair.incumbent} {pair.candidate}",
    }


def _cost(offer: Offer) -> Decimal:
    """What the workload costs on the candidate at today's lengths."""
    return offer.candidate_input_cost + offer.candidate_output_cost


def _amount(window: Decimal, multiplier: float | None) -> dict[str, float | None]:
    return {"window": float(window), "monthly": None if multiplier is None else float(window) * multiplier}


def _model(paid: Paid, pairs: list[Document], multiplier: float | None) -> Document:
    own = [pair for pair in pairs if pair["traffic"] == paid.name]
    return {
        "model": paid.name,
        "provider_names": sorted({provider for provider, _ in paid.served}),
        "requests": paid.requests,
        "list_cost": float(paid.list_cost),
        "monthly_list_cost": None if multiplier is None else float(paid.list_cost) * multiplier,
        "retires_on": _day(paid.retires_on),
        "pairs": sum(bool(pair["requests"]) for pair in own),
        "pairs_left_out": sum(not pair["requests"] for pair in own),
    }


def _window(scope: Scope) -> Document:
    start, end = scope.window.start, scope.window.end
    return {
        "start": start.isoformat() if start else None,
        "end": end.isoformat() if end else None,
        "days": scope.window.days,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _index(model: str) -> Decimal | None:
    known = facts(model).get("intelligence_index")
    return known.value if known else None


def _source(successor: Successor) -> str:
    return f"{successor.source}, read {successor.checked_on}"
