"""Paired outcomes and priors become a quality loss with an interval, and a verdict."""
