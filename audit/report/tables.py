"""Tables and figures of the page: the few shapes its sections are made of."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from audit.report.markup import Content, el

Cell = Content
"""What a table cell holds; numbers arrive as formatted text."""


def table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    numeric: Sequence[int] = (),
    total: Sequence[Cell] = (),
    sql: Element | None = None,
) -> Element:
    """A data table: first column heads its row, `numeric` columns are right-aligned, `total` is the last line.

    `sql` is the folded query that gives the same rows.

    ARIA roles repeat what the elements mean because phones lay the table out in blocks, which drops it.
    """

    def kind(column: int) -> str | None:
        return "number" if column in numeric else None

    def line(cells: Sequence[Cell]) -> Element:
        first = el("th", cells[0], scope="row", role="rowheader")
        others = [
            el("td", cell, role="cell", class_=kind(column), data_label=heads[column])
            for column, cell in enumerate(cells[1:], start=1)
        ]
        return el("tr", first, others, role="row")

    top = [el("th", head, scope="col", role="columnheader", class_=kind(column)) for column, head in enumerate(heads)]
    body = el(
        "table",
        el("caption", caption),
        el("thead", el("tr", top, role="row"), role="rowgroup"),
        el("tbody", [line(row) for row in rows], role="rowgroup"),
        el("tfoot", line(total), role="rowgroup") if total else None,
        role="table",
        class_="stack" if len(heads) > (4 if numeric else 2) else None,
    )
    scroll = el("div", body, class_="scroll", tabindex=0, role="region", aria_label=caption)
    return scroll if sql is None else el("div", scroll, sql)


def figure(
    name: str, title: str, summary: str, data: Element | None, *, drawn: bool, sql: Element | None = None
) -> Element | None:
    """A chart's place with its title, what it shows in words, the same data as a table, and the query behind it."""
    if not drawn:
        return None
    caption = el("figcaption", el("h3", title, id=f"{name}-title"), el("p", summary, class_="small muted"))
    plot = el("div", class_="plot", id=f"chart-{name}", role="img", aria_label=f"{title}. {summary}")
    numbers = None if data is None else el("details", el("summary", "The same as a table"), data)
    return el("figure", caption, plot, numbers, sql, aria_labelledby=f"{name}-title")


def part(name: str, title: str, intro: str, *content: Content) -> Element:
    """A section of the page with its heading and a line that says how to read it."""
    heading = el("h2", title, id=f"{name}-heading")
    lead = el("p", intro, class_="intro") if intro else None
    return el("section", heading, lead, *content, class_="part", id=name, aria_labelledby=f"{name}-heading")


def small(*content: Content) -> Element:
    """Secondary text under a value."""
    return el("span", *content, class_="small")


def name(text: str) -> Element:
    """A name from a log, isolated so that its writing direction stays its own."""
    return el("bdi", text)
