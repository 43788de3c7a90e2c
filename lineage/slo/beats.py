"""From the store to beats: what emitters sent, and what was seen of it in a dataset, or at the end of a path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from lineage.model import AHEAD, FacetRecord, NodeId
from lineage.slo.asking import Asked, read
from lineage.slo.evidence import Ancestry, Beat, Beats, Delivery, Evidence

OLDEST = timedelta(days=366)  # before the event that tells of it a beat may have been sent
HEARTBEAT, BEATING = "heartbeat", "HEARTBEAT"  # the facet of a beat, and the jobType of who only sends or sees beats


class _Heartbeat(msgspec.Struct, rename="camel"):
    source: str
    seq: int
    emitted_at: datetime
    partition: str = ""
    through: bool = False


def beats(facets: Iterable[FacetRecord], emitter: NodeId) -> Iterator[Beat]:
    """What *facets* tell of beats of *emitter*, a job; one that was sent at no time that can be is none."""
    source = f"{emitter.namespace}/{emitter.name}"
    for facet in facets:
        body = read(facet.body, _Heartbeat)
        if body is None or body.source != source or body.emitted_at.tzinfo is None:
            continue
        if -AHEAD <= facet.at - body.emitted_at <= OLDEST:
            yield Beat(
                body.seq, body.emitted_at, facet.at, facet.digest, body.partition, body.through, facet.received_at
            )


def along(evidence: Evidence, asked: Asked) -> Evidence:
    """*evidence*, which has an ancestry, with the beats that jobs sent into its sources and that were seen at its end.

    A run that writes the target brings the beats that it names when it delivers, and none where it does not; anybody
    else saw them when the event says so.
    """
    ancestry = evidence.ancestry
    assert ancestry is not None, "beats go along a path"
    emitters = _emitters(asked, ancestry)
    if not emitters:
        return evidence
    told = _there(asked, ancestry, evidence.deliveries)
    runs = asked.runs({facet.run for facet in told if facet.run is not None})
    jobs = {facet.digest: runs[facet.run].job for facet in told if facet.run in runs}
    found = []
    for emitter, into in sorted(emitters.items()):
        sent = tuple(beats(asked.facets(HEARTBEAT, of=emitter), emitter))
        seen = tuple(beat._replace(by=jobs.get(beat.event)) for beat in beats(told, emitter))
        found.append(Beats(emitter, into, sent, seen))
    heard = [beat.told_at for each in found for beat in (*each.sent, *each.seen) if beat.told_at is not None]
    heard += [] if evidence.observed_since is None else [evidence.observed_since]
    return replace(
        evidence,
        ancestry=replace(ancestry, beats=found),
        observed=evidence.observed or bool(heard),
        observed_since=min(heard, default=None),
    )


def _emitters(asked: Asked, ancestry: Ancestry) -> Mapping[NodeId, frozenset[NodeId]]:
    """The jobs that send beats of their own into sources of the path, and into which."""
    into: defaultdict[NodeId, set[NodeId]] = defaultdict(set)
    for uses in ancestry.uses.values():
        for use in uses:
            if use.side == "output" and use.dataset in ancestry.sources:
                into[use.job].add(use.dataset)
    if not into:
        return {}
    said = asked.store.newest_facets(sorted(into), [HEARTBEAT], until=asked.now, known_at=asked.known_at)
    bodies = {job: read(facets[HEARTBEAT], _Heartbeat) for job, facets in said.items()}
    return {
        job: frozenset(into[job])
        for job, body in bodies.items()
        if body is not None and body.source == f"{job.namespace}/{job.name}"
    }


def _there(asked: Asked, ancestry: Ancestry, deliveries: Sequence[Delivery]) -> list[FacetRecord]:
    """What was told of beats in the target, each as of when the beat was there."""
    told = asked.facets(HEARTBEAT)
    ended = {each.run: each for each in deliveries if each.window is None}
    reports = {event for each in deliveries if each.window is not None for event in each.events}
    writing = _writing(asked, ancestry, {each.run for each in told} - ended.keys())
    found = []
    for each in told:
        delivered = ended.get(each.run or "")
        if delivered is not None and delivered.refresh:
            found.append(replace(each, at=delivered.at, received_at=delivered.told_at or each.received_at))
        elif delivered is None and (each.run not in writing or each.digest in reports):
            found.append(each)
    return found


def _writing(asked: Asked, ancestry: Ancestry, runs: Collection[str | None]) -> frozenset[str]:
    """Those of *runs* that write data into the target; a probe that lists it so does not."""
    by = {
        run: use.job
        for run, uses in ancestry.uses.items()
        for use in uses
        if run in runs and use.side == "output" and use.dataset == ancestry.target
    }
    types = asked.job_types(sorted({*by.values()}))
    probes = {job for job, its in types.items() if its.job_type == BEATING}
    return frozenset(run for run, job in by.items() if job not in probes)
