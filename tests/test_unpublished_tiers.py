"""A tier that a provider's price list lacks is charged at the standard rate, and whoever quotes the bill is told so."""

from pathlib import Path

from loads import jsonl, loaded

import audit
from audit.report.queries import figures

USUAL = {"usage_input_tokens": 1_000_000, "usage_output_tokens": 0, "start_time": "2026-10-20T09:00:00Z"}
SAID = "of a batch, flex, priority or fast tier"


def reported(folder: Path, *calls: dict[str, object], settings: str = "") -> tuple[float, list[str]]:
    """List cost, and the warnings about tiers."""
    (folder / "audit.toml").write_text(settings)
    jsonl(folder / "log.jsonl", *(USUAL | {"request_id": f"r{n}"} | call for n, call in enumerate(calls)))
    loaded(folder / "usage.duckdb", folder / "log.jsonl")
    traffic = audit.open(folder / "usage.duckdb")
    traffic.rebuild(config=folder / "audit.toml")
    config, today = folder / "audit.toml", "2026-11-26"
    document = traffic.report(config=config, today=today).document
    count = "requests_of_a_tier_priced_at_the_standard_rate"
    asked = traffic.sql(figures()["data"].query, config=config, today=today)[count]
    assert asked.to_list() == [document.get("data_quality", {}).get(count)]
    return float(document["spend"]["list_cost"]), [each for each in document.get("warnings", []) if SAID in each]


def call(model: str, tier: str, **changes: object) -> dict[str, object]:
    return {"model": model, "service_tier": tier} | changes


def test_batch_at_azure_has_no_published_rate_and_is_said(tmp_path: Path) -> None:
    failed = call("azure/gpt-4o", "batch", is_failed=True)
    cost, said = reported(tmp_path, call("azure/gpt-4o", "batch"), call("azure/gpt-4o", "default"), failed)
    assert cost == 5.0
    assert [each.split(" of ")[0] for each in said] == ["1 request (33.3%)"]


def test_batch_at_openai_has_one(tmp_path: Path) -> None:
    assert reported(tmp_path, call("gpt-4o", "batch"), call("gpt-4o", "priority")) == (5.5, [])


def test_a_rate_of_ones_own_settles_it(tmp_path: Path) -> None:
    lines = [f"azure,gpt-4o-2024-08-06,batch,{kind},{usd}" for kind, usd in (("input", 1.25), ("output", 5))]
    head = "provider_name,model,service_tier,token_class,usd_per_million"
    (tmp_path / "prices.csv").write_text("\n".join([head, *lines]) + "\n")
    settings = '[prices]\nfile = "prices.csv"\n'
    assert reported(tmp_path, call("azure/gpt-4o", "batch"), settings=settings) == (1.25, [])


def test_days_before_a_rate_of_ones_own_are_still_at_the_standard_rate(tmp_path: Path) -> None:
    lines = [f"azure,gpt-4o-2024-08-06,flex,{kind},{usd},2026-10-15" for kind, usd in (("input", 1.25), ("output", 5))]
    head = "provider_name,model,service_tier,token_class,usd_per_million,valid_from"
    (tmp_path / "prices.csv").write_text("\n".join([head, *lines]) + "\n")
    early = call("azure/gpt-4o", "flex", start_time="2026-10-01T09:00:00Z")
    late = [call("azure/gpt-4o", "flex")] * 4
    _, (said,) = reported(tmp_path, early, *late, settings='[prices]\nfile = "prices.csv"\n')
    assert said.startswith("1 request ")


def test_prices_are_those_of_the_provider_that_a_name_asks_for() -> None:
    asked = ("azure/gpt-4o", "gpt-4o")
    azure, openai = (audit.prices(name).filter(service_tier="batch", token_class="input") for name in asked)
    assert azure["usd_per_million"].to_list() == [5.0, 2.5, 2.5]
    assert all("azure/" in source for source in azure["source"])
    assert set(openai["usd_per_million"]) == {2.5, 1.25}
