"""headwater slo export and import."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lineage.cli import build
from lineage.errors import InvalidInput
from tests.support import events
from tests.support.promises import Lake, document

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "tests" / "contracts"


def run(*words: str) -> Result:
    result = CliRunner().invoke(build(), ["slo", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_what_is_exported_is_imported_again(tmp_path: Path) -> None:
    """Through a file, as a person would carry it elsewhere."""
    examples = str(ROOT / "examples" / "slos")
    exported = tmp_path / "openslo.yaml"
    exported.write_text(run("export", examples, "--format", "openslo").stdout)

    assert run("import", str(exported)).stdout == run("export", examples, "--format", "headwater").stdout


def test_without_files_what_is_in_force_is_exported(tmp_path: Path) -> None:
    """As it was applied, with since when it counts."""
    (tmp_path / "orders.yaml").write_text(json.dumps(document(effectiveFrom="2026-11-01T00:00:00Z")))
    store = f"sqlite:///{tmp_path / 'h.db'}"
    run("apply", str(tmp_path / "orders.yaml"), "--store", store)

    assert run("export", "--format", "headwater", "--store", store).stdout == (
        run("export", str(tmp_path), "--format", "headwater").stdout
    )


def test_an_import_prints_yaml_and_tells_the_rest() -> None:
    """The SLOs on the one stream, what has no place in them on the other."""
    result = run("import", str(CONTRACTS / "orders.odcs.yaml"))

    assert (result.stdout.count("kind: DataSLO"), "responseTime is not judged here" in result.stderr) == (6, True)


def test_what_is_imported_is_well_formed(tmp_path: Path) -> None:
    """`lint` takes what `import` prints."""
    words = ("--namespace", "snowflake://acme", "--team", "data", "--cron", "0 2 * * *")
    printed = tmp_path / "slos.yaml"
    printed.write_text(run("import", str(CONTRACTS / "manifest.json"), *words).stdout)

    assert run("lint", str(printed)).stdout.splitlines()[-1] == "3 SLOs are well-formed."


def test_an_import_as_json_is_one_object() -> None:
    """SLOs, report and warnings."""
    told = json.loads(run("import", str(CONTRACTS / "orders.odcs.yaml"), "--json").stdout)

    assert ([len(told[word]) for word in ("slos", "report", "warnings")], told["slos"][0]["metadata"]["name"]) == (
        [6, 12, 2],
        "orders-fresh",
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "odc"], "--format: 'odc' is none of dbt, headwater, odcs, openslo"),
        (["--cron", "0 2"], "--cron: '0 2' is not a cron expression; write five fields, as in 0 2 * * *"),
        (["--timezone", "Berlin"], "--timezone: 'Berlin' is no IANA time zone; write one as Europe/Berlin or UTC"),
        (["--channel", "oncall"], "--channel: 'oncall' names no channel; write oncall=slack:C0ORDERS1"),
        (["--channel", "oncall=slack"], "--channel: 'oncall=slack' names no channel; write oncall=slack:C0ORDERS1"),
    ],
)
def test_an_option_of_an_import_that_is_wrong_is_named(options: list[str], said: str) -> None:
    """Before any file is read."""
    with pytest.raises(InvalidInput) as caught:
        CliRunner().invoke(build(), ["slo", "import", "nowhere.yaml", *options], catch_exceptions=False)

    assert str(caught.value) == said


def test_a_name_notifies_a_channel() -> None:
    """As often as there are names."""
    file = str(CONTRACTS / "alerts.openslo.yaml")
    names = ("--channel", "OnCallDataSlack=slack:C0ORDERS1", "--channel", "OnCallDataMail=webhook:orders")

    assert "channel: {slack: C0ORDERS1, webhook: orders}" in run("import", file, *names).stdout


def test_proposals_are_printed_as_yaml(tmp_path: Path) -> None:
    """What tags ask for is ready for a file; the remarks come beside it."""
    lake = Lake(tmp_path)
    for body in events.bodies("airflow/3.3.2"):
        lake.put(json.loads(body))
    lake.homes.close()
    result = run("proposals", "--store", f"sqlite:///{tmp_path / 'lake.db'}")
    proposed = tmp_path / "proposed.yaml"
    proposed.write_text(result.stdout)

    assert (run("lint", str(proposed)).stdout.splitlines()[-1], "slo:freshness=1h of job:" in result.stderr) == (
        "5 SLOs are well-formed.",
        True,
    )
