"""The atlas: of every operation that the campaign knows, since when which bits and since when which numbers.

``chosen`` has the samples of an operation, ``making`` runs and judges them in every environment, ``kept`` is what is
written down (atlas.schema.json describes it), ``changes`` compares results of versions and of dialects, ``words`` says
what follows from that, ``pages`` shows it.
"""
