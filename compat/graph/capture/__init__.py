"""Every tensor of a computation, written down while it runs in a framework."""
