"""Answers of both models on the same prompts become scores."""
