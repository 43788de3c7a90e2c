"""A real Kafka broker from Maven Central: one node, KRaft, on loopback."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.engines.engine import HOST, Engine, free_port
from tests.engines.jars import classpath, java

VERSION, LOG4J = "4.3.1", "2.25.3"  # the tools of 4.4.0 do not resolve
CLUSTER = "MkU3OEVBNTcwNTJENDM2Qg"
ARTIFACTS = (
    f"org.apache.kafka:kafka_2.13:{VERSION}",
    f"org.apache.logging.log4j:log4j-core:{LOG4J}",
    f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J}",
)

SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
num.partitions=1
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=2097152
"""
OF_SASL = """
listeners=SASL_SSL://{host}:{port},PLAINTEXT://{host}:{inner},CONTROLLER://{host}:{controller}
advertised.listeners=SASL_SSL://{host}:{port},PLAINTEXT://{host}:{inner}
listener.security.protocol.map=SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PKCS12
ssl.keystore.location={folder}/keystore.p12
ssl.keystore.password={password}
"""
STORE_PASSWORD = "of-the-keystore"
LOGGING = """<Configuration status="WARN">
  <Appenders><Console name="console"><PatternLayout pattern="%d %p %c{1} %m%n"/></Console></Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="console"/></Root></Loggers>
</Configuration>
"""


class User(NamedTuple):
    """Whom a broker knows by SCRAM-SHA-256."""

    name: str
    password: str


def kafka(folder: Path, *, port: int = 0, extra: str = "", user: User | None = None) -> Engine:
    """A broker with its log in *folder*, not started yet; what it needs is fetched now, once.

    With *user* it speaks SASL_SSL alone, with the certificate in `ca.pem`, which is of its own making. *extra* are
    lines of server.properties that come last. Raises EngineFailed.
    """
    port, controller = port or free_port(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    jars, runtime = classpath(f"kafka-{VERSION}", ARTIFACTS), java(17)
    settings, logging = folder / "server.properties", folder / "log4j2.xml"
    knows: tuple[str, ...] = ()
    if user is not None:
        _certificate(Path(runtime).with_name("keytool"), folder)
        knows = ("--add-scram", f"SCRAM-SHA-256=[name={user.name},password={user.password}]")
        names = {"host": HOST, "port": port, "inner": free_port(), "controller": controller}
        extra = OF_SASL.format(**names, folder=folder, password=STORE_PASSWORD) + extra
    settings.write_text(SETTINGS.format(host=HOST, port=port, controller=controller, folder=folder) + extra)
    logging.write_text(LOGGING)
    program = (
        *(runtime, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms256m", "-Xmx256m", "-cp", jars),
        f"-Dlog4j2.configurationFile={logging}",
    )
    if not (folder / "data" / "meta.properties").exists():
        format_log = ("kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER, "-c", str(settings), *knows)
        subprocess.run((*program, *format_log), check=True, capture_output=True)
    return Engine((*program, "kafka.Kafka", str(settings)), port, folder)


def _certificate(keytool: Path, folder: Path) -> None:
    """A key pair for loopback in `keystore.p12`, its certificate in `ca.pem`."""
    store = ("-keystore", str(folder / "keystore.p12"), "-storepass", STORE_PASSWORD, "-alias", "broker")
    made = ("-genkeypair", "-keyalg", "RSA", "-storetype", "PKCS12", "-dname", f"CN={HOST}", "-ext", f"san=ip:{HOST}")
    for words in ((*made, *store), ("-exportcert", "-rfc", *store, "-file", str(folder / "ca.pem"))):
        subprocess.run((str(keytool), *words), check=True, capture_output=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        kafka(Path(scratch))
    sys.stdout.write(f"kafka {VERSION} is ready\n")
