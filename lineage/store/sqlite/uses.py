"""Who used what: every use of a dataset by a run, or by a job that spoke without one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from sqlite3 import Connection
from typing import Any, Final

from lineage.model import NodeId, Use
from lineage.store._codes import OUTPUT
from lineage.store._cut import Cut
from lineage.store._explicit import Use as Made
from lineage.store._explicit import statements_of_runs
from lineage.store._figures import Key
from lineage.store._told import Told
from lineage.store._uses import Question, Row, Whole, enough, folded, ordered, rows_of, use_of
from lineage.store.base import Resolve
from lineage.store.sqlite.explicit import Said
from lineage.store.sqlite.figures import figures
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.told import DIVIDED, WITHIN, retell

LISTED: Final = "FROM listing JOIN speaker ON speaker.id = listing.speaker WHERE "
MOVED: Final = f" UNION SELECT speaker FROM moved JOIN speaker ON id = moved.speaker WHERE node = :job AND {DIVIDED}"  # noqa: S608 - of constants
_ROW: Final = (
    "listing.speaker, dataset, side, listing.job, state IS NOT NULL, listing.first_at, listing.last_at, effective"
)
_ROWS: Final = f"SELECT {_ROW} {LISTED} listing.speaker IN (SELECT value FROM json_each(?))"  # noqa: S608 - of constants
_OF_DATASET: Final = ("dataset IN (SELECT value FROM json_each(:members))", "dataset = :member")


def uses(connection: Connection, resolve: Resolve, asked: Question[int], limit: int) -> list[Use]:
    """Keep the promise of `Store.uses`; what was observed last at the same time is in the order of run and dataset."""
    told = divided(connection, resolve, asked)
    listed = [*enough(_settled(connection, asked), limit), *asked.of(told.values())]
    whole = together(connection, {row.speaker for row in listed}, told, asked.at)
    parts = components(connection, {row.dataset for row in listed}, asked.at)
    wanted = {(row.speaker, parts[row.dataset].canonical, row.side) for row in listed}
    called = names(connection, {number for key in wanted for number in (key[0], key[1], whole[key].job)}).__getitem__
    chosen = dict(islice(ordered(wanted, whole, called).items(), limit))
    found = figures(connection, {key: use.raw for key, use in chosen.items()}, asked.at)
    made_of = statements(connection, chosen, asked.at)
    return [use_of(key, use, found[key], made_of.get(key), called) for key, use in chosen.items()]


def statements(
    connection: Connection, uses: Mapping[Key[int], Whole[int]], at: Cut
) -> dict[Key[int], tuple[NodeId, ...]]:
    """What explicit lineage says that the outputs among *uses* were made of, where it says anything."""
    listed = {
        key: Made(key[0], use.job, key[1], use.first_at, use.last_at) for key, use in uses.items() if key[2] == OUTPUT
    }
    said = statements_of_runs(Said(connection, at), listed.values())
    return {key: said[use] for key, use in listed.items() if use in said}


def conditions(asked: Question[int]) -> tuple[str, dict[str, Any]]:
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


def _settled(connection: Connection, asked: Question[int]) -> Iterator[Row[int]]:
    """The listings of speakers that the cut does not divide, newest first."""
    where, values = conditions(asked)
    rows = connection.execute(
        f"SELECT {_ROW} {LISTED} {where} AND listing.last_at > :since AND {WITHIN} ORDER BY listing.last_at DESC",
        values,
    )
    return map(Row._make, rows)


def divided(connection: Connection, resolve: Resolve, asked: Question[int]) -> dict[int, Told[int]]:
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
) -> dict[Key[int], Whole[int]]:
    """All listings of *speakers*, those of one dataset under several names as one."""
    settled = connection.execute(_ROWS, (each_of(set(speakers) - told.keys()),))
    rows: list[Row[int]] = [Row._make(row) for row in settled]
    rows += rows_of(told[speaker] for speaker in speakers if speaker in told)
    parts = components(connection, {row.dataset for row in rows}, at)
    return folded(rows, {dataset: part.canonical for dataset, part in parts.items()})
