"""A real Prometheus on loopback, and promtool: on the path, or taken once out of Debian's package."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.engines.engine import HOST, Engine, EngineFailed, cache, free_port

PACKAGE = "prometheus"
INSTALL = f"apt-get install -y --no-install-recommends {PACKAGE}"


def prometheus(folder: Path, config: str) -> Engine:
    """A server over *config*, not started yet; its data stays in *folder*. Raises EngineFailed."""
    file, port = folder / "prometheus.yaml", free_port()
    file.write_text(config)
    flags = (
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HOST}:{port}",
    )
    return Engine((str(program("prometheus")), *flags), port, folder)


def program(name: str) -> Path:
    """Where `promtool` or `prometheus` is; 2.42 or newer, as `keep_firing_for` wants. Raises EngineFailed."""
    if found := shutil.which(name):
        return Path(found)
    target = cache("prometheus") / name
    if not target.exists():
        _fetch(target.parent)
    return target


def _fetch(into: Path) -> None:
    """Download the package and unpack it: nothing is installed, so that nobody has to be root."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            download = ["apt-get", "download", PACKAGE]
            if subprocess.run(download, cwd=folder, capture_output=True, check=False).returncode:
                subprocess.run(["apt-get", "update", "-qq"], check=True)  # a fresh machine knows no packages yet
                subprocess.run(download, cwd=folder, check=True)
            (package,) = Path(folder).glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", str(package), folder], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise EngineFailed(f"Prometheus could not be fetched ({error}); {INSTALL}") from error
        for each in ("prometheus", "promtool"):
            fresh = into / f"{each}.fresh"
            shutil.copy2(Path(folder) / "usr" / "bin" / each, fresh)
            fresh.rename(into / each)


if __name__ == "__main__":
    sys.stdout.write(f"{program('promtool')} is ready\n")
