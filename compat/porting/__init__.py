"""A user's own port: its weights carried from the legacy side, its tensors judged by the legacy graph."""
