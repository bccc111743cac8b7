"""What a person brings: a checkpoint, a graph, a model or code, checked before any framework reads it, and traced."""
