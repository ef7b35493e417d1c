"""Results as eval harnesses export them, with no more fields than a reader could look at."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = dict[str, object]


def promptfoo(models: Sequence[str] = ("openai:gpt-4o", "openai:chat:gpt-4o-mini")) -> Row:
    """Two tests on two providers; the second call of the second provider failed."""
    rows: list[Row] = [
        {
            "promptIdx": place,
            "testIdx": test,
            "promptId": "p1",
            "provider": {"id": model, "label": ""},
            "prompt": {"raw": "{{q}}", "label": "{{q}}"},
            "vars": {"q": "x", "endpoint": "chat"},
            "success": place == 0,
            "score": 1 if place == 0 else 0.5,
            "failureReason": 0 if place == 0 else (1 if test == 0 else 2),
            "error": None if place == 0 else "Expected output to contain x",
            "response": {"output": "y", "tokenUsage": {"total": 9, "prompt": 5, "completion": 4}},
        }
        for test in range(2)
        for place, model in enumerate(models)
    ]
    return {"evalId": "eval-1", "results": {"version": 3, "timestamp": "2026-03-04T05:06:07Z", "results": rows}}


def inspect(model: str, values: Sequence[object], task: str = "triage") -> Row:
    """An eval log of one model with two epochs per sample."""
    samples: list[Row] = [
        {
            "id": number,
            "epoch": epoch,
            "input": "x",
            "target": "y",
            "output": {"model": model, "choices": [], "usage": {"input_tokens": 9, "output_tokens": 4}},
            "scores": {"match": {"value": value, "answer": "y"}, "other": {"value": {"a": 1}}},
            "metadata": {"endpoint": "chat"},
            "error": None,
        }
        for number, value in enumerate(values)
        for epoch in (1, 2)
    ]
    log = {"task": task, "model": f"openai/{model}", "created": "2026-03-04T05:06:07+00:00"}
    return {"version": 2, "status": "success", "eval": log, "samples": samples}


def openai_events(model: str, correct: Sequence[bool]) -> list[Row]:
    """The events that oaieval recorded of a run."""
    spec = {
        "completion_fns": [model],
        "eval_name": "triage.dev.v0",
        "base_eval": "triage",
        "run_id": "r",
        "created_at": "x",
    }
    events: list[Row] = [{"spec": spec}]
    for number, each in enumerate(correct):
        head: Row = {"run_id": "r", "sample_id": f"triage.dev.{number}", "created_at": "2026-03-04 05:06:07+00:00"}
        events.append(head | {"event_id": 2 * number, "type": "sampling", "data": {"prompt": "x", "sampled": ["y"]}})
        events.append(head | {"event_id": 2 * number + 1, "type": "match", "data": {"correct": each, "picked": "y"}})
    return [*events, {"final_report": {"accuracy": 0.5}, "run_id": "r"}]


def output_item(number: int, model: str, score: float, **item: object) -> Row:
    """One output item of a run of the Evals API."""
    usage: Row = {"completion_tokens": 7, "prompt_tokens": 9, "total_tokens": 16}
    return {
        "object": "eval.run.output_item",
        "id": f"outputitem_{number}_{model}",
        "eval_id": "eval_1",
        "run_id": f"evalrun_{model}",
        "created_at": 1_772_600_000,
        "datasource_item_id": number,
        "datasource_item": {"request_id": f"chatcmpl-{number}", **item},
        "status": "pass",
        "results": [{"name": "label", "passed": score > 0.5, "score": score, "type": "string-check-grader"}],
        "sample": {
            "model": model,
            "usage": usage,
            "error": None,
        },
    }


def braintrust(experiment: str, score: float | None, model: str | None) -> list[Row]:
    """The root span of a test case, and a span of its scorer, which has no scores."""
    root: Row = {
        "id": f"{experiment}-1",
        "experiment_id": experiment,
        "root_span_id": f"{experiment}-1",
        "dataset_record_id": "record-1",
        "input": {"q": "x"},
        "output": "y",
        "expected": "y",
        "scores": {"Factuality": score},
        "metadata": {"endpoint": "chat"} | ({"model": model} if model else {}),
        "metrics": {"completion_tokens": 5},
        "created": "2026-03-04T05:06:07Z",
        "error": None,
    }
    return [root, root | {"id": f"{experiment}-2", "scores": {}}]


def langsmith(scores: Sequence[object]) -> list[Row]:
    """What to_pandas() gives for an experiment."""
    return [
        {
            "inputs.q": "x",
            "outputs.answer": "y",
            "error": "",
            "reference.answer": "y",
            "feedback.correct": score,
            "execution_time": 1.5,
            "example_id": f"example-{number}",
            "id": f"run-{number}",
        }
        for number, score in enumerate(scores)
    ]


def as_json(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def as_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
