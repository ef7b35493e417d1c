"""The generated parts of queries/README.md: every relation and every column, from the files that define them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

RELATIONS = Path(__file__).parent.parent / "queries" / "README.md"

FOLDERS = {
    "1_staging": "staging",
    "2_requests": "requests",
    "3_cells": "cells",
    "4_marts": "marts",
    "5_checks": "checks",
    "6_report": "report",
}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def generated() -> dict[str, str]:
    """Every block by its name in queries/README.md."""
    return {"pipeline": _pipeline(), "relations": _relations(), "seeds": _seeds(), "columns": _columns()}


def _pipeline() -> str:
    from audit import sql

    lines = ["```mermaid", "flowchart LR"]
    queries = [query for query in sql.all_queries().values() if not query.folder.startswith("5_")]
    for folder, title in FOLDERS.items():
        names = [query.name for query in queries if query.folder == folder]
        if names:
            lines += [f'  subgraph {title}["queries/{folder}"]', *(f"    {name}" for name in names), "  end"]
    known = {query.name for query in queries}
    for query in queries:
        lines += [f"  {source} --> {query.name}" for source in sorted(sql.reads(query) & known)]
    lines += [f"  {query.name} --> checked_requests" for query in queries if query.folder == "1_staging"]
    lines += ["  checked_requests --> loaded_facts", "```"]
    return "\n".join(lines)


def _relations() -> str:
    from audit import sql

    queries = sorted(sql.all_queries().values(), key=lambda query: (query.folder, query.name))
    rows = ((f"`{query.folder}/{query.name}`", query.grain, query.purpose) for query in queries)
    return table(("relation", "one row per", "what it holds"), rows)


def _seeds() -> str:
    from audit import sql

    return ", ".join(f"`{name}`" for name in sorted(sql.seeds()))


def _columns() -> str:
    from audit.library.columns import words

    rows = ((f"`{word.column}`", word.unit or "-", word.source, word.meaning) for word in words().values())
    return table(("column", "unit", "source", "meaning"), rows)
