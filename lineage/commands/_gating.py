"""What a pipeline asks before it releases."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from lineage.commands import _options
from lineage.commands._looking_back import time_of
from lineage.commands._open import read_settings

CLOSED = 1


def gate(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    product: Annotated[str, typer.Argument(help="The product, as the label `product` of SLOs names it.")],
    at: _options.At = None,
    slos: _options.Slos = None,
    url: _options.Url = None,
    key: _options.ApiKey = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Say whether a product may be released; ends with 1 where a budget is spent.

    The SLOs are those with the label `product`. What has just begun, and is warming, closes nothing.

    $ headwater slo gate orders --url http://127.0.0.1:5000
    """
    found = (
        _asked(product, url, key, at) if url else _judged(product, read_settings(config, store=store, slos=slos), at)
    )
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        typer.echo(f"The gate of {product} is {'open' if found['open'] else 'closed'}.")
        for each in found["because"]:
            typer.echo(f"{each['slo']}: {each['sentence']}")
        for each in found["undecided"]:
            typer.echo(f"{each['slo']} decides nothing: {each['sentence']}")
    if not found["open"]:
        raise typer.Exit(CLOSED)


def _asked(product: str, url: str, key: str | None, at: str | None) -> Any:
    from collectors.senders import ask
    from lineage.paths import quoted

    when = f"?at={quoted(at)}" if at else ""
    return ask(url, key, f"/api/v1/products/{quoted(product)}/gate{when}", None)


def _judged(product: str, settings: Any, at: str | None) -> Any:
    from lineage.homes import homes_of
    from lineage.slo.book import SloBook
    from lineage.slo.gate import judged, shape_of

    when = time_of(at)
    with homes_of(settings) as homes:
        book = SloBook(homes.store, settings)
        return shape_of(judged(product, book.definitions(), lambda name: book.status(name, when), homes.store))
