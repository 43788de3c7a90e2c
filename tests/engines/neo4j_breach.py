"""A promise that is broken, over one Neo4j and one ledger that processes share, and the Slack that hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, LiteralString

import neo4j as driver

from collectors.journal import Admitted, Journal
from collectors.rebuild import commits
from lineage.events import parse_event
from lineage.homes import open_homes
from lineage.model import Draft
from lineage.projection import project
from tests.engines.engine import Engine
from tests.engines.neo4j_home import wipe
from tests.engines.neo4j_server import PASSWORD, USER, url
from tests.support.posting import event
from tests.support.server import Server
from tests.support.slack import Slack

SLO = """
apiVersion: headwater/v1
kind: DataSLO
metadata: {{name: orders-freshness}}
spec:
  dataset: {{namespace: pg, name: shop.orders}}
  owner: {{team: data-orders, channel: {{slack: C0ORDERS1}}}}
  schedule: {{cron: "0 * * * *", deadline: 1m}}
  sli: {{type: freshness}}
  timeWindow: [{{duration: 28d, isRolling: true}}]
  objectives: [{{target: 0.9}}]
  effectiveFrom: {since}
  alerting: {{policy: discrete}}
"""


@dataclass(frozen=True)
class Shared:
    """What the processes share; `process` is one of them, not started."""

    graph: Engine
    folder: Path
    slack: Slack

    @property
    def ledger(self) -> str:
        """The ledger's URL."""
        return f"file://{self.folder / 'ledger'}"

    def process(self, *roles: str) -> Server:
        """One with *roles*, which judges every second."""
        named = [word for role in roles for word in ("--role", role)]
        environment = {
            "HEADWATER_SLACK__TOKEN": "xoxb-test",
            "HEADWATER_SLACK__API_URL": f"{self.slack.url}/api/",
            "HEADWATER_SLO__INTERVAL_S": "1",
        }
        return Server(
            url(self.graph), "--ledger", self.ledger, "--slos", str(self.folder / "slos"), *named,
            environment=environment,
        )  # fmt: skip

    def leader(self) -> tuple[int, int]:
        """The process id of who may judge, and the epoch of the right; zeros before the first."""
        for holder, epoch in self._ask("MATCH (l:Lease {name: 'scheduler'}) RETURN l.holder, l.epoch"):
            return int(holder.split(":")[1]) if holder else 0, epoch
        return 0, 0

    def noted(self) -> bool:
        """Whether it stands in the store that Slack was told: who stops before may tell it again (DECISIONS 28)."""
        return self._ask("RETURN EXISTS { MATCH (:Document {kind: 'outbox', state: 'sent'}) }")[0][0]

    def _ask(self, query: LiteralString) -> list[Any]:
        with driver.GraphDatabase.driver(f"neo4j://{self.graph.address}", auth=(USER, PASSWORD)) as asked:
            return asked.execute_query(query, database_="neo4j").records


def broken_promise(graph: Engine, folder: Path, slack: Slack) -> Shared:
    """One event, six hours ago, and nothing since of what should have come every hour; in an empty store."""
    wipe(url(graph))
    shared, since = Shared(graph, folder, slack), datetime.now(UTC) - timedelta(hours=6)
    (folder / "slos").mkdir()
    (folder / "slos" / "orders.yaml").write_text(SLO.format(since=since.isoformat()), encoding="utf-8")
    body = event(0)
    digest = sha256(body).digest()
    with open_homes(url(graph), shared.ledger, "before") as homes:
        admitted = Admitted(Draft("event", body, digest, "test"), project(parse_event(body), digest))
        Journal(homes.ledger, homes.store, commits=commits(homes)).commit([admitted], [], since)
    return shared
