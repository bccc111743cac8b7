"""The pages of runs: reads the store and the verdicts, and never runs an operation."""
