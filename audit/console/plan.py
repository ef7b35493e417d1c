"""A rollout plan on the terminal."""

from typing import TYPE_CHECKING

from audit.console.terminal import note, paragraph, print_table

if TYPE_CHECKING:
    from audit.planning.document import Plan


def print_plan(plan: "Plan") -> None:
    """The stages at a glance, then each with its tasks, what stays, and when it has paid for itself."""
    from audit.planning import words as said
    from audit.report.words import clean

    def say(text: str, limit: int = 2_000) -> None:
        paragraph(clean(text, limit))

    say(said.headline(plan))
    if plan["stages"]:
        print()
        print_table(STAGES, said.HEADS, said.stage_rows(plan))
        say(said.ORDER)
        say(said.DAYS)
    for stage in plan["stages"]:
        print()
        say(f"Stage {stage['number']}: {stage['name']}. {stage['why']}")
        for task in said.tasks(stage, plan):
            say(f"- {task}")
    if plan["never"]:
        print()
        rows = said.never_rows(plan["never"])
        print_table("Stays on the incumbent, all or in part", said.NEVER_HEADS, rows[:STAYING])
        if len(rows) > STAYING:
            print(f"and {len(rows) - STAYING:,} more; --json has them all")
    print()
    say(said.costs(plan))
    for each in plan.get("successors", []):
        say(each["words"])
    for line in plan["notes"]:
        note(f"note: {clean(line, 2_000)}")


STAGES = "Stages: first day, days, USD saved a day with bounds, and in all"
STAYING = 20
"""Workloads listed that stay."""
