"""What changed since an earlier report, for a terminal and as a comment on a pull request."""

from rich.console import Console, RenderableType
from rich.text import Text

from audit.counting import number_of
from audit.report import change_blocks, words
from audit.report.change_blocks import Block
from audit.report.change_document import Changes
from audit.report.literal import code, literal
from audit.report.literal import prose as escaped
from audit.report.markdown import LONGEST, bullets, folded, markdown_table
from audit.report.text import print_parts
from audit.report.text_parts import NARROWEST, bullet, fits, heading, pairs, plain, prose, table

OPEN = 2
"""Tables of a comment that are not folded: causes and savings."""
SENTENCE = 18
"""Cells that a column of sentences needs."""


def render_changes(changes: Changes, console: Console) -> None:
    """Print what changed to `console`, never wider than it or NARROWEST."""
    console.width = max(console.width, NARROWEST)
    pair = changes["pair"]
    names = [words.clean(pair[side], 40) for side in ("incumbent", "candidate")]
    parts: list[RenderableType] = [
        prose(Text(f"What changed: {names[0]} to {names[1]}", style="bold"), console),
        prose(Text(plain(words.PROJECTION), style="yellow"), console),
        prose(Text(f"{change_blocks.title(changes)}. {change_blocks.basis(changes)}"), console),
        *(bullet("Note: ", Text(plain(note)), console) for note in changes["notes"]),
        Text(),
        prose(Text(change_blocks.lead(changes), style="bold"), console),
    ]
    for block in change_blocks.blocks(changes):
        parts += [*heading(block.title), _table(block, console)]
        if block.left_out:
            parts.append(Text(f"{number_of(block.left_out, 'more is', 'more are')} in --json.", style="dim"))
    print_parts(parts, console)


def _table(block: Block, console: Console) -> RenderableType:
    """A table whose sentences are broken between words; a list where its numbers do not fit."""
    rows = [list(row) for row in (*block.rows, block.total) if row]
    made = table(block.heads, texts=block.texts, wraps=True)
    measured = table(block.heads, texts=block.texts)
    for number, row in enumerate(rows):
        made.add_row(*row, style="bold" if number == len(block.rows) else None)
        measured.add_row(*(cell if place in block.numeric else cell[:SENTENCE] for place, cell in enumerate(row)))
    return made if fits(measured, console) else pairs([("-", Text(_sentence(block, row))) for row in rows], gap=1)


def _sentence(block: Block, row: list[str]) -> str:
    told = [f"{head.lower()} {cell}".strip() for head, cell in zip(block.heads[1:], row[1:], strict=True) if cell]
    return f"{row[0]}: {', '.join(told)}"


def markdown_changes(changes: Changes) -> str:
    """The comment as text, GitHub-flavoured; of very long names fewer tables are shown."""
    drafts = (_comment(changes, shown) for shown in range(len(change_blocks.blocks(changes)), -1, -1))
    return next((draft for draft in drafts if len(draft) <= LONGEST), "")


def _comment(changes: Changes, shown: int) -> str:
    pair, found = changes["pair"], change_blocks.blocks(changes)
    parts = [
        f"### What changed: {code(pair['incumbent'], 40)} to {code(pair['candidate'], 40)}",
        f"**{literal(change_blocks.lead(changes), 400)}**",
        f"> {escaped(words.PROJECTION)}",
        escaped(f"{change_blocks.title(changes)}. {change_blocks.basis(changes)}"),
        *([bullets(changes["notes"])] if changes["notes"] else []),
    ]
    for number, block in enumerate(found[:shown]):
        rows = [[literal(cell, 400) for cell in row] for row in (*block.rows, block.total) if row]
        content = markdown_table(block.heads, rows, block.numeric)
        if block.left_out:
            content += f"\n\n{number_of(block.left_out, 'more is', 'more are')} in {code('--json')}."
        parts += [f"**{block.title}**", content] if number < OPEN else folded(block.title, content)
    if shown < len(found):
        parts.append(f"{number_of(len(found) - shown, 'more table is', 'more tables are')} in {code('--json')}.")
    return "\n\n".join(parts) + "\n"
