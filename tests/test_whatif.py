"""The what-if of a report: its defaults are the report, another candidate is what its own report says."""

import json
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import jsonschema
import polars as pl
import pytest
from exports import Row, spend_log, write_jsonl

import audit
from audit.errors import AuditError, ConfigError, UnknownNameError
from audit.evidence.reasons import Verdict
from audit.report.document import LEVELS, ReportDocument
from audit.savings.whatif import Inputs, Settings, totals
from tests.report_document import example_document

TODAY = date(2026, 11, 22)
CENT = 0.005
SETTINGS = """\
[prices]
discount = 0.15

[assumptions]
escalation_rate = 0.04
check_cost_share = 0.01
router_cost_per_1k_requests = 0.3
"""


def rows() -> list[Row]:
    """Calls of several tiers, lengths and caches; some are too long for gpt-4o-mini to read or to write."""
    kinds: list[dict[str, Any]] = [
        {"tag": "chat", "tokens_in": 900, "tokens_out": 300, "cached": 512},
        {"tag": "batch", "tokens_in": 3_000, "tokens_out": 60, "tier": "batch"},
        {"tag": "write", "tokens_in": 700, "tokens_out": 30_000},
        {"tag": "write", "tokens_in": 700, "tokens_out": 900},
        {"tag": "read", "tokens_in": 140_000, "tokens_out": 200},
        {"tag": "fast", "tokens_in": 2_000, "tokens_out": 250, "tier": "priority"},
    ]
    return [
        spend_log(number, **(kind | {"tokens_in": kind["tokens_in"] + 13 * (number % 11)}))
        for number, kind in enumerate(kinds * 60)
    ]


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("traffic")
    (folder / "audit.toml").write_text(SETTINGS)
    loaded = audit.load(
        write_jsonl(folder / "log.jsonl", rows()), db=folder / "usage.duckdb", config=folder / "audit.toml"
    )
    assert loaded.total("rejected") == 0
    return folder


def reported(folder: Path, *, candidate: str = "gpt-4o-mini", monthly_requests: int | None = 100_000) -> audit.Report:
    return audit.open(folder / "usage.duckdb").report(
        candidate=candidate, config=folder / "audit.toml", today=TODAY, monthly_requests=monthly_requests
    )


def sums(report: audit.Report) -> Inputs:
    assert "what_if" in report.document
    return report.document["what_if"]


def row(report: audit.Report, total: str, **settings: Any) -> dict[str, Any]:
    return report.what_if(**settings).row(by_predicate=pl.col("total") == total, named=True)


def agrees(report: audit.Report) -> None:
    """Without settings, the three totals are the points of the report."""
    document = report.document
    for level in LEVELS:
        found, saved, moved = row(report, level), document["savings"][level], document["routable"][level]
        assert found["window"] == pytest.approx(saved["window"]["point"], abs=CENT / 100)
        if saved["monthly"] is None:
            assert found["monthly"] is None
        else:
            assert found["monthly"] == pytest.approx(saved["monthly"]["point"], abs=CENT)
        assert found["share_of_spend"] == pytest.approx(saved["share_of_spend"]["point"], abs=1e-9)
        for name in ("requests", "request_share", "cost", "cost_share"):
            assert found[name] == pytest.approx(moved[name]["point"], abs=1e-9), name


def test_without_settings_the_totals_are_those_of_the_report(traffic: Path) -> None:
    agrees(reported(traffic))
    agrees(reported(traffic, candidate="gpt-4.1-mini"))


def test_without_settings_measured_workloads_and_ratios_count_as_in_the_report(tmp_path: Path) -> None:
    demo = audit.run_demo(tmp_path / "demo", today=TODAY)
    report = audit.Report(document=demo.document)
    agrees(report)
    assert row(report, "measured")["window"] > 0
    assert {each["output_ratio"] is None for each in sums(report)["workloads"]} == {True, False}
    proven, unproven = (row(report, f"choice_{part}")["window"] for part in ("measured", "unmeasured"))
    assert row(report, "choice")["window"] == pytest.approx(proven + unproven)
    only = row(report, "choice", kept=[each["id"] for each in sums(report)["workloads"] if each["verdict"] != "route"])
    assert only["window"] == pytest.approx(row(report, "measured")["window"])


