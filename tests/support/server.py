"""A real `headwater serve` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

HEADWATER = (sys.executable, "-c", "from lineage.cli import main; main()")
READY = "Headwater listens on "
ROOT = Path(__file__).parents[2]


class Server:
    """Started by `with`, ended by SIGTERM at its end; `url` is its address, `log` what it wrote so far.

    *store* is a file, or what `--store` takes.
    """

    def __init__(self, store: Path | str, *options: str, environment: dict[str, str] | None = None) -> None:
        self.store = store if isinstance(store, str) else f"sqlite:///{store}"
        self.log: list[str] = []
        self._options = options
        self._environment = {**os.environ, **(environment or {})}

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [*HEADWATER, "serve", "--store", self.store, "--port", "0", *self._options],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._reader = threading.Thread(target=self.log.extend, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        line = self.process.stdout.readline()
        if not line.startswith(READY):
            self.process.wait(10)
            raise AssertionError("".join(self.log) or "the server ended at once")
        self.url = line.removeprefix(READY).strip()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
        self._reader.join(5)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
