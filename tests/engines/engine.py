"""A real engine as a child process on loopback: started, stopped, killed and started again on the same data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
UP_S = 90.0
DOWN_S = 30.0


class EngineFailed(Exception):
    """The engine did not come up; the message ends with what it last wrote."""


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def cache(name: str) -> Path:
    """The folder in the user's cache where what was fetched for *name* stays between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "headwater" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class Engine:
    """*command* as a process that listens on *port*, with its console in *folder*; `with` starts and stops it."""

    command: Sequence[str]
    port: int
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start, and return once it listens. Raises EngineFailed."""
        _wait(lambda: not listens(self.port), UP_S, f"port {self.port} stays taken")
        console = self.folder / "console.log"
        with console.open("ab") as out:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until = time.monotonic() + UP_S
        while not listens(self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise EngineFailed(f"{self.command[0]} did not come up:\n{_tail(console)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it in order; after half a minute by force."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(DOWN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(DOWN_S)
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def listens(port: int) -> bool:
    """Whether somebody listens on *port* of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _wait(done: Callable[[], bool], seconds: float, otherwise: str) -> None:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise EngineFailed(otherwise)
        time.sleep(0.05)


def _tail(console: Path) -> str:
    return console.read_text(errors="replace")[-2_000:]
