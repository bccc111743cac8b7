"""How fast the NumPy layers are, and how much memory they take: ``python -m benchmarks``."""
