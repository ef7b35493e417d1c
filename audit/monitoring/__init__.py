"""What came of a plan: new traffic against its stages and stop rules."""
