"""What each package does in the time that is measured, what it leaves out of it, and what else it has.

Read in its README, its `--help` and its source at the pinned release; where a file is named, in that file.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Half-sentences for a table."""

    does: str
    not_done: str
    has: str
    """What it can do beyond that, outside of this time."""


FACTS = {
    "traffic-audit": Facts(
        does="recognises the format, rejects with reasons, counts duplicates once, proves that rows and money add up, "
        "prices each class of tokens at its day, clusters endpoints by token shape, names and decides workloads, three "
        "savings with intervals, other candidates",
        not_done="reads no prompt: no clusters by meaning, no advice on prompt caching or fine-tuning",
        has="the rest of this document; it calls no model itself, you run the batch that it writes",
    ),
    "frugon": Facts(
        does="prices input and output, takes the model that costs most as the baseline, finds its easy calls by length "
        "and turns (`routing.py`), moves these to the candidate, quality tiers from LMArena",
        not_done="cached tokens cost full price (`cost.py`), duplicates count twice, no interval, calls of models "
        "other than the baseline stay where they are",
        has="replays a sample with your keys, a model as judge (`--measure --judge`), HTML report, a proxy that logs",
    ),
    "toolkit-cost-optimizer": Facts(
        does="reads spend logs as they are, checks every row, sums the logged cost, prices each class of tokens again "
        "with everything on the candidate; report with digests of its inputs",
        not_done="duplicates count twice, no workloads, no quality or interval in `simulate`, no file above 1,000 MB "
        "(`io.py`); the saving is our subtraction of its two totals",
        has="`route`: the cheapest policy above a quality floor, from your scores, with a confidence level and a "
        "Pareto frontier; LiteLLM configuration",
    ),
    "inferopt": Facts(
        does="groups calls by system prompt and tools, cost per group, what caching would save, levers combined and "
        "not added up",
        not_done="no cheaper model for OpenAI's (`analyze.py`), cached tokens at a tenth of input whoever the maker is "
        "(`pricing.py`), duplicates count twice; has OpenAI's prices from the network only, here laid in its cache",
        has="the byte at which a prompt's prefix changes, replay with a blind judge, a ledger of decisions, a proxy",
    ),
    "llm-route-audit": Facts(
        does="checks every record, prices each class of tokens, cost by task and model, latency",
        not_done="no saving before a replay, which takes keys and money; no prices of OpenAI's models, here given; "
        "refuses repeated ids, so duplicates were taken out for it",
        has="replay within a budget, exact checks, blind judge and people's labels, pass rates with intervals, agents' "
        "sessions, monitoring",
    ),
    "slmify": Facts(
        does="clusters by template, format and text, rebuilds conversations, fitness for a small model, ranges of "
        "savings by fine-tuning, caching or a cheaper tier, break-even of a GPU",
        not_done="duplicates count twice; a trial of a cheaper tier saves 35% whatever the models (`recommend.py`); "
        "its usual embedding model is a download, here TF-IDF as its README advises offline",
        has="probes a small model on held-out calls, exports training data, trains and evaluates adapters, HTML report",
    ),
}
