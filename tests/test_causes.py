"""Spend by cause: the parts add up to the change exactly, and a change of one kind has one cause."""

from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.report.change_document import CAUSES
from audit.savings.changes import Causes, Model, Segment, causes, unit_prices

BIG: Model = ("openai", "big", "default")
SMALL: Model = ("openai", "small", "default")
PRICES: dict[Model, dict[str, float]] = {BIG: {"input": 2.5, "output": 10}, SMALL: {"input": 0.15, "output": 0.6}}
"""USD per million tokens."""


def segment(
    endpoint: str, model: Model, requests: int, tokens: tuple[int, int], price: float = 1, band: int = 0
) -> Segment:
    """Requests of `tokens` input and output tokens each, at `price` times the list."""
    usage: dict[str, tuple[Decimal, Decimal]] = {}
    for name, each in zip(("input", "output"), tokens, strict=True):
        count = Decimal(each * requests)
        usage[name] = (count, count * Decimal(str(PRICES[model][name])) * Decimal(str(price)) / 1_000_000)
    return Segment(endpoint=endpoint, model=model, length_band=band, requests=Decimal(requests), usage=usage)


BEFORE = [segment("a", BIG, 1_000, (800, 100)), segment("b", BIG, 500, (4_000, 50))]


def parts(found: Causes) -> dict[str, Decimal]:
    return {cause: getattr(found, cause) for cause in CAUSES}


@pytest.mark.parametrize(
    ("now", "cause"),
    [
        ([segment("a", BIG, 2_000, (800, 100)), segment("b", BIG, 1_000, (4_000, 50))], "volume"),
        ([segment("a", BIG, 500, (800, 100)), segment("b", BIG, 1_000, (4_000, 50))], "mix"),
        ([segment("a", SMALL, 1_000, (800, 100)), segment("b", BIG, 500, (4_000, 50))], "model"),
        ([segment("a", BIG, 1_000, (900, 300)), segment("b", BIG, 500, (4_000, 50))], "length"),
        ([segment("a", BIG, 1_000, (800, 100), 0.8), segment("b", BIG, 500, (4_000, 50), 0.8)], "price"),
        ([segment("a", BIG, 1_000, (800, 100)), segment("new", BIG, 500, (4_000, 50))], "none"),
        ([segment("a", BIG, 1_000, (800, 100)), segment("new", SMALL, 500, (9_000, 50))], "mix"),
        ([], "volume"),
    ],
)
def test_a_change_of_one_kind_has_one_cause(now: list[Segment], cause: str) -> None:
    found = parts(causes(BEFORE, now))
    assert {name for name, amount in found.items() if amount} == {cause} - {"none"}


def test_traffic_that_moves_to_another_model_is_charged_the_same_request_there() -> None:
    now = [segment("a", SMALL, 1_000, (1_600, 100)), segment("b", BIG, 500, (4_000, 50))]
    found = causes(BEFORE, now)
    assert found.model == Decimal("-0.94") * BEFORE[0].cost
    assert found.length == Decimal("0.12"), "1,000 requests of 800 tokens more, at $0.15 a million"


def test_a_model_known_elsewhere_is_charged_what_it_cost_before() -> None:
    before = [*BEFORE, segment("c", SMALL, 10, (100, 100), price=2)]
    now = [segment("a", SMALL, 1_000, (800, 100)), BEFORE[1], segment("c", SMALL, 10, (100, 100))]
    found = causes(before, now)
    at_double = Decimal("0.06") * BEFORE[0].cost * 2
    assert found.model == at_double - BEFORE[0].cost
    assert found.price == -at_double / 2 - segment("c", SMALL, 10, (100, 100)).cost


def test_a_longer_band_is_length_and_not_price() -> None:
    """The same model at twice the price above a length: nothing was repriced."""
    both = [segment("a", BIG, 100, (1_000, 10)), segment("a", BIG, 100, (300_000, 10), 2, band=200_000)]
    shifted = [segment("a", BIG, 50, (1_000, 10)), segment("a", BIG, 150, (300_000, 10), 2, band=200_000)]
    found = parts(causes(both, shifted))
    assert {name for name, amount in found.items() if amount} == {"length"}


def test_unit_prices_are_what_was_paid() -> None:
    half = [segment("a", BIG, 1, (100, 0)), segment("b", BIG, 1, (300, 0), price=0.5)]
    assert unit_prices(half) == {(BIG, (0, "input")): Decimal("1.5625") / 1_000_000}


