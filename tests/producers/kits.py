"""What the real producers need, an environment and jars, made once, kept in the user's cache.

$ python tests/producers/kits.py
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headwater" / "producers"
SPARK_AGENT = "io.openlineage:openlineage-spark_2.13:1.53.0"
NICE = ("nice", "-n", "10")


def environment(producer: str) -> Path:
    """The programs of *producer* as `{producer}.txt` pins them. Raises CalledProcessError where pip cannot."""
    pins = HERE / f"{producer}.txt"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(version.encode() + pins.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{producer}-{digest}"
    with _made_once(folder) as missing:
        if missing:
            _say(f"{producer}: installing into {folder}")
            subprocess.run([*NICE, sys.executable, "-m", "venv", folder], check=True)
            pip = (folder / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install")
            subprocess.run([*NICE, *pip, "-r", pins], check=True)
    return folder / "bin"


def jar(artifact: str) -> Path:
    """The jar of a Maven *artifact*, as `group:name:version`. Raises CalledProcessError where mvn cannot fetch it."""
    _, name, version = artifact.split(":")
    folder = CACHE / f"{name}-{version}"
    with _made_once(folder) as missing:
        if missing:
            _say(f"{name}: fetching into {folder}")
            copy = ("mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}")
            subprocess.run([*NICE, *copy], check=True)
    return folder / f"{name}-{version}.jar"


@contextmanager
def _made_once(folder: Path) -> Iterator[bool]:
    """Whether *folder* is to be made by who asks; half of one, left by a run that was ended, is thrown away."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    stamp = folder / ".made"
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = not stamp.exists()
        if missing:
            shutil.rmtree(folder, ignore_errors=True)
        yield missing
        stamp.touch()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    for pins in sorted(HERE.glob("*.txt")):
        environment(pins.stem)
    jar(SPARK_AGENT)