def test_the_ceiling_of_another_candidate_is_that_of_its_own_report(traffic: Path) -> None:
    report = reported(traffic)
    others = [each["model"] for each in sums(report)["candidates"][1:]]
    assert {"gpt-4.1-mini-2025-04-14", "gpt-6-luna"} <= set(others)
    assert len(others) <= 7
    for model in others:
        own = reported(traffic, candidate=model).document
        found = row(report, "ceiling", candidate=model)
        assert found["window"] == pytest.approx(own["savings"]["ceiling"]["window"]["point"], abs=1e-9), model
        assert found["requests"] == own["routable"]["ceiling"]["requests"]["point"], model
        assert found["cost"] == pytest.approx(own["routable"]["ceiling"]["cost"]["point"], abs=1e-9), model


def test_an_endpoint_that_two_providers_serve_is_one_workload_on_every_candidate(tmp_path: Path) -> None:
    served = [spend_log(number, custom_llm_provider=("openai", "azure")[number % 2]) for number in range(300)]
    audit.load(write_jsonl(tmp_path / "log.jsonl", served), db=tmp_path / "usage.duckdb")
    report = audit.open(tmp_path / "usage.duckdb").report(today=TODAY)
    agrees(report)
    assert [each["requests"] for each in sums(report)["candidates"]] == [[300]] * len(sums(report)["candidates"])


def test_a_gate_of_the_candidate_stops_what_that_candidate_cannot_take(traffic: Path) -> None:
    report = reported(traffic)
    inputs = sums(report)
    name = {each["id"].partition(":")[0]: each["endpoint"] for each in report.document["workloads"]}
    by_model = {each["model"]: each for each in inputs["candidates"]}

    def of(model: str, endpoint: str) -> tuple[int, str | None]:
        found = [index for index, each in enumerate(inputs["workloads"]) if name[each["id"]] == endpoint]
        gates = {gate for index in found if (gate := by_model[model]["gates"][index])}
        return sum(by_model[model]["requests"][index] for index in found), gates.pop() if gates else None

    assert of("gpt-4o-mini-2024-07-18", "write") == (60, "output_limit")
    assert of("gpt-4.1-mini-2025-04-14", "write") == (120, None)
    assert of("gpt-4o-mini-2024-07-18", "read") == (0, "context_limit")
    assert of("gpt-4.1-mini-2025-04-14", "read") == (0, "long_input")
    assert of("gpt-4.1-mini-2025-04-14", "chat") == (60, None)


def test_another_candidate_is_measured_by_nobody(traffic: Path) -> None:
    report = reported(traffic)
    for total in ("measured", "expected"):
        assert set(row(report, total, candidate="gpt-6-luna").values()) == {total, None}
    assert row(report, "choice_measured", candidate="gpt-6-luna")["window"] == 0


KINDS: list[tuple[str, Verdict, float, float | None]] = [
    ("a", "route", 0.99, 1.5),
    ("b", "pilot", 0.4, None),
    ("c", "keep", 0.0, None),
]
HAND: Inputs = {
    "requests": 4_000,
    "list_cost": 400.0,
    "monthly_multiplier": 2.0,
    "output_ratio": 1.2,
    "escalation_rate": 0.0,
    "check_cost_share": 0.01,
    "router_cost_per_1k_requests": 0.5,
    "workloads": [
        {
            "id": name,
            "verdict": verdict,
            "pass_probability": odds,
            "output_ratio": ratio,
            "requests": 1000,
            "list_cost": 100,
        }
        for name, verdict, odds, ratio in KINDS
    ],
    "candidates": [
        {
            "model": "small",
            "retires_on": None,
            "requests": [1000, 1000, 1000],
            "list_cost": [100, 100, 100],
            "input_cost": [4, 4, 60],
            "output_cost": [4, 4, 38.5],
            "gates": [None, None, None],
        }
    ],
}


def window(settings: Settings) -> dict[str, Decimal]:
    found = totals(HAND, settings)
    assert found.measured is not None
    assert found.expected is not None
    return {"measured": found.measured.window, "expected": found.expected.window} | {
        "ceiling": found.ceiling.window,
        "choice": found.choice.window,
    }


