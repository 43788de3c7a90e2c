"""Dead letters: looked through, replayed, discarded, kept to their bound, and a receipt for each of their fates."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from collectors.intake import Intake
from lineage import letters
from lineage.app import Headwater
from lineage.auth import ANONYMOUS
from lineage.cli import build
from lineage.errors import InvalidInput
from lineage.letters import BODY_BYTES, KIND, Letter, Wanted
from lineage.model import Principal, Receipt
from tests.support.posting import event

LETTERS, EVENTS = "/api/v1/dead-letters", "/api/v1/events"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SLOPPY = json.dumps({**json.loads(event(1)), "producer": "airflow"}).encode()
HOPELESS = b'{"eventType": "START"}'


def refuse(services: Headwater, *bodies: bytes) -> list[str]:
    """Bring *bodies* to a door as it may have been yesterday, stricter than today's; answers the letters' ids."""
    strict = services.settings.ingest.model_copy(update={"strict": True})
    door = Intake(services.journal, strict, b"s" * 32, services.now, "test")
    door.start()
    receipts = door.take(bodies, ANONYMOUS)
    door.stop()
    return [receipt.digest for receipt in receipts]


def waiting(client: TestClient, **conditions: Any) -> list[str]:
    return [letter["id"] for letter in client.get(LETTERS, params=conditions).json()["deadLetters"]]


def post(client: TestClient, verb: str, **body: Any) -> Any:
    answer = client.post(f"{LETTERS}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


# ── Looked through. ──────────────────────────────────────────────────────────────────────────────────────────────────


def letter(number: int, **parts: Any) -> Letter:
    whole = {"id": f"{number:064}", "reason": "not JSON: at byte 3", "field": None, "principal": "airflow"}
    whole |= {"received_at": NOON + timedelta(hours=number), "size": 3, "truncated": False, "beginning": "x"}
    return Letter(**(whole | parts))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), True),
        (Wanted(frozenset({f"{1:064}"})), True),
        (Wanted(frozenset()), False),
        (Wanted(reason="not json"), True),
        (Wanted(reason="eventTime"), False),
        (Wanted(field="eventTime"), False),
        (Wanted(principal="airflow"), True),
        (Wanted(principal="dbt"), False),
        (Wanted(since=NOON + timedelta(hours=1)), True),
        (Wanted(until=NOON + timedelta(hours=1)), False),
        (Wanted(reason="JSON", principal="dbt"), False),
    ],
)
def test_every_condition_must_let_a_letter_through(wanted: Wanted, expected: bool) -> None:  # noqa: FBT001
    """Reasons are looked for anywhere in the sentence, times are from (inclusive) to (exclusive)."""
    assert wanted.lets(letter(1)) is expected


def test_letters_are_listed_by_what_is_wrong(client: TestClient, services: Headwater) -> None:
    """The reason, the field and the key filter the list."""
    sloppy, hopeless = refuse(services, SLOPPY, HOPELESS)

    found = [waiting(client, **query) for query in ({"reason": "no URI"}, {"field": "eventTime"}, {"principal": "x"})]

    assert [[sloppy], [hopeless], []] == found


def test_a_letter_is_shown_with_its_body(client: TestClient, services: Headwater) -> None:
    """The list is short, the letter is whole."""
    (name,) = refuse(services, SLOPPY)

    listed, shown = client.get(LETTERS).json()["deadLetters"][0], client.get(f"{LETTERS}/{name}").json()

    assert {**listed, "body": SLOPPY.decode()} == shown


# ── Replayed. ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_replay_is_dry_unless_it_is_told_otherwise(client: TestClient, services: Headwater) -> None:
    """What would happen is said, and nothing has happened."""
    names = refuse(services, SLOPPY, HOPELESS)

    said = post(client, "replay")

    counts = (said["dryRun"], said["replayed"], said["refused"])
    assert ((True, 1, 1), sorted(names), []) == (counts, waiting(client), list(services.ledger.read()))


def test_a_replay_takes_what_the_door_takes_now(client: TestClient, services: Headwater) -> None:
    """What is good by today's rules becomes an event; the rest stays as it is."""
    _, hopeless = refuse(services, SLOPPY, HOPELESS)

    post(client, "replay", dryRun=False)

    stored = [body for _, body in services.ledger.read()]
    assert ([hopeless], [SLOPPY]) == (waiting(client), stored)


def test_a_replay_may_be_of_one_or_by_reason(client: TestClient, services: Headwater) -> None:
    """Only the letters that are asked for are tried."""
    one, other = refuse(services, SLOPPY, SLOPPY.replace(b"airflow", b"another"))

    by_id = post(client, "replay", ids=[one])["results"]
    by_reason = post(client, "replay", reason="'another'")["results"]

    assert ([one], [other]) == ([each["id"] for each in by_id], [each["id"] for each in by_reason])


