"""Reconciled: how many rows there were to write, as those say who read or counted them (SLO.md b.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from lineage.model import NodeId, job_id
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.indicators._baseline import Basis
from lineage.slo.phrases import moment
from lineage.slo.spec import Dataset
from lineage.slo.terms import Strict


def _job(text: str) -> str:
    if not all(text.partition("/")):
        raise ValueError(f"{text!r} names no job; write NAMESPACE/NAME of the probe, as in airflow/orders.count")
    return text


class Reconcile(Strict):
    """The rows that the same runs read, of all that they read or only of those *sources* (`from`).

    It fits jobs that write a row for each that they read. With a *probe*, a job as NAMESPACE/NAME, the rows are those
    that its run for the same interval counted in what it read.
    """

    mode: Literal["reconcile"]
    sources: tuple[Dataset, ...] = Field((), alias="from")
    probe: Annotated[str, AfterValidator(_job)] | None = None

    @property
    def job(self) -> NodeId | None:
        """The job that counts, where there is one."""
        if self.probe is None:
            return None
        namespace, _, name = self.probe.partition("/")
        return job_id(namespace, name)


def counted_by_probe(found: Sequence[Delivery], close: datetime, probe: str) -> Basis:
    """What the last of *found*, a probe's runs for one interval, counted by *close*; else the first after it."""
    counted = [each for each in found if each.rows is not None]
    last = next((each for each in reversed(counted) if each.at <= close), next(iter(counted), None))
    if last is None:
        return Basis(None, f"{probe} did not count what there was")
    return Basis(Fraction(last.rows or 0), f"counted by {probe} at {moment(last.at)}", events=last.events)


def read_by(counted: Iterable[Delivery], evidence: Evidence, doubtful: frozenset[str]) -> Basis:
    """All that the runs of *counted* read; not known where one did not count it."""
    total, named = 0, set()
    for delivery in counted:
        found = evidence.reads.get(delivery.events[0] if delivery.window is not None else delivery.run, ())
        if not found:
            return Basis(None, f"{delivery.job.name} did not say what it read")
        if delivery.run in doubtful:
            return Basis(None, f"{delivery.job.name} accumulates what it read, which cannot be told apart")
        for read in found:
            if read.rows is None:
                return Basis(None, f"{delivery.job.name} did not say how many rows of {read.dataset.name} it read")
            total += read.rows
            named.add(read.dataset.name)
    return Basis(Fraction(total), f"read of {', '.join(sorted(named))}") if named else Basis(None, "nothing was read")
