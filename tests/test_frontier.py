"""No choice of workloads saves more for its loss than the frontier does; the report draws it with its own policy."""

import re
from decimal import Decimal
from itertools import combinations, pairwise

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

import audit
from audit.assumptions import Range, exactly
from audit.report.html import render_html
from audit.savings.frontier import Frontier, frontier
from tests.paired import EQUAL_LENGTH, SMALL, decided, outcomes, priced, priced_frame

NAMES = ("a", "b", "c", "d", "e")


def made(costs: list[int], losses: list[float], found: pl.DataFrame | None = None) -> Frontier:
    work = priced_frame(*(priced(name, cost=str(cost)) for name, cost in zip(NAMES, costs, strict=False)))
    expected: dict[str, Range] = {name: exactly(loss) for name, loss in zip(NAMES, losses, strict=False)}
    return frontier(
        work.with_columns(name=pl.col("workload_id")),
        decided(*NAMES[: len(costs)], found=found),
        expected,
        candidate=SMALL,
        assumptions=EQUAL_LENGTH,
        requests=1000 * len(costs),
        spend=sum(map(Decimal, costs), Decimal(0)),
    )


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 1000), st.floats(0.001, 0.5)), min_size=1, max_size=5))
def test_no_choice_of_workloads_lies_beyond_the_frontier(drawn: list[tuple[int, float]]) -> None:
    costs, losses = [cost for cost, _ in drawn], [loss for _, loss in drawn]
    steps = made(costs, losses)["steps"]
    line = [(0.0, 0.0), *((each["unmeasured_answers_lost"], each["saving"]) for each in steps)]
    for size in range(len(costs) + 1):
        for chosen in combinations(range(len(costs)), size):
            saving = sum(0.94 * costs[place] for place in chosen)
            lost = sum(1000 * losses[place] for place in chosen)
            best = next(
                (
                    before[1] + (after[1] - before[1]) * (lost - before[0]) / (after[0] - before[0])
                    for before, after in pairwise(line)
                    if before[0] <= lost <= after[0] and after[0] > before[0]
                ),
                line[-1][1],
            )
            assert saving <= best + 1e-6


def test_what_is_measured_and_what_is_expected_stay_apart_and_the_evidence_chooses() -> None:
    found = made([100, 50], [0.04, 0.02], outcomes("a", both=990, lost=10))
    assert [(step["workload_id"], step["is_measured"], step["verdict"]) for step in found["steps"]] == [
        ("a", True, "route"),
        ("b", False, "pilot"),
    ]
    assert (found["chosen"]["saving"], found["chosen"]["measured_answers_lost"]) == (94.0, 10.0)
    last = found["steps"][-1]
    assert (last["spend"], last["measured_answers_lost"], last["unmeasured_answers_lost"]) == (9.0, 10.0, 20.0)


def test_the_page_draws_it_with_the_numbers_as_a_table(demo: audit.DemoResult) -> None:
    page = render_html(demo.document)
    part = re.search(r'<section class="part" id="frontier".*?</section>', page, re.DOTALL)
    assert part is not None
    assert "The diamond is what the evidence allows today" in part[0]
    assert 'id="chart-frontier"' in part[0]
    assert "frontier" in demo.document
    assert part[0].count("<tr") == 1 + len(demo.document["frontier"]["steps"])
    savings = demo.document["savings"]
    assert demo.document["frontier"]["chosen"]["saving"] == savings["measured"]["window"]["point"]
