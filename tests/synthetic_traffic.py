# pyright: basic
# ruff: noqa: C408
"""Labelled synthetic LLM traffic for checking the clustering, the naming and the scale of `audit`.

Every endpoint carries 1 to 4 workloads. A workload is one deployment of one of 12 task types, with its own
jittered parameters (what one team runs). Token counts are lognormal with a 1 % Pareto tail, prompts have a
constant system prefix, answers may be cut by max_tokens, cache hits come in steps of 128 tokens from 1,024 on.

The truth (`true_task`, `true_workload`) is for scoring only: a clusterer must never read it.
Known bias: lognormal shapes favour Gaussian mixtures, and an endpoint word always names its biggest workload.
Prices are not modelled: all rows but embeddings say gpt-4o, reasoning rows included.

Columns: request_id, start_time (UTC), endpoint, operation_name, model, usage_input_tokens (includes cached),
usage_cache_read_input_tokens, usage_output_tokens (includes reasoning), usage_reasoning_output_tokens, has_tools,
is_json (structured output asked for), true_task, true_workload.
"""

from datetime import UTC, datetime

import numpy as np
import polars as pl

# Declared parameters. `var`/`sigma`: median and ln-sigma of the variable part of the prompt, tokens.
# `prefix`: range of the constant system prompt. `out`: median and ln-sigma of the answer.
# `schema`/`tools`: probability that a workload of this type sets response_format / sends tools.
TASKS: dict[str, dict] = {
    "classification": dict(var=160, sigma=0.7, prefix=(300, 2200), out=None, schema=0.3, tools=0),
    "extraction": dict(var=1100, sigma=0.6, prefix=(200, 900), out=(170, 0.5), schema=0.9, tools=0.05),
    "summarisation": dict(var=2800, sigma=0.7, prefix=(60, 200), out=(230, 0.4), schema=0.03, tools=0),
    "rag_qa": dict(var=3000, sigma=0.35, prefix=(200, 900), out=(170, 0.65), schema=0.05, tools=0),
    "chat": dict(var=600, sigma=1.1, prefix=(50, 600), out=(190, 0.9), schema=0, tools=0.05),
    "code_gen": dict(var=500, sigma=0.9, prefix=(50, 400), out=(600, 0.8), schema=0, tools=0.05),
    "code_review": dict(var=4500, sigma=0.8, prefix=(200, 800), out=(420, 0.55), schema=0.15, tools=0),
    "agent_step": dict(var=0, sigma=0, prefix=(1200, 3500), out=(85, 0.8), schema=0, tools=1.0),
    "translation": dict(var=320, sigma=0.8, prefix=(40, 150), out="copy", schema=0, tools=0),
    "long_doc": dict(var=35000, sigma=0.6, prefix=(100, 500), out=(650, 0.5), schema=0.1, tools=0),
    "embedding": dict(var=320, sigma=0.8, prefix=(0, 0), out=0, schema=0, tools=0),
    "reasoning": dict(var=420, sigma=0.9, prefix=(50, 300), out=(2600, 0.9), schema=0.05, tools=0),
}
LABEL_SIZES = ((1, 2, 3), (3, 5, 6, 8), (14, 16, 17, 19, 22))  # classification answers; the last one is JSON
CAPPED = ("summarisation", "rag_qa", "chat", "code_gen")  # types whose workloads may set max_tokens
MAX_INPUT, MAX_OUTPUT, CACHE_MIN, CACHE_STEP = 128_000, 16_384, 1024, 128
WORDS = {
    "classification": ["classify", "intent", "label", "moderate", "triage"],
    "extraction": ["extract", "parse", "ocr", "invoice-fields"],
    "summarisation": ["summarize", "digest", "tldr"],
    "rag_qa": ["ask", "kb-answer", "rag", "search-answer"],
    "chat": ["chat", "assistant", "support-bot"],
    "code_gen": ["codegen", "autocomplete", "copilot"],
    "code_review": ["code-review", "pr-review", "diff"],
    "agent_step": ["agent", "planner", "tool-loop"],
    "translation": ["translate", "localize"],
    "long_doc": ["contract-analysis", "long-doc", "report-analysis"],
    "embedding": ["embeddings", "embed"],
    "reasoning": ["solve", "reason", "math"],
}
GENERIC = ["v1/chat/completions", "llm", "api/generate", "gateway", "proxy", "internal/llm-svc"]
COLUMNS = (
    "endpoint",
    "operation_name",
    "model",
    "usage_input_tokens",
    "usage_cache_read_input_tokens",
    "usage_output_tokens",
    "usage_reasoning_output_tokens",
    "has_tools",
    "is_json",
    "true_task",
    "true_workload",
)
START, SPAN_S = datetime(2026, 1, 5, tzinfo=UTC), 14 * 86_400  # one period is 14 days


