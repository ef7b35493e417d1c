"""What `audit outcomes` prints: where every answer, score, verdict and label went, and what is stored."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from shlex import quote
from typing import TYPE_CHECKING, cast

from audit.console.terminal import note, paragraph, print_cards, print_table
from audit.counting import number_of
from audit.report.cascades import judge_sentence

if TYPE_CHECKING:
    from audit.evidence.labels import Labelled
    from audit.evidence.outcome_log import Added
    from audit.grading.answer_log import AddedAnswers
    from audit.grading.judge_batch import JudgeBatch
    from audit.grading.judge_log import AddedVerdicts
    from audit.grading.score_log import AddedScores
    from audit.report.checked import Judge

WORDS = {
    "graded": "graded",
    "failed": "failed: counts against the model",
    "reference": "used as the incumbent's answer",
    "incumbent_failed": "incumbent's answer unreadable: no pair",
    "unpaired": "nothing to pair it with",
    "ungraded": "left to people or a judge",
    "not_answered": "not answered: to be replayed",
    "duplicate": "a better line about the same request",
    "unknown": "not of this sample",
    "unreadable": "not readable",
}
"""What became of a line of a batch, in the order in which it is told."""

JUDGED = {
    "judged": "compared in both orders",
    "same": "the same to the letter: a tie without asking",
    "candidate_failed": "candidate's answer unreadable: counts against it",
    "incumbent_failed": "incumbent's answer unreadable: no pair",
    "judge_unreadable": "no readable verdict: an outcome of its own",
    "not_answered": "not answered: to be replayed",
    "no_incumbent_answer": "no answer of the incumbent",
    "no_prompt_in_sample": "the sample has no prompt of it",
    "images_or_audio": "images or audio, which a judge of text cannot see",
    "other_endpoint": "of an endpoint left out",
    "missing": "not judged yet",
}
"""What became of a pair that a judge was to compare."""

VERDICTS = {
    "used": "used",
    "half": "the other order has no verdict",
    "unreadable_verdict": "no readable verdict",
    "not_answered": "not answered: to be asked again",
    "duplicate": "a better line about the same comparison",
    "unknown": "not of these pairs",
    "unreadable": "not readable",
}
"""What became of a line of a judge's batch."""

REASONS_SHOWN = 10
SHOWN = 3
"""Ids quoted; `--json` has all."""


def print_added(added: "Added") -> None:
    """What became of an outcomes file."""
    known = " (added before; nothing changed)" if added.already_known else ""
    replaced = f" ({added.replaced:,} of them in place of earlier ones)" if added.replaced else ""
    print(f"{added.path}: {number_of(added.pairs, 'pair')}{known}{replaced}")
    for warning in added.warnings:
        note(f"warning: {warning}")


def print_answers(result: "AddedAnswers") -> None:
    """The account of all lines, the reasons, and what was kept."""
    rows = [(WORDS[name], result.counts[name]) for name in WORDS if result.counts.get(name)]
    print_table(f"Answers to {result.sample}", ("what became of them", "lines"), [*rows, ("read", result.read)])
    if result.reasons:
        told = ((_spoken(str(why["became"])), why["reason"], why["lines"]) for why in result.reasons[:REASONS_SHOWN])
        print_table("Why", ("became", "reason", "lines"), told)
    for endpoint, kind in result.graders.items():
        print(f"{endpoint}: graded by {kind}")
    if result.replay_cost is not None:
        print(f"replay cost of the pairs: ${result.replay_cost:,.4f}")
    print_added(result.added)
    for text in result.notes:
        note(f"note: {text}")
    for what, ids in (("got no answer; replay them", result.replay_again), ("have no line here", result.missing)):
        if ids:
            more = " …" if len(ids) > SHOWN else ""
            note(f"note: {number_of(len(ids), 'request')} of the sample {what}: {', '.join(ids[:SHOWN])}{more}")


def print_scores(result: "AddedScores") -> None:
    """The account of all scores and what was kept."""
    rows = [("paired", result.paired), *sorted(result.unpaired.items(), key=lambda item: -item[1])]
    print_table(f"Scores of {result.harness}", ("what became of them", "scores"), [*rows, ("read", result.read)])
    print_added(result.added)


