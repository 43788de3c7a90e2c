"""One process as one run of one job: a thread that starts it, tells of every window, and ends it."""

from __future__ import annotations

import atexit
import logging
import os
import random
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Protocol

from collectors.instrument.events import Emit, Kind, Who, Window, event
from collectors.instrument.meters import Meters, Topic
from collectors.instrument.registry import Registry
from collectors.instrument.windows import flows

WINDOW_S: Final = 60
LEAST_WINDOW_S: Final = 10
IDLE_WINDOWS: Final = 5  # with nothing to tell, only every fifth window speaks
FIRST_WORD_S: Final = 5.0  # how long START waits for the first topic
CLUSTER_S: Final = 5.0  # how long the reporting thread waits to hear what the brokers call themselves
GOODBYE_S: Final = 10.0  # how long the end of a process waits for the last event
UNSENT_MOST: Final = 100  # beyond it the oldest goes, and is counted

log = logging.getLogger("headwater.instrument")


class Client(Protocol):
    """What a service asks of each of its Kafka clients, from its own thread."""

    def cluster_id(self, timeout: float) -> str | None:
        """What the brokers call themselves; waits for them at most *timeout* seconds."""

    def ends(self) -> Mapping[tuple[str, int], int]:
        """For each partition that is being read, its end as last heard."""


class Service:
    """Counts in `meters`, tells in a daemon thread. Never raises into the service, never makes it wait but at its end.

    *emit* takes the events (default: an OpenLineageClient as the environment configures it). Windows are *window_s*
    seconds, ten at least. Topics in *ignored*, as the one that the events go through, are not counted.
    """

    def __init__(  # noqa: PLR0913 - what a service may be told of itself
        self,
        *,
        namespace: str | None = None,
        job: str | None = None,
        window_s: int = WINDOW_S,
        ignored: frozenset[str] = frozenset(),
        registry: str | None = None,
        emit: Emit | None = None,
    ) -> None:
        self.meters = Meters(ignored | _own_topics())
        self.dropped = 0  # events that could not be sent and were forgotten
        self._namespace = namespace or os.environ.get("OPENLINEAGE_NAMESPACE")
        self._job, self._named = job, job is not None
        self._window_s = max(LEAST_WINDOW_S, window_s)
        self._registry = Registry(registry or os.environ.get("SCHEMA_REGISTRY_URL"))
        self._emit = emit
        self._cluster, self._engine = "kafka://unknown", ("unknown", "")
        self._group: str | None = None
        self._clients: set[Client] = set()
        self._unsent: deque[Any] = deque()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def join(self, client: Client, config: Mapping[str, Any], engine: tuple[str, str]) -> None:
        """*client*, opened with *config*, works for this service. The first one starts the run."""
        with self._lock:
            self._clients.add(client)
            self._engine = engine
            self._cluster = cluster(config)
            group = config.get("group.id") or config.get("group_id")
            name = group or config.get("client.id") or config.get("client_id")
            if not self._named and name and (group or self._job is None):
                self._job, self._named = str(name), bool(group)
            self._group = str(group) if group else self._group
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="headwater-lineage", daemon=True)
                self._thread.start()
                atexit.register(self.finish)
                _at_the_end(self)

    def leave(self, client: Client) -> None:
        """*client* is closed; with the last one the run is COMPLETE."""
        with self._lock:
            self._clients.discard(client)
            last = not self._clients
        if last:
            self.finish()

    def fail(self, error: BaseException) -> None:
        """The process ends because of *error*: its run is FAIL."""
        self._error = error

    def finish(self) -> None:
        """Tell the last window and end the run; waits at most ten seconds. Twice is harmless."""
        thread = self._thread
        self._stopping.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(GOODBYE_S)

    def _begin(self) -> None:
        """A run of its own, also for the child of a fork, which has none of its parent's threads."""
        self.meters.clear()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = None
        self._clients = set()
        self._unsent = deque()
        self._error = None

    # ── The thread. ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        try:
            self._tell_everything()
        except Exception:
            log.exception("lineage of this service has ended early")

    def _tell_everything(self) -> None:
        self._await_first_topic()
        told = _Told(datetime.now(UTC), {}, {})
        who = self._who()
        self._tell("START", who, told)
        silent = 0
        while not self._stopping.wait(self._window_s * random.uniform(0.9, 1.1)):  # noqa: S311 - so that replicas spread
            silent = 0 if self._moved(told) or silent + 1 >= IDLE_WINDOWS else silent + 1
            if silent == 0:
                self._tell("RUNNING", who, told)
        self._tell("FAIL" if self._error is not None else "COMPLETE", who, told)

    def _await_first_topic(self) -> None:
        until = time.monotonic() + min(FIRST_WORD_S, self._window_s)
        while time.monotonic() < until and not any(self.meters.look()) and not self._stopping.wait(0.1):
            pass

    def _who(self) -> Who:
        from openlineage.client.uuid import generate_new_uuid

        return Who(
            namespace=self._namespace or self._cluster.replace("kafka://", "kafka-app://", 1),
            job=self._job or Path(sys.argv[0]).name or "python",
            run=str(generate_new_uuid()),
            cluster=self._cluster,
            window_s=self._window_s,
            cluster_id=next(filter(None, map(_cluster_id, self._clients.copy())), None),
            group=self._group,
            engine=self._engine[0],
            version=self._engine[1],
        )

    def _moved(self, told: _Told) -> bool:
        read, written = self.meters.look()
        return any(topic.rows != told.read.get(name, _NOTHING).rows for name, topic in read.items()) or any(
            topic.rows != told.written.get(name, _NOTHING).rows for name, topic in written.items()
        )

    def _tell(self, kind: Kind, who: Who, told: _Told) -> None:
        read, written = self.meters.look()
        ends: dict[tuple[str, int], int] = {}
        for client in self._clients.copy():
            ends |= _quietly(client.ends) or {}
        inputs, outputs = flows(told.read, read, ends), flows(told.written, written)
        window = Window(
            at=datetime.now(UTC),
            since=told.at,
            inputs=inputs,
            outputs=outputs,
            made_of=self.meters.made_of(),
            fields=self._registry.fields({flow.topic: flow.schemas for flow in (*inputs, *outputs)}),
            error=None if kind != "FAIL" else f"{type(self._error).__name__}: {self._error}",
        )
        told.at, told.read, told.written = window.at, read, written
        self._send(event(kind, who, window))

    def _send(self, fresh: Any) -> None:
        self._unsent.append(fresh)
        try:
            if self._emit is None:
                from openlineage.client import OpenLineageClient

                self._emit = OpenLineageClient().emit
            while self._unsent:
                self._emit(self._unsent[0])
                self._unsent.popleft()
        except Exception as error:  # noqa: BLE001 - whatever a transport raises
            while len(self._unsent) > UNSENT_MOST:
                self._unsent.popleft()
                self.dropped += 1
            log.warning("lineage event not sent (%s: %s); %d wait", type(error).__name__, error, len(self._unsent))


