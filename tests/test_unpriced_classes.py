"""Classes of tokens that a price list lacks: each request is priced or unpriced for itself, whatever adds it up."""

import csv
import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit
from audit.assumptions import Assumptions
from audit.catalog.price_file import read_price_overrides
from audit.catalog.prices import price_rows, unit_prices
from audit.commands.reference import prices as prices_command
from audit.console.loads import print_status
from audit.intake.resolve import rebuild
from audit.intake.status import status
from audit.pipeline import run_report
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.logged import TODAY
from tests.unpriced import INSTEAD, PRICES, cost, logged, use

PRICED = ("cell_costs", "customer_costs", "spend_by_day", "focus_charges", "list_cost_by_hour")


def named(warehouse: Warehouse) -> dict[str, tuple[int, int, set[str]]]:
    """By model that has unpriced requests what `audit status` says: how many, their tokens, and for want of what."""
    models = cast("list[dict[str, Any]]", status(warehouse)["models"])
    assert all(each["priced"] == (each["unpriced_requests"] == 0) for each in models)
    return {
        each["model"]: (each["unpriced_requests"], each["unpriced_tokens"], set(each["without_price"]))
        for each in models
        if not each["priced"]
    }


def test_one_token_of_a_class_without_a_price_leaves_one_request_unpriced_and_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of twenty calls of each model, of which neither a bin nor the day tells the one that has such a token."""
    lists = {name: [each for each in PRICES if each not in (name, INSTEAD.get(name))] for name in PRICES}
    requests = [
        (f"house-{name}", use(**dict.fromkeys(listed, 1000)) | {name: int(number == 7)})
        for name, listed in lists.items()
        for number in range(20)
    ]
    db, config = logged(tmp_path, requests, {f"house-{name}": listed for name, listed in lists.items()})
    exact = {
        f"house-{name}": 19 * sum(1000 * PRICES[each] for each in listed) / 1_000_000 for name, listed in lists.items()
    }
    with Warehouse.read(db) as warehouse:
        report = run_report(warehouse, Question(today=TODAY), config, Assumptions())
        for relation in PRICED:
            sums = f"select model, sum(list_cost) from {relation} group by model"
            assert {str(model): total for model, total in warehouse.rows(sums)} == exact, relation
        dispositions = "select cell_disposition, sum(request_count) from cell_costs group by all order by all"
        assert warehouse.rows(dispositions) == [("other_model", 7 * 19), ("unpriced", 7)]
        tokens = {name: 1000 * len(listed) + 1 for name, listed in lists.items()}
        assert named(warehouse) == {f"house-{name}": (1, tokens[name], {name}) for name in lists}
        print_status(status(warehouse))
    said = capsys.readouterr().out
    for name, count in tokens.items():
        assert (
            f"unpriced: 1 of 20 billed requests of house-{name}, with {count:,} tokens: no price for {name}\n" in said
        )
    assert report.document["requests"]["unpriced"] == 7
    assert [check["name"] for check in report.document["checks"] if not check["ok"]] == []


def test_a_template_of_prices_has_a_line_for_all_that_the_traffic_lacks_and_prices_it_once_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = [("house-a", use(**{name: 3})) for name in PRICES] + [("house-b", use(input=1))]
    db, config = logged(tmp_path, requests, {"house-a": ["output"]})
    monkeypatch.chdir(tmp_path)
    asked: dict[str, set[str]] = {}
    for model in ("house-a", "house-b"):
        prices_command(model, template=True)
        asked[model] = {line["token_class"] for line in csv.DictReader(capsys.readouterr().out.splitlines())}
    assert asked == {"house-a": set(PRICES), "house-b": {"input", "cache_read", "output"}}
    lines = "".join(f"house-a,{name},{PRICES[name]}\n" for name in asked["house-a"])
    (tmp_path / "prices.csv").write_text("model,token_class,usd_per_million\n" + lines)
    rebuild(db, config)
    with Warehouse.read(db) as warehouse:
        assert named(warehouse) == {"house-b": (1, 1, {"input"})}


def test_a_template_repeats_what_is_published_for_every_length_of_input_and_class(tmp_path: Path) -> None:
    """So that a template that nobody fills in leaves every price as it was."""
    (tmp_path / "prices.csv").write_text(audit.price_template("claude-sonnet-4-5", today=TODAY))
    own = read_price_overrides(tmp_path / "prices.csv")
    model = [("anthropic", "claude-sonnet-4-5-20250929")]
    before, after = (price_rows(model, overrides) for overrides in ((), own))
    for length in (1000, 300_000):
        assert unit_prices(after, *model[0], TODAY, "default", length) == unit_prices(
            before, *model[0], TODAY, "default", length
        )


COUNTS = st.sampled_from((0, 0, 1, 3, 900))
TOKENS = st.fixed_dictionaries(dict.fromkeys(PRICES, COUNTS))
MODELS = ("house-a", "house-b", "house-c")


@settings(max_examples=8, deadline=None)
@given(
    requests=st.lists(st.tuples(st.sampled_from(MODELS), TOKENS), min_size=20, max_size=60),
    lists=st.fixed_dictionaries(dict.fromkeys(MODELS, st.lists(st.sampled_from(sorted(PRICES)), unique=True))),
)
def test_every_request_is_priced_for_itself_whatever_classes_a_price_list_lacks(
    requests: list[tuple[str, dict[str, int]]], lists: dict[str, list[str]]
) -> None:
    by_model: defaultdict[str, list[Decimal | None]] = defaultdict(list)
    for model, tokens in requests:
        by_model[model].append(cost(tokens, lists[model]))
    unpriced = sum(each is None for costs in by_model.values() for each in costs)
    expected: dict[str, tuple[int, int, set[str]]] = {}
    for model, tokens in requests:
        if cost(tokens, lists[model]) is None:
            count, total, classes = expected.get(model, (0, 0, set()))
            without = {name for name in tokens if tokens[name] and cost({name: 1}, lists[model]) is None}
            expected[model] = (count + 1, total + sum(tokens.values()), classes | without)
    exact = {model: sum((each for each in costs if each), Decimal(0)) for model, costs in by_model.items()}
    with tempfile.TemporaryDirectory() as name:
        db, config = logged(Path(name), requests, lists)
        for kept in (2, 1):
            with Warehouse.read(db) as warehouse:
                assert named(warehouse) == expected
                report = run_report(warehouse, Question(today=TODAY), config, Assumptions(endpoints_kept=kept))
                for relation in PRICED:
                    sums = f"select model, coalesce(sum(list_cost), 0) from {relation} group by model"
                    found = {str(model): Decimal(str(total)) for model, total in warehouse.rows(sums)}
                    assert {model: found.get(model, 0) for model in exact} == exact, relation
                listed = "select coalesce(sum(request_count), 0) from cell_costs where cell_disposition = 'unpriced'"
                assert warehouse.count(listed) == unpriced == report.document["requests"]["unpriced"]
                charged = "select coalesce(sum(request_count), 0) from focus_charges"
                assert warehouse.count(charged) == sum(
                    any(tokens.values()) and cost(tokens, lists[model]) is not None for model, tokens in requests
                )
                assert [check["name"] for check in report.document["checks"] if not check["ok"]] == []
