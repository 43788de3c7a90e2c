"""Is it alive, is it ready, how much has it done: what probes and Prometheus ask."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from lineage import __version__
from lineage.errors import StoreUnavailable, StoreUnusable
from lineage.letters import depth
from lineage.telemetry import DEAD_LETTER_DEPTH, DEAD_LETTER_OLDEST_S, PROJECTION_LAG, UNPROJECTED
from lineage.web import Services, needs, services

QUEUE = "events"  # the one that all doors share

router = APIRouter(tags=["health"])


@router.get("/livez")
def live() -> dict[str, str]:
    """The process answers. Asks nothing of the store; open to everybody."""
    return {"status": "live", "version": __version__}


@router.get("/readyz")
def ready(request: Request) -> dict[str, object]:
    """The store can be read and written; 503 otherwise. Open to everybody.

    `unprojected` counts events that the ledger has and the graph could not take, `lag` those it has yet to take.
    `slos.problem` says why the SLO files, as they are now, are not what is in force; null when they are.
    """
    house = services(request)
    try:
        house.store.check()
    except StoreUnusable as error:  # as a password that was changed: whoever mends it need not start us again
        raise StoreUnavailable(str(error)) from error
    unprojected, lag = _behind(house)
    return {
        "status": "ready",
        "unprojected": unprojected,
        "lag": lag,
        "queue": house.intake.waiting,
        "slos": {"problem": house.slos.problem},
    }


@router.get("/metrics", dependencies=[Depends(needs("read"))])
def metrics(request: Request) -> Response:
    """The figures in Prometheus' text or OpenMetrics, as Accept prefers."""
    unprojected, lag = _behind(services(request))
    UNPROJECTED.set(unprojected)
    PROJECTION_LAG.set(lag)
    letters, oldest = depth(services(request).store)
    DEAD_LETTER_DEPTH.labels(QUEUE).set(letters)
    waited_s = 0 if oldest is None else (services(request).now() - oldest).total_seconds()
    DEAD_LETTER_OLDEST_S.labels(QUEUE).set(waited_s)
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(REGISTRY), media_type=kind)


def _behind(house: Services) -> tuple[int, int]:
    merged = house.store.watermark()
    lag = sum(head.seq - merged.get(head.writer, 0) for head in house.ledger.heads())
    return len(house.store.documents("unprojected", limit=100_000)), max(lag, 0)
