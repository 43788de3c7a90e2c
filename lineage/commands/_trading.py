"""SLOs out of other formats and into them, and out of tags: printed, and in force only once they are applied."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import read_settings

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from lineage.settings import Settings
    from lineage.slo.spec import DataSLO

Format = Annotated[str | None, typer.Option("--format", metavar="WORD", help="Which one, as openslo; none: it shows.")]


def export(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    files: Annotated[
        list[Path] | None, typer.Argument(help="SLO files, or folders of them; none: what is in force in the store.")
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="WORD", help="Into what: openslo, or headwater, which is our own.")
    ] = "openslo",
    slos: _options.Slos = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Print SLOs in another format, of which `import` makes the same SLOs.

    $ headwater slo export examples/slos --format openslo
    """
    from lineage.errors import InvalidInput
    from lineage.parts import part, words
    from lineage.slo.formats.base import PACKAGE
    from lineage.slo.reading import read_path
    from lineage.slo.written import yaml_of

    writers = [word for word in words(PACKAGE) if hasattr(part(PACKAGE, word), "write")]
    if format_ not in writers:
        raise InvalidInput(f"--format: {format_!r} is none of {', '.join(writers)}", field="format")
    found = [source.slo for file in files or () for source in read_path(file)]
    if not files:
        found = _in_force(read_settings(config, store=store, slos=slos))
    write = part(PACKAGE, format_).write
    made = yaml_of(write(slo) for slo in found)
    typer.echo(_as_json(made) if as_json else made, nl=as_json)


def _in_force(settings: Settings) -> list[DataSLO]:
    from lineage.homes import homes_of
    from lineage.slo.book import SloBook

    with homes_of(settings) as homes:
        book = SloBook(homes.store, settings)
        return [book.definition(name) for name in book.names()]


def import_(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    files: Annotated[list[Path], typer.Argument(help="Contracts, OpenSLO files, or dbt's manifest and sources.")],
    format_: Format = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", metavar="NAME", help="Of the datasets, as events name it.")
    ] = None,
    team: Annotated[
        str | None, typer.Option("--team", metavar="NAME", help="Who owns what nobody is said to own.")
    ] = None,
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="CRON", help="When data is expected, where no file says it.")
    ] = None,
    timezone: Annotated[str, typer.Option("--timezone", metavar="ZONE", help="In whose wall time.")] = "UTC",
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME=WORD:ID", help="Whom a name notifies, as oncall=slack:C0ORDERS1."),
    ] = None,
    allow_alpha: Annotated[
        bool, typer.Option("--allow-alpha", help="Take openslo.com/v2alpha, too, which is not settled yet.")
    ] = False,
    store: _options.Store = None,  # noqa: ARG001 - every command takes them, and files have none
    config: _options.Config = None,  # noqa: ARG001 - the same
    as_json: _options.Json = False,
) -> None:
    """Print the SLOs that OpenSLO files, ODCS contracts or dbt's manifest come to.

    What has no place in them is told, each with where it stands. Nothing is in force before `headwater slo apply`.

    $ headwater slo import target/manifest.json --namespace snowflake://acme --team data --cron '0 2 * * *'
    """
    from lineage.slo.formats.base import Assumed
    from lineage.slo.importing import imported
    from lineage.slo.lint import warnings
    from lineage.slo.written import body_of, written

    channels = dict(_alias(each) for each in channel or ())
    _known_options(format_, cron, timezone)
    found = imported(files, Assumed(namespace, team, cron, timezone, channels, allow_alpha), format_)
    now = datetime.now(UTC)
    warned = [f"{slo.name}: warning: {text}" for slo in found.slos for text in warnings(slo, now)]
    if as_json:
        slos = [body_of(slo) for slo in found.slos]
        typer.echo(json.dumps({"slos": slos, "report": found.report, "warnings": warned}, ensure_ascii=False))
        return
    for line in (*found.report, *warned):
        typer.echo(line, err=True)
    typer.echo("---\n".join(written(slo) for slo in found.slos), nl=False)


def _known_options(format_: str | None, cron: str | None, timezone: str) -> None:
    """Refuse a format that is none, and a schedule that could be of no SLO. Raises InvalidInput."""
    from pydantic import ValidationError

    from lineage.errors import InvalidInput
    from lineage.parts import words
    from lineage.slo.formats.base import PACKAGE
    from lineage.slo.schedules import Schedule
    from lineage.slo.wording import message

    if format_ is not None and format_ not in words(PACKAGE):
        raise InvalidInput(f"--format: {format_!r} is none of {', '.join(words(PACKAGE))}", field="format")
    try:
        Schedule.model_validate({"cron": cron or "0 0 * * *", "timezone": timezone, "deadline": "1h"})
    except ValidationError as error:
        told = error.errors()[0]
        raise InvalidInput(f"--{told['loc'][0]}: {message(told, ())}", field=str(told["loc"][0])) from None


def _alias(text: str) -> tuple[str, tuple[str, str]]:
    """`oncall=slack:C0ORDERS1` as the name, the channel's word and where in it. Raises InvalidInput."""
    from lineage.errors import InvalidInput

    name, _, told = text.partition("=")
    word, _, destination = told.partition(":")
    if not (name and word and destination):
        raise InvalidInput(f"--channel: {text!r} names no channel; write oncall=slack:C0ORDERS1", field="channel")
    return name, (word, destination)


def proposals(
    slos: _options.Slos = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Print the SLOs that tags ask for, as slo:freshness=1h on a job does, as YAML.

    None of them is in force: look at the remarks, write them to a file, change it, and `headwater slo apply` it.

    $ headwater slo proposals > slos/proposed.yaml
    """
    from lineage.homes import homes_of
    from lineage.slo.book import SloBook
    from lineage.slo.proposing import proposals as proposed
    from lineage.slo.proposing import shape_of

    settings = read_settings(config, store=store, slos=slos)
    with homes_of(settings) as homes:
        definitions = SloBook(homes.store, settings).definitions()
        found = [shape_of(each) for each in proposed(homes.store, definitions, datetime.now(UTC))]
    if as_json:
        typer.echo(json.dumps({"proposals": found}, ensure_ascii=False))
        return
    for each in found:
        asked = ", ".join(f"{tag['tag']} of {tag['of']}" for tag in each["tags"])
        typer.echo(f"{each['dataset']['namespace']} {each['dataset']['name']}: {asked}", err=True)
        for remark in each["remarks"]:
            typer.echo(f"  {'' if each['yaml'] else 'not proposed: '}{remark}", err=True)
    typer.echo("---\n".join(each["yaml"] for each in found if each["yaml"]), nl=False)


def _as_json(made: str) -> str:
    from lineage.slo.documents import documents

    return json.dumps([document.body for document in documents(made, "export")], default=str, ensure_ascii=False)
