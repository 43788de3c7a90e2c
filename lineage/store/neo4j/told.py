"""What a speaker had come to by a cut that divides its events: it hears again what lies within, as in a merge.

A speaker whose events all lie within a cut came to what its node says; one with none is unknown. The few between are
told again here, all of them in one round trip, at the cost of their events within the cut.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from neo4j import ManagedTransaction

from lineage.store._conclusions import hear, recall
from lineage.store._cut import Cut
from lineage.store._observations import Listed, Moment
from lineage.store._speakers import Speaker
from lineage.store._told import Told, told
from lineage.store.base import Resolve
from lineage.store.neo4j.keys import Keys
from lineage.store.neo4j.said import read_touches

# Of a speaker `s`, at the cut of `$as_of`, `$known_at` and `$lead`.
WITHIN: Final = "s.last_seen <= $as_of AND s.last_received <= $known_at AND s.lead <= $lead"
DIVIDED: Final = "s.first_seen <= $as_of AND s.first_received <= $known_at AND NOT (" + WITHIN + ")"

_HEARD: Final = """
    UNWIND $keys AS key MATCH (:Speaker {key: key})<-[m:DECIDES|TELLS]-(e:Event)
    WHERE m.at <= $as_of AND e.received <= $known_at AND m.at - e.received <= $lead
    RETURN key, m.type, m.at, e.digest, e.received, m.job,
        [m.parent_run, m.parent_job, m.root_run, m.root_job], [m.nominal_start, m.nominal_end],
        [(e)-[n:MENTIONS]->(:Thing) WHERE n.touches IS NOT NULL | [n.of, n.touches]]
"""


def retell(
    transaction: ManagedTransaction, resolve: Resolve, speakers: Collection[str], at: Cut
) -> dict[str, Told[str]]:
    """What each of *speakers* had come to at the cut; those of which nothing lies within are absent."""
    if not speakers:
        return {}
    moments: list[Moment[str]] = []
    listed: list[Listed[str]] = []
    rows = transaction.run(_HEARD, {"keys": sorted(speakers), **at._asdict()})
    for speaker, kind, time, event, received, job, parent, nominal, mentions in rows:
        digest = bytes.fromhex(event)
        moments.append(Moment(speaker, kind, time, event, digest, received, job, tuple(parent), tuple(nominal)))
        listed += [
            Listed(speaker, dataset, touch.side, touch.type, time, event, digest, touch.told)
            for dataset, text in mentions
            for touch in read_touches(text)
            if touch.speaker == speaker and touch.type == kind
        ]
    found = {key: Speaker(key) for key in {moment.speaker for moment in moments}}
    hear(found, moments, listed)
    recall(found, moments)
    return {key: told(speaker, Keys(), resolve) for key, speaker in found.items()}