def make_workload(task: str, rng: np.random.Generator) -> dict:
    """One deployment of a task type with its own jittered parameters."""
    p = TASKS[task]

    def jitter(sigma: float = 0.35) -> float:
        return float(np.exp(rng.normal(0, sigma)))

    low, high = p["prefix"]
    prefix = int(np.exp(rng.uniform(np.log(max(low, 1)), np.log(max(high, 1))))) if high else 0
    w: dict = dict(task=task, prefix=prefix, var=p["var"] * jitter(), sigma=p["sigma"] * jitter(0.15))
    w["schema"] = float(rng.random() < p["schema"])
    w["tools"] = float(rng.random() < p["tools"])
    w["cap"] = 0
    if task == "classification":
        kind = int(rng.integers(0, 3))
        w["labels"], w["schema"] = np.array(LABEL_SIZES[kind]), float(kind == 2)
        if rng.random() < 0.15:
            w["sigma"] = 0.02  # nearly constant prompt
    elif isinstance(p["out"], tuple):
        w["out"], w["out_sigma"] = p["out"][0] * jitter(0.3), p["out"][1] * jitter(0.15)
        if task in CAPPED:
            w["cap"] = int(rng.choice([0, 0, 256, 512, 1024]))
    if task == "agent_step":
        w["step"], w["n_steps"] = 700 * jitter(), int(rng.integers(6, 25))
    if task == "translation":
        w["ratio"] = rng.uniform(0.85, 1.5)
    return w


def make_endpoints(count: int, seed: int) -> list[dict]:
    """Endpoints with 1-4 task types each, mixture shares, relative size and a name."""
    rng = np.random.default_rng(seed)
    chat_types = [t for t in TASKS if t != "embedding"]
    endpoints = []
    for i in range(count):
        k = int(rng.choice([1, 2, 3, 4], p=[0.3, 0.35, 0.2, 0.15]))
        tasks = ["embedding"] if rng.random() < 0.05 else [str(t) for t in rng.choice(chat_types, k, replace=False)]
        shares = np.maximum(rng.dirichlet(np.full(len(tasks), 2.0)), 0.05)
        shares /= shares.sum()
        weight = int(np.exp(rng.uniform(np.log(100), np.log(200_000))))
        biggest = tasks[int(np.argmax(shares))]
        word = str(rng.choice(WORDS[biggest]) if rng.random() < 0.5 else rng.choice(GENERIC))
        workloads = [make_workload(t, rng) for t in tasks]
        endpoints.append(dict(id=i, name=f"svc-{i:02d}/{word}", weight=weight, shares=shares, workloads=workloads))
    return endpoints


def drifted(endpoint: dict, rng: np.random.Generator) -> dict:
    """The same endpoint in a later period: shares move by LN(0.3), medians by LN(0.1)."""
    shares = endpoint["shares"] * np.exp(rng.normal(0, 0.3, len(endpoint["shares"])))
    workloads = []
    for w in endpoint["workloads"]:
        moved = dict(w, var=w["var"] * np.exp(rng.normal(0, 0.1)))
        if "out" in w:
            moved["out"] = w["out"] * np.exp(rng.normal(0, 0.1))
        workloads.append(moved)
    return dict(endpoint, shares=shares / shares.sum(), workloads=workloads)


