"""Holidays: days of files beside the SLO's own, of a country or a company, in iCalendar or one a line."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lineage.errors import InvalidDefinition
from lineage.settings import load
from lineage.slo.book import SloBook
from lineage.slo.calendar import occurrences
from lineage.slo.holidays import days_of
from lineage.slo.reading import read_path, read_text
from tests.support.promises import DAY, NOON, Lake, document

GERMANY = """\
BEGIN:VCALENDAR\r
VERSION:2.0\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20261225\r
DTEND;VALUE=DATE:20261227\r
SUMMARY:Christmas, both days of it, a line that is so long that it is go\r
 ing on in the next one\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20261003\r
RRULE:FREQ=YEARLY\r
END:VEVENT\r
BEGIN:VEVENT\r
DTSTART;VALUE=DATE:20261031\r
STATUS:CANCELLED\r
END:VEVENT\r
END:VCALENDAR\r
"""
DAILY = {"cron": "0 0 * * *", "timezone": "Europe/Berlin", "deadline": "5h"}


def write(folder: Path, calendar: dict[str, Any]) -> Path:
    (folder / "holidays").mkdir(exist_ok=True)
    (folder / "holidays" / "DE.ics").write_text(GERMANY)
    (folder / "company.txt").write_text("2026-12-24  # the works outing\n\n12-31\n")
    file = folder / "orders.yaml"
    file.write_text(json.dumps(document(schedule=DAILY | {"calendar": calendar})))
    return file


def skipped(folder: Path, calendar: dict[str, Any]) -> list[object]:
    schedule = read_path(write(folder, calendar))[0].slo.spec.schedule
    return list(schedule.calendar.skip) if schedule else []


def test_the_holidays_of_a_country_are_those_of_its_file(tmp_path: Path) -> None:
    """`country: DE` reads holidays/DE.ics beside the SLO; a yearly event comes every year, a cancelled one never."""
    assert skipped(tmp_path, {"country": "DE", "skip": ["weekends", "holidays"]}) == [
        "weekends",
        "10-03",
        date(2026, 12, 25),
        date(2026, 12, 26),
    ]


def test_a_calendar_may_name_its_file(tmp_path: Path) -> None:
    """One day a line, as a date or every year, and a comment."""
    assert skipped(tmp_path, {"file": "company.txt", "skip": ["10-03"]}) == ["10-03", "12-31", date(2026, 12, 24)]


def test_what_is_skipped_is_not_expected_and_the_rest_keeps_its_deadline(tmp_path: Path) -> None:
    """The deadline stays five hours after the end of each interval, before and after the holidays."""
    schedule = read_path(write(tmp_path, {"country": "DE", "skip": ["holidays"]}))[0].slo.spec.schedule
    assert schedule is not None
    christmas = NOON.replace(month=12, day=24)
    found = occurrences(schedule, christmas, christmas + 4 * DAY)

    assert [(each.expected, each.due - each.end) for each in found] == [
        (expected, timedelta(hours=5)) for expected in (True, False, False, True, True)
    ]


def test_the_days_are_part_of_the_definition(tmp_path: Path) -> None:
    """What is kept and sent says them itself: it is the same without the file."""
    (source,) = read_path(write(tmp_path, {"country": "DE", "skip": ["holidays"]}))

    assert read_text(source.text, "elsewhere.yaml")[0].slo == source.slo


def test_a_calendar_that_changes_is_taken_up(tmp_path: Path) -> None:
    """The file of days is watched as the SLO's own is."""
    lake, folder = Lake(tmp_path), tmp_path / "slos"
    folder.mkdir()
    write(folder, {"file": "company.txt"})
    book = SloBook(lake.store, load(None, {}, slos=folder))
    book.refresh(NOON)
    (folder / "company.txt").write_text("2026-12-24\n2026-12-28\n")

    book.refresh(NOON + DAY)

    schedule = book.definition("orders-freshness").spec.schedule
    lake.homes.close()
    assert schedule is not None
    assert schedule.calendar.skip == (date(2026, 12, 24), date(2026, 12, 28))


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        (
            {"country": "FR", "skip": ["holidays"]},
            "calendar.country: there is no holidays/FR.ics or",
        ),
        ({"skip": ["holidays"]}, "calendar.skip: holidays are those of a country; write calendar: {country: DE, skip:"),
        ({"country": "DE"}, "calendar.country: holidays are those of a country; write calendar: {country: DE, skip:"),
        ({"file": "../secret.txt"}, "calendar.file: ../secret.txt is not below the folder of the SLO; put it there"),
        ({"file": "none.ics"}, "calendar.file: there is no none.ics beside the SLO; put it there, or write the days"),
    ],
)
def test_what_cannot_be_found_is_refused(tmp_path: Path, calendar: dict[str, Any], said: str) -> None:
    """With its place and what to write."""
    with pytest.raises(InvalidDefinition) as caught:
        read_path(write(tmp_path, calendar))

    assert str(caught.value).split("spec.schedule.")[1].startswith(said)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "2026-12-24\nChristmas\n", "a.txt:2:1: 'Christmas' is no day; write it as 2026-12-25"),
        ("a.txt", "# none yet\n", "a.txt:1:1: holds no day; write one a line, as 2026-12-25"),
        ("a.ics", "BEGIN:VEVENT\nEND:VEVENT\n", "a.ics:1:1: an event has no date as DTSTART;VALUE=DATE:20261225"),
    ],
)
def test_a_file_of_days_has_days(tmp_path: Path, name: str, text: str, said: str) -> None:
    """Each fault has its line."""
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidDefinition) as caught:
        days_of(tmp_path / name)

    assert said in str(caught.value)


@pytest.mark.parametrize("calendar", [{"country": "DE", "skip": ["holidays"]}, {"file": "company.txt"}])
def test_a_text_without_a_file_reads_none(calendar: dict[str, Any]) -> None:
    """What comes by the API names no file of the server."""
    with pytest.raises(InvalidDefinition, match="beside"):
        read_text(json.dumps(document(schedule={"calendar": calendar})), "sent.yaml")
