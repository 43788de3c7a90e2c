"""Who used what: every use of a dataset by a run, or by a job that spoke without one.

Five round trips answer any number of uses: the newest listings, all those of who listed, whose names their datasets
are, what was counted, and whether anything was said explicitly. A cut that divides runs costs some more. Merges go on
meanwhile: who is gone or has another name by the next of them is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, LiteralString

from neo4j import ManagedTransaction

from lineage.model import NodeId, Use
from lineage.store._codes import EVER, OUTPUT
from lineage.store._cut import Cut
from lineage.store._explicit import Use as Used
from lineage.store._explicit import statements_of_runs
from lineage.store._figures import Key
from lineage.store._told import Told
from lineage.store._uses import Question, Row, Whole, enough, folded, ordered, rows_of, use_of
from lineage.store.base import Resolve
from lineage.store.neo4j.explicit import Said
from lineage.store.neo4j.figures import figures
from lineage.store.neo4j.identity import components
from lineage.store.neo4j.keys import node_of
from lineage.store.neo4j.told import DIVIDED, WITHIN, retell

_ROW: Final = "s.key, l.of, l.side, l.job, s.state IS NOT NULL, l.first_at, l.last_at, l.effective"
_ROWS: Final = "UNWIND $keys AS key MATCH (s:Speaker {key: key})-[l:LISTS]->() RETURN " + _ROW
_MOVED: Final = " UNION MATCH (:Thing {key: $job})<-[:NAMED]-(s:Speaker) WHERE " + DIVIDED + " RETURN s.key"
_SPOKE: Final = (
    "UNWIND $keys AS key MATCH (s:Speaker {key: key}) WHERE s.first_seen <= $as_of AND s.first_received <= $known_at"
    " RETURN key, " + WITHIN
)


def uses(transaction: ManagedTransaction, resolve: Resolve, asked: Question[str], limit: int) -> list[Use]:
    """Keep the promise of `Store.uses`; what was observed last at the same time is in the order of run and dataset."""
    told = divided(transaction, resolve, asked)
    listed = [*enough(_settled(transaction, asked), limit), *asked.of(told.values())]
    rows = listings(transaction, {row.speaker for row in listed}, told)
    canonical = _canonical(transaction, rows, asked.at)
    whole = folded(rows, canonical)
    wanted = {(row.speaker, canonical.get(row.dataset, row.dataset), row.side) for row in listed} & whole.keys()
    return _described(transaction, dict(islice(ordered(wanted, whole, node_of).items(), limit)), asked.at)


def uses_of(transaction: ManagedTransaction, resolve: Resolve, of: Iterable[str], at: Cut) -> dict[str, list[Use]]:
    """The uses of each of the runs *of*, by their keys, as `Store.uses_of` promises."""
    spoke = dict(transaction.run(_SPOKE, {"keys": sorted(of), **at._asdict()}).values())
    told = retell(transaction, resolve, [key for key, within in spoke.items() if not within], at)
    rows = listings(transaction, {key for key, within in spoke.items() if within or key in told}, told)
    whole = folded(rows, _canonical(transaction, rows, at))
    found: defaultdict[str, list[Use]] = defaultdict(list)
    chosen = ordered(whole, whole, node_of)
    for key, use in zip(chosen, _described(transaction, chosen, at), strict=True):
        found[key[0]].append(use)
    return found


def match(asked: Question[str]) -> LiteralString:
    """Where the listings `l` of speakers `s` are looked for that *asked* wants, whatever their time.

    What follows asks for `l.last_at` or `l.written_at`: an index of two properties is used where both are asked for.
    """
    one = len(asked.members or ()) == 1
    wanted: tuple[tuple[LiteralString, bool], ...] = (
        (" AND l.of = $member", one),
        (" AND l.of IN $members", asked.members is not None and not one),
        (" AND l.job = $job", asked.job is not None),
        (" AND l.side = $side", asked.side is not None),
    )
    start: LiteralString = "MATCH (s)" if asked.speaker is None else "MATCH (s:Speaker {key: $speaker})"
    return start + "-[l:LISTS]->() WHERE true" + "".join(condition for condition, holds in wanted if holds)


def newest_by(asked: Question[str]) -> LiteralString:
    """What listings are ordered by before their time: the one dataset or job asked for, so that an index has it."""
    if asked.speaker is not None:
        return ""
    return "l.job DESC, " if asked.members is None else "l.of DESC, " if len(asked.members) == 1 else ""


def values(asked: Question[str]) -> dict[str, Any]:
    """The parameters of every statement that begins with `match`."""
    members = list(asked.members or ())
    return {**asked._asdict(), **asked.at._asdict(), "members": members, "member": next(iter(members), None)}


def divided(transaction: ManagedTransaction, resolve: Resolve, asked: Question[str]) -> dict[str, Told[str]]:
    """The speakers that the cut divides, among those of *asked*, as they were told then.

    Whoever listed nothing after *since* is not among them.
    """
    if asked.at.whole:
        return {}
    statement = match(asked) + " AND l.last_at > $since AND " + DIVIDED + " RETURN DISTINCT s.key"
    if asked.job is not None:
        statement += _MOVED
    return retell(transaction, resolve, set(transaction.run(statement, values(asked)).value()), asked.at)


def listings(
    transaction: ManagedTransaction, speakers: Collection[str], told: Mapping[str, Told[str]]
) -> list[Row[str]]:
    """All listings of *speakers*: as *told* where they are, else as they stand."""
    settled = sorted(set(speakers) - told.keys())
    rows: list[Row[str]] = [Row(*row) for row in transaction.run(_ROWS, keys=settled)] if settled else []
    return rows + list(rows_of(told[speaker] for speaker in speakers if speaker in told))


def writers_divided(transaction: ManagedTransaction, resolve: Resolve, asked: Question[str]) -> dict[str, Told[str]]:
    """The speakers that the cut divides among those that list the dataset of *asked* as an output, at any time."""
    # A run may be done, and so have written, long after it listed the dataset.
    return divided(transaction, resolve, asked._replace(side=OUTPUT, since=-EVER))


def statements(
    transaction: ManagedTransaction, uses: Mapping[Key[str], Whole[str]], at: Cut
) -> dict[Key[str], tuple[NodeId, ...]]:
    """What explicit lineage says that the outputs among *uses* were made of, where it says anything."""
    listed = {
        key: Used(key[0], use.job, key[1], use.first_at, use.last_at) for key, use in uses.items() if key[2] == OUTPUT
    }
    said = statements_of_runs(Said(transaction, at), list(listed.values()))
    return {key: said[use] for key, use in listed.items() if use in said}


def _canonical(transaction: ManagedTransaction, rows: Iterable[Row[str]], at: Cut) -> dict[str, str]:
    parts = components(transaction, {row.dataset for row in rows}, at)
    return {dataset: part.canonical for dataset, part in parts.items()}


def _settled(transaction: ManagedTransaction, asked: Question[str]) -> Iterator[Row[str]]:
    """The listings of speakers that the cut does not divide, newest first."""
    cut: LiteralString = "" if asked.at.whole else " AND " + WITHIN
    statement = match(asked) + " AND l.last_at > $since" + cut + " RETURN " + _ROW + " ORDER BY " + newest_by(asked)
    found = transaction.run(statement + "l.last_at DESC", values(asked))
    try:
        yield from map(Row._make, found)
    except GeneratorExit:
        found.consume()
        raise


def _described(transaction: ManagedTransaction, chosen: Mapping[Key[str], Whole[str]], at: Cut) -> list[Use]:
    found = figures(transaction, {key: use.raw for key, use in chosen.items()}, at)
    made_of = statements(transaction, chosen, at)
    return [use_of(key, use, found[key], made_of.get(key), node_of) for key, use in chosen.items()]
