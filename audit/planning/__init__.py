"""From a verdict to traffic that has moved, on paper: stages, what each saves, needs, and ends at."""
