"""What changed since an earlier report, as a section of the page."""

from xml.etree.ElementTree import Element

from audit.counting import number_of
from audit.report import change_blocks
from audit.report.change_blocks import Block
from audit.report.change_document import Changes
from audit.report.markup import el
from audit.report.tables import name, part, table


def changes(found: Changes) -> Element:
    """The section: what the change is, then what it is made of."""
    return part(
        "changes",
        "What changed since the earlier report",
        f"{change_blocks.title(found)}. {change_blocks.basis(found)}",
        el("p", change_blocks.lead(found)),
        [el("p", note, class_="note", role="note") for note in found["notes"]],
        [_table(block) for block in change_blocks.blocks(found)],
    )


def _table(block: Block) -> Element:
    rows = [[name(cells[0]), *cells[1:]] for cells in block.rows]
    made = table(block.title, block.heads, rows, block.numeric, block.total)
    more = (
        el("p", f"{number_of(block.left_out, 'more is', 'more are')} in --json.", class_="small muted")
        if block.left_out
        else None
    )
    return el("div", made, more)
