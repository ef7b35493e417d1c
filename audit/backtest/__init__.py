"""The method tried on pairs whose truth is known: how often verdicts, intervals and savings hold what they claim."""
