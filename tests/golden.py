"""The forms of the demo's report that people and scripts rely on: `PYTHONPATH=. python tests/golden.py --write`."""

import io
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from audit.demo import run_demo
from audit.report.csv_tables import csv_table
from audit.report.document import ReportDocument
from audit.report.markdown import render_markdown
from audit.report.text import render_text
from tests.docs import TODAY

GOLDEN = Path(__file__).parent / "data" / "golden"
TABLES = ("workloads", "savings", "blended", "accounting", "models", "reasons", "columns")
"""All but those that are long, name paths of this machine, or say what another one of them says."""


def demo_document(folder: Path) -> ReportDocument:
    """The report of the demo, as the README shows it."""
    return run_demo(folder, today=TODAY).document


def text(document: ReportDocument, width: int) -> str:
    """The report for a terminal, without colour."""
    out = io.StringIO()
    render_text(document, Console(file=out, width=width, color_system=None))
    return out.getvalue()


def forms(document: ReportDocument) -> dict[str, str]:
    """Every golden file by its name."""
    return {
        "report_80.txt": text(document, 80),
        "report_200.txt": text(document, 200),
        "report.md": render_markdown(document),
        **{f"{name}.csv": csv_table(document, name) for name in TABLES},
    }


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit("usage: golden.py --write")
    with tempfile.TemporaryDirectory() as folder:
        found = forms(demo_document(Path(folder)))
    for name, content in found.items():
        (GOLDEN / name).write_bytes(content.encode())
    sys.stdout.flush()
    os._exit(0)  # as docs.py does
