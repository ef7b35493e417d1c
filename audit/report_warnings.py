"""What a report warns of: everything in its `warnings`, in the order in which they are shown."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from audit.assumptions import Assumptions
from audit.config import CONFIG_NAME, Config
from audit.counting import number_of
from audit.errors import UnknownNameError
from audit.holes import pace_doubts
from audit.scope import Scope
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.report.document import Check, Rest

RESEMBLING = 10_000
"""Endpoints that are looked through for a name like one that nobody has."""


def report_warnings(
    warehouse: Warehouse,
    scope: Scope,
    config: Config,
    assumptions: Assumptions,
    document: Mapping[str, object],
    *,
    stale: str | None,
    capped_by: str | None,
) -> list[str]:
    """The sentences for a `document` that has everything else.

    `stale` is what is to be said of the age of the catalogue, `capped_by` the model whose end cuts the horizon.
    """
    checks = cast("list[Check]", document["checks"])
    return [
        *(f"check failed: {check['name']}: {check['detail']}" for check in checks if not check["ok"]),
        *([] if stale is None else [stale]),
        *_of_the_question(scope, assumptions, document, capped_by),
        *_of_the_data(document),
        *_of_the_settings(warehouse, config),
    ]


def _of_the_question(
    scope: Scope, assumptions: Assumptions, document: Mapping[str, object], capped_by: str | None
) -> Iterator[str]:
    """What the pair and the days do not have, what is shown in sum, and how far a month's figures carry."""
    total = _requests(document)["total"]
    if not total:
        yield "no request lies in the window that was asked for"
    elif not scope.pairs:
        yield f"no request of the window was served by {scope.question.incumbent}"
    if (rest := cast("Rest | None", document["rest"])) is not None:
        yield (
            f"{rest['endpoints']:,} of {number_of(rest['endpoints'] + rest['endpoints_kept'], 'endpoint')}, with "
            f"{rest['request_share']:.1%} of requests and {rest['cost_share']:.1%} of cost, are one line here, "
            f"{rest['name']}; those that cost most are kept ([assumptions] endpoints_kept). Where ids made "
            "endpoints of them, `[endpoint] rewrite` in audit.toml takes the ids out, then `audit rebuild`"
        )
    if capped_by is not None:
        day = next(each.retires_on for each in scope.retirements if each.model == capped_by)
        verb = "is" if day > scope.question.today else "was"
        reach = f"projections reach {document['horizon_months']:.1f} months"
        yield f"{capped_by} {verb} switched off on {day.isoformat()}: {reach}"
    if total and assumptions.monthly_requests is None:
        yield from pace_doubts(scope.window.days, cast("list[dict[str, str]]", document["daily"]))


def _of_the_data(document: Mapping[str, object]) -> Iterator[str]:
    """What is in no dollar figure, was not compared, or is priced or known by less than the request itself."""
    requests = _requests(document)
    total = requests["total"] or 1
    for name, lacks, hint in (
        (
            "unpriced",
            "no known price",
            " (`audit status` names the models). Fill in what "
            "`audit prices MODEL --template > prices.csv` writes, name it in audit.toml "
            '([prices] file = "prices.csv"), then `audit rebuild`',
        ),
        ("unknown_usage", "no token counts", ""),
    ):
        if requests[name]:
            count = requests[name]
            verbs = ("has", "is") if count == 1 else ("have", "are")
            who = f"{number_of(count, 'request')} ({count / total:.1%})"
            yield f"{who} {verbs[0]} {lacks} and {verbs[1]} in no dollar figure{hint}"
    if unread := cast("dict[str, int]", document["observational"])["requests_not_read"]:
        yield (
            f"{number_of(unread, 'request')} on endpoints that both models serve not compared: too many to "
            "read again, or gone (--cells-only)"
        )
    quality = cast("dict[str, int]", document["data_quality"])
    if standard := quality["requests_of_a_tier_priced_at_the_standard_rate"]:
        verb = "is" if standard == 1 else "are"
        yield (
            f"{number_of(standard, 'request')} ({standard / total:.1%}) of a batch, flex, priority or fast tier {verb} "
            "priced at the standard rate: their provider's price list has none for the tier. Your own go into "
            "prices.csv (`audit prices MODEL --template`)"
        )
    if buckets := quality["requests_in_buckets"]:
        yield (
            f"{number_of(buckets, 'request comes', 'requests come')} from buckets: their mean is known, their "
            "shape is not"
        )


def _of_the_settings(warehouse: Warehouse, config: Config) -> Iterator[str]:
    """What somebody wrote down and a report did not heed."""
    if (unknown := _strangers(warehouse, config)) is not None:
        yield unknown
    yield from _turned(warehouse)
    if config.path is None and warehouse.path.with_name(CONFIG_NAME).is_file():
        yield (
            f"an {CONFIG_NAME} beside the database was not read, only one in the working folder is; name it: "
            "--config FILE"
        )


def _turned(warehouse: Warehouse) -> Iterator[str]:
    """Where every pair of these two models has them the other way round, which no verdict can read."""
    same = "paired_outcomes.{} = report_pairs.incumbent_model and paired_outcomes.{} = report_pairs.candidate_model"
    names = ("incumbent_model", "candidate_model")
    right, turned = (
        warehouse.count(f"select count(*) from paired_outcomes semi join report_pairs on {same.format(*order)}")
        for order in (names, names[::-1])
    )
    if turned and not right:
        yield (
            f"{number_of(turned, 'paired outcome calls', 'paired outcomes call')} the candidate of this "
            "report the incumbent, to no effect; if the columns were swapped, add them again the right way round"
        )


def _strangers(warehouse: Warehouse, config: Config) -> str | None:
    """What audit.toml says of endpoints that no traffic has: after a slip of the pen the usual margin is in force."""
    named = sorted({*config.stakes, *config.task_types, *config.graders})
    asked = ", ".join("?" * len(named)) or "null"
    # of all days, also where a temporary table of the same name holds those of a few
    stored = f'"{warehouse.value("select current_database()")}".main.traffic_cells'
    served = warehouse.rows(f"select distinct endpoint from {stored} where endpoint in ({asked})", named)
    unknown = [name for name in named if (name,) not in served]
    if not unknown:
        return None
    likely = warehouse.rows(f"select distinct endpoint from {stored} limit {RESEMBLING}")
    others = f", and so of {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
    hint = f"What is said of it counts for nothing{others}"
    first = UnknownNameError("endpoint", unknown[0], [str(name) for (name,) in likely], hint)
    return f"{config.path or 'audit.toml'}: {first}"


def _requests(document: Mapping[str, object]) -> dict[str, int]:
    return cast("dict[str, int]", document["requests"])
