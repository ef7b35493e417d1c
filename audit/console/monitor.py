"""A watched stage on the terminal."""

from typing import TYPE_CHECKING

from audit.console.terminal import note, paragraph, print_table
from audit.report import monitor_words, words

if TYPE_CHECKING:
    from audit.report.monitor_document import Monitor


def print_monitor(found: "Monitor") -> None:
    """The decision, what was saved, then tables by workload, of rates, stop rules and drift."""
    paragraph(monitor_words.title(found))
    paragraph(words.clean(found["words"], 600))
    paragraph(monitor_words.saved(found))
    rows = (monitor_words.row(line) for line in found["workloads"])
    print_table("By workload (loss in points of 100)", monitor_words.HEADS, rows)
    if rates := monitor_words.rate_rows(found):
        print_table("Errors, latency, feedback", monitor_words.RATE_HEADS, rates)
    rules = (monitor_words.rule_row(state) for state in found["stop_rules"])
    print_table("Stop rules", monitor_words.RULE_HEADS, rules)
    paragraph(monitor_words.drifted(found["drift"]))
    if found["drift"]["exceeded"]:
        print_table("Shares of requests", monitor_words.SHARE_HEADS, monitor_words.share_rows(found["drift"]))
    if moves := monitor_words.move_rows(found["drift"]):
        print_table("What a new fit would change", monitor_words.MOVE_HEADS, moves)
    for line in found["notes"]:
        note(f"note: {line}")
