"""A real S3 server on loopback: versitygw over a folder, built once from source by the Go toolchain."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.engines.engine import HOST, Engine, EngineFailed, cache, free_port

PROGRAM = "github.com/versity/versitygw/cmd/versitygw"
VERSION = "v1.8.0"
ACCESS_KEY, SECRET_KEY = "headwater", "headwater-secret"


def s3(folder: Path, *buckets: str, port: int = 0) -> Engine:
    """A server whose *buckets* are folders in *folder*, not started yet; it is built now, once. Raises EngineFailed."""
    data = folder / "data"
    for bucket in buckets:
        (data / bucket).mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    keys = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
    return Engine((str(_program()), "--port", f"{HOST}:{port}", "posix", str(data)), port, folder, keys)


def _program() -> Path:
    target = cache(f"versitygw-{VERSION}") / "versitygw"
    if not target.exists():
        if shutil.which("go") is None:
            raise EngineFailed("the S3 server is built with Go: apt-get install -y --no-install-recommends golang-go")
        environment = {**os.environ, "GOBIN": str(target.parent), "GOFLAGS": "-p=2"}
        subprocess.run(["go", "install", f"{PROGRAM}@{VERSION}"], env=environment, check=True)
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{_program()} is ready\n")
