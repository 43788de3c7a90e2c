"""The chart: what it renders is what a careful cluster wants, and what it cannot serve it refuses."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engines.helm import program

CHART = Path(__file__).parent.parent.parent / "helm"
KEY = "apiKey.value=0123456789abcdef0123456789abcdef"

SHARED = (
    "neo4j.url=neo4j+s://db:7687",
    "neo4j.existingSecret=graph",
    "ledger.url=s3://lake/headwater",
    "ledger.existingSecret=lake",
)

pytestmark = pytest.mark.helm


@pytest.fixture(scope="module")
def helm() -> str:
    return str(program())


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


def render(helm: str, *sets: str) -> list[dict[str, Any]]:
    flags = [word for item in sets for word in ("--set", item)]
    done = run(helm, "template", "r", str(CHART), "--kube-version", "1.34.0", *flags)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def one(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)


def test_the_chart_passes_the_strict_linter(helm: str) -> None:
    """`helm lint --strict` has nothing to say."""
    done = run(helm, "lint", "--strict", str(CHART), "--set", KEY)

    assert done.returncode == 0, done.stdout


def test_the_pod_runs_as_nobody_in_particular(helm: str) -> None:
    """No root, no capabilities, no writable root file system, no token."""
    pod = one(render(helm, KEY), "StatefulSet", "r-headwater")["spec"]["template"]["spec"]

    container = pod["containers"][0]["securityContext"]
    assert (
        pod["securityContext"]["runAsNonRoot"],
        pod["automountServiceAccountToken"],
        container["readOnlyRootFilesystem"],
        container["capabilities"],
    ) == (True, False, True, {"drop": ["ALL"]})


def test_probes_ask_the_process_for_life_and_the_store_for_readiness(helm: str) -> None:
    """/livez restarts the pod, /readyz takes it out of service."""
    container = one(render(helm, KEY), "StatefulSet", "r-headwater")["spec"]["template"]["spec"]["containers"][0]

    probes = {kind: container[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probes == {
        "startupProbe": {"path": "/livez", "port": "http"},
        "livenessProbe": {"path": "/livez", "port": "http"},
        "readinessProbe": {"path": "/readyz", "port": "http"},
    }


def test_the_rendered_settings_are_settings_that_the_server_reads(helm: str, tmp_path: Path) -> None:
    """Every knob in the rendered headwater.yaml is known, and the user's own win."""
    from lineage.settings import load

    rendered = one(
        render(helm, KEY, "publicUrl=https://hw.example.com", "config.port=5001"), "ConfigMap", "r-headwater"
    )
    file = tmp_path / "headwater.yaml"
    file.write_text(rendered["data"]["headwater.yaml"])

    settings = load(file)

    assert (settings.host, settings.port, settings.public_url) == ("0.0.0.0", 5001, "https://hw.example.com")


def test_slo_files_are_mounted_where_the_server_watches(helm: str) -> None:
    """values.slos becomes a folder of files."""
    objects = render(helm, KEY, r"slos.orders\.yaml=kind: DataSLO")

    assert one(objects, "ConfigMap", "r-headwater-slos")["data"] == {"orders.yaml": "kind: DataSLO"}


def test_a_given_secret_is_used_and_none_is_made(helm: str) -> None:
    """With apiKey.existingSecret the chart holds no key of its own."""
    objects = render(helm, "apiKey.existingSecret=mine")

    container = one(objects, "StatefulSet", "r-headwater")["spec"]["template"]["spec"]["containers"][0]
    reference = {"name": "mine", "key": "api-key"}
    assert [o["kind"] for o in objects].count("Secret") == 0
    assert container["env"][0]["valueFrom"]["secretKeyRef"] == reference


def test_several_pods_share_neo4j_and_an_object_ledger(helm: str, tmp_path: Path) -> None:
    """Roles, store and ledger are settings that the server reads, secrets come by reference, no volume is claimed."""
    from lineage.settings import load

    objects = render(helm, KEY, *SHARED, "replicas=3", "roles={api,dashboards}")
    file = tmp_path / "headwater.yaml"
    file.write_text(one(objects, "ConfigMap", "r-headwater")["data"]["headwater.yaml"])
    settings, of = load(file), one(objects, "StatefulSet", "r-headwater")["spec"]
    container = of["template"]["spec"]["containers"][0]

    assert (settings.store, settings.ledger, settings.roles, settings.neo4j.user) == (
        "neo4j+s://db:7687",
        "s3://lake/headwater",
        ("api", "dashboards"),
        "neo4j",
    )
    assert (of["replicas"], "volumeClaimTemplates" in of, container["envFrom"], container["env"][1]) == (
        3,
        False,
        [{"secretRef": {"name": "lake"}}],
        {
            "name": "HEADWATER_NEO4J__PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": "graph", "key": "neo4j-password"}},
        },
    )


@pytest.mark.parametrize(
    ("sets", "reason"),
    [
        ((), "needs an API key"),
        ((KEY, "replicas=2"), "replicas"),
        ((KEY, "neo4j.url=neo4j://db:7687"), "ledger.url"),
        ((KEY, "neo4j.url=neo4j://neo4j:secret@db:7687"), "neo4j"),
        ((KEY, "roles={judge}"), "roles"),
        ((KEY, "presistence.size=1Gi"), "presistence"),
        (("apiKey.value=short",), "apiKey"),
        ((KEY, "persistence.accessModes={ReadWriteMany}"), "accessModes"),
    ],
)
def test_what_cannot_work_is_refused_at_render(helm: str, sets: tuple[str, ...], reason: str) -> None:
    """A missing key, a second replica, a misspelt or impossible value: the render fails and names it."""
    flags = [word for item in sets for word in ("--set", item)]
    done = run(helm, "template", "r", str(CHART), "--kube-version", "1.34.0", *flags)

    assert done.returncode != 0
    assert reason in done.stderr
