"""New requests under the rules of a plan: whose request it is, which model answered, and whether it was escalated.

A rule is recognised by what the router saw of the request, so it holds whichever model answered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from audit.planning.document import PlanStage, StageWorkload
from audit.policy.document import When
from audit.policy.visible import FLAGS
from audit.warehouse import Warehouse

ROLES = ("incumbent", "candidate")

_FLAGS = "\n            and ".join(
    f"(watched_rules.{flag} is null or watched_rules.{flag} = coalesce(members.{flag}, false))" for flag in FLAGS
)

PLACED = f"""
    create or replace temp table placed_requests as
    with members as (
        select
            requests.*,
            watched_models.role,
            requests.usage_input_tokens // requests.request_count as input_each
        from requests
        inner join report_sources using (source_format)
        inner join watched_models using (model)
    ),

    -- The same prompt of the same trace, answered by the incumbent later: a check sent it on.
    sent_on as (
        select
            first.file_id,
            first.row_number,
            second.file_id as answering_file_id,
            second.row_number as answering_row_number
        from members as first
        inner join members as second
            on first.trace_id = second.trace_id
            and first.endpoint = second.endpoint
            and second.role = 'incumbent'
            and second.start_time >= first.start_time
            and coalesce(first.prompt_hash = second.prompt_hash, first.input_each = second.input_each)
        where first.role = 'candidate' and first.trace_id <> '' and first.outcome = 'billed'
            and second.outcome = 'billed'
    ),

    escalated as (
        select distinct file_id, row_number
        from sent_on
    ),

    answering as (
        select distinct answering_file_id as file_id, answering_row_number as row_number
        from sent_on
    )

    select
        members.file_id,
        members.row_number,
        members.request_id,
        cast(members.start_time as date) as usage_date,
        members.endpoint,
        members.role,
        members.outcome,
        members.request_count,
        members.usage_input_tokens,
        members.usage_output_tokens,
        members.outcome = 'billed' as is_billed,
        -- usage exports count what was billed, so they know of no failures
        members.request_grain = 'request' and members.source_format <> 'openai_usage' as is_single,
        -- batch and flex wait by design, and a bucket has a sum
        members.outcome = 'billed' and members.request_grain = 'request'
        and members.service_tier not in ('batch', 'flex') as is_interactive,
        members.duration_ms,
        members.feedback_score,
        lower(members.response_finish_reason) as finish_reason,
        members.attempt > 1 as is_retry,
        case when members.role = 'candidate' and members.trace_id <> '' then escalated.file_id is not null end
            as is_escalated,
        answering.file_id is not null as is_second_answer,
        (
            select min(watched_rules.rule_number)
            from watched_rules
            where (watched_rules.endpoint is null or watched_rules.endpoint = members.endpoint)
            and {_FLAGS}
            and (watched_rules.at_least = 0 or members.input_each >= watched_rules.at_least)
            and (watched_rules.below is null or members.input_each < watched_rules.below)
            -- what the candidate answered may be logged under its own name, whatever the caller sent
            and (
                watched_rules.names is null
                or members.role = 'candidate'
                or list_contains(watched_rules.names, coalesce(members.request_model, members.model))
            )
        ) as rule_number
    from members
    left join escalated on members.file_id = escalated.file_id and members.row_number = escalated.row_number
    left join answering on members.file_id = answering.file_id and members.row_number = answering.row_number
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """A rule of the stage, with the workloads that it moves: what cannot be told apart is watched as one."""

    number: int
    rule_id: str
    name: str
    when: When
    share: float
    workloads: tuple[StageWorkload, ...]

    @property
    def endpoint(self) -> str:
        """Where it applies."""
        return self.workloads[0]["endpoint"]


def tracked(stage: PlanStage) -> tuple[Tracked, ...]:
    """The rules of a stage, in the order of the plan."""
    by_rule: dict[str, list[StageWorkload]] = {}
    for each in stage["workloads"]:
        by_rule.setdefault(each["rule_id"], []).append(each)
    return tuple(
        Tracked(
            number=number,
            rule_id=rule_id,
            name=" + ".join(each["name"] for each in group),
            when=group[0]["when"],
            share=group[0]["share"],
            workloads=tuple(group),
        )
        for number, (rule_id, group) in enumerate(by_rule.items(), start=1)
    )


def place(warehouse: Warehouse, rules: Sequence[Tracked], roles: Mapping[str, str]) -> None:
    """Make `placed_requests`: both models' requests of a settled scope, with the rule each meets (null: none).

    `roles` says of each model on which side it is.
    """
    models = pl.DataFrame(list(roles.items()), schema={"model": pl.String, "role": pl.String}, orient="row")
    warehouse.temporary("watched_models", models)
    warehouse.temporary("watched_rules", pl.DataFrame([_row(rule) for rule in rules], schema=_RULE_COLUMNS))
    warehouse.execute(PLACED)


_RULE_COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "rule_number": pl.Int64,
    "endpoint": pl.String,
    **dict.fromkeys(FLAGS, pl.Boolean),
    "at_least": pl.Int64,
    "below": pl.Int64,
    "names": pl.List(pl.String),
}


def _row(rule: Tracked) -> dict[str, object]:
    tokens = rule.when.get("input_tokens", {"at_least": 0, "below": None})
    return {
        "rule_number": rule.number,
        "endpoint": rule.when.get("endpoint"),
        **{flag: rule.when.get(flag) for flag in FLAGS},
        "at_least": tokens["at_least"],
        "below": tokens["below"],
        "names": rule.when.get("request_model"),
    }
