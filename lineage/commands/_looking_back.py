"""Why a verdict is what it is, and what a promise would have said in days that are over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lineage.commands import _options
from lineage.commands._open import open_store, read_settings

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from lineage.alerts.backtest import Backtest
    from lineage.slo.spec import DataSLO
    from lineage.store.base import Store


def explain(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    name: Annotated[str, typer.Argument(help="The SLO.")],
    occurrence: Annotated[str, typer.Argument(help="Its occurrence, or the beginning of its name.")] = "newest",
    at: _options.At = None,
    slos: _options.Slos = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Say why an occurrence is GOOD, BAD or neither, with the events that prove it.

    $ headwater slo explain orders-freshness 2026-11-20T11:00
    """
    from lineage.homes import homes_of
    from lineage.slo.book import SloBook
    from lineage.slo.explain import explain as explained
    from lineage.slo.explain import lines_of, shape_of

    settings, when = read_settings(config, store=store, slos=slos), time_of(at)
    with homes_of(settings) as homes:
        book = SloBook(homes.store, settings)
        found = explained(book.definition(name), book.status(name, when), occurrence, homes.store)
    if as_json:
        typer.echo(json.dumps(shape_of(found), ensure_ascii=False))
        return
    for line in lines_of(found):
        typer.echo(line)


def backtest(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    files: Annotated[list[Path], typer.Argument(help="SLO files, or folders of them.")],
    days: Annotated[int, typer.Option("--days", min=1, max=366, metavar="N", help="How many days to look at.")] = 28,
    at: _options.At = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Replay stored events: how often SLOs would have paged, and what they had caught.

    It is judged by what is known now, and nothing is written.

    $ headwater slo backtest examples/slos --days 28
    """
    from lineage.alerts.backtest import replay
    from lineage.slo.composites import join
    from lineage.slo.kept import in_force
    from lineage.slo.reading import read_path

    sources = [source for file in files for source in read_path(file)]
    now = time_of(at)
    with open_store(store, config) as homes:
        known = in_force(homes.store) | {source.slo.name: source.slo for source in sources}
        slos = [join(source.slo, known) for source in sources]
        found = [(slo, replay(slo, homes.store, timedelta(days=days), now)) for slo in slos]
        shapes = [_shape(test, _caught(slo, test, homes.store)) for slo, test in found]
    if as_json:
        typer.echo(json.dumps({"days": days, "slos": shapes}, ensure_ascii=False))
        return
    for (_, test), shaped in zip(found, shapes, strict=True):
        for line in _lines(test, shaped, days):
            typer.echo(line)


def time_of(text: str | None) -> datetime:
    """What `--at` says, in UTC; now where it is not given. Raises InvalidInput."""
    if text is None:
        return datetime.now(UTC)
    from pydantic import TypeAdapter

    from lineage.errors import InvalidInput
    from lineage.slo.terms import Instant

    try:
        at: datetime = TypeAdapter(Instant).validate_python(datetime.fromisoformat(text))
    except ValueError:
        raise InvalidInput(f"--at: {text!r} is not a time; write it as 2026-11-21T08:30:00Z", field="at") from None
    return at


def _caught(slo: DataSLO, test: Backtest, store: Store) -> list[bool]:
    """For each incident that hurt the dataset in that time, whether an alarm spoke while it lasted."""
    from lineage.alerts.incidents import every

    about = (slo.dataset.namespace, slo.dataset.name)
    hurt = [
        (member.since, member.restored_at)
        for incident in every(store)
        for member in incident.members
        if member.dataset == about and test.since < member.since <= test.at
    ]
    return test.caught(hurt)


def _shape(test: Backtest, caught: list[bool]) -> dict[str, Any]:
    from lineage.slo.shape import number, stamp

    return {
        "slo": test.slo,
        "since": stamp(test.since),
        "at": stamp(test.at),
        "pages": test.pages,
        "tickets": len(test.alarms) - test.pages,
        "incidents": len(caught),
        "caught": sum(caught),
        "sli": number(test.status.sli),
        "budgetRemainingRatio": number(test.status.budget.remaining_ratio),
        "state": test.status.state,
        "alarms": [
            {
                "since": stamp(alarm.since),
                "until": stamp(alarm.until),
                "severity": alarm.severity,
                "sentence": alarm.sentence,
            }
            for alarm in test.alarms
        ],
    }


def _lines(test: Backtest, shaped: dict[str, Any], days: int) -> Iterator[str]:
    from lineage.slo.phrases import moment

    paged = f"would have paged {_times(shaped['pages'])}" if shaped["pages"] else "would not have paged"
    said = f"{paged} in {_counted(days, 'day')}, and opened {_counted(shaped['tickets'], 'ticket')}"
    met = f", caught {shaped['caught']} of {_counted(shaped['incidents'], 'incident')}" if shaped["incidents"] else ""
    yield f"{test.slo}: {said}{met}"
    for alarm in test.alarms:
        until = "still open" if alarm.until is None else f"until {moment(alarm.until)}"
        yield f"  {alarm.severity:<6}  {moment(alarm.since)}  {until}  {alarm.sentence}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
