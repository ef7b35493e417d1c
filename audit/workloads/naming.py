"""Names for workloads: a hint for a person, never an input to a number.

Token shape suggests what a workload does and is often wrong: a real code completion trace looks like classification.
So a name from shape alone claims at most 0.60, and more only where a flag or the endpoint's own name agrees.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from audit.workloads.shapes import Shape, measure_shapes, round_tokens, shape_in_words

SHAPE_ONLY_CAP = 0.60
"""The most that shape alone may claim: surer names were right on synthetic traffic and wrong on the real trace."""

SHARE_THAT_OWNS_THE_NAME = 1 / 3
"""An endpoint is named after its biggest workload; below this share of the traffic the word misleads."""

WHOLE_WORD_LETTERS = 3
"""Words up to this length must match whole: too many words begin with `rag`, `ask` or `ner`."""

UNCLEAR = "unclear"

PHRASES = {
    "embedding": "embedding",
    "reasoning": "reasoning-heavy",
    "classification": "label-sized output (classification-like)",
    "agent_step": "tool step (agent-like)",
    "extraction": "structured output (extraction-like)",
    "translation": "copy-length output (translation-like)",
    "long_doc": "long document-like",
    "summarisation": "summary-like",
    "rag_qa": "grounded answer-like",
    "chat": "chat-like",
    "code_gen": "code-generation-like",
    "code_review": "code-review-like",
}
"""Task type to what is shown. All but the first two are guesses and say `-like`."""

NAME_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "workload_id": pl.String,
    "task_type": pl.String,
    "task_confidence": pl.Float64,
    "task_support": pl.String,
    "name": pl.String,
    "shape_in_words": pl.String,
    "input_p50": pl.Float64,
    "input_p95": pl.Float64,
    "output_p50": pl.Float64,
    "output_p95": pl.Float64,
    "cache_read_share": pl.Float64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A task type, how sure (0..1, capped), what supports it, and the phrase shown for it."""

    task_type: str
    confidence: float
    support: str
    phrase: str


def name_workloads(cells_with_workload: pl.DataFrame, endpoint_words: pl.DataFrame) -> pl.DataFrame:
    """One row per workload with billed cells (NAME_COLUMNS), ordered by workload_id.

    `cells_with_workload` has the columns of queries/4_marts/cell_workloads.sql, `endpoint_words` task_type and word.
    Tokens are quantiles interpolated inside half-octave bins. Equal names inside one endpoint and model are told apart
    by their medians.
    """
    words = [(str(task), str(word)) for task, word in endpoint_words.select("task_type", "word").iter_rows()]
    shapes = measure_shapes(cells_with_workload)
    guesses = [guess(shape, task_types_in(shape.endpoint, words)) for shape in shapes]
    uses = Counter((shape.endpoint, shape.model, found.phrase) for shape, found in zip(shapes, guesses, strict=True))
    rows = [
        (
            shape.workload_id,
            found.task_type,
            found.confidence,
            found.support,
            _name(shape, found, is_shared=uses[shape.endpoint, shape.model, found.phrase] > 1),
            shape_in_words(shape),
            shape.input_tokens[2],
            shape.input_tokens[4],
            shape.output_tokens[2],
            shape.output_tokens[4],
            shape.cached_share,
        )
        for shape, found in zip(shapes, guesses, strict=True)
    ]
    return pl.DataFrame(rows, schema=NAME_COLUMNS, orient="row")


def _name(shape: Shape, found: Guess, *, is_shared: bool) -> str:
    medians = f", {round_tokens(shape.input_tokens[2])} in / {round_tokens(shape.output_tokens[2])} out"
    reservation = ", averages only" if shape.only_averages else "" if shape.is_clustered else ", too few to cluster"
    return found.phrase + (medians if is_shared else "") + reservation


def guess(shape: Shape, named_types: Sequence[str] = ()) -> Guess:
    """The likeliest task type of a shape on an endpoint whose name speaks of `named_types`.

    Confidence is top / (top + second score), halved when the top score is under .25, then capped at SHAPE_ONLY_CAP
    unless a flag that the type needs or a word of the same type supports it. A word of another type and a confidence
    under the cap give `unclear`; averages of buckets always do, unless they are embeddings.
    """
    if shape.only_averages and not shape.is_embedding:
        return Guess(task_type=UNCLEAR, confidence=0.0, support="averages only", phrase=UNCLEAR)
    counted = named_types if shape.model_share >= SHARE_THAT_OWNS_THE_NAME and not shape.is_embedding else ()
    boosted = {task: 2.5 * s + 0.35 if task in counted else s for task, s in scores(shape).items()}
    (first, top), (runner_up, second) = sorted(boosted.items(), key=lambda each: -each[1])[:2]
    confidence = top / (top + second) if top > 0 else 0.0
    if top < 0.25:
        confidence /= 2
    supports = [word for word in (_flag_support(shape, first), "endpoint word" if first in counted else "") if word]
    if not supports:
        confidence = min(confidence, SHAPE_ONLY_CAP)
    support = " and ".join(supports) or "shape only"
    if counted and first not in counted and confidence < SHAPE_ONLY_CAP:
        return Guess(task_type=UNCLEAR, confidence=confidence, support=support, phrase=UNCLEAR)
    phrase = f"{PHRASES[first]} or {PHRASES[runner_up]}" if second > top / 2 else PHRASES[first]
    return Guess(task_type=first, confidence=confidence, support=support, phrase=phrase)


