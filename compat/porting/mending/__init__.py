"""A cause made an edit of the person's source: proposed, tried on inputs that nobody has seen, and only then written.

``fresh`` computes the legacy graph on other inputs, ``candidates`` says what may be edited, ``source`` edits it by
LibCST, ``trial`` judges a text as if it stood in the file, in a process of its own that ``worker`` keeps.
"""