class _Told:
    """How far the meters have been told."""

    __slots__ = ("at", "read", "written")

    def __init__(self, at: datetime, read: Mapping[str, Topic], written: Mapping[str, Topic]) -> None:
        self.at, self.read, self.written = at, read, written


_NOTHING: Final = Topic()
_ours: dict[str, Service] = {}


def service(**said: Any) -> Service:
    """The service that clients of this process work for unless they are told another; made at the first call.

    *said* are arguments of `Service`, heeded by the call that makes it.
    """
    if "service" not in _ours:
        _ours["service"] = Service(**said)
    return _ours["service"]


def cluster(config: Mapping[str, Any]) -> str:
    """The namespace of the topics: the least of the bootstrap servers, in lower case (OPENLINEAGE 3.1)."""
    servers = config.get("bootstrap.servers") or config.get("metadata.broker.list") or config.get("bootstrap_servers")
    listed = servers.split(",") if isinstance(servers, str) else list(servers or ())
    hosts = sorted(host.strip().lower() for host in listed if host.strip())
    if not hosts:
        return "kafka://unknown"
    return f"kafka://{hosts[0]}" if ":" in hosts[0] else f"kafka://{hosts[0]}:9092"


def _own_topics() -> frozenset[str]:
    topic = os.environ.get("OPENLINEAGE__TRANSPORT__TOPIC")
    return frozenset((topic,)) if topic else frozenset()


def _quietly(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except Exception as error:  # noqa: BLE001 - whatever a client raises, closed as it may be
        log.debug("a client gave no answer: %s", error)
        return None


def _cluster_id(client: Client) -> str | None:
    found = _quietly(lambda: client.cluster_id(CLUSTER_S))
    return found if isinstance(found, str) else None


def _at_the_end(ours: Service) -> None:
    """Let an exception that nobody catches, or SIGTERM where nobody handles it, end the run before the process."""
    before = sys.excepthook

    def failed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        ours.fail(error)
        before(kind, error, trace)

    sys.excepthook = failed
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:

        def ended(number: int, _frame: FrameType | None) -> None:
            ours.finish()
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

        signal.signal(signal.SIGTERM, ended)
