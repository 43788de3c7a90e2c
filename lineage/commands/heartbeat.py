"""Send heartbeats along the way of the data, or watch them arrive."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lineage.commands import _options

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from openlineage.client.event_v2 import RunEvent

    from collectors.instrument.heartbeat import Beat, Emit, Emitter, Probe

BEAT_VARIABLE = "HEADWATER_BEAT"
ANSWERS_S = 30.0  # how long the door of a store may take


def run(  # noqa: PLR0913, PLR0917 - typer declares options as arguments
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="Of which source: the SLO's emitter is heartbeat/NAME.")
    ],
    dataset: Annotated[
        tuple[str, str],
        typer.Option("--dataset", metavar="NAMESPACE NAME", help="The dataset that beats go into, or arrive in."),
    ],
    interval: Annotated[str, typer.Option("--interval", metavar="SPAN", help="One beat in so long, as 1m.")] = "1m",
    write: Annotated[
        str | None,
        typer.Option("--write", metavar="COMMAND", help=f"Puts a beat on its way; has it as JSON in ${BEAT_VARIABLE}."),
    ] = None,
    read: Annotated[
        str | None,
        typer.Option("--read", metavar="COMMAND", help="Prints the newest beat that arrived; all before it did too."),
    ] = None,
    times: Annotated[int | None, typer.Option("--times", min=1, help="End after so many; else go on.")] = None,
    url: _options.Url = None,
    key: _options.ApiKey = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Send heartbeats along the way of the data, or with --read watch them arrive.

    Beats are told of to --url, or into --store, or else where OpenLineage's own settings say.

    $ headwater heartbeat --source orders --dataset kafka://prod:9092 orders --write 'produce-beat orders'
    """
    from collectors.instrument.heartbeat import Emitter, Probe
    from lineage.errors import InvalidInput
    from lineage.slo.terms import parse_duration

    if write is not None and read is not None:
        raise InvalidInput("--write sends beats and --read watches them; start one command for each", field="read")
    try:
        every_s = parse_duration(interval).total_seconds()
    except ValueError as error:
        raise InvalidInput(f"--interval: {error}", field="interval") from None
    told: Callable[[Beat], None] = (lambda beat: typer.echo(beat.written())) if as_json else (lambda _: None)
    with _door(url, key, store, config) as emit:
        if read is not None:
            probe = Probe(source, *dataset, emit=emit)
            _repeat(lambda: _watch(read, probe, told), every_s, times)
            probe.close()
        else:
            emitter = Emitter(source, *dataset, interval_s=every_s, emit=emit)
            _repeat(lambda: _send(write, emitter, told), every_s, times)
            emitter.close()


@contextmanager
def _door(url: str | None, key: str | None, store: str | None, config: Path | None) -> Iterator[Emit | None]:
    """Where events go; None: where OpenLineage's own settings say."""
    if url is not None:
        from openlineage.client import OpenLineageClient
        from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport

        to = HttpConfig(url) if key is None else HttpConfig(url, auth=ApiKeyTokenProvider({"apiKey": key}))
        yield OpenLineageClient(transport=HttpTransport(to)).emit
    elif store is None and config is None:
        yield None
    else:
        from openlineage.client.serde import Serde

        from lineage.auth import ANONYMOUS
        from lineage.commands._open import open_intake, open_store

        with open_store(store, config) as homes, open_intake(homes, config, "heartbeat") as intake:

            def submit(event: RunEvent) -> None:
                intake.submit(Serde.to_json(event).encode(), ANONYMOUS).result(ANSWERS_S)

            yield submit


def _repeat(work: Callable[[], None], every_s: float, times: int | None) -> None:
    """Run *work* now and at each whole interval; what fails is told on stderr and tried again at the next."""
    left, pause = times, threading.Event()
    while left is None or left > 0:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever a transport or a command raises
            typer.echo(f"no beat: {error}", err=True)
        left = None if left is None else left - 1
        if left != 0:
            pause.wait(every_s - datetime.now(UTC).timestamp() % every_s)


def _send(command: str | None, emitter: Emitter, told: Callable[[Beat], None]) -> None:
    """A beat that could not be put on its way was not sent: the emitter is silent then, and the path is not blamed."""
    beat = emitter.beat()
    if command is not None:
        _run(command, {BEAT_VARIABLE: beat.written()})
    emitter.sent(beat)
    told(beat)


def _watch(command: str, probe: Probe, told: Callable[[Beat], None]) -> None:
    from collectors.instrument.heartbeat import Beat

    if printed := _run(command, {}).strip():
        beat = Beat.read(printed.splitlines()[-1])
        probe.saw(beat, through=True)
        told(beat)


def _run(command: str, environment: dict[str, str]) -> str:
    """What *command* prints. Raises CalledProcessError and OSError."""
    words = shlex.split(command)
    done = subprocess.run(  # noqa: S603 - the person who started us wrote it
        words, env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout
