"""The valley tree finds what is known to be there, its rules stay what they are, and every cell falls into one."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from cells import KEY, PLAIN, adjusted_rand, assigned, fitted, tokens, traffic_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from synthetic_traffic import generate

from audit.workloads.valley_tree import AXES, DEFAULT, Leaf, TreeParameters, grow

DATA = Path(__file__).parent / "data"
BOUNDS = [f"{axis}_{side}" for axis in AXES for side in ("low", "high")]
Floats = NDArray[np.float64]


def azure(name: str) -> pl.DataFrame:
    trace = pl.read_csv(DATA / f"AzureLLMInferenceTrace_{name}.csv")
    return trace.select(
        usage_input_tokens="ContextTokens", usage_output_tokens="GeneratedTokens", truth=pl.lit(name, pl.String)
    )


def cuts(rules: pl.DataFrame) -> list[dict[str, int]]:
    """The closed bounds of each rule."""
    return [{k: v for k, v in row.items() if v is not None} for row in rules.select(BOUNDS).iter_rows(named=True)]


def with_truth(requests: pl.DataFrame, truth: str) -> pl.DataFrame:
    """Cells by truth with the workload that rules fitted without the truth give them."""
    cells = traffic_cells(requests)
    placed = assigned(cells, fitted(cells)).select(*KEY, "workload_id")
    return traffic_cells(requests, truth).join(placed, on=KEY)


def test_real_code_completion_is_one_workload() -> None:
    cells = traffic_cells(azure("code"))
    assert len(cells) == 193
    assert cuts(fitted(cells)) == [{}]


def test_real_conversation_is_three_workloads_of_known_size_and_cost() -> None:
    cells = traffic_cells(azure("conv"))
    rules = fitted(cells)
    assert len(cells) == 136
    assert rules["fitted_request_count"].to_list() == [8210, 6555, 4601]
    assert cuts(rules) == [
        {"input_bin_high": 20, "output_bin_high": 16},
        {"output_bin_low": 16},
        {"input_bin_low": 20, "output_bin_high": 16},
    ]
    sums = assigned(cells, rules).group_by("workload_id").agg(pl.sum("usage_input_tokens", "usage_output_tokens"))
    cost = {
        key: (Decimal("2.5") * incoming + 10 * outgoing) / 1_000_000 for key, incoming, outgoing in sums.iter_rows()
    }
    assert [cost[key] for key in rules["workload_id"]] == [
        Decimal("16.1956975"),
        Decimal("45.51684"),
        Decimal("35.0787875"),
    ]


def test_two_real_services_behind_one_endpoint_are_told_apart_as_far_as_known() -> None:
    cells = with_truth(pl.concat([azure("code"), azure("conv")]), "truth")
    assert cells.select(KEY).n_unique() == 206
    table = cells.pivot("truth", index="workload_id", values="request_count", aggregate_function="sum").fill_null(0)
    assert set(table.select("code", "conv").rows()) == {(91, 6555), (7461, 770), (488, 7780), (779, 4261)}
    ari = adjusted_rand(cells["workload_id"], cells["truth"], cells["request_count"])
    assert ari == pytest.approx(0.29, abs=0.005)


@pytest.mark.parametrize(
    ("seed", "ari", "kept_whole", "rule_count"), [(1, 0.576, 0.83, 79), (2, 0.723, 1.00, 77), (3, 0.726, 0.89, 84)]
)
def test_labelled_traffic_is_recovered_as_well_as_the_reference(
    seed: int, ari: float, kept_whole: float, rule_count: int
) -> None:
    requests = generate(seed, 400_000)
    cells = with_truth(requests, "true_workload")
    by_endpoint = [
        part
        for part in cells.partition_by("endpoint", maintain_order=False)
        if int(part["request_count"].sum()) >= DEFAULT.smallest_segment
    ]
    mixed = [part for part in by_endpoint if part["true_workload"].n_unique() > 1]
    single = [part for part in by_endpoint if part["true_workload"].n_unique() == 1]
    scores = [adjusted_rand(part["workload_id"], part["true_workload"], part["request_count"]) for part in mixed]
    assert np.mean(scores) == pytest.approx(ari, abs=0.03)
    assert np.mean([part["workload_id"].n_unique() == 1 for part in single]) == pytest.approx(kept_whole, abs=0.005)
    assert cells["workload_id"].n_unique() == pytest.approx(rule_count, abs=3)


def shapes(rng: np.random.Generator, n: int = 20_000) -> dict[str, tuple[pl.DataFrame, int]]:
    """Requests of a known number of workloads: the table of cases in which a histogram misleads."""
    incoming, outgoing = 1500 * rng.lognormal(0, 0.6, n), 300 * rng.lognormal(0, 0.6, n)
    tail = np.asarray(1 + (rng.random(n) < 0.05) * rng.pareto(1, n), np.float64)
    plain = tokens(incoming, outgoing)
    share = np.floor(plain["usage_input_tokens"].to_numpy() * rng.random(n)).astype(np.int64)

    def pair(rare: float, gap: tuple[float, float], sigma: float, centre: tuple[float, float]) -> pl.DataFrame:
        second = np.arange(n) < rare * n
        factors = np.exp(np.outer(np.log(gap), second)) * rng.lognormal(0, sigma, (2, n))
        return tokens(centre[0] * factors[0], centre[1] * factors[1]).with_columns(truth=pl.Series(second))

    apart = ((3000 / 400, 250 / 5), 0.35, (400.0, 5.0))
    return {
        "one lognormal": (plain, 1),
        "19 % cut by max_tokens": (tokens(incoming, np.minimum(outgoing, float(np.quantile(outgoing, 0.81)))), 1),
        "60 % cut by max_tokens": (tokens(incoming, np.minimum(outgoing, float(np.quantile(outgoing, 0.40)))), 1),
        "constant prompt": (tokens(np.full(n, 1500.0), outgoing), 1),
        "heavy tail": (tokens(incoming * tail, outgoing * tail), 1),
        "steps of 700 tokens": (tokens(1500 + 700 * rng.integers(0, 20, n).astype(np.float64), outgoing), 1),
        "labels of 1 to 4 tokens": (tokens(incoming, rng.integers(1, 5, n).astype(float)), 1),
        "labels of 1 or 8 tokens": (tokens(incoming, rng.choice([1.0, 8.0], n)), 1),
        "uniform cached share": (plain.with_columns(usage_cache_read_input_tokens=share), 1),
        "two, half each": (pair(0.5, *apart), 2),
        "two, 97 to 3": (pair(0.03, *apart), 2),
        "two, 99 to 1": (pair(0.01, *apart), 1),
        "two octaves apart on both axes": (pair(0.5, (4, 4), 0.5, (1500.0, 300.0)), 2),
        "one octave apart on both axes": (pair(0.5, (2, 2), 0.6, (1500.0, 300.0)), 1),
    }


SHAPES = shapes(np.random.default_rng(20261122))


@pytest.mark.parametrize("case", SHAPES)
def test_a_known_number_of_workloads_is_found(case: str) -> None:
    requests, expected = SHAPES[case]
    assert len(fitted(traffic_cells(requests))) == expected


@pytest.mark.parametrize(
    ("case", "ari"), [("two, half each", 1.0), ("two, 97 to 3", 1.0), ("two octaves apart on both axes", 0.90)]
)
def test_two_workloads_are_separated_cleanly(case: str, ari: float) -> None:
    cells = with_truth(SHAPES[case][0], "truth")
    assert adjusted_rand(cells["workload_id"], cells["truth"], cells["request_count"]) == pytest.approx(ari, abs=0.03)


def test_one_request_in_a_hundred_is_found_with_the_fine_setting() -> None:
    fine, cells = TreeParameters(smallest_side=0.01), traffic_cells(SHAPES["two, 99 to 1"][0])
    assert sorted(fitted(cells, fine)["fitted_request_count"]) == pytest.approx([200, 19_800], abs=10)
    assert len(fitted(traffic_cells(SHAPES["one lognormal"][0]), fine)) == 1


@pytest.mark.parametrize("n", [200, 1000, 20_000])
def test_one_lognormal_of_any_centre_and_width_stays_whole(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(40):
        (x, y), (wide, high) = np.exp(rng.uniform(np.log(50), np.log(8000), 2)), rng.uniform(0.3, 1.0, 2)
        drawn = np.column_stack([x * rng.lognormal(0, wide, n) + 16, y * rng.lognormal(0, high, n) + 8])
        bins = np.floor(2 * np.log2(drawn)).astype(np.int64)
        assert len(grow(np.pad(bins, ((0, 0), (0, 2))), np.ones(n, np.int64))) == 1


def test_an_empty_gap_is_cut_in_its_middle() -> None:
    bins = np.array([[10, 10, 0, 0], [30, 10, 0, 0]], np.int64)
    (left, right) = grow(bins, np.array([500, 500], np.int64))
    assert left.bounds[0] == (None, right.bounds[0][0])
    assert right.bounds[0][0] in (20, 21)


def holds(leaf: Leaf, point: tuple[int, int, int, int]) -> bool:
    axes = (*point, point[0] + point[1], point[1] - point[0])
    return all(
        (low is None or value >= low) and (high is None or value < high)
        for value, (low, high) in zip(axes, leaf.bounds, strict=True)
    )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), point=st.tuples(*(st.integers(0, top) for top in (45, 45, 4, 4))))
def test_every_point_of_the_lattice_lies_in_exactly_one_leaf(seed: int, point: tuple[int, int, int, int]) -> None:
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, (35, 30, 4, 4), (6, 4))
    bins = centres[rng.integers(0, 6, 300)] + rng.integers(0, (4, 4, 1, 1), (300, 4))
    leaves = grow(bins, rng.integers(1, 100, 300))
    assert sum(holds(leaf, point) for leaf in leaves) == 1
    assert 1 <= len(leaves) <= DEFAULT.most_leaves


@pytest.fixture(scope="module")
def mixed() -> pl.DataFrame:
    return generate(1, 60_000)


def test_neither_the_order_of_requests_nor_how_files_split_them_changes_a_rule(mixed: pl.DataFrame) -> None:
    shuffled = mixed.sample(fraction=1.0, shuffle=True, seed=5)
    files = shuffled.with_columns(load_id=pl.int_range(pl.len()) % 3)
    rules = fitted(traffic_cells(mixed))
    assert rules["workload_id"].is_unique().all()
    assert fitted(traffic_cells(shuffled)).equals(rules)
    assert fitted(traffic_cells(files)).equals(rules)

    def sizes(cells: pl.DataFrame) -> pl.DataFrame:
        return assigned(cells, rules).group_by("workload_id").agg(pl.sum("request_count")).sort("workload_id")

    assert sizes(traffic_cells(files)).equals(sizes(traffic_cells(mixed)))


def test_a_workload_keeps_its_id_when_other_endpoints_or_more_of_the_same_arrive(mixed: pl.DataFrame) -> None:
    one = mixed.filter(endpoint=mixed["endpoint"].mode().sort()[0])
    ids = set(fitted(traffic_cells(one))["workload_id"])
    assert ids <= set(fitted(traffic_cells(mixed))["workload_id"])
    assert ids == set(fitted(traffic_cells(pl.concat([one, one])))["workload_id"])
    assert all(len(key) == 10 and int(key.removeprefix("w-"), 16) >= 0 for key in ids)


def test_every_cell_gets_exactly_one_workload_even_where_nothing_like_it_was_fitted(mixed: pl.DataFrame) -> None:
    cells = traffic_cells(mixed)
    rules = fitted(cells)
    changes: list[dict[str, str | int | None]] = [
        {"has_tools": True, "is_json": True},
        {"has_tools": None},
        {"operation_name": None},
        {"outcome": "failed"},
        {"request_grain": "bucket"},
        {"input_bin": 0, "output_bin": 50},
        {"input_bin": 50, "output_bin": 0, "cache_read_bin": 4},
    ]
    for load, change in enumerate(changes, start=2):
        later = cells.with_columns(pl.lit(value).alias(name) for name, value in change.items())
        later = later.with_columns(load_id=pl.lit(load)).unique(KEY)
        placed = assigned(pl.concat([cells, later], how="vertical_relaxed"), rules)
        assert placed.height == cells.height + later.height, change
        assert placed["workload_id"].null_count() == 0, change


def test_an_endpoint_without_rules_has_no_workload() -> None:
    cells = traffic_cells(tokens(np.full(5, 100.0), 10.0))
    assert assigned(cells, fitted(cells).clear())["workload_id"].to_list() == [None]


def test_rare_flags_join_the_largest_segment_and_frequent_ones_do_not() -> None:
    count = 1000
    flags = pl.Series([i < 700 for i in range(count)]), pl.Series([i >= 980 for i in range(count)])
    requests = tokens(np.full(count, 500.0), 50.0).with_columns(has_tools=flags[0], is_json=flags[1])
    rules = fitted(traffic_cells(requests))
    found = rules.select("has_tools", "is_json", "is_default_segment", "fitted_request_count", "position").rows()
    assert found == [(True, False, True, 720, 1), (False, False, False, 280, 2)]
    assert rules["fitted_share"].to_list() == [0.72, 0.28]


def test_models_behind_one_endpoint_are_never_mixed() -> None:
    halves = pl.Series("model", ["gpt-4o-2024-05-13", "gpt-4o-2024-08-06"] * 300)
    rules = fitted(traffic_cells(tokens(np.full(600, 500.0), 50.0).with_columns(halves)))
    assert rules.select("model", "fitted_request_count").rows() == [
        ("gpt-4o-2024-05-13", 300),
        ("gpt-4o-2024-08-06", 300),
    ]


def test_too_few_requests_are_one_workload_and_say_so() -> None:
    two_kinds = np.repeat([100.0, 20_000.0], [100, 99])
    rules = fitted(traffic_cells(tokens(two_kinds, 50.0)))
    assert rules.select("is_clustered", "fitted_request_count").rows() == [(False, 199)]
    rules = fitted(traffic_cells(tokens(np.append(two_kinds, 100.0), 50.0)))
    assert rules.select("is_clustered", "fitted_request_count").rows() == [(True, 101), (True, 99)]


def test_buckets_shape_nothing_but_belong_to_a_workload() -> None:
    buckets = tokens(np.array([5e5, 9e5, 100.0]), 50.0).with_columns(
        request_grain=pl.lit("bucket"), request_count=pl.Series([400, 300, 1])
    )
    cells = traffic_cells(buckets)
    rules = fitted(cells)
    assert rules.select("is_clustered", "fitted_request_count").rows() == [(False, 1)]
    assert assigned(cells, rules)["workload_id"].to_list() == [rules["workload_id"][0]] * 3


def test_failed_requests_shape_nothing() -> None:
    requests = tokens(np.repeat([100.0, 20_000.0], 300), 50.0)
    failed = requests.with_columns(outcome=pl.Series(["billed"] * 300 + ["failed"] * 300))
    assert len(fitted(traffic_cells(requests))) == 2
    assert len(fitted(traffic_cells(failed))) == 1


def test_a_model_without_output_tokens_embeds_whatever_its_operation_is_called() -> None:
    requests = tokens(np.full(300, 500.0), 0.0).with_columns(operation_name=pl.lit(None, pl.String))
    chat = tokens(np.full(300, 500.0), np.tile(np.array([0.0, 1.0, 2.0, 3.0]), 75)).with_columns(
        endpoint=pl.lit("chat"), operation_name=pl.lit("chat")
    )
    rules = fitted(pl.concat([traffic_cells(requests), traffic_cells(chat)]))
    assert rules.select("endpoint", "is_embedding").rows() == [("chat", False), (str(PLAIN["endpoint"]), True)]