def test_what_was_not_kept_whole_is_not_replayed(client: TestClient, services: Headwater) -> None:
    """A beginning is no event."""
    refuse(services, b"x" * (BODY_BYTES + 1))

    said = post(client, "replay", dryRun=False)

    assert (0, True) == (said["replayed"], "send it again" in said["results"][0]["reason"])


class Shut:
    """A door whose mind changes between the question and the deed."""

    def examine(self, body: bytes, principal: Principal) -> Receipt:  # noqa: ARG002 - a Door's
        """All would be well."""
        return Receipt("accepted", "0" * 64)

    def take(self, bodies: Sequence[bytes], principal: Principal) -> list[Receipt]:  # noqa: ARG002 - a Door's
        """Nothing is."""
        return [Receipt("dead-lettered", "0" * 64, "stricter since") for _ in bodies]


def test_a_letter_that_is_refused_after_all_stays(services: Headwater) -> None:
    """Only what the door kept is closed."""
    names = refuse(services, SLOPPY)

    letters.replay(services.store, Shut(), list(letters.letters(services.store)), ANONYMOUS, NOON, dry=False)

    assert names == [one.id for one in letters.letters(services.store)]


# ── Discarded. ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_discarded_is_gone_and_on_record(client: TestClient, services: Headwater) -> None:
    """The body is forgotten; who did it and why is not."""
    _, hopeless = refuse(services, SLOPPY, HOPELESS)

    post(client, "discard", ids=[hopeless], because="a port scan", dryRun=False)

    receipt = client.get(f"{EVENTS}/{hopeless}").json()
    expected = ("discarded", "a port scan", "anonymous")
    assert hopeless not in waiting(client)
    assert expected == (receipt["status"], receipt["reason"], receipt["by"])


def test_what_is_discarded_is_a_statement_on_the_ledger(client: TestClient, services: Headwater) -> None:
    """Who, what and why outlive the documents: of each letter its name and what it was refused for."""
    (hopeless,) = refuse(services, HOPELESS)

    post(client, "discard", because="a port scan of postgres://etl:hunter2@dw", dryRun=False)

    ((entry, body),) = services.ledger.read()
    said = services.store.statements("dead letter")[0].statement
    assert ("statement", "anonymous", False) == (entry.kind, entry.principal, b"hunter2" in body)
    assert (hopeless, "anonymous", "a port scan of postgres://etl:[redacted]@dw") == (
        said.subject.name,
        said.actor,
        said.reason,
    )


def test_a_dry_discard_is_no_statement(client: TestClient, services: Headwater) -> None:
    """Nothing was decided."""
    refuse(services, HOPELESS)

    post(client, "discard", because="tidying")

    assert [] == list(services.ledger.read())


def test_a_discard_is_dry_unless_it_is_told_otherwise(client: TestClient, services: Headwater) -> None:
    """It says which letters it would be, and they stay."""
    names = refuse(services, HOPELESS)

    said = post(client, "discard", because="tidying")

    assert (names, names) == (said["ids"], waiting(client))


def test_a_discard_without_a_reason_is_none(services: Headwater) -> None:
    """A blank is no reason."""
    with pytest.raises(InvalidInput, match="say why"):
        letters.discard(services.store, services.decisions.keep, [letter(1)], "ada", " ", NOON)


@pytest.mark.parametrize("verb", ["replay", "discard"])
def test_changing_letters_needs_an_admin(client: TestClient, services: Headwater, verb: str) -> None:
    """A key that may read may look."""
    key = {"Authorization": f"Bearer {services.keys.create('ada', ['read', 'ingest'], services.now())}"}

    seen, done = client.get(LETTERS, headers=key), client.post(f"{LETTERS}/{verb}", json={"because": "x"}, headers=key)

    assert (200, 403) == (seen.status_code, done.status_code)


# ── Bounded, and measured. ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_oldest_beyond_the_bound_are_dropped(services: Headwater) -> None:
    """So many letters are kept, with their bodies, and no more."""
    for number in range(1, 6):
        services.store.put(letters.written(letter(number), b"x"))

    dropped = letters.bound(services.store, 2)

    kept = [one.received_at.hour for one in letters.letters(services.store)]
    assert (3, [16, 17], 2) == (dropped, kept, len(services.store.documents(letters.BODY)))


def test_a_flood_of_poison_is_kept_to_the_bound(services: Headwater) -> None:
    """The door itself keeps `ingest.dead_letters_kept` and at most a tenth more."""
    services.journal._letters_kept = 20

    for begin in range(0, 100, 5):
        refuse(services, *(b"poison %d" % number for number in range(begin, begin + 5)))

    assert 20 <= len(services.store.documents(KIND)) <= 25


