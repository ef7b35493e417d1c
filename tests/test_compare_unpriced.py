"""`audit compare` of models whose prices lack classes of tokens: each request is priced or left out for itself."""

import json
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.report.comparison_text import comparison_text
from tests.compared_traffic import compared, pairs
from tests.unpriced import INSTEAD, PRICES, Tokens, database, row, use

TEXT = [name for name in PRICES if not name.startswith("audio")]
A, B = "house-a", "house-b"
Both = tuple[Decimal | None, Decimal | None]


def offered(tokens: Tokens, listed: Sequence[str]) -> Decimal | None:
    """What a request costs on a model that has a price for writes to the cache, if any, for those of an hour too."""
    total = Decimal(0)
    for name, count in tokens.items():
        while count and name not in listed:
            if name not in INSTEAD:
                return None
            name = INSTEAD[name]
        total += count * PRICES[name] / 1_000_000 if count else 0
    return total


def expected(requests: Sequence[Tokens], costs: Sequence[Both], asked: Sequence[int]) -> tuple[int, int, Any, Any]:
    """Requests, those left out, the mean input and the mean cost on both: one request after the other."""
    kept = [place for place, usd in enumerate(costs) if asked and all(usd[side] is not None for side in asked)]
    over = kept or range(len(requests))
    into = sum(requests[place][name] for place in over for name in TEXT if name != "output") / len(over)
    means: list[Any] = []
    for side in (0, 1):
        total = [costs[place][side] for place in over]
        known = [usd for usd in total if usd is not None]
        means.append(pytest.approx(float(sum(known) / len(over))) if len(known) == len(total) else None)
    return len(requests), len(requests) - len(kept), pytest.approx(into), means


def shown(part: dict[str, Any]) -> tuple[int, int, float, list[float | None]]:
    return part["requests"], part["unpriced_requests"], part["mean"]["input_tokens"], part["mean"]["usd"]


LISTS = st.lists(st.sampled_from(TEXT), unique=True, min_size=1)
CALLS = st.lists(
    st.tuples(
        st.sampled_from(("e-0", "e-1", "e-2")),
        st.fixed_dictionaries(dict.fromkeys(TEXT, st.sampled_from((0, 0, 1, 3, 900)))).filter(
            lambda tokens: any(tokens.values())
        ),
    ),
    min_size=6,
    max_size=30,
)


@settings(max_examples=12, deadline=None)
@given(calls=CALLS, own=LISTS, other=LISTS)
def test_a_typical_request_is_made_of_those_that_have_a_price_on_both_and_the_others_are_counted(
    calls: list[tuple[str, dict[str, int]]], own: list[str], other: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        rows = [row(number, A, use(**tokens), endpoint=where) for number, (where, tokens) in enumerate(calls)]
        db, config = database(Path(name), rows, {A: own, B: other})
        traffic = compared(db, A, B, config)["traffic"]
    costs = [(offered(tokens, own), offered(tokens, other)) for _, tokens in calls]
    asked = [side for side in (0, 1) if any(usd[side] is not None for usd in costs)]
    assert shown(traffic) == expected([tokens for _, tokens in calls], costs, asked)
    spent: dict[str, float | None] = {}
    for entry in traffic["endpoints"]:
        mine = [place for place, (where, _) in enumerate(calls) if where == entry["endpoint"]]
        told = expected([calls[place][1] for place in mine], [costs[place] for place in mine], asked)
        assert shown(entry) == told
        usd = entry["mean"]["usd"][0]
        counted = entry["requests"] - entry["unpriced_requests"] or entry["requests"]
        spent[entry["endpoint"]] = None if usd is None else usd * counted
    whole = sum(usd or 0 for usd in spent.values())
    for entry in traffic["endpoints"]:
        usd = spent[entry["endpoint"]]
        assert entry["cost_share"] == (None if usd is None or not whole else pytest.approx(usd / whole))


def test_one_request_without_a_price_leaves_its_endpoint_a_cost_and_is_said_to_be_left_out(tmp_path: Path) -> None:
    rows = [row(number, A, use(input=1000), endpoint="chat") for number in range(19)]
    rows += [row(19, A, use(input=1000, output=1), endpoint="chat"), row(20, A, use(output=5), endpoint="other")]
    db, config = database(tmp_path, rows, {A: ["input"], B: ["input", "output"]})
    document = compared(db, A, B, config)
    chat, other = document["traffic"]["endpoints"]
    assert shown(chat) == (20, 1, 1000, [pytest.approx(0.003), pytest.approx(0.003)])
    assert (shown(other)[:2], other["mean"]["usd"][0], other["cost_share"], chat["cost_share"]) == (
        (1, 1),
        None,
        None,
        1,
    )
    text = " ".join(comparison_text(document).split())
    assert f"2 of 21 requests have tokens of a class that {A} has no known price for" in text
    assert "leave out 2 requests without a price" in text
    assert "2 without a known price left out. Prices are" in text
    assert f"Your mean request of {A} (19 of them) costs $0.003" in text
    assert "20, 1 unpriced" in text
    schema = json.loads(files("audit").joinpath("data/schemas/compare.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(document)), schema, jsonschema.Draft202012Validator)


def test_a_pair_is_worth_a_look_for_the_requests_that_both_have_prices_for(tmp_path: Path) -> None:
    """One answer with a token of output, for which an embedding has no price, hides no cheaper model."""
    rows = [row(number, "text-embedding-3-large", use(input=1000)) for number in range(50)]
    found: list[list[str]] = []
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        found.append([pair["candidate"] for pair in pairs(*database(tmp_path / name, rows, {}))["pairs"]])
        rows.append(row(50, "text-embedding-3-large", use(input=1000, output=1)))
    assert found[0] == found[1] != []


def test_a_model_without_any_price_leaves_the_other_s_costs_whole(tmp_path: Path) -> None:
    rows = [row(number, A, use(input=1000, output=100), endpoint="chat") for number in range(4)]
    db, config = database(tmp_path, rows, {A: ["input", "output"], B: ["cache_read"]})
    document = compared(db, A, B, config)
    assert shown(document["traffic"])[:2] == (4, 0)
    assert document["traffic"]["mean"]["usd"] == [pytest.approx(0.0041), None]
    assert f"{B} has no known price for any of 4 requests" in document["notes"]
