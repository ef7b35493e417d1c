"""Test helper: what a load made of a file, in numbers."""

from pathlib import Path

from audit.intake.loading import load

Counts = tuple[str, int, int, int, int, int]


def counts(path: Path, tmp_path: Path) -> Counts:
    """Format, read, loaded, duplicate, rejected, and how many of these are no model calls; nothing may be lost."""
    report = load([str(path)], tmp_path / "usage.duckdb")
    assert (report.refused, report.failed_checks) == ((), ())
    (file,) = report.files
    assert file.read == file.loaded + file.duplicate + file.rejected
    return file.format, file.read, file.loaded, file.duplicate, file.rejected, file.not_calls
