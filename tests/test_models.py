"""Which snapshot a name in a log means."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from audit.catalog.facts import first_party_names
from audit.catalog.models import canonical, family_members, known_model, model_family, resolve_models
from audit.errors import UnknownNameError

TODAY = date(2026, 11, 22)


def resolved(provider: str, request: str, response: str = "", on: date = TODAY, **deployments: str) -> tuple[str, str]:
    rows = resolve_models([(provider, request, response)], deployments)
    (row,) = (r for r in rows.to_dicts() if r["day_from"] <= on and (r["day_to"] is None or on < r["day_to"]))
    return row["model"], row["pricing_provider"]


def test_the_alias_gpt_4o_meant_the_5_15_snapshot_until_october_2024() -> None:
    rows = resolve_models([("openai", "gpt-4o", "")])
    assert rows.select("day_from", "day_to", "model").rows() == [
        (date(1970, 1, 1), date(2024, 5, 13), "gpt-4o-2024-08-06"),  # older traces priced as gpt-4o
        (date(2024, 5, 13), date(2024, 10, 2), "gpt-4o-2024-05-13"),
        (date(2024, 10, 2), None, "gpt-4o-2024-08-06"),
    ]
    assert canonical("gpt-4o", date(2024, 10, 1)) == "gpt-4o-2024-05-13"
    assert canonical("gpt-4o", date(2024, 10, 2)) == "gpt-4o-2024-08-06"


def test_resolution_has_the_columns_of_the_contract() -> None:
    rows = resolve_models([("openai", "gpt-4o", "gpt-4o-2024-11-20")])
    assert rows.columns == [
        "provider_name", "request_model", "response_model", "day_from", "day_to", "model", "model_family",
        "is_fine_tuned", "pricing_provider",
    ]  # fmt: skip
    assert rows.rows() == [
        (
            "openai",
            "gpt-4o",
            "gpt-4o-2024-11-20",
            date(1970, 1, 1),
            None,
            "gpt-4o-2024-11-20",
            "gpt-4o",
            False,
            "openai",
        )
    ]


def test_every_day_falls_in_one_range_of_every_triple() -> None:
    names = ["gpt-4o", "gpt-4.1", "o3", "gpt-4", "nonsense", "ft:gpt-4o:a::b", "azure/gpt-35-turbo"]
    rows = resolve_models([("openai", name, "") for name in names]).to_dicts()
    for name in names:
        own = [row for row in rows if row["request_model"] == name]
        for day in (date(1970, 1, 1) + timedelta(days=200 * step) for step in range(110)):
            assert sum(r["day_from"] <= day and (r["day_to"] is None or day < r["day_to"]) for r in own) == 1


@pytest.mark.parametrize(
    ("name", "snapshot"),
    [
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("GPT-4o-Mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-4.1", "gpt-4.1-2025-04-14"),
        ("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"),
        ("o3", "o3-2025-04-16"),
        ("gpt-35-turbo", "gpt-3.5-turbo-0125"),
        ("gpt-4o-2024-11-20", "gpt-4o-2024-11-20"),
        ("gpt-4o-20240806", "gpt-4o-2024-08-06"),
        ("openai/gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
        ("litellm_proxy/openai/gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("azure/global-standard/gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("qwen/qwen3-coder", "qwen/qwen3-coder"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929"),
        ("chatgpt-4o-latest", "chatgpt-4o-latest"),
    ],
)
def test_prefix_case_and_alias_lead_to_one_canonical_name(name: str, snapshot: str) -> None:
    assert canonical(name, TODAY) == snapshot


@pytest.mark.parametrize(
    "other",
    [
        "gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
        "gpt-4o-audio-preview",
        "gpt-4o-audio-preview-2024-12-17",
        "gpt-4o-realtime-preview",
        "gpt-4o-search-preview",
        "gpt-4o-search-preview-2025-03-11",
        "gpt-4o-mini-search-preview",
        "gpt-4o-transcribe",
        "gpt-4o-mini-tts",
        "chatgpt-4o-latest",
        "ft:gpt-4o-2024-08-06:acme::id",
        "gpt-4o:extended",
    ],
)
def test_the_family_gpt_4o_has_three_snapshots_and_never_another_model(other: str) -> None:
    members = family_members("gpt-4o")
    assert members == ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20")
    model, _ = resolved("openai", other)
    assert model not in members
    assert model_family(model) != "gpt-4o"


def test_a_family_holds_the_canonical_names_its_own_name_can_resolve_to() -> None:
    for name in sorted(first_party_names()):
        members = family_members(name)
        for day in (date(2024, 6, 1), TODAY):
            if model_family(name) == name and model_family(canonical(name, day)) == name:
                assert canonical(name, day) in members
        assert all(model_family(member) == members[0] or model_family(member) == name or len(members) == 1
                   for member in members)  # fmt: skip


def test_a_snapshot_is_a_family_of_itself() -> None:
    assert family_members("openai/gpt-4o-2024-11-20") == ("gpt-4o-2024-11-20",)


@pytest.mark.parametrize(
    ("request_model", "response_model", "served"),
    [
        ("gpt-4o", "gpt-4o-2024-11-20", "gpt-4o-2024-11-20"),
        ("gpt-4o-2024-11-20", "gpt-4o", "gpt-4o-2024-11-20"),
        ("gpt-4o", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o", "gpt-4o-2031-01-01", "gpt-4o-2024-08-06"),
        ("router-7", "gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"),
        ("router-7", "llama-x", "llama-x"),
        ("", "gpt-4o-2024-11-20", "gpt-4o-2024-11-20"),
        ("gpt-4o-mini", "", "gpt-4o-mini-2024-07-18"),
        ("ft:gpt-4o-mini-2024-07-18:acme::id", "gpt-4o-mini-2024-07-18", "ft:gpt-4o-mini-2024-07-18"),
    ],
)
def test_the_response_wins_when_it_is_a_known_model(request_model: str, response_model: str, served: str) -> None:
    assert resolved("openai", request_model, response_model)[0] == served


@pytest.mark.parametrize("name", ["ft:gpt-4o-mini-2024-07-18:acme:v1:abc", "gpt-4o-mini-2024-07-18.ft-abc"])
def test_fine_tuned_models_are_marked_and_keep_only_their_base(name: str) -> None:
    (row,) = resolve_models([("openai", name, "")]).to_dicts()
    assert (row["model"], row["model_family"]) == ("ft:gpt-4o-mini-2024-07-18", "ft:gpt-4o-mini")
    assert row["is_fine_tuned"]


def test_an_azure_deployment_means_the_model_behind_it_at_azure_only() -> None:
    assert resolved("azure", "prod", prod="gpt-4o-2024-11-20") == ("gpt-4o-2024-11-20", "azure")
    assert resolved("azure.ai.openai", "Prod", "gpt-4o", prod="gpt-4o-2024-11-20")[0] == "gpt-4o-2024-11-20"
    assert resolved("litellm", "azure/prod", prod="gpt-4o") == ("gpt-4o-2024-08-06", "azure")
    rows = resolve_models([("azure", "gpt-4o", "gpt-4o"), ("openai", "gpt-4o", "")], {"gpt-4o": "gpt-4o-mini"})
    today = {(r["provider_name"], r["model"]) for r in rows.to_dicts() if r["day_to"] is None}
    assert today == {("azure", "gpt-4o-mini-2024-07-18"), ("openai", "gpt-4o-2024-08-06")}


def test_a_deployment_of_an_unknown_model_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(UnknownNameError, match=r"'gpt-4o-mni'; nearest: gpt-4o-mini.*models\.prod in audit\.toml"):
        resolve_models([], {"prod": "gpt-4o-mni"})
    assert resolve_models([("azure", "prod", "")], {"prod": "own-model"}, {"own-model"})["model"].to_list() == [
        "own-model"
    ]


@pytest.mark.parametrize(
    ("provider", "name", "pricing"),
    [
        ("openai", "gpt-4o", "openai"),
        ("azure.ai.openai", "gpt-4o", "azure"),
        ("litellm", "azure/gpt-4o", "azure"),
        ("openai", "azure/gpt-4o", "azure"),
        ("", "openrouter/openai/gpt-4o", "openrouter"),
        ("openrouter", "openai/gpt-4o", "openrouter"),
        ("", "gpt-4o", "openai"),
        ("openai", "claude-sonnet-4-5-20250929", "anthropic"),
        ("my-gateway", "text-embedding-3-small", "openai"),
        ("my-gateway", "nonsense", "my-gateway"),
    ],
)
def test_the_provider_that_billed_is_the_one_priced(provider: str, name: str, pricing: str) -> None:
    assert resolved(provider, name)[1] == pricing


def test_a_name_nobody_knows_is_refused_with_the_nearest_names() -> None:
    assert known_model("OpenAI/GPT-4o") == "gpt-4o"
    assert known_model("house-model", {"house-model"}) == "house-model"
    with pytest.raises(UnknownNameError, match="unknown model 'gpt-4o-mni'; nearest: gpt-4o-mini"):
        known_model("gpt-4o-mni")
