"""SLOs and evidence in few words, and a small lake: a real store into which events are put with their receipt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from collectors.producers import understand
from lineage.events import parse_event
from lineage.homes import Homes, open_homes
from lineage.model import Draft, Verdict, VerdictState, job_id
from lineage.slo.evidence import Assertion, Check, Delivery
from lineage.slo.spec import DataSLO, define

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOAD, TEST = job_id("airflow", "orders.load"), job_id("airflow", "orders.test")

LETTERS = {
    "G": VerdictState.GOOD,
    "B": VerdictState.BAD,
    "U": VerdictState.UNKNOWN,
    "P": VerdictState.PENDING,
    "N": VerdictState.NOT_EXPECTED,
    "X": VerdictState.EXCLUDED,
}

SLIS: dict[str, dict[str, Any]] = {
    "freshness": {"type": "freshness"},
    "completeness": {"type": "completeness", "expected": {"mode": "contract", "rows": 1000}},
    "correctness": {"type": "correctness", "unit": "assertions"},
}


def document(indicator: str = "freshness", *, sli: Any = None, schedule: Any = None, **spec: Any) -> dict[str, Any]:
    """What a YAML file of an hourly promise would hold: due 15 minutes after each hour, 99 % over 28 days."""
    target, window = spec.pop("target", "0.99"), spec.pop("window", "28d")
    return {
        "apiVersion": "headwater/v1",
        "kind": "DataSLO",
        "metadata": {"name": spec.pop("name", f"orders-{indicator}"), "labels": spec.pop("labels", {})},
        "spec": {
            "dataset": {"namespace": "lake", "name": "orders"},
            "owner": {"team": "data-orders", "channel": {"slack": "C0ORDERS1"}},
            "schedule": {"cron": "0 * * * *", "timezone": "UTC", "deadline": "15m"} | (schedule or {}),
            "sli": SLIS[indicator] | (sli or {}),
            "timeWindow": [{"duration": window, "isRolling": True}],
            "objectives": [{"target": target}],
            **spec,
        },
    }


def promise(indicator: str = "freshness", **changes: Any) -> DataSLO:
    """The definition of `document`."""
    return define(document(indicator, **changes))


def delivery(at: datetime, run: str = "run", **fields: Any) -> Delivery:
    """A run of LOAD that completed at *at* and says nothing else."""
    return Delivery(at, run, fields.pop("job", LOAD), **fields)


def check(at: datetime, *passed: bool, run: str = "check", job: Any = TEST) -> Check:
    """A checking run with an assertion for each of *passed*."""
    assertions = tuple(Assertion(f"rule_{place}", None, "error", good) for place, good in enumerate(passed))
    return Check(run, job, at, assertions)


def verdicts(letters: str, until: datetime = NOON, step: timedelta = HOUR) -> list[Verdict]:
    """One occurrence a letter, *step* apart, the last due at *until*: G good, B bad, U unknown, P pending."""
    dues = [until - step * (len(letters) - 1 - place) for place in range(len(letters))]
    return [
        Verdict(
            due.isoformat(),
            due,
            LETTERS[letter],
            good=Fraction(letter == "G"),
            total=Fraction(letter in "GB"),
            reason="as the test says",
        )
        for letter, due in zip(letters, dues, strict=True)
    ]


def states(found: Iterable[Verdict]) -> str:
    """The letters of verdicts."""
    spelled = {state: letter for letter, state in LETTERS.items()}
    return "".join(spelled[verdict.state] for verdict in found)


def event(  # noqa: PLR0913 - an event has this many sides
    type_: str,
    at: datetime,
    run: str,
    *,
    job: str = "orders.load",
    inputs: Any = (),
    outputs: Any = ("orders",),
    nominal: tuple[datetime, datetime] | None = None,
    rows: int | None = None,
    streaming: dict[str, Any] | None = None,
    assertions: Any = None,
) -> dict[str, Any]:
    """An OpenLineage run event; datasets by name in `lake`, *rows* of each output, *assertions* on each input."""
    facets = (
        {}
        if nominal is None
        else {"nominalTime": facet(nominalStartTime=_t(nominal[0]), nominalEndTime=_t(nominal[1]))}
    )
    counted = {} if rows is None else {"outputFacets": {"outputStatistics": facet(rowCount=rows)}}
    checked = {} if assertions is None else {"inputFacets": {"dataQualityAssertions": facet(assertions=assertions)}}
    job_type = (
        {} if streaming is None else {"jobType": facet(processingType="STREAMING", integration="KAFKA", **streaming)}
    )
    return {
        "eventType": type_,
        "eventTime": _t(at),
        "producer": "https://example.org/tests",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid5(NAMESPACE_URL, run)), "facets": facets},
        "job": {"namespace": "airflow", "name": job, "facets": job_type},
        "inputs": [{"namespace": "lake", "name": name, **checked} for name in inputs],
        "outputs": [{"namespace": "lake", "name": name, **counted} for name in outputs],
    }


def facet(**fields: Any) -> dict[str, Any]:
    """A facet as events carry it, with who says so."""
    return {"_producer": "https://example.org/tests", "_schemaURL": "https://example.org/facet.json", **fields}


def _t(at: datetime) -> str:
    return at.isoformat()


class Lake:
    """A ledger and a store in a file; `put` takes an event, `at` being its receipt (its own time when not given)."""

    def __init__(self, folder: Path) -> None:
        self.homes: Homes = open_homes(f"sqlite:///{folder / 'lake.db'}")
        self.store = self.homes.store

    def put(self, *bodies: dict[str, Any], received_at: datetime | None = None) -> None:
        """Append and merge each of *bodies*, one by one."""
        for body in bodies:
            raw = json.dumps(body).encode()
            digest = hashlib.sha256(raw).digest()
            receipt = received_at or datetime.fromisoformat(body["eventTime"])
            entries = self.homes.ledger.append([Draft("event", raw, digest, "test")], receipt)
            self.store.merge(entries, [understand(parse_event(raw), digest)])

    def put_at_once(self, *bodies: dict[str, Any], received_at: datetime) -> None:
        """Append and merge *bodies* as one batch."""
        raws = [json.dumps(body).encode() for body in bodies]
        drafts = [Draft("event", raw, hashlib.sha256(raw).digest(), "test") for raw in raws]
        entries = self.homes.ledger.append(drafts, received_at)
        deltas = [understand(parse_event(raw), draft.digest) for raw, draft in zip(raws, drafts, strict=True)]
        self.store.merge(entries, deltas)

    def runs(self, first: datetime, count: int, *, rows: int = 1000, step: timedelta = HOUR) -> None:
        """*count* runs of LOAD, each complete 5 minutes after its interval, the first of which begins at *first*."""
        for place in range(count):
            start = first + step * place
            nominal = (start, start + step)
            done = start + step + timedelta(minutes=5)
            self.put(
                event("START", done - timedelta(minutes=2), f"load {start}", nominal=nominal),
                event("COMPLETE", done, f"load {start}", nominal=nominal, rows=rows),
            )
