"""The meaning of events, pure: `project` says what one event observed, `resolve` what a run's events come to."""

from lineage.projection.project import project
from lineage.projection.resolve import resolve

__all__ = ["project", "resolve"]
