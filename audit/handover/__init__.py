"""Cells handed over by a warehouse that holds the logs: the script that makes them there, and their load here."""
