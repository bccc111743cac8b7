"""Verdicts: what follows from records and references, on any machine, without a framework."""
