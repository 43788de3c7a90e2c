"""`neo4j://USER:PASSWORD@HOST:PORT/DATABASE`: the store in one Neo4j database, which nothing else lives in.

Nodes, each found by one unique key (`keys`), which is made of a name and read back without asking:

* `Thing` - a dataset or job that anybody named: its span, its newest facets, and who it is one with now (`component`,
  the key of one of its names, on which stands who speaks for all, `canonical`).
* `Speaker` - a run, or a job that spoke without one: what it came to now, as `_speakers` and `_conclusions` say, and
  the run's newest facets.
* `Event` - where it stands and when it was received, which is written here alone, for it may become earlier.
* `Body`, `ColumnBody` - a facet's body, and one of column lineage, once however often it comes.
* `Statement` - what a person said. `Headwater` - the lock of merges, and the schema. `Writer` - a watermark. `News` -
  what one of the newest merges touched.
* `Document`, `Lease`, `VerdictPage`, `VerdictBook` - the records; the book is the lock of an SLO's pages.

What one event said are relationships that never change: `MENTIONS`, one for every thing, with the touches and facets
that it told of it (`said`); `DECIDES` (START and what ends a run) and `TELLS` (all other moments, however many), with
the run's facets; `DERIVES`, `SAYS`, `DROPS` from the event; `SAME_AS` and `BEFORE` between things, with the event's
digest. They are what an answer for a past instant is made of.

What follows now is kept beside them, each from distinct events: `LISTS` (a speaker's touches of a dataset, with the
job), `READS` and `WRITES` (the edges of now, one hop of lineage, with what proves them), `SPEAKS_OF` (which column
lineage a job ever told of a dataset, and when last: the newest holds), `MADE` (the newest explicit statement), `LINK`
and `RULED` (what makes names one), `NAMED` (jobs and parents in doubt).

A merge takes the lock of the graph first, so that it may read, conclude in Python with what all stores share, and
write: about thirty statements a batch, however large. To forget a grown graph takes many transactions (`anew`), and so
does making it again.

Bodies of events do not live here, they are the ledger's; nor is a verdict a node of its own, but one of those on the
page of its SLO and day. What a facet says is here: once, however many events carried it, as bytes that nothing is
related to and that only their digest leads to. So no walk meets one, and a question reads the few that it answers with.
"""

from __future__ import annotations

from lineage.settings import Neo4j
from lineage.store.base import Resolve
from lineage.store.neo4j import schema
from lineage.store.neo4j.bolt import PLAIN, Bolt, parse_url
from lineage.store.neo4j.store import Neo4jStore

__all__ = ["Neo4jStore", "open", "versions"]


def open(url: str, resolve: Resolve, reach: Neo4j = PLAIN) -> Neo4jStore:  # noqa: A001 - what every part is opened by
    """The store that *url* names, its schema made or brought up to date; *resolve* concludes its runs.

    *reach* says how the server is reached, as far as the URL does not.

    Raises InvalidInput for a URL that cannot be read, StoreUnusable and StoreUnavailable as `bolt.Bolt` does.
    """
    bolt = Bolt(parse_url(url, reach), reach)
    try:
        bolt.require_usable()
        schema.migrate(bolt)
        return Neo4jStore(bolt, resolve)
    except BaseException:
        bolt.close()
        raise


def versions(url: str, reach: Neo4j = PLAIN) -> dict[str, int]:
    """Up to which script the database is that *url* names, by room; nothing is changed. Raises as `open` does."""
    bolt = Bolt(parse_url(url, reach), reach)
    try:
        bolt.require_usable()
        return schema.versions(bolt)
    finally:
        bolt.close()
