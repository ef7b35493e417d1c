"""The export formats that `audit load` reads, each recognised by content."""
