"""Prices by day and tier, what model names mean, when models are switched off, two models side by side."""
