"""What a notebook shows of an Audit and of a Report: a few lines of HTML without scripts, for light and dark."""

from pathlib import Path

from audit.report.document import ReportDocument


def report_card(document: ReportDocument) -> str:
    """The three levels, the spend and the window."""
    return f"<p>{len(document)}</p>"


def audit_card(path: Path) -> str:
    """What is in the database."""
    return f"<p>{path}</p>"
