"""A computation as nodes: captured from live functions and graphs, paired with another, and replayed in float64."""
