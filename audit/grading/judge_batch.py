"""`audit outcomes judge`: both answers of every sampled request, in both orders, as batches for a judge model.

Beside the batch files the folder gets `pairs.jsonl`, what is known of each pair but for its texts, and `labels.csv`, a
random part of the same pairs for people to label: a judge that nobody checked routes nothing.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

from audit.catalog.models import canonical
from audit.config import Config
from audit.counting import number_of
from audit.errors import ConfigError, InputError, UnknownNameError
from audit.evidence.labels import LABEL_COLUMNS, incumbent_is_first
from audit.evidence.priors import model_family
from audit.grading.answer_log import outcome_row
from audit.grading.answers import Reply, Usage, read_replies
from audit.grading.judge_pairs import Compared, compared
from audit.grading.judge_rubric import VERDICT_TOKENS, Judge, as_text
from audit.grading.replay_cost import BatchPrices
from audit.grading.sample_folder import Sample, read_sample
from audit.sampling.batch import BatchFile, BatchRequest, write_batches
from audit.sampling.folder import new_folder, open_private, write_lines
from audit.sampling.manifest import ORDERS, Role

PAIRS, JUDGE, LABELS = "pairs.jsonl", "judge.json", "labels.csv"

CHARACTERS_PER_TOKEN = 4
"""For the rubric, and for texts whose tokens nobody counted: a rough rule for English."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeBatch:
    """What was written; `counts` add up to the candidate's replies."""

    folder: str
    judge: str
    rubric_hash: str
    counts: Mapping[str, int]
    """judged, same (a tie without asking), candidate_failed, incumbent_failed, or why a reply cannot be judged."""
    files: Sequence[BatchFile]
    expected_cost: float | None
    """USD at batch prices; None where the judge has no known price."""
    expected_input_tokens: int
    """Prompts and answers as the providers counted them, the rubric and uncounted texts at four characters a token."""
    expected_output_tokens: int
    labels: int
    """Pairs in labels.csv."""
    notes: Sequence[str]


def write_judge_batch(
    sample_folder: Path,
    outputs: Sequence[Path],
    judge: Judge,
    config: Config,
    *,
    today: date,
    out: Path | None = None,
    endpoints: Sequence[str] = (),
    labels: int = 150,
    seed: int = 1,
) -> JudgeBatch:
    """Write the folder `out`, by default `judge-MODEL-RUBRIC` in the sample's; InputError where there is no pair."""
    sample = read_sample(sample_folder)
    replies = read_replies(outputs, sample.replays.keys())
    counts: Counter[str] = Counter()
    found = list(compared(sample, replies, _chosen(sample, config, endpoints), counts))
    countable = [each for each in found if each.is_countable]
    if not countable:
        told = ", ".join(f"{count:,} {why.replace('_', ' ')}" for why, count in sorted(counts.items()))
        raise InputError(f"{sample_folder}: no pair of answers to judge ({told or 'no reply of the candidate'})")
    prices, others = BatchPrices(config), Counter[str]()
    rows = [outcome_row(each.pair, sample, config, prices, today, others) for each in found]
    asked = [each for each in countable if not each.is_same]
    tokens = [_input_tokens(each, judge) for each in asked]
    folder = out or sample_folder / f"judge-{judge.model.replace('/', '-')}-{judge.rubric_hash}"
    models = {
        each.pair.replay.sample_id: canonical(str(row["candidate_model"]), each.pair.reply.observed_on or today)
        for row, each in zip(rows, found, strict=True)
    }
    # Every pair that will have a score can be drawn: labels of some kinds only would not speak for the others.
    drawable = [each for each in found if not each.pair.incumbent_failed]
    chosen = Random(seed).sample(drawable, min(labels, len(drawable)))
    with new_folder(folder) as new:
        files = [file for order in ORDERS for file in write_batches(new, order, _requests(asked, tokens, judge, order))]
        write_lines(
            new / PAIRS, (_plain(row) | {"is_same": each.is_same} for row, each in zip(rows, found, strict=True))
        )
        _write(new / JUDGE, json.dumps(asdict(judge), indent=2))
        if chosen:
            _write(new / LABELS, _label_sheet(chosen, models))
    costs = [_cost(each, judge, prices, today) for each in tokens]
    return JudgeBatch(
        folder=str(folder),
        judge=judge.model,
        rubric_hash=judge.rubric_hash,
        counts=dict(counts),
        files=files,
        expected_cost=None if None in costs else float(len(ORDERS) * sum(cost for cost in costs if cost is not None)),
        expected_input_tokens=len(ORDERS) * sum(tokens),
        expected_output_tokens=len(ORDERS) * VERDICT_TOKENS * len(tokens),
        labels=len(chosen),
        notes=[
            *self_preference(judge.model, rows, today),
            *(f"{number_of(n, 'answer')}: {text}" for text, n in others.items()),
        ],
    )


