"""Logs and metrics: one line of JSON (or of words, on a terminal) per thing that happened; counters for /metrics."""

from __future__ import annotations

import contextvars
import logging
import sys
from typing import Literal

import structlog
from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics
from structlog.typing import EventDict, Processor, WrappedLogger

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library left it untyped

request_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("request_id", default=None)

EVENTS_RECEIVED = Counter(
    "headwater_events_received", "Events accepted, duplicates included.", ("collector", "event_type")
)
EVENTS_REJECTED = Counter("headwater_events_rejected", "Bodies refused.", ("collector", "reason"))
EVENTS_WARNED = Counter(
    "headwater_events_warned",
    "Events accepted although something in them is not as it should be, by who sent them.",
    ("collector", "producer"),
)
EVENTS_AHEAD = Counter(
    "headwater_events_ahead",
    "Events of clocks more than 5 minutes ahead, by which no SLO is judged, by who sent them.",
    ("collector", "producer"),
)
EVENTS_DUPLICATE = Counter("headwater_events_duplicate", "Events that the ledger already held.", ("collector",))
EVENT_DELAY_S = Histogram(
    "headwater_event_delay_seconds",
    "From an event's own time to its receipt.",
    ("collector", "event_type"),
    buckets=(0.1, 0.5, 1, 2, 5, 15, 60, 300, 1800, 3600, 14400, 86400),
)
COMMIT_S = Histogram(
    "headwater_commit_seconds",
    "One durable commit: append and merge.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
COMMIT_EVENTS = Histogram(
    "headwater_commit_events", "Events that shared one commit.", buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000)
)
QUEUE_EVENTS = Gauge("headwater_queue_events", "Bodies that wait for the writer.")
DEAD_LETTER_DEPTH = Gauge(
    "headwater_dead_letter_depth",
    "Refused bodies that wait to be replayed or discarded; of another queue, records that wait in it.",
    ("queue",),
)
DEAD_LETTER_OLDEST_S = Gauge(
    "headwater_dead_letter_oldest_age_seconds", "How long the oldest of them has waited.", ("queue",)
)
DATASETS = Gauge("headwater_datasets", "Datasets that the graph knows, as of an hour ago at the most.", ("namespace",))
OWNED_RATIO = Gauge(
    "headwater_ownership_ratio",
    "The share of them with an owner who can be told and one system of record.",
    ("namespace",),
)
FORWARDED = Counter("headwater_forwarded_events", "Events passed on to another backend.", ("target", "result"))
FORWARD_LAG = Gauge("headwater_forward_lag_events", "Entries that a backend has yet to be sent.", ("target",))
UNPROJECTED = Gauge("headwater_unprojected_events", "Events in the ledger that the graph could not take.")
PROJECTION_LAG = Gauge("headwater_projection_lag_events", "Events in the ledger that the graph has yet to take.")
EVALUATION_S = Histogram("headwater_evaluation_duration_seconds", "One tick over all SLOs.")
EVALUATION_LAG_S = Histogram(
    "headwater_evaluation_lag_seconds",
    "From the instant that a tick was planned for to its beginning.",
    buckets=(0.1, 0.5, 1, 2, 5, 15, 60, 300),
)
EVALUATED_AT = Gauge("headwater_scheduler_last_evaluation_timestamp_seconds", "When SLOs were last judged.")
NOTIFICATIONS = Counter("headwater_notifications", "Messages delivered.", ("channel_type",))
NOTIFICATIONS_FAILED = Counter(
    "headwater_notifications_failed", "Deliveries that failed, retries included.", ("channel_type", "reason")
)
OUTBOX_OLDEST_S = Gauge("headwater_outbox_oldest_age_seconds", "How long the oldest unsent message has waited.")


def _with_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (request := request_id.get()) is not None:
        event["request_id"] = request
    return event


def configure(level: str = "info", style: Literal["auto", "json", "text"] = "auto") -> None:
    """Send all logs, ours and the libraries', to stderr in one format. `auto`: words on a terminal, JSON elsewhere."""
    as_text = style == "text" or (style == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _with_request_id,
    ]
    last: Processor = structlog.dev.ConsoleRenderer() if as_text else structlog.processors.JSONRenderer()
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            last,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "apscheduler", "httpx2", "httpcore2", "slack_sdk"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def logger(name: str) -> logging.Logger:
    """The logger of a module: `log.info("batch_written", extra={"events": 3})`. A past tense, ids, never a body."""
    return logging.getLogger(name)
