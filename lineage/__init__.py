"""Headwater: which runs, versions and queries made this figure, and is it on time, complete and right."""

__version__ = "0.1.0"
