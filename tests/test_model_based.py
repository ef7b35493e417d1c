"""The complexity router behind the rules, in LiteLLM's own Router: the classifier decides within them, and is paid."""

import json
import random
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import audit
from audit.library.policies import RoutingPolicy
from audit.policy.classifier import ANSWER_TOKENS, PROMPT_TOKENS
from audit.policy.document import Policy
from audit.policy.reading import checked
from audit.policy.stages import at_stage
from audit.policy.targets import cannot_express, render
from audit.policy.targets.litellm import tag_of
from audit.policy.targets.model_based import CLASSIFIER
from tests.exports import spend_log
from tests.litellm_router import awaited, configured, litellm
from tests.loads import jsonl, loaded, query
from tests.logged import calls, outcomes_file

pytestmark = pytest.mark.filterwarnings("ignore:Item.*`ReadOnly` qualifier:UserWarning")

TODAY = "2026-10-01"

READ: dict[str, Any] = {
    "model": "gpt-4o-mini",
    "prompt_tokens": 345,
    "input_tokens": 655.0,
    "answer_tokens": 8,
    "usd_per_request": 0.0001548,
    "saving_per_request": 0.002,
}


def by_hand(share: float = 1.0) -> Policy:
    rules: list[dict[str, Any]] = [
        {"id": "a", "when": {"endpoint": "a, b,c"}, "to": "candidate", "share": share, "classifier": READ},
        {"id": "b", "when": {"endpoint": "sort", "request_model": ["gpt-4o"]}, "to": "candidate", "share": 1.0},
        {"id": "stay", "when": {"endpoint": "stay"}, "to": "incumbent"},
    ]
    models = {"incumbent": "gpt-4o", "candidate": "gpt-4o-mini", "incumbent_models": ["gpt-4o-2024-08-06"]}
    return checked({"schema": "traffic-audit/policy/1", **models, "rules": rules})


def answers(policy: Policy, verdict: str) -> Any:
    """A Router in which every model answers with its own name, and the classifier with `verdict`."""
    text = render(policy, "model-based")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for place, line in enumerate(lines):
        if not line.startswith("  - "):
            continue
        each = json.loads(line.removeprefix("  - "))
        params = each["litellm_params"]
        if not params["model"].startswith("auto_router/"):
            params["mock_response"] = verdict if each["model_name"] == CLASSIFIER else params["model"]
        lines[place] = f"  - {json.dumps(each)}"
    return configured("\n".join(lines))


def served(router: Any, name: str, tags: list[str] | None) -> str:
    """Who answered a request."""
    more = {} if tags is None else {"metadata": {"tags": tags}}
    asked = router.acompletion(model=name, messages=[{"role": "user", "content": "Sort these."}], **more)
    return str(awaited(asked).choices[0].message.content)


@pytest.mark.parametrize(
    ("verdict", "model"),
    [
        ('{"tier": "SIMPLE"}', "openai/gpt-4o-mini"),
        ('{"tier": "MEDIUM"}', "openai/gpt-4o-mini"),
        ('{"tier": "COMPLEX"}', "openai/gpt-4o"),
        ('{"tier": "REASONING"}', "openai/gpt-4o"),
        ("no idea", "openai/gpt-4o"),
    ],
)
def test_the_tier_decides_within_a_rule_and_what_it_cannot_judge_stays(verdict: str, model: str) -> None:
    policy = by_hand()
    router = answers(policy, verdict)
    for rule in policy["rules"][:2]:
        assert served(router, "gpt-4o", [tag_of(rule, policy), "team:x"]) == model


def test_unknown_traffic_never_meets_the_classifier_and_stays() -> None:
    policy = by_hand()
    router = answers(policy, '{"tier": "SIMPLE"}')
    sort = tag_of(policy["rules"][1], policy)
    for tags in (None, [], ["endpoint:stay"], ["x", "y"], ["default"]):
        assert served(router, "gpt-4o", tags) == "openai/gpt-4o"
        assert served(router, "gpt-4o-2024-08-06", tags) == "openai/gpt-4o-2024-08-06"
    assert served(router, "gpt-4o-2024-08-06", [sort]) == "openai/gpt-4o-2024-08-06"


