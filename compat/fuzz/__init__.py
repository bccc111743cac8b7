"""The campaign: operations and small graphs drawn at random, run in every version and dialect, judged, shrunk, grouped.

``draws`` makes samples, plain data, of what the ``catalogue`` knows; ``worker`` runs them inside an environment and
``pool`` talks to the workers; ``judging`` holds each result to the float64 answer (``answers``); what remains is shrunk
(``shrinking``), grouped and written as a case file (``findings``).  ``campaign`` turns the wheel, ``store`` remembers
what was tried, ``cluster`` sends batches to other machines.
"""
