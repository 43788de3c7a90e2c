"""Whatever happens to consumers, channels and the incident: nobody reads two messages of it, and none stays on fire."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.alerts.incidents import Incident
from lineage.alerts.messages import Channel, Delivery, Message
from lineage.alerts.outbox import drain
from lineage.alerts.react import react
from lineage.errors import ChannelFailed
from tests.lineage.alerts.test_outbox import GOOD, LATE, WORSE, Line
from tests.support.alerting import HOUR, NOW, ORDERS, MemoryStore, later, slo

MINUTE = timedelta(minutes=1)
LOOKS = {"late": LATE, "worse": WORSE, "good": GOOD}
PLACES = ("C0ORDERS1", "C0RISK01", "C0WEB0001")

steps = st.one_of(
    st.tuples(st.just("look"), st.sampled_from([*LOOKS])),
    st.tuples(st.just("consumers"), st.lists(st.sampled_from(PLACES), max_size=3)),
    st.tuples(st.just("owner"), st.sampled_from(PLACES)),
    st.tuples(st.just("fails"), st.integers(1, 2)),
    st.tuples(st.just("waits"), st.sampled_from([1, 20])),
)


@dataclass
class Wall:
    """A channel that edits: what hangs where, by receipt; the next *fails* messages do not come through."""

    hanging: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    fails: int = 0

    def render(self, incident: Incident, base_url: str) -> Message:  # noqa: ARG002 - the promise's own words
        """The incident and how it stands."""
        return Message(incident.to, f"{incident.id} {incident.state}", edits=dict(incident.receipt))

    def send(self, message: Message) -> Delivery:
        """Hang it up, or write over what hangs there."""
        if self.fails:
            self.fails -= 1
            raise ChannelFailed("away", recoverable=True)
        ts = message.edits.get("ts", str(len(self.hanging)))
        place = self.hanging.get(ts, (message.to, ""))[0]
        self.hanging[ts] = (place, message.text)
        return Delivery({"ts": ts})


@dataclass
class Street:
    """One SLO, its readers and the wall, a minute a step."""

    store: MemoryStore = field(default_factory=lambda: MemoryStore(graph=()))
    wall: Wall = field(default_factory=Wall)
    owner: str = PLACES[0]
    consumers: list[str] = field(default_factory=list)
    now: datetime = NOW

    def take(self, what: str, how: Any) -> None:
        """One step, then what is due is sent."""
        match what:
            case "consumers":
                self.consumers = how
            case "owner":
                self.owner = how
            case "fails":
                self.wall.fails = how
            case "waits":
                self.now += how * MINUTE
            case _:
                self.look(how)
        self.now += MINUTE
        self.send()

    def look(self, how: str) -> None:
        """Judge the SLO now."""
        told = [{"team": place.lower(), "channel": {"slack": place}} for place in self.consumers]
        definition = slo("orders", ORDERS, consumer=told, channel={"slack": self.owner})
        found = later(LOOKS[how], self.now - LOOKS[how].at)
        react(self.store.as_store(), {"orders": definition}, [found], self.now)

    def send(self) -> None:
        """Send what is due."""
        channels: dict[str, Channel] = {"slack": self.wall, "log": Line()}
        drain(self.store.as_store(), channels, "", self.now, jitter=lambda: 0.0)


@given(st.lists(steps, max_size=14))
@settings(max_examples=150, deadline=None)
def test_at_the_end_every_message_says_so(taken: list[tuple[str, Any]]) -> None:
    """Once all is good and the channel answers, no message of any reader says otherwise."""
    street = Street()
    for step in taken:
        street.take(*step)
    street.wall.fails = 0
    street.take("look", "good")
    for _ in range(3):
        street.now += HOUR
        street.send()

    assert [text for _, text in street.wall.hanging.values() if not text.endswith("resolved")] == []


@given(st.lists(steps.filter(lambda step: step[0] != "owner"), max_size=14))
@settings(max_examples=150, deadline=None)
def test_in_one_place_hangs_one_message_of_an_incident(taken: list[tuple[str, Any]]) -> None:
    """However often it fails, whoever relies on it or does no more, and however it rises."""
    street = Street()
    for step in taken:
        street.take(*step)
    street.now += HOUR
    street.send()
    hanging = Counter((place, text.split()[0]) for place, text in street.wall.hanging.values())

    assert [message for message, times in hanging.items() if times > 1] == []