def draw(w: dict, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw n requests of one workload: token counts (int64) and flags (bool)."""
    task, prefix = w["task"], w["prefix"]
    if task == "agent_step":
        step_no = rng.integers(0, w["n_steps"], n)
        grow = w["step"] * rng.lognormal(0, 0.5, n)
        tokens_in = prefix + 150 * rng.lognormal(0, 0.6, n) + step_no * grow
        hit = (tokens_in > CACHE_MIN) & (rng.random(n) < 0.9)
        cached = np.where(hit, np.clip(prefix + (step_no - 1).clip(0) * grow, 0, tokens_in * 0.98), 0)
        tokens_out = rng.lognormal(np.log(w["out"]), w["out_sigma"], n)
    else:
        var = rng.lognormal(np.log(w["var"]), w["sigma"], n)
        tail = rng.random(n) < 0.01
        var = np.where(tail, var * (1 + rng.pareto(1.5, n)), var)
        tokens_in = prefix + var
        if task == "chat":
            hit = (tokens_in > CACHE_MIN) & (rng.random(n) < 0.6)
            cached = np.where(hit, tokens_in * rng.uniform(0.3, 0.92, n), 0)
        else:
            hit = (prefix >= CACHE_MIN) & (rng.random(n) < 0.85)
            cached = np.where(hit, prefix, 0.0)
        if task == "classification":
            tokens_out = w["labels"][rng.integers(0, len(w["labels"]), n)].astype(float)
        elif task == "translation":
            tokens_out = var * w["ratio"] * rng.lognormal(0, 0.12, n)
        elif task == "embedding":
            tokens_out = np.zeros(n)
        else:
            tokens_out = rng.lognormal(np.log(w["out"]), w["out_sigma"], n)
        if w["cap"]:
            tokens_out = np.minimum(tokens_out, w["cap"])
    tokens_in = np.clip(np.round(tokens_in), 1, MAX_INPUT)
    tokens_out = np.clip(np.round(tokens_out), 0 if task == "embedding" else 1, MAX_OUTPUT)
    cached = np.where(cached >= CACHE_MIN, np.floor(cached / CACHE_STEP) * CACHE_STEP, 0).clip(0, tokens_in)
    thought = np.round(tokens_out * rng.beta(6, 2, n)) if task == "reasoning" else np.zeros(n)
    is_json = rng.random(n) < 0.97 * w["schema"]
    has_tools = rng.random(n) < 0.97 * w["tools"]
    return dict(
        usage_input_tokens=tokens_in.astype(np.int64),
        usage_cache_read_input_tokens=cached.astype(np.int64),
        usage_output_tokens=tokens_out.astype(np.int64),
        usage_reasoning_output_tokens=thought.astype(np.int64),
        has_tools=has_tools,
        is_json=is_json,
    )


def generate(seed: int, rows: int, n_endpoints: int = 40, period: int = 1) -> pl.DataFrame:
    """Exactly `rows` labelled requests in time order. Same arguments, same rows."""
    endpoints = make_endpoints(n_endpoints, seed)
    weights = np.array([e["weight"] for e in endpoints], float)
    quota = rows * weights / weights.sum()
    counts = np.floor(quota).astype(int)
    counts[np.argsort(counts - quota, kind="stable")[: rows - counts.sum()]] += 1  # largest remainders
    parts = []
    for endpoint, n in zip(endpoints, counts, strict=True):
        rng = np.random.default_rng([seed, period, endpoint["id"]])
        e = endpoint if period == 1 else drifted(endpoint, rng)
        for i, (w, m) in enumerate(zip(e["workloads"], rng.multinomial(n, e["shares"]), strict=True)):
            if m == 0:
                continue
            is_embedding = w["task"] == "embedding"
            parts.append(
                pl.DataFrame(draw(w, int(m), rng)).with_columns(
                    endpoint=pl.lit(e["name"]),
                    operation_name=pl.lit("embeddings" if is_embedding else "chat"),
                    model=pl.lit("text-embedding-3-small" if is_embedding else "gpt-4o"),
                    true_task=pl.lit(w["task"]),
                    true_workload=pl.lit(f"{e['name']}#{i}"),
                )
            )
    frame = pl.concat(parts)
    rng = np.random.default_rng([seed, period, 999_983])
    frame = frame[rng.permutation(len(frame))]
    offset_us = np.sort(rng.integers(0, SPAN_S * 1_000_000, len(frame)))
    start_us = int(START.timestamp() + (period - 1) * SPAN_S) * 1_000_000
    return frame.select(
        request_id=pl.format("s{}p{}-{}", pl.lit(seed), pl.lit(period), pl.int_range(pl.len())),
        start_time=pl.Series(start_us + offset_us).cast(pl.Datetime("us", "UTC")),
        **{c: pl.col(c) for c in COLUMNS},
    )
