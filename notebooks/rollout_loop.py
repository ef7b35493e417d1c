"""Does a rollout keep its promises? One routed week may go on, one has to stop.

Run it as `python rollout_loop.py [FOLDER]`, with traffic-audit and litellm installed. The router is LiteLLM's own; the
models are not: their answers are canned, so that nothing leaves this machine and nothing is paid. Every step says the
command that does the same.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

import audit

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # prices are audit's; LiteLLM's would be fetched
os.environ.setdefault("OPENAI_API_KEY", "no key is needed")

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

BIG, SMALL = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"
LABELS = ("refund", "delivery", "complaint")
LOGGED, ROLLED_OUT, REGRESSED = date(2026, 9, 7), date(2026, 9, 15), date(2026, 9, 22)
DAYS, TICKETS, MEMOS = 7, 30, 5
"""Days of a week, and requests a day: tickets to be labelled, and memos, of which nobody measures anything."""

SETTINGS = """\
[stakes]
triage = "low"

[graders.triage]
kind = "json"
fields = ["label"]
"""


def requests(first: date) -> Iterable[tuple[datetime, str, str]]:
    """When, at which endpoint and what is asked in a week."""
    for day in range(DAYS):
        morning = datetime(first.year, first.month, first.day, 8, tzinfo=UTC) + timedelta(days=day)
        for number in range(TICKETS + MEMOS):
            at, label = morning + timedelta(minutes=10 * number), LABELS[number % 3]
            if number < TICKETS:
                yield at, "triage", f"Ticket {day}-{number} about a {label}. Which label does it get?"
            else:
                yield at, "memo", f"Write a memo on case {day}-{number}."


def answer(model: str, question: str, *, is_worse: bool = False) -> dict[str, Any]:
    """What a model says, as OpenAI's API would: the same label by both, until the small one gets worse."""
    label = next((label for label in LABELS if label in question), "")
    is_small = "mini" in model
    if is_worse and is_small and question.split()[1].endswith(("1", "4", "7")):
        label = "other"
    return {
        "model": SMALL if is_small else BIG,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": json.dumps({"label": label})},
            }
        ],
        "usage": {"prompt_tokens": 900 + len(question), "completion_tokens": 20, "total_tokens": 920 + len(question)},
    }


def write_log(path: Path, first: date) -> Path:
    """The week before: LiteLLM's spend logs of a proxy on which everything goes to the big model, with texts."""
    with path.open("w", encoding="utf-8") as lines:
        for number, (at, endpoint, question) in enumerate(requests(first)):
            reply = answer(BIG, question)
            row = {
                "request_id": f"chatcmpl-{number}",
                "call_type": "acompletion",
                "startTime": at.isoformat(),
                "endTime": (at + timedelta(seconds=2)).isoformat(),
                "model": BIG,
                "model_group": "gpt-4o",
                "custom_llm_provider": "openai",
                "prompt_tokens": reply["usage"]["prompt_tokens"],
                "completion_tokens": reply["usage"]["completion_tokens"],
                "request_tags": json.dumps([f"endpoint:{endpoint}"]),
                "status": "success",
                "messages": [{"role": "user", "content": question}],
                "response": reply,
            }
            lines.write(json.dumps(row) + "\n")
    return path


