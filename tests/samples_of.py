"""Databases to sample from, and a source of texts that answers whatever a test wants."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from exports import Row, spend_log, write_jsonl

from audit.assumptions import Assumptions
from audit.config import Config
from audit.intake.loading import load
from audit.progress import Progress
from audit.sampling.document import SampleDocument
from audit.sampling.manifest import Replay, read_replays
from audit.sampling.plan import Ask
from audit.sampling.redact import Redactor
from audit.sampling.sample import Choice, Texts, make_sample
from audit.sampling.source import Found, Wanted
from audit.scope import Question
from audit.warehouse import Warehouse

TODAY = date(2026, 9, 30)
BODY: dict[str, object] = {"messages": [{"role": "user", "content": "Zähle bis drei"}], "temperature": 0.2}


def calls(tag: str, count: int, *, first: int = 0, **columns: object) -> list[Row]:
    """Requests of one endpoint: most are small, every tenth is ten times larger."""
    numbered = [(n, 10 if n % 10 == 0 else 1) for n in range(first, first + count)]
    return [
        spend_log(n, tag=tag, tokens_in=factor * (200 + 37 * (n % 29)), tokens_out=factor * (20 + n % 17)) | columns
        for n, factor in numbered
    ]


def database(folder: Path, *rows: Row, name: str = "usage") -> Path:
    """A database of these LiteLLM rows."""
    db = folder / f"{name}.duckdb"
    report = load([str(write_jsonl(folder / f"{name}.jsonl", rows))], db)
    assert report.total("rejected") == 0
    return db


def source(
    *,
    has_text: Callable[[str], bool] = lambda _: True,
    has_answer: Callable[[str], bool] = lambda _: True,
    body: dict[str, object] | None = None,
) -> Texts:
    """Texts for the sample ids that have some."""

    def read(_warehouse: Warehouse, wanted: Sequence[Wanted], _progress: Progress) -> Iterator[Found]:
        for each in wanted:
            known = has_text(each.sample_id)
            answer: dict[str, object] = {"message": {"role": "assistant", "content": "1 2 3"}, "finish_reason": "stop"}
            yield Found(
                sample_id=each.sample_id,
                body=(body or BODY) if known else None,
                answer=answer if known and has_answer(each.sample_id) else None,
                unavailable=None if known else "the export holds no messages",
            )

    return read


def sampled(
    db: Path,
    out: Path | None = None,
    *,
    ask: Ask | None = None,
    endpoints: Sequence[str] = (),
    workload_ids: Sequence[str] = (),
    margin: float | None = None,
    seed: int = 1,
    texts: Texts | None = None,
    question: Question | None = None,
    redactor: Redactor | None = None,
) -> SampleDocument:
    """A sample of a database."""
    choice = Choice(
        ask=ask or Ask(), endpoints=endpoints, workload_ids=workload_ids, margin=margin, seed=seed
    )  # fmt: skip
    with Warehouse.read(db) as warehouse:
        return make_sample(
            warehouse,
            question or Question(today=TODAY),
            Config(),
            Assumptions(),
            choice,
            out=out,
            read_texts=texts or source(),
            redactor=redactor,
        )


def replays(folder: Path) -> list[Replay]:
    """The requests of a sample."""
    return list(read_replays(folder))


def lines(path: Path) -> list[dict[str, object]]:
    """The records of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
