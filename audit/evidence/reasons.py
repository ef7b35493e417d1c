"""Reason codes of verdicts and the sentence each stands for: one place, so that every report says the same."""

from typing import Literal

Verdict = Literal["route", "pilot", "keep"]
Evidence = Literal["measured", "prior", "none"]

GATES = {
    "long_input": "Inputs above 50,000 tokens and no outcomes at that length.",
    "images": "Image input: the candidate may count an image as many more tokens.",
    "audio": "Audio input or output, which the candidate does not serve at the same terms.",
    "fine_tuned": "Served by a fine-tuned model; its training does not carry over.",
    "context_limit": "Inputs exceed the candidate's context window.",
    "candidate_unpriced": "The candidate has no known price at this service tier or for these tokens.",
    "output_limit": "Outputs exceed the candidate's output limit.",
}
"""Hard gates: each one means `keep`, whatever the outcomes say (long_input alone can be lifted by long outcomes)."""

REASONS = GATES | {
    "folded": "Many endpoints with little cost each, in sum: no rule can name them all, so none of it is proposed.",
    "same_model": "Already served by the candidate.",
    "loss_within_margin": "The whole interval of the quality loss lies within the margin.",
    "loss_above_margin": "The whole interval of the quality loss lies above the margin.",
    "undecided": "The interval of the quality loss straddles the margin; more pairs will decide.",
    "multiplicity": "Within the margin alone, but not once all workloads tested together are accounted for (Holm).",
    "rare_losses": "Within the margin as far as seen; so few pairs could miss a rare full loss.",
    "few_pairs": "Pairs that count for fewer than 30: too few to route on.",
    "no_outcomes": "No paired outcomes for this workload.",
    "suspect_scorer": "The incumbent scores implausibly low, or far below the candidate; check the scorer before "
    "trusting these outcomes.",
    "no_difference": "Both models score alike in every pair: try the scorer on a wrong answer, it may pass any.",
    "parse_failures": "More answers could not be parsed than the margin allows for; fix the parser or the format.",
    "several_graders": "Judged by several graders; the least favourable one decides.",
    "graders_disagree": "The graders come to different verdicts; the least favourable one decides.",
    "judge_unverified": "A judge scored these answers and no person checked it: label about 150 of them to decide.",
    "judge_few_labels": "Fewer than 150 human labels: they decide alone, the judge's scores are left aside.",
    "judge_corrected": "Human labels decide, sharpened by the judge's scores of the other answers (PPI++).",
    "other_snapshot": "The outcomes are of another snapshot of these models; they are shown and do not decide.",
    "retired_snapshot": "The outcomes are of a model that is switched off by now; they are shown and do not decide.",
    "other_template": "Outcomes of a prompt template that this traffic no longer uses are refused: the prompt changed.",
    "older_outcomes": "Outcomes older than the traffic by more than a month count for less, half with every quarter.",
    "strata_disagree": "Its parts clearly differ, and some lose more than the whole shows: not routed as a whole.",
    "suspect_stratum": "One of its parts is scored implausibly; check the scorer before trusting these outcomes.",
    "other_models": "Outcomes exist, but for other models than this pair.",
    "published_loss": "Published results for the confirmed task type lose more than the margin.",
    "published_range": "Odds from published results for the confirmed task type.",
    "no_published_range": "No published result covers the confirmed task type with these models.",
    "base_rate": "Odds from the base rate of public paired workloads: a wide guess, not evidence.",
    "costs_more": "The candidate would not be cheaper here.",
    "incumbent_retires": "The incumbent is retired by its provider within the horizon.",
    "candidate_retires": "The candidate is retired by its provider within the horizon.",
}
"""Code -> sentence for people."""

SUSPECT = {"suspect_scorer", "suspect_stratum"}
"""Notes that ask for the scorer to be checked before its scores may route."""

MISJUDGED = SUSPECT | {"parse_failures"}
"""Notes that no further pair answers: how answers are scored has to be mended first."""
