"""Money beside the savings: the invoice, what customers pay, charges and tables for other tools."""
