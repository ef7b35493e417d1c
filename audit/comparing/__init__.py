"""Models side by side on the traffic of the log: two of them, pairs worth a look, other candidates of a report."""
