"""Who used what: every use of a dataset by a run, or by a job that spoke without one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from lineage.database.times import instant
from lineage.model import NodeId, Use
from lineage.store._codes import EVER, OUTPUT, SIDES
from lineage.store._cut import Cut
from lineage.store._told import Told
from lineage.store.base import Resolve
from lineage.store.sqlite import explicit
from lineage.store.sqlite.figures import Key, figures
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.told import DIVIDED, WITHIN, retell

LISTED: Final = "FROM listing JOIN speaker ON speaker.id = listing.speaker WHERE "
MOVED: Final = f" UNION SELECT speaker FROM moved JOIN speaker ON id = moved.speaker WHERE node = :job AND {DIVIDED}"  # noqa: S608 - of constants
_OF_DATASET: Final = ("dataset IN (SELECT value FROM json_each(:members))", "dataset = :member")


class Question(NamedTuple):
    """A filter of uses; row ids, and times in microseconds. *until* cuts: what came after it says nothing."""

    speaker: int | None = None
    job: int | None = None
    members: Collection[int] | None = None  # of a dataset
    side: int | None = None
    since: int = -EVER
    until: int = EVER
    known_at: int = EVER

    @property
    def at(self) -> Cut:
        """The cut that goes with the filter."""
        return Cut(self.until, self.known_at)

    def suits(self, told: Told[int], dataset: int, side: int) -> bool:
        """Whether the listing of a speaker as it was told then is one of those asked for, but for its time."""
        return (
            (self.speaker is None or told.id == self.speaker)
            and (self.job is None or told.job == self.job)
            and (self.members is None or dataset in self.members)
            and (self.side is None or side == self.side)
        )


@dataclass(slots=True)
class Whole:
    """All listings of one speaker on one side under any name of one dataset."""

    job: int
    is_run: bool
    first_at: int
    last_at: int
    effective: bool
    raw: set[int]  # the names that it was listed under


def uses(connection: Connection, resolve: Resolve, asked: Question, limit: int) -> list[Use]:
    """Keep the promise of `Store.uses`; what was observed last at the same time is in the order of run and dataset."""
    told = divided(connection, resolve, asked)
    listed = [row for row in _settled(connection, asked, limit) if row[0] not in told]
    listed += [
        (each.id, dataset, side, of.last[0])
        for each in told.values()
        for (dataset, side), of in each.listings.items()
        if asked.suits(each, dataset, side) and of.last[0] > asked.since
    ]
    whole = together(connection, {row[0] for row in listed}, told, asked.at)
    parts = components(connection, {row[1] for row in listed}, asked.at)
    wanted = {(speaker, parts[dataset].canonical, side) for speaker, dataset, side, _ in listed}
    called = names(connection, {number for key in wanted for number in (key[0], key[1], whole[key].job)})
    ordered = sorted(wanted, key=lambda key: (-whole[key].last_at, called[key[0]].name, called[key[1]], -key[2]))[
        :limit
    ]
    found = figures(connection, {key: whole[key].raw for key in ordered}, asked.at)
    made_of = statements(connection, {key: whole[key] for key in ordered}, asked.at)
    return [
        Use(
            run=called[key[0]].name if each.is_run else None,
            job=called[each.job],
            dataset=called[key[1]],
            side=SIDES[key[2]],
            first_at=instant(each.first_at),
            last_at=instant(each.last_at),
            statistics=found[key].statistics,
            version=found[key].version,
            effective=each.effective,
            made_of=made_of.get(key),
        )
        for key in ordered
        for each in (whole[key],)
    ]


def statements(connection: Connection, uses: Mapping[Key, Whole], at: Cut) -> dict[Key, tuple[NodeId, ...]]:
    """What explicit lineage says that the outputs among *uses* were made of, where it says anything."""
    listed = {
        key: explicit.Use(key[0], use.job, key[1], use.first_at, use.last_at)
        for key, use in uses.items()
        if key[2] == OUTPUT
    }
    said = explicit.statements_of_runs(connection, listed.values(), at)
    return {key: said[use] for key, use in listed.items() if use in said}


def conditions(asked: Question) -> tuple[str, dict[str, Any]]:
    """What *asked* wants of a listing, but for its time; and the parameters of every statement here."""
    values: dict[str, Any] = {
        "speaker": asked.speaker, "job": asked.job, "side": asked.side, "since": asked.since,
        "members": each_of(asked.members or ()), "member": next(iter(asked.members or ()), None), **asked.at._asdict(),
    }  # fmt: skip
    conditions = [
        condition
        for condition, value in (
            ("listing.speaker = :speaker", asked.speaker),
            ("listing.job = :job", asked.job),
            (_OF_DATASET[len(asked.members or ()) == 1], asked.members),
            ("side = :side", asked.side),
        )
        if value is not None
    ]
    return " AND ".join(conditions), values


def _settled(connection: Connection, asked: Question, limit: int) -> Iterator[tuple[int, int, int, int]]:
    """The newest listings of speakers that the cut does not divide: enough of them for *limit* uses."""
    where, values = conditions(asked)
    rows = connection.execute(
        f"SELECT listing.speaker, dataset, side, listing.last_at {LISTED} {where} AND listing.last_at > :since"
        f" AND {WITHIN} ORDER BY listing.last_at DESC",
        values,
    )
    seen: set[tuple[int, int]] = set()
    last = EVER
    for speaker, dataset, side, last_at in rows:
        # Names of one dataset fall together, so that only (run, side) surely counts; ties are taken whole.
        if len(seen) >= limit and last_at < last:
            return
        seen.add((speaker, side))
        last = last_at
        yield speaker, dataset, side, last_at


def divided(connection: Connection, resolve: Resolve, asked: Question) -> dict[int, Told[int]]:
    """The speakers that the cut divides, among those of *asked*, as they were told then."""
    if asked.at.whole:
        return {}
    where, values = conditions(asked)
    statement = f"SELECT DISTINCT listing.speaker {LISTED} {where} AND {DIVIDED}"
    if asked.job is not None:
        statement += MOVED
    return retell(connection, resolve, [speaker for (speaker,) in connection.execute(statement, values)], asked.at)


def together(
    connection: Connection, speakers: Collection[int], told: Mapping[int, Told[int]], at: Cut
) -> dict[Key, Whole]:
    """All listings of *speakers*, those of one dataset under several names as one."""
    rows = connection.execute(
        "SELECT listing.speaker, dataset, side, listing.job, state IS NOT NULL, listing.first_at, listing.last_at,"
        " effective FROM listing JOIN speaker ON speaker.id = listing.speaker"
        " WHERE listing.speaker IN (SELECT value FROM json_each(?))",
        (each_of(set(speakers) - told.keys()),),
    ).fetchall()
    rows += [
        (each.id, dataset, side, each.job, each.state is not None, of.first_at, of.last[0], of.effective)
        for speaker in speakers
        if (each := told.get(speaker))
        for (dataset, side), of in each.listings.items()
    ]
    parts = components(connection, {row[1] for row in rows}, at)
    found: dict[Key, Whole] = {}
    for speaker, dataset, side, job, is_run, first_at, last_at, effective in rows:
        key = (speaker, parts[dataset].canonical, side)
        use = found.setdefault(key, Whole(job, bool(is_run), first_at, last_at, bool(effective), set()))
        use.first_at, use.last_at = min(use.first_at, first_at), max(use.last_at, last_at)
        use.effective = use.effective or bool(effective)
        use.raw.add(dataset)
    return found
