"""Labels of rules in a log: they name the endpoint they promise, and no other tag or row is taken for one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from audit import sql
from audit.config import Config, endpoint_rule, read_config, with_endpoint
from audit.errors import ConfigError
from audit.intake.resolve import rebuild
from audit.policy.targets.model_based import CLASSIFIER
from tests.exports import Row, spend_log
from tests.loads import jsonl, loaded, query
from tests.logged import BIG


def endpoints(folder: Path, *rows: Mapping[str, object]) -> list[object]:
    """Of the requests in the order of the file."""
    loaded(folder / "usage.duckdb", jsonl(folder / "log.jsonl", *rows))
    return [name for (name,) in query(folder / "usage.duckdb", "select endpoint from requests order by row_number")]


def tagged(*tags: list[str], **columns: Any) -> list[Row]:
    return [spend_log(number, request_tags=json.dumps(each), **columns) for number, each in enumerate(tags)]


@pytest.mark.parametrize(
    ("tags", "endpoint"),
    [
        (["endpoint:a%20b"], "a b"),
        (["endpoint:a+b#r-0123abcd"], "a+b"),
        (["team:x", "endpoint:sort#r-0123abcd"], "sort"),
        (["endpoint:sort#r-0123abcd#r-0123abce"], "sort#r-0123abcd"),
        (["endpoint:%FF"], "endpoint:%FF"),
        (["endpoint:%ED%B2%80#r-0123abcd"], "endpoint:%ED%B2%80#r-0123abcd"),
        (["endpoint:100%"], "100%"),
        (["endpoint:", "search"], "search"),
        (["endpoint:"], f"chat {BIG}"),
        (["endpoint:#r-0123abcd"], "endpoint:#r-0123abcd"),
        (["default", "User-Agent: curl"], f"chat {BIG}"),
    ],
)
def test_a_label_in_litellms_log_names_its_endpoint_and_what_decodes_to_nothing_is_kept(
    tags: list[str], endpoint: str, tmp_path: Path
) -> None:
    assert endpoints(tmp_path, *tagged(tags)) == [endpoint]


def test_tags_of_other_formats_that_look_like_labels_are_left_alone(tmp_path: Path) -> None:
    body = {"model": BIG, "messages": [{"role": "user", "content": "hello"}]}
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
    tags = [["search", "endpoint:/v1/chat"], ["rank", "endpoint:/v1/chat"], ["endpoint:a%20b"], ["default"]]
    rows: list[Row] = [
        {
            "timestamp": f"2026-03-02T09:00:0{number}Z",
            "tags": each,
            "request": body,
            "response": {"id": f"chatcmpl-{number}", "object": "chat.completion", "model": BIG, "usage": usage},
        }
        for number, each in enumerate(tags)
    ]
    assert endpoints(tmp_path, *rows) == ["search", "rank", "endpoint:a%20b", "default"]


def test_a_rule_of_the_users_own_may_lead_to_a_label_and_rebuild_reads_it_as_a_load_does(tmp_path: Path) -> None:
    assert endpoints(tmp_path, *tagged(["endpoint:sort", "app:endpoint"])) == ["sort"]
    rebuild(tmp_path / "usage.duckdb", Config(endpoint=endpoint_rule("tag:app:")))
    found = "select requests.endpoint, traffic_cells.endpoint from requests, traffic_cells"
    assert query(tmp_path / "usage.duckdb", found) == [("app:endpoint", "app:endpoint")]
    rebuild(tmp_path / "usage.duckdb", Config(endpoint=endpoint_rule("tag:endpoint:")))
    assert query(tmp_path / "usage.duckdb", found) == [("sort", "sort")]


@pytest.mark.parametrize(
    ("origin", "endpoint"),
    [("", "sort"), ("background_response_cost_poll", "sort"), ("shadow_eval_judge", "shadow_eval_judge")],
)
def test_of_litellms_own_calls_only_the_bill_of_a_background_response_is_its_callers(
    origin: str, endpoint: str, tmp_path: Path
) -> None:
    """LiteLLM bills such a response in the poll alone, and itself counts no other of its own calls as usage."""
    own = json.dumps({"internal_call_origin": origin})
    assert endpoints(tmp_path, *tagged(["endpoint:sort"], metadata=own)) == [endpoint]


def test_a_group_of_the_users_own_is_no_classifier_of_ours(tmp_path: Path) -> None:
    rows: list[Row] = [
        {
            "id": f"chatcmpl-{number}",
            "trace_id": "t",
            "call_type": "acompletion",
            "litellm_call_id": f"{number}",
            "model_group": group,
            "model_parameters": {},
            "model": BIG,
            "status": "success",
            "startTime": 1772442000.0 + number,
            "endTime": 1772442001.0 + number,
            "prompt_tokens": 10,
            "completion_tokens": 1,
            "total_tokens": 11,
            "response_cost": 0.001,
            "request_tags": ["endpoint:sort"],
        }
        for number, group in enumerate(["classifier: v2", CLASSIFIER])
    ]
    assert endpoints(tmp_path, *rows) == ["sort", "autorouter_classifier"]


def test_spark_tries_to_decode_a_label_too() -> None:
    text = sql.transpile(sql.find("requests"), "spark").upper()
    assert "TRY_URL_DECODE(" in text
    assert " TRY(" not in text


def test_a_field_that_no_request_has_is_named_with_the_place_that_asks_for_it(tmp_path: Path) -> None:
    settings = tmp_path / "audit.toml"
    settings.write_text('[endpoint]\nfield = "tags"\n')
    with pytest.raises(ConfigError, match=r"audit\.toml: endpoint\.field 'tags' is not one of tag:PREFIX, route"):
        read_config(settings)
    with pytest.raises(ConfigError, match=r"^--endpoint 'tags' is not one of"):
        with_endpoint(Config(), "tags")
