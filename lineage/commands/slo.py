"""Write SLOs as files, bring them into force, and see how they stand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lineage.commands import _options
from lineage.commands._deciding import amendments, correct, exclude, silence
from lineage.commands._gating import gate
from lineage.commands._looking_back import backtest, explain, time_of
from lineage.commands._open import open_store, read_settings
from lineage.commands._planning import apply, hint, plan
from lineage.commands._trading import export, import_, proposals

if TYPE_CHECKING:  # `headwater --help` imports this module
    from lineage.slo.status import Status

app = typer.Typer(
    no_args_is_help=True,
    help="""Write SLOs as files, bring them into force, and see how they stand.

    Begin with `lint`, `backtest`, `plan` and `apply`; then `status` says how they stand, and `explain` why. What
    people decide of them later (`exclude`, `correct`, `silence`) stays on record, and `import` brings what stands in
    other formats.

    $ headwater slo lint examples/slos
    """,
)


@app.command()
def schema(
    store: _options.Store = None,  # noqa: ARG001 - every command takes them, and a format has none
    config: _options.Config = None,  # noqa: ARG001 - the same
    as_json: _options.Json = False,  # noqa: ARG001 - it is JSON
) -> None:
    """Print the JSON Schema of SLO files, for editors that complete and check.

    $ headwater slo schema > headwater-slo.schema.json
    """
    from lineage.slo.schema import schema as made

    typer.echo(json.dumps(made(), indent=2))


@app.command()
def lint(
    files: Annotated[list[Path], typer.Argument(help="SLO files, or folders of them.")],
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Check SLO files; what is wrong comes as file:line:column and ends with 2.

    With a store, told as well: a dataset that no event has named, rows that swing so far that a fifth less is no news,
    and where a schedule is missing, how often data came.

    $ headwater slo lint examples/slos
    """
    from lineage.slo.kept import in_force
    from lineage.slo.lint import inspect, noisy, strangers

    now = datetime.now(UTC)
    if store is None and config is None:
        sources, faults = inspect(files, now)
    else:
        with open_store(store, config) as homes:
            sources, faults = inspect(files, now, hint(homes.store, now), in_force(homes.store))
            slos = [source.slo for source, _ in sources]
            known = [*noisy(slos, homes.store, now), *strangers(slos, homes.store)]
        for source, told in sources:
            told += [text for name, text in known if name == source.slo.name]
    warned = [(source, warning) for source, found in sources for warning in found]
    if as_json:
        found = [{"slo": source.slo.name, "place": source.place, "warnings": told} for source, told in sources]
        typer.echo(json.dumps({"slos": found, "faults": faults}, ensure_ascii=False))
    else:
        for fault in faults:
            typer.echo(fault, err=True)
        for source, warning in warned:
            typer.echo(f"{source.place}: warning: {source.slo.name}: {warning}", err=True)
        typer.echo(f"{len(sources)} {'SLO is' if len(sources) == 1 else 'SLOs are'} well-formed.")
    if faults:
        raise typer.Exit(2)


app.command()(backtest)
app.command()(plan)
app.command()(apply)


@app.command()
def status(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    names: Annotated[list[str] | None, typer.Argument(help="The SLOs to show; none: all of them.")] = None,
    at: _options.At = None,
    slos: _options.Slos = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Judge SLOs from what is stored, now or as of another time.

    $ headwater slo status orders-freshness --at 2026-11-21T08:30:00Z
    """
    from lineage.alerts.incidents import every
    from lineage.alerts.inherited import booked, spans
    from lineage.homes import homes_of
    from lineage.slo.book import SloBook
    from lineage.slo.shape import shape

    settings = read_settings(config, store=store, slos=slos)
    when = time_of(at)
    with homes_of(settings) as homes:
        book = SloBook(homes.store, settings)
        hurt = spans(every(homes.store))
        found = [booked(book.status(name, when), hurt) for name in names or book.names()]
        shapes = [shape(one, book.definition(one.slo)) for one in found]
    if as_json:
        typer.echo(json.dumps({"slos": shapes}, ensure_ascii=False))
        return
    for line in _table(found):
        typer.echo(line)


app.command()(explain)
app.command()(gate)
app.command()(exclude)
app.command()(correct)
app.command()(silence)
app.command()(amendments)
app.command("import")(import_)
app.command()(export)
app.command()(proposals)


def _table(statuses: list[Status]) -> list[str]:
    """One SLO a line: state, name, SLI, budget left and the sentence, in columns."""
    from lineage.slo.phrases import percent

    if not statuses:
        return ["No SLO yet; write one and start `headwater serve --slos DIR`."]
    rows = [("STATE", "SLO", "SLI", "TARGET", "BUDGET LEFT", "")]
    for one in statuses:
        left = one.budget.remaining_ratio
        sli = "no data" if one.sli is None else percent(one.sli)
        rows.append(
            (one.state, one.slo, sli, percent(one.target), "-" if left is None else percent(left), one.sentence)
        )
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
