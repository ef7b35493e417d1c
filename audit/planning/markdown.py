"""The plan as a ticket: a checklist per stage, in GitHub's Markdown; names from the log cannot become markup."""

from audit.counting import number_of
from audit.planning.document import Plan
from audit.planning.words import (
    DAYS,
    HEADS,
    NEVER_HEADS,
    ORDER,
    costs,
    headline,
    never_rows,
    stage_rows,
    tasks,
)
from audit.report.literal import code, literal, prose
from audit.report.markdown import bullets, folded, markdown_table

LONGEST = 2_000
"""Characters of a task."""


def plan_markdown(plan: Plan) -> str:
    """A heading, the stages at a glance, a checklist for each, what stays, and what it costs."""
    pair = plan["pair"]
    parts = [
        f"### Rollout of {code(pair['incumbent'], 40)} to {code(pair['candidate'], 40)}",
        prose(headline(plan), LONGEST),
    ]
    if plan["stages"]:
        rows = [[literal(cell) for cell in row] for row in stage_rows(plan)]
        parts += [markdown_table(HEADS, rows, range(2, len(HEADS))), bullets([ORDER, DAYS])]
    for stage in plan["stages"]:
        parts += [
            f"**Stage {stage['number']}: {literal(stage['name'])}**",
            prose(stage["why"], LONGEST),
            "\n".join(f"- [ ] {prose(task, LONGEST)}" for task in tasks(stage, plan)),
        ]
    if plan["never"]:
        rows = [[literal(cell, 300) for cell in row] for row in never_rows(plan["never"])]
        parts += folded(
            number_of(len(rows), "workload stays", "workloads stay") + ", all or in part",
            markdown_table(NEVER_HEADS, rows, (2,)),
        )
    parts.append(prose(costs(plan), LONGEST))
    for each in plan.get("successors", []):
        parts.append(prose(each["words"], LONGEST))
    if plan["notes"]:
        parts.append(bullets(plan["notes"]))
    return "\n\n".join(parts) + "\n"