def self_preference(judge: str, rows: Sequence[Mapping[str, object]], today: date) -> list[str]:
    """Warnings where the judge would mark its own answers: models favour them. Panickssery et al. 2024."""
    own = model_family(canonical(judge, today))
    return [
        f"the judge {judge} is of the family of the {side}: a model favours its own answers; take another judge, or "
        "have people label more of the pairs"
        for side in ("incumbent", "candidate")
        if any(model_family(str(row[f"{side}_model"])) == own for row in rows)
    ]


def _chosen(sample: Sample, config: Config, named: Sequence[str]) -> set[str]:
    """The endpoints asked for; else those that audit.toml gives to a judge; else all."""
    known = {replay.endpoint for replay in sample.replays.values()}
    for name in named:
        if name not in known:
            raise ConfigError(f"--endpoint: {UnknownNameError('endpoint of the sample', name, known)}")
    given = {name for name, each in config.graders.items() if each.kind == "judge"} & known
    return set(named) or given or known


def _requests(asked: Sequence[Compared], tokens: Sequence[int], judge: Judge, order: Role) -> Iterator[BatchRequest]:
    for each, count in zip(asked, tokens, strict=True):
        answers = (each.incumbent, each.candidate)
        body = judge.body(each.conversation, *(answers if order == ORDERS[0] else reversed(answers)))
        sample_id = each.pair.replay.sample_id
        yield BatchRequest(sample_id=sample_id, model=judge.model, body=body, input_tokens=count)


def _input_tokens(each: Compared, judge: Judge) -> int:
    """Tokens of one comparison: prompt and answers as counted in the replies, the rest by their characters."""
    candidate, incumbent = each.pair.reply.usage, each.pair.incumbent_reply
    before = each.pair.replay.incumbent_output_tokens or (
        incumbent and incumbent.usage and incumbent.usage.output_tokens
    )
    counted = (
        (candidate and candidate.input_tokens, as_text(each.conversation)),
        (candidate and candidate.output_tokens, as_text(each.candidate)),
        (before, as_text(each.incumbent)),
        (None, judge.instructions),
    )
    return sum(tokens or len(text) // CHARACTERS_PER_TOKEN for tokens, text in counted)


def _cost(tokens: int, judge: Judge, prices: BatchPrices, today: date) -> Decimal | None:
    usage = Usage(input_tokens=tokens, output_tokens=VERDICT_TOKENS)
    return prices.cost(Reply(sample_id="", role=ORDERS[0], place="", usage=usage), judge.model, today)


def _plain(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def _label_sheet(chosen: Sequence[Compared], models: Mapping[str, str]) -> str:
    """CSV for people: which answer is whose is left out, and what needs no person is filled in."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(LABEL_COLUMNS)
    for each in chosen:
        sample_id = each.pair.replay.sample_id
        answers = (as_text(each.incumbent), as_text(each.candidate))
        first, second = answers if incumbent_is_first(sample_id) else reversed(answers)
        cells = (
            sample_id,
            models[sample_id],
            as_text(each.conversation),
            first,
            second,
            "tie" if each.is_same else "incumbent" if each.pair.parse_failed else "",
            "",
        )
        table.writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _harmless(cell: str) -> str:
    """The text, which no spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _write(path: Path, text: str) -> None:
    with open_private(path) as file:
        file.write(text.encode("utf-8", "replace"))