def test_depth_and_age_are_measured(client: TestClient, services: Headwater) -> None:
    """/metrics says how many wait, and since when."""
    for number in (1, 2):
        services.store.put(letters.written(letter(number, received_at=services.now() - timedelta(hours=number)), b"x"))

    lines = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if line[0] != "#")

    age_s = float(lines['headwater_dead_letter_oldest_age_seconds{queue="events"}'])
    assert ("2.0", True) == (lines['headwater_dead_letter_depth{queue="events"}'], 7200 <= age_s < 7300)


# ── Receipts. ────────────────────────────────────────────────────────────────────────────────────────────────────────


def receipt(client: TestClient, name: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{EVENTS}/{name}").json()
    return found


def test_the_receipt_of_an_event_says_when_it_was_projected(client: TestClient) -> None:
    """Accepted, and in the graph with the same commit."""
    name = client.post("/api/v1/lineage", content=event(1)).json()["digest"]

    found = receipt(client, name)

    assert ("accepted", 0, found["receivedAt"]) == (found["status"], found["timesAgain"], found["projectedAt"])


def test_the_receipt_of_an_event_that_came_again_says_so(client: TestClient) -> None:
    """Duplicate, with the receipt time of the first."""
    name = client.post("/api/v1/lineage", content=event(1)).json()["digest"]
    first = receipt(client, name)
    for _ in range(2):
        client.post("/api/v1/lineage", content=event(1))

    assert {**first, "status": "duplicate", "timesAgain": 2} == receipt(client, name)


def test_the_receipt_of_a_refused_body_says_why(client: TestClient) -> None:
    """By the name that the refusal was answered with."""
    name = client.post("/api/v1/lineage", content=HOPELESS).headers["headwater-digest"]

    found = receipt(client, name)

    assert ("dead-lettered", "eventTime", "eventTime: missing; write it as 2026-11-21T08:30:00Z") == (
        found["status"],
        found["field"],
        found["reason"],
    )


def test_a_body_that_is_refused_again_is_counted(client: TestClient, services: Headwater) -> None:
    """Also within one batch, and after a restart: the letter keeps the count, and the time of its first receipt."""
    (name,) = refuse(services, HOPELESS)
    first = receipt(client, name)
    refuse(services, HOPELESS, HOPELESS)
    client.post("/api/v1/lineage", content=HOPELESS)

    assert (0, {**first, "timesAgain": 3}) == (first["timesAgain"], receipt(client, name))


def test_the_receipt_of_a_replayed_letter_leads_to_its_event(client: TestClient, services: Headwater) -> None:
    """What was refused once, and under which digest it is an event now."""
    (name,) = refuse(services, SLOPPY)
    post(client, "replay", dryRun=False)

    found = receipt(client, name)

    assert ("replayed", hashlib.sha256(SLOPPY).hexdigest()) == (found["status"], found["event"])


# ── By command. ──────────────────────────────────────────────────────────────────────────────────────────────────────


def command(services: Headwater, *words: str) -> Result:
    return CliRunner().invoke(build(), ["dead-letters", *words, "--store", services.settings.store])


def test_the_command_lists_and_shows(services: Headwater) -> None:
    """A line each with the beginning of the id, which is enough to show one."""
    (name,) = refuse(services, SLOPPY)

    listed, shown = command(services, "list"), command(services, "show", name[:12])

    assert (True, SLOPPY.decode() + "\n") == (listed.stdout.startswith(name[:12]), shown.stdout)


def test_the_command_replays_when_it_is_told_yes(services: Headwater) -> None:
    """First what would happen; with --yes it happens."""
    refuse(services, SLOPPY, HOPELESS)

    dry, done = command(services, "replay"), command(services, "replay", "--yes")

    said = [each.stdout.splitlines()[-1] for each in (dry, done)]
    expected = ["1 would be taken, 1 stay. Nothing was done; add --yes.", "1 were taken, 1 stay."]
    assert (expected, 1) == (said, len(list(services.ledger.read())))


def test_the_command_discards_when_it_is_told_yes(services: Headwater) -> None:
    """By reason, with a reason."""
    refuse(services, SLOPPY, HOPELESS)
    words = ("discard", "--reason", "no URI", "--because", "an old agent", "--json")

    dry, done = (json.loads(command(services, *words, *more).stdout) for more in ((), ("--yes",)))

    left = [one.field for one in letters.letters(services.store)]
    assert (True, False, 1, ["eventTime"]) == (dry["dryRun"], done["dryRun"], done["discarded"], left)