def replay(batch: Path, output: Path) -> Path:
    """What a batch service writes once the candidate has answered the sample."""
    with batch.open(encoding="utf-8") as asked, output.open("w", encoding="utf-8") as replies:
        for line in asked:
            request = json.loads(line)
            body = answer(request["body"]["model"], request["body"]["messages"][-1]["content"])
            reply = {"custom_id": request["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}
            replies.write(json.dumps(reply) + "\n")
    return output


class Proxy(CustomLogger):
    """LiteLLM's hooks, here with canned answers, a clock of their own, and the standard logging payload as export."""

    def __init__(self, *, is_worse: bool) -> None:
        super().__init__()
        self.is_worse = is_worse
        self.payloads: list[dict[str, Any]] = []

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any]:
        """The answer of the model that the router has taken."""
        del call_type
        question = kwargs["messages"][-1]["content"]
        reply = answer(kwargs["model"], question, is_worse=self.is_worse)
        kwargs["mock_response"] = litellm.ModelResponse(id=f"chatcmpl-{kwargs['litellm_call_id']}", **reply)
        return kwargs

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Keep the payload, at the time of the simulated week."""
        del response_obj, start_time, end_time
        at = datetime.fromisoformat(kwargs["litellm_params"]["metadata"]["at"]).timestamp()
        times = {"startTime": at, "endTime": at + 1, "completionStartTime": at + 1}
        self.payloads.append({**kwargs["standard_logging_object"], **times})


async def route(configuration: str, first: date, *, is_worse: bool = False) -> list[dict[str, Any]]:
    """A week through LiteLLM's Router as the rendered file configures it: callers send the endpoint as a tag.

    No rule names memos, so that they have to stay on the big model.
    """
    settings, proxy = yaml.safe_load(configuration), Proxy(is_worse=is_worse)
    router = litellm.Router(model_list=settings["model_list"], **settings["router_settings"])
    litellm.callbacks = [proxy]
    asked = [
        router.acompletion(
            model="gpt-4o",
            messages=[{"role": "user", "content": question}],
            metadata={"at": at.isoformat(), "tags": [f"endpoint:{endpoint}"]},
        )
        for at, endpoint, question in requests(first)
    ]
    await asyncio.gather(*asked)
    await GLOBAL_LOGGING_WORKER.flush()
    litellm.callbacks = []
    return proxy.payloads


def write_payloads(path: Path, payloads: Iterable[Mapping[str, Any]]) -> Path:
    """The payloads as JSON lines, which `audit load` recognises."""
    path.write_text("".join(json.dumps(each, default=str) + "\n" for each in payloads), encoding="utf-8")
    return path


def write_scores(path: Path, payloads: Iterable[Mapping[str, Any]]) -> Path:
    """What a check of every ticket says: 1 where the label is the one that the ticket is about."""
    lines = ["request_id,model,score,observed_on"]
    for each in payloads:
        question = each["messages"][-1]["content"]
        label = next((label for label in LABELS if label in question), None)
        if label is not None:
            said = json.loads(each["response"]["choices"][0]["message"]["content"])["label"]
            day = datetime.fromtimestamp(each["startTime"], tz=UTC).date()
            lines.append(f"{each['id']},{each['response']['model']},{int(said == label)},{day}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def watch(folder: Path, name: str, configuration: str, first: date, *, is_worse: bool) -> int:
    """One routed week under the plan; the exit code of `audit monitor` on what it logged."""
    payloads = asyncio.run(route(configuration, first, is_worse=is_worse))
    export = write_payloads(folder / f"{name}.jsonl", payloads)
    scores = write_scores(folder / f"{name}-scores.csv", payloads)
    found = audit.monitor(
        export,
        plan=folder / "plan.json",
        stage=STAGE,
        outcomes=scores,
        since=first,
        config=folder / "audit.toml",
        today=first + timedelta(days=DAYS),
    )
    print(f"$ audit monitor {export.name} --plan plan.json --stage {STAGE} --outcomes {scores.name} --since {first}")
    print(found["words"])
    return 0 if found["stopped"] is None else 3


STAGE = 3
"""Half of the tickets."""


def main(folder: Path) -> list[int]:
    """The whole loop in a folder; the exit codes of both looks."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "audit.toml"
    config.write_text(SETTINGS, encoding="utf-8")
    asked: dict[str, Any] = {"config": config, "today": LOGGED + timedelta(days=DAYS)}

    print("$ audit load week-1.jsonl")
    db = folder / "usage.duckdb"
    audit.load(write_log(folder / "week-1.jsonl", LOGGED), db=db, config=config)
    traffic = audit.open(db)
    print("$ audit sample --out sample --pairs 200 --endpoint triage")
    traffic.sample(folder / "sample", pairs=200, endpoints=["triage"], **asked)
    print("$ audit outcomes add output.jsonl --sample sample")
    output = replay(folder / "sample" / "candidate-001.jsonl", folder / "output.jsonl")
    traffic.outcomes.add_answers(output, folder / "sample", **asked)

    print("$ audit report")
    report = traffic.report(**asked)
    for each in report.document["workloads"]:
        print(f"  {each['endpoint']}: {each['verdict']}")
    print(f"$ audit policy --target litellm --stage {STAGE} --out litellm.yaml")
    configuration = traffic.policy(stage=STAGE, **asked).render("litellm")
    (folder / "litellm.yaml").write_text(configuration, encoding="utf-8")
    print("$ audit plan --json > plan.json")
    (folder / "plan.json").write_text(traffic.plan(**asked).json(), encoding="utf-8")

    codes = [
        watch(folder, "week-2", configuration, ROLLED_OUT, is_worse=False),
        watch(folder, "week-3", configuration, REGRESSED, is_worse=True),
    ]
    print(f"exit codes: {codes}")
    return codes


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "rollout")) != [0, 3])
