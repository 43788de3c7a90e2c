"""Java programs from Maven Central: every jar of an artifact and what it needs, fetched once into the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.engines.engine import EngineFailed, cache

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
JVMS = Path("/usr/lib/jvm")

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
  <groupId>headwater</groupId><artifactId>{name}</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
{dependencies}
  </dependencies>
</project>
"""
DEPENDENCY = "    <dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


def classpath(name: str, artifacts: Sequence[str]) -> str:
    """The class path with all of *artifacts* (`group:artifact:version`), kept under *name*.

    Raises EngineFailed without mvn, CalledProcessError when Maven cannot fetch them.
    """
    folder = cache(name)
    library, done = folder / "lib", folder / "fetched"
    if not done.exists():
        maven = shutil.which("mvn")
        if maven is None:
            raise EngineFailed(f"{name} is fetched with mvn: apt-get install -y --no-install-recommends maven")
        shutil.rmtree(library, ignore_errors=True)
        pom = folder / "pom.xml"
        dependencies = "\n".join(DEPENDENCY.format(*artifact.split(":")) for artifact in artifacts)
        pom.write_text(POM.format(name=name, dependencies=dependencies))
        subprocess.run(
            [maven, "-q", "-B", "-f", str(pom), COPY, "-DincludeScope=runtime", f"-DoutputDirectory={library}"],
            check=True,
        )
        done.touch()
    return f"{library}/*"


def java(at_least: int) -> str:
    """A Java of version *at_least* or newer, the oldest that will do. Raises EngineFailed."""
    found = {}
    homes = [Path(os.environ["JAVA_HOME"])] if "JAVA_HOME" in os.environ else []
    for home in [*homes, *(JVMS.iterdir() if JVMS.is_dir() else ())]:
        release = home / "release"
        if release.is_file():
            found[_version(release.read_text())] = home / "bin" / "java"
    fit = sorted(version for version in found if version >= at_least)
    if not fit:
        raise EngineFailed(f"Java {at_least} or newer is needed: apt-get install -y openjdk-17-jre-headless maven")
    return str(found[fit[0]])


def _version(release: str) -> int:
    line = next((line for line in release.splitlines() if line.startswith("JAVA_VERSION=")), "0")
    return int(line.partition("=")[2].strip('"').split(".")[0] or 0)
