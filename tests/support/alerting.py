"""A small estate that goes wrong on command: statuses, definitions, and a store that holds them in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, cast

from lineage.errors import Conflict
from lineage.model import Edge, Node, NodeId, Page, Run, Verdict, VerdictState, dataset_id, job_id
from lineage.slo.spec import DataSLO, define
from lineage.slo.status import Budget, BurnRate, Status
from lineage.statements import Kept, Subject
from lineage.store.base import Change, Document, Lease, Store

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)

LETTERS = {
    "G": VerdictState.GOOD,
    "B": VerdictState.BAD,
    "U": VerdictState.UNKNOWN,
    "P": VerdictState.PENDING,
}

LANDING = dataset_id("s3://acme", "landing/settlements")
SETTLEMENTS = dataset_id("postgres://dw:5432", "stg.settlements")
ORDERS = dataset_id("postgres://dw:5432", "mart.orders_daily")
REVENUE = dataset_id("postgres://dw:5432", "mart.revenue_daily")
LOAD = job_id("airflow", "settlements.load_settlements")
BUILD = job_id("airflow", "marts.build_orders_daily")
SUM = job_id("airflow", "marts.sum_revenue")

# landing → load → settlements → build → orders → sum → revenue
RIVER = ((LANDING, LOAD), (LOAD, SETTLEMENTS), (SETTLEMENTS, BUILD), (BUILD, ORDERS), (ORDERS, SUM), (SUM, REVENUE))


def edges(pairs: Iterable[tuple[NodeId, NodeId]] = RIVER) -> tuple[Edge, ...]:
    """Edges of a graph, all seen a day ago."""
    return tuple(Edge(source, target, NOW - timedelta(days=1), NOW - timedelta(days=1)) for source, target in pairs)


def run(number: int, job: NodeId, state: str, ended_at: datetime) -> Run:
    """A run that took a minute; *number* makes its id."""
    return Run(
        id=f"00000000-0000-4000-8000-{number:012d}",
        job=job,
        state=cast("Any", state),  # a literal of the model's
        last_at=ended_at,
        started_at=ended_at - timedelta(minutes=1),
        ended_at=None if state == "RUNNING" else ended_at,
    )


def verdicts(letters: str, until: datetime) -> tuple[Verdict, ...]:
    """Hourly occurrences, the last of them due at *until*: G good, B bad, U unknown, P pending."""
    count = len(letters)
    dues = [until - HOUR * (count - 1 - place) for place in range(count)]
    return tuple(
        Verdict(occurrence=due.isoformat(), due=due, state=LETTERS[letter])
        for letter, due in zip(letters, dues, strict=True)
    )


def tier(long: float | None, short: float | None, *, firing: bool, severity: str = "page") -> BurnRate:
    """The 1 h / 5 m tier with a threshold of 14."""
    return BurnRate(
        severity=cast("Any", severity),  # a literal of the model's
        long_s=3600,
        short_s=300,
        long=None if long is None else Fraction(long),
        short=None if short is None else Fraction(short),
        threshold=Fraction(14),
        firing=firing,
    )


def status(  # noqa: PLR0913 - a status has many sides
    slo: str,
    letters: str = "GGG",
    at: datetime = NOW,
    *,
    ladder: str | None = None,
    state: str = "ok",
    burn: Sequence[BurnRate] = (),
    left: Fraction | None = Fraction(88, 100),
    sentence: str = "late by 2 h 31 m",
    last_delivery: datetime | None = None,
) -> Status:
    """A status that says what a test is about; the ladder fires where *ladder* says so."""
    return Status(
        slo=slo,
        at=at,
        state=cast("Any", state),  # literals of the model's
        target=Fraction(99, 100),
        window_s=28 * 86_400,
        sli=Fraction(99, 100),
        good=Fraction(99),
        total=Fraction(100),
        counts={},
        coverage=Fraction(1),
        budget=Budget(Fraction(1), Fraction(0), left),
        burn_rates=tuple(burn),
        burn=tuple(burn),
        ladder=cast("Any", ladder),
        occurrences=verdicts(letters, at),
        next_due=None,
        last_delivery=last_delivery,
        sentence=sentence,
    )


def slo(  # noqa: PLR0913 - a definition has many sides
    name: str,
    dataset: NodeId,
    *,
    kind: str = "freshness",
    consumer: Any = (),
    product: str | None = None,
    incidents: Any = None,
    **owner: Any,
) -> DataSLO:
    """A definition over *dataset*, with one or several of *consumer*; *owner* overrides team and channel."""
    sli: dict[str, Any] = {"type": kind}
    if kind == "completeness":
        sli["expected"] = {"mode": "contract", "rows": 10}
    return define(
        {
            "apiVersion": "headwater/v1",
            "kind": "DataSLO",
            "metadata": {"name": name, "labels": {} if product is None else {"product": product}},
            "spec": {
                "dataset": {"namespace": dataset.namespace, "name": dataset.name},
                "owner": {"team": "data-orders", "channel": {"slack": "C0ORDERS1"}, **owner},
                "consumer": consumer,
                "incidents": incidents,
                "schedule": {"cron": "0 * * * *", "deadline": "1h"},
                "sli": sli,
                "timeWindow": [{"duration": "28d", "isRolling": True}],
                "objectives": [{"target": 0.99}],
                "alerting": {"runbook": "https://runbooks.example.com/orders"},
            },
        }
    )


@dataclass
class MemoryStore:
    """Documents with revisions, a graph of edges, and runs: what alerts ask of a store, and no more.

    *fail_puts* makes that many puts raise Conflict; *epoch* is the only lease epoch that may write.
    """

    graph: tuple[Edge, ...] = field(default_factory=edges)
    all_runs: list[Run] = field(default_factory=list)
    kept: dict[tuple[str, str], Document] = field(default_factory=dict)
    aliases: dict[NodeId, NodeId] = field(default_factory=dict)
    fail_puts: int = 0
    epoch: int | None = None
    puts: int = 0
    stated: list[Kept] = field(default_factory=list)

    def as_store(self) -> Store:
        """Itself, as the promise that it keeps in part."""
        return cast("Store", self)

    def get(self, ids: Iterable[NodeId], **_: object) -> dict[NodeId, Node]:
        """Nodes of the graph, under the ids asked for."""
        known = {end for edge in self.graph for end in (edge.source, edge.target)}
        found = {asked: self.aliases.get(asked, asked) for asked in ids}
        return {asked: Node(asked, canonical, NOW, NOW) for asked, canonical in found.items() if canonical in known}

    def neighbours(self, ids: Iterable[NodeId], direction: str, **_: object) -> list[Edge]:
        """One hop."""
        asked = set(ids)
        return [edge for edge in self.graph if (edge.target if direction == "up" else edge.source) in asked]

    def runs(
        self,
        *,
        job: NodeId | None = None,
        states: Iterable[str] | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> Page:
        """Runs, newest first."""
        wanted = None if states is None else set(states)
        found = [
            each
            for each in sorted(self.all_runs, key=lambda each: each.started_at or each.last_at, reverse=True)
            if job in (None, each.job)
            and (wanted is None or each.state in wanted)
            and (since is None or (each.started_at or each.last_at) > since)
        ]
        return Page(found[:limit], len(found))

    def statements(self, subjects: Iterable[Subject], *, known_at: datetime) -> list[Kept]:
        """What was said of *subjects* by then."""
        asked = set(subjects)
        return [each for each in self.stated if each.statement.subject in asked and each.received_at <= known_at]

    def document(self, kind: str, id: str) -> Document | None:  # noqa: A002 - the promise's own word
        """One document."""
        return self.kept.get((kind, id))

    def documents(
        self, kind: str, *, state: str | None = None, after: str | None = None, limit: int = 1000
    ) -> list[Document]:
        """Documents of a kind, by id."""
        found = [self.kept[key] for key in sorted(self.kept) if key[0] == kind]
        return [each for each in found if state in (None, each.state) and (after is None or each.id > after)][:limit]

    def put(self, changes: Sequence[Change], *, lease: Lease | None = None) -> None:
        """All or none, fenced and compared as the promise says."""
        if self.fail_puts and changes:
            self.fail_puts -= 1
            raise Conflict("somebody was faster")
        if lease is not None and self.epoch is not None and lease.epoch != self.epoch:
            raise Conflict("the lease was lost")
        before = dict(self.kept)
        for change in changes:
            old = before.get((change.kind, change.id))
            revision = 0 if old is None else old.revision
            if change.expects not in (None, revision):
                self.kept = before
                raise Conflict(f"{change.id} is at revision {revision}")
            assert change.body is not None, "alerts delete nothing"
            self.kept[change.kind, change.id] = Document(
                change.kind, change.id, change.body, change.state, change.due, revision + 1
            )
        self.puts += 1

    def fail(self, job: NodeId, *ended_at: datetime) -> None:
        """Let *job* fail at each of these times."""
        for at in ended_at:
            self.all_runs.append(run(len(self.all_runs) + 1, job, "FAIL", at))


def later(found: Status, by: timedelta, **changes: Any) -> Status:
    """The same status, judged again *by* later."""
    return replace(found, at=found.at + by, **changes)
