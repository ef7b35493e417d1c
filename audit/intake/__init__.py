"""Exports become requests and cells: staging, duplicates, rejects, resolution."""