def test_a_share_is_drawn_of_what_the_classifier_lets_through() -> None:
    policy = by_hand(share=0.5)
    router, tag = answers(policy, '{"tier": "SIMPLE"}'), tag_of(by_hand()["rules"][0], policy)
    random.seed(20261126)
    moved = sum(served(router, "gpt-4o", [tag]) == "openai/gpt-4o-mini" for _ in range(60))
    assert 15 <= moved <= 45


def test_the_calls_of_the_classifier_are_no_requests_of_the_endpoint_in_either_log(tmp_path: Path) -> None:
    """The payload of the Router itself; of the spend logs what LiteLLM 1.110 documents for calls of its own."""
    policy = by_hand()
    router, kept = answers(policy, '{"tier": "SIMPLE"}'), list[dict[str, Any]]()

    class Keep(import_module("litellm.integrations.custom_logger").CustomLogger):
        async def async_log_success_event(self, kwargs: Any, **_: Any) -> None:
            kept.append(kwargs["standard_logging_object"])

    logging = import_module("litellm.litellm_core_utils.logging_worker").GLOBAL_LOGGING_WORKER
    awaited(logging.flush())
    litellm().callbacks = [Keep()]
    served(router, "gpt-4o", [tag_of(policy["rules"][1], policy)])
    awaited(logging.flush())
    litellm().callbacks = []
    own = {"internal_call_origin": "autorouter_classifier"}
    rows = [spend_log(0, tag="endpoint:sort", metadata=json.dumps(own)), spend_log(1, tag="endpoint:sort")]
    for name, records in (("payload", [json.loads(json.dumps(each, default=str)) for each in kept]), ("spend", rows)):
        loaded(tmp_path / f"{name}.duckdb", jsonl(tmp_path / f"{name}.jsonl", *records))
        found = query(tmp_path / f"{name}.duckdb", "select endpoint from requests order by endpoint")
        assert found == [("autorouter_classifier",), ("sort",)], name


def test_every_key_is_the_routers_own_and_none_needs_a_licence() -> None:
    known = import_module("litellm.router_strategy.complexity_router.config").COMPLEXITY_ROUTER_CONFIG_KEYS
    claims = import_module("litellm.router_strategy.auto_router.auto_router_model_naming").claimed_capabilities
    lines = [line for line in render(by_hand(), "model-based").splitlines() if "auto_router/" in line]
    configs = [json.loads(line.removeprefix("  - "))["litellm_params"]["complexity_router_config"] for line in lines]
    assert len(configs) == 3
    for config in configs:
        assert set(config) <= known
        assert claims(config) == ()


def test_the_classifiers_own_tokens_are_those_of_the_installed_version() -> None:
    module = import_module("litellm.router_strategy.complexity_router.complexity_router")
    counted = litellm().token_counter
    frame = "\nCaller system prompt, quoted as task context:\n\n\nClassify this message:\n"
    prompt = [("system", module.classification_system_prompt(0)), ("user", frame)]
    tokens = counted(model="gpt-4o-mini", messages=[{"role": role, "content": text} for role, text in prompt])
    schema = module._tier_classification_model(["SIMPLE", "MEDIUM", "COMPLEX", "REASONING"]).model_json_schema()
    tokens += counted(model="gpt-4o-mini", text=json.dumps({**schema, "additionalProperties": False}))
    assert abs(PROMPT_TOKENS - tokens) <= 10
    assert counted(model="gpt-4o-mini", text='{"tier": "REASONING"}') == ANSWER_TOKENS


