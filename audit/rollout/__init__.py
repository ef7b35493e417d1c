"""From a verdict to traffic that has moved: the plan in stages, and what watches them."""
