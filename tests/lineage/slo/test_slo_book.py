"""The book: which SLOs are in force, since when, and what happens when their files change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from lineage.errors import InvalidDefinition, NotFound
from lineage.settings import Settings, load
from lineage.slo import watching as room
from lineage.slo.applying import Author, apply
from lineage.slo.book import SloBook
from lineage.slo.evaluate import judged
from lineage.slo.kept import KIND
from lineage.slo.planning import Wanted
from lineage.slo.reading import read_text
from tests.support.promises import DAY, HOUR, NOON, Lake, document, event


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty store."""
    lake = Lake(tmp_path)
    yield lake
    lake.homes.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one SLO; JSON is YAML."""
    folder = tmp_path / "slos"
    folder.mkdir()
    write(folder, "orders")
    return folder


def write(folder: Path, name: str, text: str | None = None) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(document(name=name)) if text is None else text)
    return path


def settings(folder: Path | None = None) -> Settings:
    return load(None, {}, slos=folder)


def test_the_files_of_the_folder_are_in_force(lake: Lake, folder: Path) -> None:
    """A book over a folder knows its SLOs at once."""
    assert SloBook(lake.store, settings(folder)).names() == ["orders"]


def test_a_malformed_file_stops_the_start(lake: Lake, folder: Path) -> None:
    """At the start a person is there to read it: InvalidDefinition with its place."""
    write(folder, "broken", "kind: DataSLO")

    with pytest.raises(InvalidDefinition, match=r"broken\.yaml:1:1: apiVersion: is missing"):
        SloBook(lake.store, settings(folder))


def test_a_file_broken_later_changes_nothing(lake: Lake, folder: Path) -> None:
    """What was in force stays in force, and the problem is told."""
    book = SloBook(lake.store, settings(folder))
    book.refresh(NOON)
    broken = write(folder, "orders", "kind: [")

    book.refresh(NOON + HOUR)

    assert (book.names(), (book.problem or "").startswith(f"{broken}:1:")) == (["orders"], True)


def test_a_repaired_file_ends_the_problem(lake: Lake, folder: Path) -> None:
    """The next look after the repair takes everything up."""
    book = SloBook(lake.store, settings(folder))
    write(folder, "customers", "kind: [")
    book.refresh(NOON)
    write(folder, "customers")

    book.refresh(NOON + HOUR)

    assert (book.names(), book.problem) == (["customers", "orders"], None)


def test_a_removed_file_retires_its_slo_and_keeps_its_history(lake: Lake, folder: Path) -> None:
    """Retired: no longer in force, still on record."""
    book = SloBook(lake.store, settings(folder))
    book.refresh(NOON)
    (folder / "orders.yaml").unlink()

    book.refresh(NOON + HOUR)

    kept = lake.store.document(KIND, "orders")
    assert (book.names(), kept is not None and kept.state) == ([], "retired")


def test_an_slo_counts_from_its_creation(lake: Lake, folder: Path) -> None:
    """Without effectiveFrom the first look decides, and later ones remember it."""
    SloBook(lake.store, settings(folder)).refresh(NOON)

    again = SloBook(lake.store, settings(folder))

    assert again.definition("orders").spec.effective_from == NOON


def test_without_a_folder_the_store_knows(lake: Lake, folder: Path) -> None:
    """What one process took from its folder is in force for all."""
    SloBook(lake.store, settings(folder)).refresh(NOON)

    assert SloBook(lake.store, settings()).names() == ["orders"]


def test_making_a_book_writes_nothing(lake: Lake, folder: Path) -> None:
    """A command that only looks leaves no trace."""
    SloBook(lake.store, settings(folder))

    assert lake.store.documents(KIND) == []


def test_an_unknown_name_is_not_found(lake: Lake, folder: Path) -> None:
    """The error names those that there are."""
    with pytest.raises(NotFound, match="no SLO is named 'order'; there are: orders"):
        SloBook(lake.store, settings(folder)).status("order", NOON)


def test_statuses_repeat_while_nothing_happens(lake: Lake, folder: Path) -> None:
    """A page that asks again is told what was judged before, as of its own time."""
    lake.put(event("COMPLETE", NOON - timedelta(minutes=55), "run"))
    book = SloBook(lake.store, settings(folder))
    first = book.statuses(NOON + timedelta(seconds=5))[0]

    again = book.statuses(NOON + timedelta(seconds=10))[0]
    assert (again, again.occurrences is first.occurrences) == (replace(first, at=again.at), True)


def test_a_new_event_is_seen_at_once(lake: Lake, folder: Path) -> None:
    """Statuses are judged anew when the store changed."""
    book = SloBook(lake.store, settings(folder))
    book.statuses(NOON)
    lake.put(event("COMPLETE", NOON, "run"))

    assert book.statuses(NOON + timedelta(seconds=5))[0].last_delivery == NOON


def test_the_past_is_judged_as_it_was(lake: Lake, folder: Path) -> None:
    """An older instant is never answered by a newer status."""
    book = SloBook(lake.store, settings(folder))
    book.statuses(NOON)

    assert book.statuses(NOON - timedelta(seconds=5))[0].at == NOON - timedelta(seconds=5)


def test_one_slo_that_cannot_be_judged_does_not_stop_the_others(
    lake: Lake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left out and logged."""
    write(folder, "customers")
    book = SloBook(lake.store, settings(folder))

    def failing(slo: object, *args: object, **more: object) -> object:
        if slo == book.definition("customers"):
            raise ZeroDivisionError
        return judged(slo, *args, **more)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(room, "judged", failing)

    assert [status.slo for status in book.statuses(NOON)] == ["orders"]


