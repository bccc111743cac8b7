"""Faults that users make when they port, and harmless re-spellings, each as a legacy function and a port of it."""

from . import attention, layers, losses, normalising, recurrent, training  # noqa: F401  each registers its kinds
from .kinds import KINDS, Kind, Port
from .respelled import RESPELLINGS, Respelling

__all__ = ["KINDS", "RESPELLINGS", "Kind", "Port", "Respelling"]
