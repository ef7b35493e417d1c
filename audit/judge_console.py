"""What `audit outcomes judge`, `judged` and `label` print."""

from typing import TYPE_CHECKING

from audit.console import note, print_added, print_table
from audit.outcome_console import SHOWN

if TYPE_CHECKING:
    from audit.evidence.labels import Labelled
    from audit.grading.judge_batch import JudgeBatch
    from audit.grading.judge_log import AddedVerdicts

BECAME = {
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

LINES = {
    "used": "used",
    "half": "the other order has no verdict",
    "unreadable_verdict": "no readable verdict",
    "not_answered": "not answered: to be asked again",
    "duplicate": "a better line about the same comparison",
    "unknown": "not of these pairs",
    "unreadable": "not readable",
}


def print_batch(batch: "JudgeBatch") -> None:
    """The pairs, what the judge will cost, where the files are, and what to do with them."""
    rows = [(BECAME.get(name, name), count) for name, count in batch.counts.items()]
    print_table(f"Pairs for judge {batch.judge}, rubric {batch.rubric_hash}", ("what became of them", "replies"), rows)
    tokens = f"{batch.expected_input_tokens:,} tokens in, {batch.expected_output_tokens:,} out"
    cost = "unknown: no price for this judge" if batch.expected_cost is None else f"about ${batch.expected_cost:,.2f}"
    print(f"expected cost: {cost} at batch prices ({tokens}: prompts and answers as counted by their providers, the")
    print("rubric and what nobody counted at 4 characters a token; reasoning models write more)")
    for file in batch.files:
        print(f"{batch.folder}/{file.name}: {file.requests:,} requests")
    if batch.labels:
        print(f"{batch.folder}/labels.csv: {batch.labels:,} pairs for people; fill in preference: first, second or tie")
    print(f"next: audit outcomes judged {batch.folder} OUTPUT..., then audit outcomes label {batch.folder}/labels.csv")
    for text in batch.notes:
        note(f"warning: {text}")


def print_verdicts(result: "AddedVerdicts") -> None:
    """Every line and pair accounted for, the judge's leaning, what it cost."""
    lines = [(LINES.get(name, name), count) for name, count in result.counts.items()]
    print_table(f"Verdicts on {result.folder}", ("what became of them", "lines"), [*lines, ("read", result.read)])
    pairs = [(BECAME.get(name, name), count) for name, count in result.pairs.items() if count]
    print_table("Pairs", ("what became of them", "pairs"), pairs)
    if result.reasons:
        print_table("Replies without a verdict", ("why", "replies"), list(result.reasons.items()))
    for grader in result.graders:
        print(f"grader: {grader}")
    print(f"verdict turned with the order: {result.inconsistent:,} pairs, each half a win for either side")
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
    print(f"{result.pairs:,} judged pairs have these labels, {result.changed:,} of them new or changed")