def test_a_schedule_that_changes_keeps_what_fell_due(lake: Lake, folder: Path) -> None:
    """The new schedule holds from when the file changed, the old one before that, also after a restart."""
    book = SloBook(lake.store, settings(folder))
    book.refresh(NOON - DAY)
    file = next(folder.glob("*.yaml"))
    file.write_text(file.read_text().replace("0 * * * *", "30 */2 * * *"))
    book.refresh(NOON)
    book.refresh(NOON + DAY)
    again = SloBook(lake.store, settings(folder))

    schedules = [each.definition("orders").spec.schedule for each in (book, again)]

    assert [(each.valid_from, each.before.cron) for each in schedules if each and each.before] == [
        (NOON, "0 * * * *")
    ] * 2


def applied(lake: Lake, name: str, target: str = "0.9") -> None:
    """Bring an SLO into force as a person does."""
    (source,) = read_text(json.dumps(document(name=name, target=target)), "mine.yaml")
    apply(lake.store, lambda _: None, Wanted([source], adopt=True), Author("ana", NOON))


def test_what_was_applied_holds_beside_a_folder(lake: Lake, folder: Path) -> None:
    """Under another name; a folder that changes does not retire it."""
    book = SloBook(lake.store, settings(folder))
    applied(lake, "mine")
    write(folder, "customers")

    book.refresh(NOON)

    assert book.names() == ["customers", "mine", "orders"]


def test_a_file_wins_over_what_was_applied_under_its_name(lake: Lake, folder: Path) -> None:
    """The folder owns its names (DECISIONS 29), and when the file goes, so does the SLO."""
    applied(lake, "orders")
    book = SloBook(lake.store, settings(folder))
    book.refresh(NOON)
    won = book.definition("orders").target
    (folder / "orders.yaml").unlink()

    book.refresh(NOON + HOUR)

    assert (won, book.names()) == (Fraction(99, 100), [])


def test_what_is_applied_meanwhile_is_taken_up(lake: Lake) -> None:
    """By a process that did not apply it, at its next look."""
    book = SloBook(lake.store, settings())
    applied(lake, "mine")

    book.refresh(NOON)

    assert book.definition("mine").spec.effective_from == NOON
