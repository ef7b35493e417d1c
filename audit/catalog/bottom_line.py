"""The bottom line of a comparison: sentences, each of which follows from figures of the document."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

Document = dict[str, object]
Figures = dict[str, "float | None"]


def bottom_line(document: Document) -> list[str]:
    """What to take away, from prices to the choice of tasks; silent about what is not known.

    Reads the keys of `audit.catalog.comparison.compare`; `traffic` may be null.
    """
    a, b = cast("list[Document]", document["models"])
    if a["model"] == b["model"]:
        return [f"{a['name']} and {b['name']} are the same model: nothing to choose between."]
    claims = cast("Mapping[str, str | float | None]", document["claims"])
    found = [
        _price(document, claims),
        _traffic(document),
        _image(document),
        _benchmarks(claims),
        _speed(claims),
        _window(a, claims),
        *_choice(document),
        _end(a, b, str(document["on"])),
    ]
    return [sentence for sentence in found if sentence]


def _names(document: Document) -> tuple[str, str]:
    one, other = cast("list[Document]", document["models"])
    return str(one["name"]), str(other["name"])


def _price(document: Document, claims: Mapping[str, object]) -> str:
    cheaper, names = claims["cheaper"], _names(document)
    guessed = {
        token_class
        for model in cast("list[dict[str, dict[str, list[str]]]]", document["models"])
        for token_class in model["unpublished_prices"]["default"]
    }
    ratios = [
        ratio for token_class, ratio in cast("Figures", document["price_ratio"]).items()
        if ratio and token_class not in guessed
    ]  # fmt: skip
    if cheaper is None or not ratios:
        return ""
    dearer = names[0] if cheaper == names[1] else names[1]
    times = sorted(ratio if cheaper == names[1] else 1 / ratio for ratio in ratios)
    if times[0] < 1:
        return f"{cheaper} is cheaper for the medium request, but not in every token class."
    if round(times[0], 1) == round(times[-1], 1):
        return (
            f"{cheaper} costs {1 / times[0]:.1%} of {dearer} in every token class: "
            f"{times[0]:.1f} times less at equal token counts."
        )
    return f"{cheaper} costs {times[0]:.1f} to {times[-1]:.1f} times less than {dearer}, depending on the token class."


def _traffic(document: Document) -> str:
    traffic = cast("Document | None", document["traffic"])
    if traffic is None:
        return ""
    mean = cast("dict[str, list[float | None]]", traffic["mean"])
    names, usd = _names(document), mean["usd"]
    requests = cast("int", traffic["requests"]) - cast("int", traffic["unpriced_requests"])
    if usd[0] is None or usd[1] is None:
        return ""
    return (
        f"Your mean request of {traffic['model']} ({requests:,} of them) costs {_usd(usd[0])} on "
        f"{names[0]} and {_usd(usd[1])} on {names[1]}, its share of cached input kept."
    )


def _usd(value: float) -> str:
    """Three significant digits, never as a power of ten."""
    return f"${Decimal(f'{value:.3g}'):f}"


def _image(document: Document) -> str:
    ratio, (one, other) = cast("float | None", document["image_ratio"]), _names(document)
    if ratio is None or ratio == 1:
        return ""
    dearer, cheaper, times = (one, other, ratio) if ratio > 1 else (other, one, 1 / ratio)
    return f"An image costs {times:.1f} times as much on {dearer} as on {cheaper}."


def _benchmarks(claims: Mapping[str, object]) -> str:
    if claims["higher_benchmarks"] is None and claims["better_value"] is None:
        return ""
    said: list[str] = []
    if claims["higher_benchmarks"]:
        said.append(f"{claims['higher_benchmarks']} scores higher in every benchmark published for both")
    if claims["better_value"]:
        said.append(f"{claims['better_value']} is the better value, by dollars per point of the index")
    return "; ".join(said) + "."


def _speed(claims: Mapping[str, object]) -> str:
    faster, percent = claims["faster_output"], cast("float | None", claims["faster_output_percent"])
    if faster is None or percent is None:
        return ""
    warning = "" if claims["cheaper"] in (None, faster) else ": the cheaper model is the slower one"
    return f"{faster} writes {percent:.0f}% faster by published figures{warning}."


def _window(a: Document, claims: Mapping[str, object]) -> str:
    if claims["larger_window"]:
        return f"{claims['larger_window']} takes longer inputs."
    return (
        f"Both take inputs of the same length, {_fact(a, 'context_window'):,.0f} tokens."
        if claims["same_window"]
        else ""
    )


def _choice(document: Document) -> list[str]:
    tasks = cast("Document", document["tasks"])
    if tasks["candidate"] is None:
        return ["No published result covers both models by task: only pairs of your own can tell what moves."]
    named: dict[str, list[str]] = {}
    for task in cast("list[dict[str, str | None]]", tasks["by_task"]):
        if task["task_type"]:
            named.setdefault(str(task["advice"]), []).append(task["task_type"].replace("_", " "))
    candidate, incumbent = tasks["candidate"], tasks["incumbent"]
    sentences = [
        (("as_good", "small_loss"), f"Sample first whether {candidate} will do:"),
        (("unclear",), "Published ranges decide nothing, only your own pairs can:"),
        (("loses",), f"Leave on {incumbent}, which wins in every published result:"),
        (("unknown",), "Nothing is published for both models on:"),
    ]
    found: list[str] = []
    for kinds, opening in sentences:
        if names := [name for each in kinds for name in named.get(each, [])]:
            found.append(f"{opening} {', '.join(names)}.")
    return found


def _end(a: Document, b: Document, on: str) -> str:
    ends: dict[str, list[str]] = {}
    for each in (a, b):
        if each["retires_on"]:
            ends.setdefault(str(each["retires_on"]), []).append(str(each["name"]))
    said = [
        f"{' and '.join(names)} {_verb(len(names) > 1, is_ahead=day > on)} switched off on {day}"
        for day, names in sorted(ends.items())
    ]
    return f"{', '.join(said)}: `audit compare` without names lists what comes after." if said else ""


def _verb(is_plural: bool, *, is_ahead: bool) -> str:
    if is_ahead:
        return "are" if is_plural else "is"
    return "were" if is_plural else "was"


def _fact(model: Document, name: str) -> float:
    return cast("dict[str, dict[str, float]]", model["facts"])[name]["value"]
