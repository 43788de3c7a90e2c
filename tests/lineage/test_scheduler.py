"""The scheduler: one tick judges, keeps, reacts and sends; one leader; the grid of time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest
from prometheus_client import REGISTRY, generate_latest

from collectors.attendance import MARK
from collectors.rebuild import rebuild
from lineage import scheduler as clockwork
from lineage.alerts.incidents import KIND as INCIDENT
from lineage.alerts.messages import Delivery, Message
from lineage.channels import log
from lineage.channels.base import sections
from lineage.errors import Conflict
from lineage.scheduler import Scheduler
from lineage.settings import Settings, load
from lineage.slo.book import SloBook
from lineage.store.base import Change, Store
from tests.support.promises import HOUR, NOON, Lake, document, states

MINUTE = timedelta(minutes=1)


class House:
    """The services that a scheduler wants, with a clock of the test's own."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store, self.settings = store, settings
        self.slos = SloBook(store, settings)
        self.at = NOON

    def now(self) -> datetime:
        """The test's own clock."""
        return self.at


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """A store with five hours of deliveries, and none for the sixth."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 6 * HOUR, 5)
    yield lake
    lake.homes.close()


@pytest.fixture
def house(lake: Lake, tmp_path: Path) -> House:
    """One SLO over it, long in force, that is missed at 12:15."""
    folder = tmp_path / "slos"
    folder.mkdir()
    since = (NOON - 6 * HOUR).isoformat()
    promised = document(window="6h", effectiveFrom=since, target="0.9", alerting={"policy": "discrete"})
    (folder / "orders.yaml").write_text(json.dumps(promised))
    settings = load(None, sections(), slos=folder, slo={"interval_s": 3600})
    return House(lake.store, settings)


def test_a_tick_keeps_the_verdicts(house: House) -> None:
    """What was judged is on record, for the history that outlives the window."""
    Scheduler(house).tick(NOON + 20 * MINUTE)

    assert states(house.store.verdicts("orders-freshness", NOON - 5 * HOUR, NOON + HOUR)) == "GGGGGB"


def test_a_breach_becomes_an_incident_and_a_message(house: House) -> None:
    """From the missed deadline to the outbox in one tick."""
    Scheduler(house).tick(NOON + 20 * MINUTE)

    (kept,) = house.store.documents(INCIDENT)
    assert json.loads(kept.body)["members"][0]["slo"] == "orders-freshness"


def test_alerts_are_frozen_while_no_collector_is_there(house: House) -> None:
    """Elsewhere, for this process only judges: a breach becomes an incident once somebody could have heard of it."""
    house.store.put([Change(*MARK, (NOON + 15 * MINUTE).isoformat().encode())])
    scheduler = Scheduler(house)
    scheduler.tick(NOON + 20 * MINUTE)
    frozen = len(house.store.documents(INCIDENT))
    house.store.put([Change(*MARK, (NOON + 20 * MINUTE).isoformat().encode())])
    scheduler.tick(NOON + 21 * MINUTE)

    assert (frozen, len(house.store.documents(INCIDENT))) == (0, 1)


def test_a_tick_again_changes_nothing(house: House) -> None:
    """The same instant gives the same statuses and no second incident."""
    scheduler = Scheduler(house)
    once = scheduler.tick(NOON + 20 * MINUTE)

    again = scheduler.tick(NOON + 20 * MINUTE)

    assert (again, len(house.store.documents(INCIDENT))) == (once, 1)


def test_missed_ticks_change_no_verdict(house: House) -> None:
    """A scheduler that was down judges on return what it would have judged."""
    early = Scheduler(house)
    early.tick(NOON - 2 * HOUR)
    assert early._lease is not None
    house.store.release(early._lease)

    Scheduler(house).tick(NOON + 20 * MINUTE)

    assert states(house.store.verdicts("orders-freshness", NOON - 5 * HOUR, NOON + HOUR)) == "GGGGGB"


@pytest.mark.parametrize("server", ["goes on", "starts anew"])
def test_a_rebuild_gives_the_same_verdicts_again(lake: Lake, house: House, server: str) -> None:
    """Rebuilding forgets every verdict; the next tick, of a server that goes on or of a new one, keeps equal ones."""
    scheduler, at = Scheduler(house), NOON + 20 * MINUTE
    scheduler.tick(at)
    before = house.store.verdicts("orders-freshness", NOON - 6 * HOUR, at)

    rebuild(lake.homes.ledger, house.store)
    between = house.store.verdicts("orders-freshness", NOON - 6 * HOUR, at)
    if server == "starts anew":
        assert scheduler._lease is not None
        house.store.release(scheduler._lease)
        house = House(house.store, house.settings)
        scheduler = Scheduler(house)
    scheduler.tick(at)
    after = house.store.verdicts("orders-freshness", NOON - 6 * HOUR, at)

    assert ("GGGGGB", [], before) == (states(before), between, after)


def test_what_another_leader_wrote_is_written_over(house: House) -> None:
    """Who leads again does not trust what it wrote before another led."""
    scheduler, at = Scheduler(house), NOON + 20 * MINUTE
    scheduler.tick(at)
    (*_, last) = before = house.store.verdicts("orders-freshness", NOON - 6 * HOUR, at)
    assert scheduler._lease is not None
    house.store.release(scheduler._lease)
    another = house.store.lease("scheduler", "another", 60)
    house.store.put_verdicts("orders-freshness", [replace(last, reason="as the other saw it")])
    assert another is not None
    house.store.release(another)

    scheduler.tick(at)

    assert before == house.store.verdicts("orders-freshness", NOON - 6 * HOUR, at)


def test_one_of_two_schedulers_acts(house: House) -> None:
    """While another holds the lease a tick does nothing."""
    house.store.lease("scheduler", "another", 60)

    assert Scheduler(house).tick(NOON) == []


@pytest.mark.parametrize("slept_before", ["verdicts", "incidents", "sending"])
def test_who_slept_and_lost_the_lease_writes_and_sends_nothing_more(
    house: House, monkeypatch: pytest.MonkeyPatch, slept_before: str
) -> None:
    """Wherever in its tick it stood still: what another does since is not undone, nor said twice."""
    scheduler, said = Scheduler(house), Hearing()
    scheduler._channels = {"log": said}

    def slept(*given: object, **more: object) -> object:
        assert scheduler._lease is not None
        house.store.release(scheduler._lease)
        house.store.lease("scheduler", "another", 60)
        return awake(*given, **more)

    place, name = {
        "verdicts": (house.slos, "statuses"),
        "incidents": (clockwork, "react"),
        "sending": (clockwork, "drain"),
    }[slept_before]
    awake = getattr(place, name)
    monkeypatch.setattr(place, name, slept)
    with pytest.raises(Conflict, match="no longer held"):
        scheduler.tick(NOON + 20 * MINUTE)

    verdicts = house.store.verdicts("orders-freshness", NOON - 6 * HOUR, NOON + HOUR)
    assert {
        "verdicts": (0, 0, []),
        "incidents": (6, 0, []),
        "sending": (6, 1, []),
    }[slept_before] == (len(verdicts), len(house.store.documents(INCIDENT)), said.heard)


def test_it_starts_at_once_and_gives_the_lease_back(house: House) -> None:
    """The first tick does not wait for the interval; after stop another may lead."""
    scheduler = Scheduler(house)
    scheduler.start()
    deadline = monotonic() + 10
    while not house.store.verdicts("orders-freshness", NOON - 6 * HOUR, NOON) and monotonic() < deadline:
        sleep(0.02)

    scheduler.stop()

    assert house.store.lease("scheduler", "another", 60) is not None


def test_stopping_twice_is_harmless(house: House) -> None:
    """Neither a second stop nor one before the start fails."""
    scheduler = Scheduler(house)
    scheduler.start()
    scheduler.stop()

    assert scheduler.stop() is None


class Hearing(log.LogChannel):
    """A channel that remembers what it was told to send."""

    def __init__(self) -> None:
        self.heard: list[Message] = []

    def send(self, message: Message) -> Delivery:
        """Note it."""
        self.heard.append(message)
        return super().send(message)


class Hanging(log.LogChannel):
    """A channel whose other end took the message and never answers."""

    def __init__(self) -> None:
        self.entered, self.end = Event(), Event()

    def send(self, message: Message) -> Delivery:
        """Hang until the test ends."""
        self.entered.set()
        self.end.wait(30)
        return super().send(message)


def test_a_channel_that_hangs_keeps_nobody_from_stopping(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tick is left behind with its lease, so that nobody else sends the same message at once."""
    monkeypatch.setattr(clockwork, "STOP_S", 0.05)
    house.at = NOON + 20 * MINUTE + HOUR
    scheduler, slack = Scheduler(house), Hanging()
    scheduler._channels = {"log": slack}
    scheduler.start()
    entered = slack.entered.wait(10)

    scheduler.stop()
    is_free = house.store.lease("scheduler", "another", 60) is not None
    slack.end.set()
    assert scheduler._ticking is not None
    scheduler._ticking.join(10)

    assert (entered, is_free) == (True, False)


