"""`audit compare` without names, for people at a terminal: per model that is paid for, what it could move to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from audit.counting import number_of
from audit.report import words
from audit.report.comparison_text import lines_text, table_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    Document = Mapping[str, object]

MODELS_SHOWN, PAIRS_SHOWN = 10, 8
"""In the terminal; `--json` has all of them."""

NOTHING_CHEAPER = "no cheaper model of the same maker with a known price, and no named successor"
ALL_LEFT_OUT = "nothing that can move: every request has images, audio or long inputs, or no price on both models"
NOTHING_PAID = (
    "None: no request has a known price. `audit prices MODEL --template > prices.csv` writes lines to fill in; name "
    'the file in audit.toml ([prices] file = "prices.csv"), then `audit rebuild`.'
)

_WHY = {"successor": "successor", "after_successor": "after it", "cheaper": "same maker"}


def pairs_text(document: Document) -> str:
    """The pairs as text of at most 80 columns: models by spend, their pairs by what they would save at most."""
    every, pairs = cast("list[Document]", document["models"]), cast("list[Document]", document["pairs"])
    window = cast("Mapping[str, object]", document["window"])
    start, end = (str(window[name] or "?")[:10] for name in ("start", "end"))
    parts = [lines_text([f"Pairs worth a look in your traffic of {start} to {end}, most money first"])]
    if not every:
        parts.append(lines_text([NOTHING_PAID]))
    for model in every[:MODELS_SHOWN]:
        own = [pair for pair in pairs if pair["traffic"] == model["model"]]
        parts.append(_block(model, own, is_monthly=document["monthly_multiplier"] is not None))
    if len(every) > MODELS_SHOWN:
        parts.append(number_of(len(every) - MODELS_SHOWN, "more model is", "more models are") + " in --json")
    ending = [str(document["caveat"]), *(f"- {note}" for note in cast("list[str]", document["notes"]))]
    sources = {str(pair["source"]) for pair in pairs if pair["source"]}
    ending += [f"Successors: {source}" for source in sorted(sources)]
    return "\n\n".join([*parts, lines_text(ending)]) + "\n"


def _block(model: Document, pairs: list[Document], *, is_monthly: bool) -> str:
    name = words.clean(model["model"], 40)
    monthly = f", {_money(model['monthly_list_cost'])} a month" if is_monthly else ""
    ends = f"; switched off on {model['retires_on']}" if model["retires_on"] else ""
    head = f"{name}: {_money(model['list_cost'])}{monthly}, {_requests(model['requests'])}{ends}"
    if not pairs:
        return lines_text([head, f"- {ALL_LEFT_OUT if model.get('pairs_left_out') else NOTHING_CHEAPER}"])
    shown = _shown(pairs)
    basis = "monthly" if is_monthly else "window"
    rows = [
        [
            _candidate(pair, name),
            _WHY[str(pair["kind"])],
            f"{pair['price_ratio']:.1f}x" if pair["price_ratio"] else "free",
            _money(cast("Document", pair["ceiling"])[basis]),
            "-" if (index := cast("float | None", pair["index_difference"])) is None else f"{index:+.1f}",
            str(pair["candidate_retires_on"] or "-"),
        ]
        for pair in shown
    ]
    heads = ("candidate", "why", "cheaper", f"ceiling {'a month' if is_monthly else 'in all'}", "index", "switched off")
    table = table_text(head, heads, rows, labels=2)
    likely = next((pair for pair in shown if pair["has_published_tasks"]), shown[0])
    after = (
        [number_of(len(pairs) - len(shown), "more is", "more are") + " in --json"] if len(pairs) > len(shown) else []
    )
    unsure = [pair for pair in shown if pair["same_tokenizer"] is not True]
    if unsure:
        after.append("* may count tokens differently: exact only if not")
    left = cast("int", likely["requests_left_out"])
    if left:
        have = "has" if left == 1 else "have"
        after.append(f"{_requests(left)} {have} images, audio or long inputs, or no price on both: left out")
    return "\n".join([table, lines_text([*after, f"Next: {likely['command']}"])])


def _shown(pairs: list[Document]) -> list[Document]:
    """The pairs somebody has said something about, filled up with the cheapest; in the order of the document."""
    told = [pair for pair in pairs if pair["kind"] != "cheaper" or pair["has_published_tasks"]]
    kept = [*told, *(pair for pair in pairs if pair not in told)][:PAIRS_SHOWN]
    return [pair for pair in pairs if pair in kept]


def _candidate(pair: Document, paid: str) -> str:
    """The candidate, behind its incumbent where that is not the model paid for."""
    candidate = words.clean(pair["candidate"], 40) + ("" if pair["same_tokenizer"] else "*")
    incumbent = words.clean(pair["incumbent"], 40)
    return candidate if incumbent == paid else f"{incumbent} to {candidate}"


def _requests(number: object) -> str:
    return number_of(cast("int", number), "request")


def _money(value: object) -> str:
    return words.money(cast("float | None", value))