drawn = st.lists(
    st.builds(
        segment,
        st.sampled_from("abcd"),
        st.sampled_from([BIG, SMALL]),
        st.integers(1, 10**6),
        st.tuples(st.integers(0, 10**5), st.integers(0, 10**4)),
        st.sampled_from([0.5, 1, 1.1, 3]),
        st.sampled_from([0, 200_000]),
    ),
    max_size=12,
)


@given(drawn, drawn)
def test_the_causes_add_up_to_the_last_digit(before: list[Segment], now: list[Segment]) -> None:
    found = causes(before, now)
    assert found.before + sum(parts(found).values()) == found.now
    for side, segments in ((found.before, before), (found.now, now)):
        assert abs(side - sum((each.cost for each in segments), Decimal(0))) <= Decimal("1e-9")


@given(drawn)
def test_nothing_changes_against_oneself(segments: list[Segment]) -> None:
    assert not any(parts(causes(segments, list(reversed(segments)))).values())


@given(drawn, drawn, st.integers(2, 5))
def test_cutting_rows_into_pieces_changes_no_cause(before: list[Segment], now: list[Segment], pieces: int) -> None:
    def cut(each: Segment) -> Segment:
        usage = {name: (tokens / pieces, cost / pieces) for name, (tokens, cost) in each.usage.items()}
        return Segment(
            endpoint=each.endpoint,
            model=each.model,
            length_band=each.length_band,
            requests=each.requests / pieces,
            usage=usage,
        )

    whole, in_pieces = causes(before, now), causes(before, [cut(each) for each in now for _ in range(pieces)])
    for cause in CAUSES:
        assert abs(getattr(whole, cause) - getattr(in_pieces, cause)) <= Decimal("1e-6")


@given(
    st.lists(st.tuples(*[st.integers(1, 1_000)] * 12), min_size=2, max_size=2),
    st.tuples(*[st.integers(1, 100)] * 4),
    st.tuples(*[st.integers(1, 100)] * 4),
)
def test_where_nothing_is_new_every_cause_is_the_textbooks(
    drawn: list[tuple[int, ...]], prices_before: tuple[int, ...], prices_now: tuple[int, ...]
) -> None:
    """Price-volume-mix by hand, in fractions, over two endpoints, two models and two classes of tokens."""
    keys = [*product("ab", (BIG, SMALL))]
    n, t = [dict(zip(keys, each, strict=False)) for each in drawn], list[dict[tuple[str, Model, str], int]]()
    for each in drawn:
        t.append(dict(zip([(e, m, c) for e, m in keys for c in ("input", "output")], each[4:], strict=True)))
    classes = [*product((BIG, SMALL), ("input", "output"))]
    p = [dict(zip(classes, each, strict=True)) for each in (prices_before, prices_now)]

    def cost(side: int, e: str, m: Model) -> Fraction:
        return Fraction(sum(t[side][e, m, c] * p[side][m, c] for c in ("input", "output")))

    def segments(side: int) -> list[Segment]:
        return [
            Segment(
                endpoint=e,
                model=m,
                length_band=0,
                requests=Decimal(n[side][e, m]),
                usage={
                    c: (Decimal(t[side][e, m, c]), Decimal(t[side][e, m, c] * p[side][m, c]))
                    for c in ("input", "output")
                },
            )
            for e, m in keys
        ]

    spent = sum(cost(0, e, m) for e, m in keys)
    volume = spent * Fraction(sum(n[1].values()), sum(n[0].values()))
    of = [{e: sum(n[side][e, m] for m in (BIG, SMALL)) for e in "ab"} for side in (0, 1)]
    mix = sum(Fraction(of[1][e], of[0][e]) * sum(cost(0, e, m) for m in (BIG, SMALL)) for e in "ab")
    model = sum(Fraction(n[1][e, m], n[0][e, m]) * cost(0, e, m) for e, m in keys)
    length = sum(t[1][e, m, c] * p[0][m, c] for e, m in keys for c in ("input", "output"))
    now = sum(cost(1, e, m) for e, m in keys)
    wanted = [volume - spent, mix - volume, model - mix, length - model, now - length]
    found = parts(causes(segments(0), segments(1)))
    assert [float(found[cause]) for cause in CAUSES] == pytest.approx([float(each) for each in wanted], abs=1e-6)
