"""The meaning of events, pure: `project` says what one event observed, `resolve` what a run's events come to."""

from lineage.projection.conclusions import resolve
from lineage.projection.observations import project

__all__ = ["project", "resolve"]
