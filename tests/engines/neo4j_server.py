"""A real Neo4j Community from Maven Central, on loopback; version 5 (LTS) or the calendar one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.engines.engine import HOST, Engine, cache, free_port
from tests.engines.jars import classpath, java

LTS, NEWEST = "5.26.30", "2026.08.1"
USER, PASSWORD = "neo4j", "testtest1"
QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # starts sooner; for figures use G1 and all compilers

SETTINGS = """
server.default_listen_address={host}
server.bolt.listen_address={host}:{port}
server.bolt.advertised_address={host}:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=128m
dbms.usage_report.enabled=false
db.tx_log.preallocate=false
db.tx_log.rotation.retention_policy=keep_none
"""
OF_LTS = "internal.dbms.bolt.netty_server_shutdown_quiet_period=0\n"  # stops in 2 s instead of 11
OF_NEWEST = """
internal.dbms.bolt.netty_server_shutdown_quiet_period_duration=0s
dbms.fleet_manager.enabled=false
server.fleet_discovery.enabled=false
"""
OF_TLS = """
server.bolt.tls_level=REQUIRED
dbms.ssl.policy.bolt.enabled=true
dbms.ssl.policy.bolt.base_directory=certificates/bolt
dbms.ssl.policy.bolt.private_key=private.key
dbms.ssl.policy.bolt.public_certificate=public.crt
dbms.ssl.policy.bolt.client_auth=NONE
"""


def version() -> str:
    """Which version is asked for: `NEO4J_VERSION`, or the LTS."""
    return os.environ.get("NEO4J_VERSION", LTS)


def neo4j(folder: Path, *, port: int = 0, tls: bool = False, options: tuple[str, ...] = QUICK) -> Engine:
    """A server with its data in *folder*, not started yet; what it needs is fetched now, once.

    With *tls* it speaks `bolt+ssc://` alone, with a certificate of its own making. Raises EngineFailed.
    """
    wanted = version()
    lts = wanted.startswith("5.")
    jars = classpath(f"neo4j-{wanted}", [f"org.neo4j:neo4j:{wanted}"])
    runtime = java(17 if lts else 21)
    port = port or free_port()
    for name in ("conf", "data", "logs", "run", "plugins", "import", "certificates/bolt"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    settings = SETTINGS.format(host=HOST, port=port) + (OF_LTS if lts else OF_NEWEST) + (OF_TLS if tls else "")
    (folder / "conf" / "neo4j.conf").write_text(settings)
    if tls:
        _certificate(folder / "certificates" / "bolt")
    if not (folder / "data" / "databases").exists():
        subprocess.run(
            [runtime, "-Xmx128m", "-cp", jars, "org.neo4j.cli.AdminTool", "dbms", "set-initial-password", PASSWORD],
            env={**os.environ, "NEO4J_HOME": str(folder), "NEO4J_CONF": str(folder / "conf")},
            check=True,
            stdout=subprocess.DEVNULL,
        )
    entry = "org.neo4j.server.CommunityEntryPoint" if lts else "org.neo4j.server.Neo4jCommunity"
    flags = ("--add-opens=java.base/java.nio=ALL-UNNAMED", "--enable-native-access=ALL-UNNAMED")
    places = (f"--home-dir={folder}", f"--config-dir={folder / 'conf'}", "--console-mode")
    memory = ("-Xms256m", f"-Xmx{os.environ.get('NEO4J_HEAP', '768m')}")
    return Engine((runtime, *memory, *flags, *options, "-cp", jars, entry, *places), port, folder)


def url(server: Engine, *, tls: bool = False) -> str:
    """How Headwater's `--store` names *server*."""
    scheme = "neo4j+ssc" if tls else "neo4j"
    return f"{scheme}://{USER}:{PASSWORD}@{server.address}"


def _certificate(folder: Path) -> None:
    if (folder / "public.crt").exists():
        return
    subject = ["-subj", "/CN=localhost", "-addext", f"subjectAltName=DNS:localhost,IP:{HOST}"]
    files = ["-keyout", str(folder / "private.key"), "-out", str(folder / "public.crt")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    neo4j(cache(f"neo4j-{version()}") / "home")
    sys.stdout.write(f"neo4j {version()} is ready\n")