def test_the_head_says_what_was_never_measured_and_what_the_classifier_costs() -> None:
    text = render(by_hand(), "model-based")
    assert "scores the text of a request, of which nothing was measured" in text
    assert "345 tokens of instructions and 655.0 of the request on average, and answers with 8: $0.000155" in text
    assert "saves $0.002000 a request, so $0.001845 is left if it lets all through" in text
    assert "nothing once it holds back more than 92%" in text
    assert "# b: what its classifier costs is not counted" in text
    assert "Moving 1 % of them saves $0.000020 a request, so this loses money." in render(by_hand(0.01), "model-based")
    assert cannot_express(by_hand(), "model-based")[0] in text


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 calls of 1,000 input tokens that may move, and 40 that nobody measured."""
    folder = tmp_path_factory.mktemp("classified")
    rows = [row | {"request_id": f"{number}"} for number, row in enumerate([*calls("sort", 300), *calls("shy", 40)])]
    loaded(folder / "usage.duckdb", jsonl(folder / "log.jsonl", *rows))
    outcomes_file(folder / "usage.duckdb", [(f"{number}", 1.0, 1.0) for number in range(300)], endpoint="sort")
    (folder / "audit.toml").write_text('[stakes]\nsort = "low"\n', encoding="utf-8")
    return folder / "usage.duckdb"


@pytest.fixture(scope="module")
def made(db: Path) -> RoutingPolicy:
    return audit.open(db).policy(config=db.parent / "audit.toml", today=TODAY, with_classifier=True)


def replayed(db: Path, policy: Policy) -> Any:
    found = RoutingPolicy(document=policy)
    return audit.open(db).simulate(found, config=db.parent / "audit.toml", today=TODAY)


def test_a_policy_counts_the_classifier_at_the_logs_lengths_and_the_replay_takes_it_off(
    db: Path, made: RoutingPolicy
) -> None:
    """By hand: (345 + 1,000) tokens at $0.15 and 8 at $0.60 per million, for every one of the 300 requests."""
    (rule,) = made.document["rules"]
    read = rule.get("classifier")
    assert read is not None
    each = float(Decimal(1345) * Decimal("0.15") / 1_000_000 + 8 * Decimal("0.60") / 1_000_000)
    assert (read["input_tokens"], read["usd_per_request"]) == (1000, pytest.approx(each))
    unread = {name: value for name, value in rule.items() if name != "classifier"}
    before = replayed(db, checked({**made.document, "rules": [unread]}))["total"]["saving"]["point"]
    assert read["saving_per_request"] == pytest.approx(before / 300)
    found = replayed(db, made.document)
    assert found["total"]["saving"]["point"] == pytest.approx(before - 300 * each)
    assert any(note.startswith("A model reads requests first, for $0.06") for note in found["notes"])
    tenth = replayed(db, at_stage(made.document, 2))
    assert tenth["total"]["saving"]["point"] == pytest.approx(before / 10 - 300 * each)


def test_what_a_classifier_leaves_is_after_the_check_of_the_answers(db: Path, tmp_path: Path) -> None:
    config = tmp_path / "audit.toml"
    check = "[check]\nsensitivity = 0.9\nfalse_alarm_rate = 0.02\nusd_per_check = 0.0001\n"
    config.write_text(f'[stakes]\nsort = "low"\n{check}', encoding="utf-8")
    (rule,) = audit.open(db).policy(config=config, today=TODAY, with_classifier=True).document["rules"]
    read = rule.get("classifier")
    assert read is not None
    plain = audit.open(db).policy(config=config, today=TODAY)
    before = audit.open(db).simulate(plain, config=config, today=TODAY)["total"]["saving"]["point"]
    assert read["saving_per_request"] == pytest.approx(before / 300)


def test_a_policy_with_a_classifier_is_valid_by_its_schema_and_reads_back(made: RoutingPolicy) -> None:
    schema = Path(audit.__file__).parent / "data" / "schemas" / "policy.schema.json"
    document = json.loads(made.json())
    jsonschema.validate(document, json.loads(schema.read_text(encoding="utf-8")), jsonschema.Draft202012Validator)
    assert checked(document) == made.document
    document["rules"][0]["classifier"]["usd_per_request"] = -1
    with pytest.raises(ValueError, match=r"\$\.rules\[0\]\.classifier\.usd_per_request is -1; give USD from 0 on"):
        checked(document)
