"""The benchmark beside other packages: what they print is read right, and what the README says of them is computed."""

import json
import re
from ast import literal_eval
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from make_log import MODELS

from tests.benchmarks.peers.__main__ import shown, versions
from tests.benchmarks.peers.adapters import PEERS, PRICES, Found
from tests.benchmarks.peers.facts import FACTS
from tests.benchmarks.peers.shown import block, fastest
from tests.docs import PEERS as RESULT
from tests.docs import README, with_blocks

BY_NAME = {peer.name: peer for peer in PEERS}

PRINTED: dict[str, tuple[list[str], Found]] = {
    "frugon": (
        ["│   Current spend $7,193.10 / mo    │\n│   SAVING        $116.50 / mo    ·    1.6% lower   │"],
        Found(7193.10, "$116.50, of its costliest model"),
    ),
    "toolkit-cost-optimizer": (
        ["{}", '{"predicate": {"summary": {"logged_cost_usd": 663.982482, "total_cost_usd": 49.285467}}}'],
        Found(663.982482, "$614.70, everything moved"),
    ),
    "inferopt": (
        ['ingested 1980 requests from LOG (openai=1980)\n\n{"spend": 12.79240043, "total_safe_savings": 0.1013}'],
        Found(12.79240043, "$0.10 a month, by caching"),
    ),
    "llm-route-audit": (['{"requests": 1958, "total": {"cost": 13.3348149}}'], Found(13.3348149, None)),
    "slmify": (
        ["measured spend: $1,032.82 (gpt-4o 30%)\naddressable: $60 – 1,346 /mo  (13%–73% of measured spend)"],
        Found(1032.82, "$60 to $1,346 a month, by fine-tuned models"),
    ),
    "bare DuckDB": (["13.334814900\n"], Found(13.3348149, None)),
    "chDB": (["13.3348149\n\n"], Found(13.3348149, None)),
    "pandas": (["13.334814900000001\n"], Found(13.334814900000001, None)),
}
"""The lines that are read, as the pinned releases printed them; traffic-audit's own are those of a run."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(RESULT.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "traffic-audit"])
def test_total_and_saving_are_read_from_what_a_package_prints(name: str) -> None:
    outputs, found = PRINTED[name]
    assert BY_NAME[name].read_output(outputs) == found


def test_a_package_that_has_no_prices_is_given_those_of_the_log() -> None:
    models: list[tuple[Any, ...]] = literal_eval(f"[{MODELS}]")
    assert PRICES | {"o3-mini-2025-01-31": PRICES["o3-mini"]} == {
        name: (paid / 1000, cached / 1000, written / 1000)
        for asked, served, _, paid, cached, written in models
        for name in (asked, served)
    }


def test_a_package_that_finds_nothing_to_save_states_no_saving() -> None:
    assert BY_NAME["frugon"].read_output(["Current spend $7.10 / mo"]) == Found(7.10, None)
    assert BY_NAME["slmify"].read_output(["measured spend: $0.10"]) == Found(0.10, None)


def test_the_block_in_the_readme_is_computed_from_the_result(document: dict[str, Any]) -> None:
    text = README.read_text(encoding="utf-8")
    assert with_blocks(text, {"peers": block(document)}) == text, "run `make docs`"


def test_the_result_is_of_the_packages_as_they_are_called_now(document: dict[str, Any]) -> None:
    assert list(document["packages"]) == list(BY_NAME)
    for name, package in document["packages"].items():
        assert package["commands"] == shown(BY_NAME[name])
        if BY_NAME[name].requirements:
            assert package["versions"] == versions(BY_NAME[name])
    assert set(FACTS) == {peer.name for peer in PEERS if peer.compared}


def test_the_result_names_no_machine_no_registry_and_no_folder() -> None:
    text = RESULT.read_text(encoding="utf-8")
    assert not re.findall(r'https?://|"[^"]*[ =(]/\w+/[^"]*"|\blocalhost\b|\.local\b|/(?:home|root|tmp|work)/', text)


def test_every_total_by_hand_is_the_known_cost_of_its_log(document: dict[str, Any]) -> None:
    """What the table compares totals with was found by three engines, too."""
    known = {log["rows"]: float(log["list_cost"]) for log in document["logs"]}
    for name in ("bare DuckDB", "chDB", "pandas"):
        for size in document["packages"][name]["sizes"]:
            assert size["total_cost"] == pytest.approx(known[size["rows"]], abs=1e-6)  # pyright: ignore[reportUnknownMemberType]


def test_the_fastest_other_package_is_found_again_by_other_means(document: dict[str, Any]) -> None:
    rows = max(size["rows"] for size in document["packages"]["traffic-audit"]["sizes"])
    seconds = {
        name: median([run["seconds"] for run in size["runs"]])
        for name, package in document["packages"].items()
        for size in package["sizes"]
        if size["rows"] == rows and size["runs"] and size["exit_code"] == 0
    }
    saving = {
        name
        for name, package in document["packages"].items()
        if package["compared"] and any(size["rows"] == rows and size.get("saving") for size in package["sizes"])
    }
    name = min(saving - {"traffic-audit"}, key=lambda each: seconds[each])
    found = fastest(document, rows)
    assert found is not None
    assert (found.name, found.ratio) == (name, seconds[name] / seconds["traffic-audit"])
    assert f"{name}: {seconds[name]:.1f} s against {seconds['traffic-audit']:.1f} s" in README.read_text("utf-8")


def size(seconds: float, saving: str | None, rows: int = 1000, **other: object) -> dict[str, Any]:
    runs = [{"seconds": seconds, "cpu_seconds": seconds, "peak_mb": 100}]
    return {"rows": rows, "runs": runs, "exit_code": 0, "stopped": None, "total_cost": 8.0, "saving": saving, **other}


def result(**sizes: list[dict[str, Any]]) -> dict[str, Any]:
    names = {"ours": "traffic-audit", "route_audit": "llm-route-audit", "by_hand": "pandas"}
    packages = {
        names.get(name, name): {"compared": name != "by_hand", "versions": [f"{name}==1"], "sizes": each}
        for name, each in sizes.items()
    }
    machine = {"processors": 2, "memory_gb": 8, "system": "S", "python": "3", "load_average_before": 0.0}
    logs = [{"rows": 100, "bytes": 1e5, "list_cost": "8.0"}, {"rows": 1000, "bytes": 1e6, "list_cost": "7.5"}]
    return {
        "machine": machine,
        "limits": {"seconds": 600, "memory_mb": 8000},
        "logs": logs,
        "packages": packages,
    }


def test_only_what_states_a_saving_is_compared() -> None:
    of = result(ours=[size(2, "$1")], frugon=[size(9, "$1")], route_audit=[size(1, None)], by_hand=[size(1, None)])
    found = fastest(of, 1000)
    assert found is not None
    assert (found.name, found.ratio) == ("frugon", 4.5)
    assert "frugon: 9.0 s against 2.0 s, 4.5 times as long" in block(of)


def test_a_slower_traffic_audit_would_be_said_to_be_slower() -> None:
    assert "0.5 times as long" in block(result(ours=[size(4, "$1")], frugon=[size(2, "$1")]))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (
            size(600, None, exit_code=-9, stopped="time"),
            "killed at the limit of time after 600 s, 100 MB; 100 rows took 5 s |",
        ),
        (size(3, None, exit_code=1, error="no such file"), "failed: no such file"),
        ({"rows": 1000, "runs": [], "expected_seconds": 1200}, "not run: over 20 min by the smaller log"),
    ],
)
def test_what_did_not_finish_is_said_and_wins_nothing(other: dict[str, Any], said: str) -> None:
    text = block(result(ours=[size(2, "$1")], frugon=[size(5, "$1", rows=100), other]))
    assert said in text
    assert "no other package that states a saving finished" in text
    assert "(of 100 rows)" in text


def test_a_log_on_which_only_one_package_was_tried_has_no_column() -> None:
    stopped = size(600, None, exit_code=-9, stopped="time")
    text = block(result(ours=[size(2, "$1")], slmify=[size(50, "$1", rows=100), stopped]))
    assert "100 MB; 100 rows took 50 s |" in text
    assert "| 100 rows |" not in text


def test_a_total_is_exact_to_the_cent_or_its_difference_is_shown() -> None:
    text = block(result(ours=[size(2, "$1", total_cost=7.504)], frugon=[size(5, "$1", total_cost=8.1)]))
    assert "$7.50, exact" in text
    assert "$8.10, +8.0%" in text


def test_requirements_are_pinned() -> None:
    for peer in PEERS:
        for requirement in peer.requirements:
            assert re.fullmatch(r"[a-z0-9-]+==[\d.]+", requirement)


def test_recorded_lines_are_of_every_other_package() -> None:
    assert set(PRINTED) == set(BY_NAME) - {"traffic-audit"}


def test_the_result_is_where_the_documents_look_for_it() -> None:
    from tests.benchmarks.peers.__main__ import RESULT as WRITTEN

    assert Path(WRITTEN) == RESULT
