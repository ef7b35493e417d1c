"""What the commands print: results on standard output, everything else on standard error."""
