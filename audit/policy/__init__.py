"""Verdicts as a routing policy that a router can follow: derived, rendered for routers, replayed over the log."""
