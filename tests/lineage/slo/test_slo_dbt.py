"""dbt's freshness of sources: what SLOs it comes to, and what dbt does not say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineage.errors import InvalidDefinition
from lineage.slo.formats.base import Assumed
from lineage.slo.importing import imported
from lineage.slo.written import body_of

CONTRACTS = Path(__file__).parents[2] / "contracts"
FILTERED = (
    "11:5: source.shop.landing.orders: the filter '_LOADED_AT > current_date - 7' is not taken over: "
    "all that was delivered counts"
)
NIGHTLY = Assumed("snowflake://acme-prod", "data", "0 2 * * *", "Europe/Berlin")


def test_dbt_promises_the_age_of_its_sources() -> None:
    """What warns opens a ticket, what fails pages; the owner is whom `meta` names."""
    found = imported([CONTRACTS / "manifest.json"], NIGHTLY)
    told = [(slo.name, slo.spec.owner.team, slo.spec.alerting.ladder[0].severity) for slo in found.slos]

    assert (told, [body_of(slo)["spec"]["sli"]["threshold"] for slo in found.slos]) == (
        [
            ("landing-fx-rates-age-error", "data", "page"),
            ("landing-orders-age-error", "data-orders", "page"),
            ("landing-orders-age-warn", "data-orders", "ticket"),
        ],
        ["90m", "1d", "12h"],
    )


def test_what_dbt_found_last_is_told() -> None:
    """`sources.json` beside the manifest says how each source stood."""
    report = imported([CONTRACTS / "manifest.json", CONTRACTS / "sources.json"], NIGHTLY).report

    assert [line.split("manifest.json:")[1] for line in report if "landing.orders" in line] == [
        "11:5: source.shop.landing.orders: was error when dbt looked last",
        FILTERED,
        "11:5: source.shop.landing.orders: the objective 0.99 over 28d is assumed; change it in the YAML",
    ]


@pytest.mark.parametrize(
    "files", [["manifest.json"], ["manifest.json", "sources.json"], ["sources.json", "manifest.json"]]
)
def test_what_dbt_itself_wrote_is_understood(files: list[str]) -> None:
    """By 1.11.16 over DuckDB, macros left out: limits, owners, identifiers, in whichever order files come."""
    found = imported([CONTRACTS / "dbt-1.11.16" / file for file in files], NIGHTLY)

    assert [
        (slo.name, slo.dataset.name, slo.spec.owner.team, body_of(slo)["spec"]["sli"]["threshold"])
        for slo in found.slos
    ] == [
        ("landing-fx-rates-age-error", "shop.landing.fx_rates", "data-payments", "90m"),
        ("landing-gone-age-error", "shop.landing.gone", "data-orders", "1d"),
        ("landing-gone-age-warn", "shop.landing.gone", "data-orders", "12h"),
        ("landing-orders-age-error", "shop.landing.orders_raw", "data-orders", "1d"),
        ("landing-orders-age-warn", "shop.landing.orders_raw", "data-orders", "12h"),
    ]


def test_a_limit_that_only_sources_json_says_counts(tmp_path: Path) -> None:
    """Where the manifest holds none, as one of another run does not, the criteria of the last look do."""
    folder = CONTRACTS / "dbt-1.11.16"
    manifest = json.loads((folder / "manifest.json").read_text())
    source = manifest["sources"]["source.shop.landing.orders"]
    source["freshness"] = source["config"]["freshness"] = None
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    names = {slo.name for slo in imported([tmp_path / "manifest.json", folder / "sources.json"], NIGHTLY).slos}

    assert {name for name in names if "orders" in name} == {"landing-orders-age-error", "landing-orders-age-warn"}


def test_dbt_without_a_schedule_is_told_to_want_one() -> None:
    """No cadence is invented."""
    found = imported([CONTRACTS / "manifest.json"], Assumed("snowflake://acme", "data"))

    assert (found.slos, sum("import with --cron" in line for line in found.report)) == ([], 2)


@pytest.mark.parametrize(
    ("files", "assumed", "said"),
    [
        (["sources.json"], NIGHTLY, "sources.json:1:1: names no relations; import manifest.json with it"),
        (["manifest.json"], Assumed(cron="0 2 * * *", team="data"), "which snowflake it is stands in no file"),
        (["manifest.json"], Assumed("snowflake://acme", cron="0 2 * * *"), "nobody owns it; write meta: {owner: …}"),
    ],
)
def test_what_dbt_does_not_say_is_asked_for(files: list[str], assumed: Assumed, said: str) -> None:
    """With the option that says it."""
    with pytest.raises(InvalidDefinition) as caught:
        imported([CONTRACTS / file for file in files], assumed)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("run-results/v6", "x.json:1:1: dbt's run-results says nothing of freshness; import manifest.json"),
        ("catalog/v1", "x.json:1:1: dbt's catalog says nothing of freshness; import manifest.json"),
    ],
)
def test_another_artifact_of_dbt_is_refused(tmp_path: Path, schema: str, said: str) -> None:
    """It holds sources or results of another kind."""
    file = tmp_path / "x.json"
    version = f"https://schemas.getdbt.com/dbt/{schema}.json"
    file.write_text(json.dumps({"metadata": {"dbt_schema_version": version}, "sources": {}, "results": []}))

    with pytest.raises(InvalidDefinition) as caught:
        imported([file], NIGHTLY)

    assert str(caught.value).endswith(said)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("manifest.json", '"source_name": "landing"', '"x": "y"', "sources.source.shop.landing.orders.source_name: is"),
        ("manifest.json", '"period": "hour"', '"period": "year"', "warn_after.period: 'year' is not understood here"),
        ("sources.json", '"status": "error"', '"state": "error"', "results.0.status: is missing; write `status:`"),
    ],
)
def test_faults_of_what_dbt_wrote_are_told(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    """With the word that is wrong."""
    for file in ("manifest.json", "sources.json"):
        text = (CONTRACTS / file).read_text()
        (tmp_path / file).write_text(text.replace(old, new, 1) if file == name else text)
    with pytest.raises(InvalidDefinition) as caught:
        imported([tmp_path / "manifest.json", tmp_path / "sources.json"], NIGHTLY)

    assert said in str(caught.value)