def test_the_totals_by_hand() -> None:
    """Each costs $0.50 of routing and $1 of checks: a saves 100 - 4 - 6 - 1.5, b 100 - 4 - 4.8 - 1.5, c loses 7.7."""
    expected = Decimal("88.5") + Decimal("0.4") * Decimal("89.7")
    ceiling = Decimal("88.5") + Decimal("90.5")
    assert window(Settings()) == {
        "measured": Decimal("88.5"),
        "expected": expected,
        "ceiling": ceiling,
        "choice": Decimal("88.5") + Decimal("89.7") - Decimal("7.7"),
    }
    grown = totals(HAND, Settings(growth=0.5))
    assert grown.ceiling.window == Decimal("1.5") * ceiling
    assert (grown.spend, grown.monthly_spend) == (600, 1200)
    assert grown.ceiling.monthly == 2 * grown.ceiling.window
    halved = window(Settings(discount=0.5))
    assert halved["measured"] == Decimal("0.5") * Decimal("89") - Decimal("0.5"), "nobody discounts the router"
    assert window(Settings(escalation_rate=0.2))["measured"] == Decimal("68.5")
    assert window(Settings(escalation_rate=0.9))["measured"] == 0, "what costs more is not moved"
    assert window(Settings(escalation_rate=0.9))["choice"] < 0
    assert window(Settings(output_ratio=2.0))["measured"] == Decimal("88.5"), "a measured ratio stays"
    assert window(Settings(output_ratio=2.0))["expected"] == Decimal("88.5") + Decimal("0.4") * Decimal("86.5")
    assert window(Settings(output_ratio=2.0))["ceiling"] == ceiling, "no longer answers than today's"
    assert window(Settings(kept=frozenset("a"))) == {
        "measured": 0,
        "expected": Decimal("0.4") * Decimal("89.7"),
        "ceiling": Decimal("90.5"),
        "choice": Decimal("89.7") - Decimal("7.7"),
    }


def test_a_short_log_has_no_month_and_no_traffic_has_zeros(traffic: Path) -> None:
    short = reported(traffic, monthly_requests=None)
    assert sums(short)["monthly_multiplier"] is None
    agrees(short)
    nothing = totals({**HAND, "requests": 0, "list_cost": 0.0, "workloads": []}, Settings(growth=1.0))
    assert nothing.ceiling.window == nothing.ceiling.share_of_spend == nothing.choice.request_share == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"growth": 3.0}, r"growth is 3.0; give a number from -0.5 to 2"),
        ({"discount": 0.7}, r"discount is 0.7; give a number from 0 to 0.6"),
        ({"escalation_rate": float("nan")}, "escalation_rate is nan; give a number from 0 to 1"),
        ({"output_ratio": 0.0}, "output_ratio is 0.0; give a number from 0.2 to 5"),
    ],
)
def test_a_setting_out_of_reach_is_named(settings: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Settings(**cast("dict[str, Any]", settings))


def test_names_that_the_report_does_not_have_are_refused(traffic: Path) -> None:
    report = reported(traffic)
    with pytest.raises(UnknownNameError, match="unknown candidate 'gpt-6-lune'; nearest: gpt-6-luna"):
        report.what_if(candidate="gpt-6-lune")
    with pytest.raises(UnknownNameError, match="unknown workload 'w-nope'"):
        report.what_if(kept=["w-nope"])


def test_a_document_from_before_has_no_what_if_and_still_renders(tmp_path: Path) -> None:
    old = cast("dict[str, object]", example_document())
    del old["what_if"]
    report = audit.Report(document=cast("ReportDocument", old))
    assert "What if?" not in report.html(tmp_path / "old.html").read_text(encoding="utf-8")
    with pytest.raises(AuditError, match="has no what_if; make it anew"):
        report.what_if()


def test_the_document_of_a_report_is_valid_by_the_schema(traffic: Path) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/report.schema.json").read_text(encoding="utf-8"))
    document = json.loads(json.dumps(reported(traffic).document))
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
    del document["what_if"]["candidates"][0]["gates"]
    with pytest.raises(jsonschema.ValidationError, match="gates"):
        jsonschema.validate(document, schema, jsonschema.Draft202012Validator)
