"""From verdict to traffic: the staged plan, and what new logs say after each stage."""
