"""traffic-audit beside the published packages that load a log and report savings: `make bench-peers`."""