def _flag_support(shape: Shape, task: str) -> str:
    needs = {
        "embedding": ("no output" if shape.is_embedding else ""),
        "reasoning": "reasoning tokens" if shape.reasoning_share > 0.3 else "",
        "agent_step": "tools" if shape.tools_share > 0.5 else "",
        "extraction": "schema" if shape.schema_share > 0.5 else "",
        "classification": "schema" if shape.schema_share > 0.5 else "",
    }
    return needs.get(task, "")


def _near(value: float, low: float, high: float, width: float = 1.0) -> float:
    """1 inside [low, high], falling off as a Gaussian of the distance in octaves outside."""
    distance = max(0.0, math.log2(low / value), math.log2(value / high))
    return math.exp(-0.5 * (distance / width) ** 2)


def scores(shape: Shape) -> dict[str, float]:
    """How well each task type explains the shape, about 0..1.3; written once for synthetic traffic and never tuned.

    Medians are of tokens, spreads are interquartile ranges in octaves. Tools and schemas make every type that does
    not use them five times less likely; reasoning tokens nearly rule out all but `reasoning`.
    """
    if shape.is_embedding:
        return {task: float(task == "embedding") for task in PHRASES}
    i, o = max(0.5, shape.input_tokens[2]), max(0.5, shape.output_tokens[2])
    input_spread, output_spread = (
        math.log2(tokens[3] + 1) - math.log2(tokens[1] + 1) for tokens in (shape.input_tokens, shape.output_tokens)
    )
    has_tools, is_json = shape.tools_share > 0.5, shape.schema_share > 0.5
    is_reasoning, rho = shape.reasoning_share > 0.3, shape.log_correlation
    plain = 0.2 if has_tools else 1.0
    free = plain * (0.2 if is_json else 1.0)
    cached = 1.2 if 0.05 < shape.cached_share < 0.7 else 1.0
    even_output = 1.15 if output_spread < 1 else 0.8
    even_input, uneven_input = (1.1 if input_spread < 0.9 else 0.6), (1.15 if input_spread > 1.4 else 0.7)
    found: Mapping[str, float] = {
        "embedding": 0.0,
        "reasoning": 1.2 if is_reasoning else 0.15 * _near(o, 1500, 8000) * _near(i, 30, 2000),
        "classification": plain * (1.2 * _near(o, 1, 10) + (0.9 * _near(o, 8, 26, 0.5) if is_json else 0.0)),
        "agent_step": 1.3 * _near(i, 2500, 60_000) * _near(o, 15, 400) if has_tools else 0.03,
        "extraction": plain * (1.1 if is_json else 0.12) * _near(o, 45, 900) * _near(i, 300, 12_000),
        "translation": plain * (1.1 * (rho - 0.6) / 0.4 if rho > 0.6 else 0.02) * _near(o / i, 0.3, 1.6),
        "long_doc": plain * 0.9 * _near(i, 18_000, 128_000) * _near(o, 200, 3000),
        "summarisation": free * 0.8 * _near(i, 1800, 20_000) * _near(o, 120, 450) * even_output,
        "rag_qa": free * 0.8 * _near(i, 2000, 7000) * _near(o, 50, 400) * even_input,
        "chat": free * 0.75 * _near(i, 150, 4000) * _near(o, 60, 500) * uneven_input * cached,
        "code_gen": free * 0.8 * _near(i, 150, 3000) * _near(o, 400, 2000),
        "code_review": free * 0.75 * _near(i, 3000, 20_000) * _near(o, 250, 900),
    }
    return {task: score * 0.15 if is_reasoning and task != "reasoning" else score for task, score in found.items()}


def task_types_in(endpoint: str, words: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Task types whose words occur in an endpoint's name, whole or (from four letters on) as a beginning.

    The API path chat/completions is no word: every application calls it, whatever for.

    >>> task_types_in("api/task-planner", [("rag_qa", "ask"), ("extraction", "ner"), ("agent_step", "plan")])
    ('agent_step',)
    """
    spoken = _split(endpoint)
    for at in range(len(spoken) - 1):
        if spoken[at : at + 2] == ["chat", "completions"]:
            spoken[at : at + 2] = ["", ""]
    return tuple(sorted({task for task, word in words if _occurs(_split(word), spoken)}))


def _split(text: str) -> list[str]:
    separated = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return re.findall(r"[^\W_]+", separated.lower())


def _occurs(word: Sequence[str], spoken: Sequence[str]) -> bool:
    *start, last = word
    for at in range(len(spoken) - len(start)):
        end = spoken[at + len(start)]
        matches_end = end == last or (len(last) > WHOLE_WORD_LETTERS and end.startswith(last))
        if matches_end and list(spoken[at : at + len(start)]) == start:
            return True
    return False
