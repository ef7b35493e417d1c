"""What the text of a report is made of: headings, sentences of a readable width, tables that never break a number."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from audit.report import words
from audit.report.document import Interval

READABLE = 110
"""Cells of a line of prose, however wide the terminal is."""

NARROWEST = 20
"""Cells below which a sentence is no longer broken into words but into letters."""

BOUNDLESS = 10_000
"""Cells that no table needs."""

STYLES = {
    "measured": "green",
    "expected": "blue",
    "ceiling": "yellow",
    "route": "bold green",
    "pilot": "bold blue",
    "keep": "dim",
}


def heading(text: str) -> list[Text]:
    """A heading with an empty line before it."""
    return [Text(""), Text(text, style="bold")]


def prose(text: Text | Table, console: Console, left: int = 0) -> RenderableType:
    """Sentences, broken between words."""
    return Padding(text, (0, max(console.width - READABLE, 0), 0, left), expand=False)


def bullet(mark: str, text: Text, console: Console) -> RenderableType:
    """A sentence behind a mark; its further lines stand under the first."""
    return prose(pairs([(mark, text)], gap=0), console)


def pairs(rows: Sequence[tuple[str, Text]], gap: int = 2) -> Table:
    """Terms and what is to be said of each, one below the other."""
    grid = Table.grid(padding=(0, gap, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for term, text in rows:
        grid.add_row(term, text)
    return grid


def table(heads: Sequence[str], *, ranges: Sequence[int] = (), texts: Sequence[int] = (), wraps: bool = False) -> Table:
    """A table of words in the first column and in `texts`, broken between them if it `wraps`; numbers never break.

    The columns named in `ranges` hold the bounds of the one before them.
    """
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for index, head in enumerate(heads):
        is_text = index == 0 or index in texts
        made.add_column(
            head,
            justify="left" if is_text or index in ranges else "right",
            style="dim" if index in ranges else None,
            no_wrap=not (is_text and wraps),
            overflow="fold" if is_text and wraps else "ellipsis",
        )
    return made


def fits(made: Table, console: Console) -> bool:
    """Whether the table can be shown without cutting a number."""
    return console.measure(made, options=console.options.update(width=BOUNDLESS)).maximum <= console.width


def percents(share: Interval) -> str:
    """Bounds for a narrow column: one sign for both, a dash unless a bound could be negative; empty without a range."""
    bounds = words.span(share, "percent", same="")
    return bounds if "-" in bounds else bounds.replace("% to ", "–")


def dollars(saving: Interval, currency: str) -> str:
    """The same for amounts."""
    bounds = words.span(saving, "money", currency, same="")
    return bounds if "-" in bounds else bounds.replace(" to ", "–")


def plain(text: str) -> str:
    """A sentence without the marks of code."""
    return text.replace("`", "")


def trimmed(line: list[Segment], console: Console) -> list[Segment]:
    """The line without trailing blanks, in characters that the output can encode."""
    shown = [Segment(_encodable(segment.text, console), segment.style) for segment in line]
    while shown and not shown[-1].text.strip():
        shown.pop()
    if shown:
        shown[-1] = Segment(shown[-1].text.rstrip(), shown[-1].style)
    return shown


def _encodable(text: str, console: Console) -> str:
    known = text if console.encoding.startswith("utf") else text.replace("─", "-").replace("–", "-").replace("…", "~")
    return known.encode(console.encoding, "replace").decode(console.encoding)
