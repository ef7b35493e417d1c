"""Margins by customer: a section of the page, and the same for a terminal."""

from xml.etree.ElementTree import Element

from rich.console import Console, RenderableType
from rich.text import Text

from audit.counting import number_of
from audit.report import margin_words, words
from audit.report.margin_document import Margins
from audit.report.margin_words import SHOWN
from audit.report.markup import Content, el
from audit.report.tables import name, part, table
from audit.report.text import print_parts
from audit.report.text_parts import bullet, fits, heading, pairs, prose
from audit.report.text_parts import table as text_table

UNITS_FROM = 7
"""The first column with a cost per unit: left out of a terminal that is too narrow for all."""


def section(found: Margins) -> Element:
    """The section: what is left of revenue, who is under water, then customer by customer."""
    rows: list[list[Content]] = []
    for customer in found["customers"][:SHOWN]:
        first, *rest = margin_words.row(found, customer)
        under = customer["margin"] is not None and float(customer["margin"]["now"]) < 0
        rows.append([[name(first), el("span", " under water", class_="failed") if under else None], *rest])
    heads = margin_words.heads(found)
    heads = [*heads[:3], "Margin now", *(f"Margin {head}" for head in heads[4:UNITS_FROM]), *heads[UNITS_FROM:]]
    more = len(found["customers"]) - SHOWN
    return part(
        "margins",
        "Margin by customer",
        " ".join(margin_words.lead(found)),
        [el("p", sentence) for sentence in margin_words.unmatched(found)],
        table(
            "Revenue, cost and margin of each customer, lowest margin first",
            heads,
            rows,
            range(1, len(heads)),
            margin_words.total(found),
        ),
        el("p", f"{number_of(more, 'more is', 'more are')} in --json and --csv.", class_="small muted")
        if more > 0
        else None,
        [el("p", note, class_="small muted") for note in found["notes"]],
    )


def render_margins(found: Margins, console: Console) -> None:
    """Print the margins to `console`, never wider than it."""
    lead, under_water = margin_words.lead(found)
    pair = found["pair"]
    parts: list[RenderableType] = [
        prose(
            Text(f"Margins: {words.clean(pair['incumbent'], 40)} to {words.clean(pair['candidate'], 40)}", "bold"),
            console,
        ),
        prose(Text(lead), console),
        prose(Text(under_water, style="bold"), console),
        *(bullet("- ", Text(sentence), console) for sentence in margin_words.unmatched(found)),
        *heading("Margin by customer, lowest first"),
        _table(found, console),
    ]
    if (more := len(found["customers"]) - SHOWN) > 0:
        parts.append(Text(f"{number_of(more, 'more is', 'more are')} in --json and --csv.", style="dim"))
    parts += [Text(), *(prose(Text(note, style="dim"), console) for note in found["notes"])]
    print_parts(parts, console)


def _table(found: Margins, console: Console) -> RenderableType:
    """With costs per unit where they fit, without where not, as a list where even that is too wide."""
    rows = [*(margin_words.row(found, each) for each in found["customers"][:SHOWN]), margin_words.total(found)]
    heads = margin_words.heads(found)
    for width in (len(heads), UNITS_FROM):
        made = text_table(heads[:width])
        for number, row in enumerate(rows, start=1):
            made.add_row(*row[:width], style="bold" if number == len(rows) else None)
        if fits(made, console):
            return made
    told = (", ".join(f"{head.lower()} {cell}" for head, cell in zip(heads, row, strict=True)) for row in rows)
    return pairs([("-", Text(line)) for line in told], gap=1)