def print_batch(batch: "JudgeBatch") -> None:
    """The pairs, what the judge will cost, where the files are, and what to do with them."""
    rows = [(JUDGED.get(name, name), count) for name, count in batch.counts.items()]
    print_table(f"Pairs for judge {batch.judge}, rubric {batch.rubric_hash}", ("what became of them", "replies"), rows)
    tokens = f"{number_of(batch.expected_input_tokens, 'token')} in, {batch.expected_output_tokens:,} out"
    cost = "unknown: no price for this judge" if batch.expected_cost is None else f"about ${batch.expected_cost:,.2f}"
    paragraph(
        f"expected cost: {cost} at batch prices ({tokens}: prompts and answers as counted by their providers, the "
        "rubric and what nobody counted at 4 characters a token; reasoning models write more)"
    )
    for file in batch.files:
        print(f"{batch.folder}/{file.name}: {number_of(file.requests, 'request')}")
    if batch.labels:
        print(f"{batch.folder}/labels.csv: {number_of(batch.labels, 'pair')} for people")
        print("fill in preference there: first, second or tie")
    folder = quote(batch.folder)
    print(f"next: audit outcomes judged {folder} OUTPUT...")
    if batch.labels:
        print(f"      audit outcomes label {folder}/labels.csv")
    for text in batch.notes:
        note(f"warning: {text}")


def print_verdicts(result: "AddedVerdicts") -> None:
    """Every line and pair accounted for, the judge's leaning, what it cost."""
    lines = [(VERDICTS.get(name, name), count) for name, count in result.counts.items()]
    print_table(f"Verdicts on {result.folder}", ("what became of them", "lines"), [*lines, ("read", result.read)])
    pairs = [(JUDGED.get(name, name), count) for name, count in result.pairs.items() if count]
    print_table("Pairs", ("what became of them", "pairs"), pairs)
    if result.reasons:
        print_table("Replies without a verdict", ("why", "replies"), list(result.reasons.items()))
    for grader in result.graders:
        print(f"grader: {grader}")
    print(f"verdict turned with the order: {number_of(result.inconsistent, 'pair')}, each half a win for either side")
    if (bias := result.position_bias) is not None:
        ends = f"{100 * bias['low']:+.1f} to {100 * bias['high']:+.1f}"
        print(f"position bias: {100 * bias['point']:+.1f} points ({ends}) for the answer read first; 0 is fair")
    if result.judge_cost is not None:
        print(f"judge cost: ${result.judge_cost:,.4f}")
    print_added(result.added)
    print("a judge alone routes nothing: have people label a random part (`audit outcomes label`)")
    for text in result.notes:
        note(f"warning: {text}")
    if result.missing:
        more = " …" if len(result.missing) > SHOWN else ""
        note(f"note: {len(result.missing):,} comparisons to ask again: {', '.join(result.missing[:SHOWN])}{more}")


def print_labelled(result: "Labelled") -> None:
    """The account of all labels."""
    rows = [
        ("used", result.used),
        ("of no judged pair", result.unknown),
        ("the same once more", result.duplicate),
        ("not filled in", result.empty),
        ("read", result.read),
    ]
    print_table(f"Labels of {result.path}", ("what became of them", "labels"), rows)
    print(
        f"{number_of(result.pairs, 'judged pair has', 'judged pairs have')} these labels, {result.changed:,} "
        "of them new or changed"
    )


def print_stored(rows: Sequence[Mapping[str, object]]) -> None:
    """One paragraph per endpoint, models and grader; then the incumbent against itself."""
    for kind, members in groupby(rows, key=lambda row: row["kind"]):
        if kind != "pairs":
            print()
            paragraph("Noise ceiling: the incumbent asked the same twice. No candidate can agree with it more.")
            print()
        print_cards(_card(row) for row in members)


def _card(row: Mapping[str, object]) -> dict[str, object]:
    """What is known of a row, as text; counts and costs of 0 are left out."""
    is_pair = row["kind"] == "pairs"
    models = f"{row['incumbent_model']} -> {row['candidate_model']}" if is_pair else str(row["incumbent_model"])
    low, point, high = (row[f"self_agreement_{end}"] for end in ("low", "point", "high"))
    first, last = row["observed_from"], row["observed_to"]
    known: dict[str, object] = {
        "endpoint": row["endpoint"] or "(by request)",
        "models": models,
        "grader": row["grader"],
        "pairs": f"{row['pairs']:,}",
        "mean scores": _means(row) if is_pair else None,
        "agrees with itself": None if point is None else f"{point:.1%} (95% {low:.1%} to {high:.1%})",
        "parse failures": row["parse_failures"],
        "incumbent's own failures": row["incumbent_failures"],
        "replay cost": row["replay_cost"] and f"${row['replay_cost']:,.4f}",
        "judge cost": row["judge_cost"] and f"${row['judge_cost']:,.4f}",
        "people": row["judge"] and judge_sentence(cast("Judge", row["judge"])),
        "observed": first if first == last else f"{first} to {last}",
    }
    return {name: str(value) for name, value in known.items() if value}


def _means(row: Mapping[str, object]) -> str | None:
    one, other = row["incumbent_mean"], row["candidate_mean"]
    return None if one is None or other is None else f"{one:.3f} -> {other:.3f}, weights left aside"


def _spoken(name: str) -> str:
    return name.replace("_", " ")
