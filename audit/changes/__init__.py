"""What changed from one report to the next: `reports.changes` makes the document that every form of it shows."""