def test_a_late_tick_judges_as_of_its_plan(house: House) -> None:
    """Planned on a grid of the interval: 13:07 is the tick of 13:00."""
    assert Scheduler(house)._planned(NOON + HOUR + 7 * MINUTE) == NOON + HOUR


def test_a_first_tick_keeps_all_verdicts_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand SLOs are one transaction, not a thousand that wait for the disk."""
    times: list[object] = []
    together = house.store.together
    monkeypatch.setattr(house.store, "together", lambda work: (times.append(work), together(work))[1])
    scheduler = Scheduler(house)
    scheduler.tick(NOON + 20 * MINUTE)
    scheduler.tick(NOON + 20 * MINUTE)

    assert len(times) == 1


def shown() -> set[str]:
    """The SLOs that /metrics has series of, in any of the families that only who judges can fill."""
    text = generate_latest(REGISTRY).decode()
    return set(re.findall(r'^headwater_slo_(?:info|alert_state|sli_events_total)\{.*?slo="(.*?)"', text, re.MULTILINE))


def test_who_judges_shows_the_slos_and_nobody_else_does(house: House) -> None:
    """From the tick on, until another leads: what two replicas said of one SLO would be said twice."""
    scheduler = Scheduler(house)
    scheduler.tick(NOON + 20 * MINUTE)
    leading = shown()
    assert scheduler._lease is not None
    house.store.release(scheduler._lease)
    house.store.lease("scheduler", "another", 60)

    scheduler.tick(NOON + 21 * MINUTE)

    assert (leading, shown()) == ({"orders-freshness"}, set())
