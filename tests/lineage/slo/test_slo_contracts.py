"""ODCS contracts: what SLOs they come to, and what of them has no place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lineage.errors import InvalidDefinition
from lineage.model import dataset_id
from lineage.slo.formats._servers import Server, dataset_of
from lineage.slo.formats.base import Assumed, Imported
from lineage.slo.importing import imported
from lineage.slo.shape import number
from lineage.slo.written import body_of, written

CONTRACTS = Path(__file__).parents[2] / "contracts"
NIGHTLY = Assumed("snowflake://acme-prod", "data", "0 2 * * *", "Europe/Berlin")


def contract(tmp_path: Path, *changes: tuple[str, str], assumed: Assumed = NIGHTLY) -> Imported:
    """What the contract of orders comes to, with *changes* of its text."""
    text = (CONTRACTS / "orders.odcs.yaml").read_text()
    for old, new in changes:
        assert old in text, "the change changes something"
        text = text.replace(old, new)
    file = tmp_path / "orders.odcs.yaml"
    file.write_text(text)
    return imported([file], assumed)


def brief(found: Imported) -> list[tuple[Any, ...]]:
    return [(slo.name, slo.spec.sli.type, slo.spec.sli.unit, number(slo.target)) for slo in found.slos]


def test_a_contract_comes_to_a_promise_for_each_of_its_own(tmp_path: Path) -> None:
    """The mapping table of SLO.md c.3: freshness, availability, errors, volume, and the rules of its columns."""
    assert brief(contract(tmp_path)) == [
        ("orders-fresh", "freshness", "occurrences", 0.95),
        ("orders-regulatory", "freshness", "occurrences", 0.99),
        ("orders-errors", "correctness", "records", 0.999),
        ("orders-volume", "completeness", "occurrences", 0.99),
        ("orders-country-known", "correctness", "assertions", 0.999),
        ("orders-correctness", "correctness", "records", 0.999),
    ]


def test_a_contract_says_when_who_and_what_of(tmp_path: Path) -> None:
    """Cadence, zone, owner, channel, and the dataset as OpenLineage names it in production."""
    fresh = body_of(contract(tmp_path, assumed=Assumed()).slos[0])

    assert {word: fresh["spec"][word] for word in ("dataset", "owner", "schedule", "sli")} == {
        "dataset": {"namespace": "snowflake://acme-prod", "name": "ANALYTICS.MART.ORDERS"},
        "owner": {"team": "data-orders", "channel": {"slack": "C0ORDERS1"}},
        "schedule": {"cron": "0 0 * * *", "timezone": "Europe/Berlin", "deadline": "5h"},
        "sli": {"type": "freshness"},
    }


def test_facts_are_kept_and_what_is_assumed_is_marked(tmp_path: Path) -> None:
    """Annotations tell where a promise comes from, and which objective nobody wrote."""
    by_name = {slo.name: dict(slo.metadata.annotations) for slo in contract(tmp_path).slos}
    facts = {
        "odcs/contract": "53581432-6c55-4ba2-a65f-72344a91553a",
        "odcs/retention": "3 y",
    }

    assert (by_name["orders-fresh"], by_name["orders-volume"]) == (facts, facts | {"headwater/assumed": "objective"})


NULLS = "{id: order_id_set, type: library, metric: nullValues, mustBe: 0, severity: error}"
KEPT = "- {id: kept, property: retention, value: 3, unit: y}"


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("mustBe: 0", "ORDER_ID"),
        ("mustBeLessThan: 10", {"column": "ORDER_ID", "atMost": 9}),
        ("mustBeLessOrEqualTo: 10, unit: rows", {"column": "ORDER_ID", "atMost": 10}),
        ("mustBeLessThanOrEqualTo: 10", {"column": "ORDER_ID", "atMost": 10}),
        ("mustBeLessThan: 1, unit: percent", {"column": "ORDER_ID", "below": "1%"}),
        ("mustBeLessOrEqualTo: 0.5, unit: percent", {"column": "ORDER_ID", "atMost": "0.5%"}),
        ("mustBeBetween: [0, 10]", {"column": "ORDER_ID", "atMost": 10}),
        ("mustBeBetween: [0, 0.1], unit: percent", {"column": "ORDER_ID", "atMost": "0.1%"}),
        ("mustBe: 0, unit: percent", "ORDER_ID"),
    ],
)
def test_a_rule_keeps_its_own_limit(tmp_path: Path, limit: str, expected: Any) -> None:
    """Within it no record fails, as the standard compares the metric with the operator."""
    changed = NULLS.replace("mustBe: 0", limit)

    assert body_of(contract(tmp_path, (NULLS, changed)).slos[-1])["spec"]["sli"]["rules"]["notNull"] == [expected]


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("mustNotBe: 3", "what a number must not be cannot be said here"),
        ("mustBeGreaterThan: 3", "no operator says how many may fail"),
        ("mustBeLessThan: 1.5", "'1.5' is no whole number"),
        ("mustBeBetween: [1]", "mustBeBetween has two ends"),
        ("unit: furlongs, mustBe: 0", "'furlongs' is no unit of records; write rows or percent"),
        ("unit: percent", "no operator says how many may fail"),
        ("mustBeLessThan: 500, unit: percent", "no operator says how many may fail"),
        ("mustBeLessThan: 0, unit: percent", "no operator says how many may fail"),
        ("mustBeLessThan: few, unit: percent", "no operator says how many may fail"),
        ("mustBeGreaterThan: 1, mustBeLessThan: 5, unit: percent", "no operator says how many may fail"),
    ],
)
def test_a_limit_that_cannot_be_said_is_told(tmp_path: Path, limit: str, said: str) -> None:
    """Then each record that fails spends of the budget."""
    found = contract(tmp_path, (NULLS, NULLS.replace("mustBe: 0", limit)))
    (line,) = [line for line in found.report if "own limit is not taken over" in line]

    assert (said in line, body_of(found.slos[-1])["spec"]["sli"]["rules"]["notNull"]) == (True, ["ORDER_ID"])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("mustBe: 500", {"rows": 500, "most": 500}),
        ("mustBeBetween: [100, 120]", {"rows": 100, "most": 120}),
        ("mustBeGreaterOrEqualTo: 7", {"rows": 7}),
        ("mustBeGreaterThan: 7, mustBeLessThan: 10", {"rows": 8, "most": 9}),
    ],
)
def test_rows_are_agreed_at_both_ends(tmp_path: Path, rule: str, expected: dict[str, int]) -> None:
    """More than the upper end is as wrong as less than the lower one."""
    found = contract(tmp_path, ("mustBeGreaterThan: 999", rule))

    assert body_of(found.slos[3])["spec"]["sli"]["expected"] == {"mode": "contract", **expected}


@pytest.mark.parametrize(
    "rule", ["mustBeLessThan: 10", "mustBeBetween: [0, 10]", "mustBe: many", "mustBeGreaterThan: 1.5"]
)
def test_a_number_of_rows_that_may_be_none_is_told(tmp_path: Path, rule: str) -> None:
    """A delivery without a row would be as good as any."""
    found = contract(tmp_path, ("mustBeGreaterThan: 999", rule))

    assert ("orders-volume" in {slo.name for slo in found.slos}, sum("rowCount is not" in x for x in found.report)) == (
        False,
        1,
    )


def test_people_answer_and_data_ends_as_the_contract_says(tmp_path: Path) -> None:
    """Times to detect, notify and repair, and the ends of support and life, whichever way they are spelled."""
    levels = (
        "- {property: TD, value: 10, unit: minutes}\n  - {property: timetonotify, value: 1, unit: h}\n"
        "  - {property: es, value: 2032-05-12}\n  - {property: endOfLife, value: '2042-05-12T09:30:10-08:00'}"
    )
    spec = body_of(contract(tmp_path, (KEPT, levels)).slos[0])["spec"]

    assert (spec["incidents"], spec["lifecycle"]) == (
        {"detect": "10m", "notify": "1h", "repair": "4h"},
        {"endOfSupport": "2032-05-12T00:00:00Z", "endOfLife": "2042-05-12T17:30:10Z"},
    )


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("- {property: timeToDetect, value: 30, unit: s}", "slaProperties.3.value: '30s' is no duration here; write"),
        ("- {property: endOfLife, value: someday}", "slaProperties.3.value: 'someday' is no date; write 2027-03-01"),
        ("- {property: errorRate, value: 0}", "slaProperties.3.value: '0' is no share that leaves a budget"),
        ("- {property: errorRate, value: few}", "slaProperties.3.value: 'few' is no share that leaves a budget"),
        (
            "- {property: timeOfAvailability, value: noon}",
            "slaProperties.3.value: 'noon' is no time that is taken over",
        ),
        ("- {property: latency, value: 30, unit: s}", "slaProperties.3.value: '30s' is no duration here; write whole"),
        ("- {property: latency, unit: h}", "slaProperties.3.value: nothing is no duration here; write whole minutes"),
        (
            "- {property: timeOfAvailability, value: '00:00Z'}",
            "slaProperties.3.value: is when the interval ends, so that no time is left; write a later one",
        ),
        ("- {property: retention, value: 3, valueExt: 4}", "slaProperties.3.valueExt: 4 beside the value is not"),
        (
            "- {property: endOfLife, value: 2030-01-01}\n  - {property: endOfSupport, value: 2031-01-01}",
            "slaProperties.4.value: support ends after the data does, and is not taken over",
        ),
    ],
)
def test_a_level_without_a_place_is_told(tmp_path: Path, level: str, said: str) -> None:
    """Once, with where it stands."""
    report = contract(tmp_path, (KEPT, level)).report

    assert sum(said in line for line in report) == 1


WHEN = "    value: 1\n    unit: d\n    customProperties:\n      - {property: timezone, value: Europe/Berlin}\n"
NEVER = Assumed("snowflake://acme-prod", "data")


@pytest.mark.parametrize(
    ("often", "said"),
    [
        (
            "    value: 7\n    unit: m\n",
            "slaProperties.0: frequency 7 m is no cron; write scheduler: cron and schedule",
        ),
        ("    value: few\n    unit: d\n", "slaProperties.0: frequency few d is no cron; write scheduler: cron and"),
        (
            "    value: 7\n    unit: m\n",
            "slaProperties.1: latency is not taken over: nothing says when data is expected",
        ),
        ("    value: 7\n    unit: m\n", "schema.0.quality.0: rowCount is not taken over: nothing says when data is"),
        (
            "    value: 1\n    scheduler: cron\n    schedule: 30 4 * * *\n",
            "slaProperties.0.schedule: the zone is assumed to be UTC; write a custom property timezone",
        ),
    ],
)
def test_when_data_comes_is_never_guessed(tmp_path: Path, often: str, said: str) -> None:
    """What no cron says promises nothing of when; what names no zone is told."""
    report = contract(tmp_path, (WHEN, often), assumed=NEVER).report

    assert sum(said in line for line in report) == 1


def test_a_channel_by_its_name_is_told(tmp_path: Path) -> None:
    """An id outlives a renaming."""
    report = contract(tmp_path, ("channel: C0ORDERS1", "channel: '#orders'")).report

    assert sum("support.0.channel: is a channel's name" in line for line in report) == 1


def test_two_rules_without_an_id_are_two_promises(tmp_path: Path) -> None:
    """Each has a name of its own."""
    rule = "- {type: library, metric: rowCount, mustBeGreaterThan: 999, severity: error}\n      "
    changes = ("- {id: volume, type: library", f"{rule}- {{type: library")
    names = [slo.name for slo in contract(tmp_path, changes).slos]

    assert [name for name in names if "volume" in name] == ["orders-volume", "orders-volume-5"]


def test_promises_of_long_names_have_names_of_their_own(tmp_path: Path) -> None:
    """What differs at the end is cut off, and a digest tells it apart; rules without an id among them."""
    rule = "- {type: library, metric: rowCount, mustBeGreaterThan: 999, severity: error}\n      "
    changes = (
        ("- {id: volume, type: library", f"{rule}- {{type: library"),
        ("name: orders\nd", f"name: {'long' * 20}\nd"),
    )
    names = [slo.name for slo in contract(tmp_path, *changes).slos]

    assert (len(set(names)), max(map(len, names))) == (len(names), 63)


def test_several_owners_are_told_of(tmp_path: Path) -> None:
    """One team answers for data."""
    second = "    - {username: mhopper, role: Data owner}\n    - {username: mhopper,"
    report = contract(tmp_path, ("    - {username: mhopper,", second)).report

    assert [line.split("team: ")[1] for line in report if "team: " in line] == [
        "2 own the data where one team answers for it; data-orders is told"
    ]


def test_what_has_no_place_is_told_with_its_line(tmp_path: Path) -> None:
    """One line for each, in the order of the file."""
    told = [line.split("odcs.yaml:")[1].split(": ")[:2] for line in contract(tmp_path).report]

    assert [place for place, _ in told] == sorted((place for place, _ in told), key=lambda at: int(at.split(":")[0]))
    assert {("40:9", "schema.0.quality.1"), ("64:5", "slaProperties.6"), ("67:5", "support.1")} <= set(map(tuple, told))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("value: 1\n    unit: d", "value: 6\n    unit: hours", "0 */6 * * *"),
        ("value: 1\n    unit: d", "value: 15\n    unit: minute", "*/15 * * * *"),
        ("value: 1\n    unit: d", "value: 1\n    unit: week", "0 0 * * 1"),
        ("value: 1\n    unit: d", "value: 1\n    scheduler: cron\n    schedule: 30 4 * * 1-5", "30 4 * * 1-5"),
    ],
)
def test_a_frequency_is_a_cron(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """From the beginning of the hour, day or week, or as the contract's own scheduler says."""
    schedule = contract(tmp_path, (old, new)).slos[0].spec.schedule

    assert expected == (schedule and schedule.cron)


WRITTEN = "    value: 1\n    scheduler: cron\n    schedule: 0 2 * * *\n"
BERLIN = "    customProperties:\n      - {property: timezone, value: Europe/Berlin}\n"


@pytest.mark.parametrize(
    ("often", "at", "expected"),
    [
        (WHEN, "09:00-08:00", ("0 0 * * *", "Etc/GMT+8", "9h")),
        (WHEN, "09:00", ("0 0 * * *", "Europe/Berlin", "9h")),
        (WRITTEN, "09:00", ("0 2 * * *", "UTC", "7h")),
        (WRITTEN, "09:00-08:00", ("0 2 * * *", "UTC", "15h")),
        (WRITTEN, "01:30Z", ("0 2 * * *", "UTC", "1410m")),
        (WRITTEN + BERLIN, "09:00+01:00", ("0 2 * * *", "Europe/Berlin", "7h")),
    ],
)
def test_data_is_due_at_the_time_of_day_that_is_said(
    tmp_path: Path, often: str, at: str, expected: tuple[str, str, str]
) -> None:
    """However long after the tick of the schedule that is; of a frequency the day is that of the time."""
    found = contract(tmp_path, (WHEN, often), ('"09:00-08:00"', f'"{at}"'), assumed=NEVER)
    schedule = body_of(found.slos[1])["spec"]["schedule"]

    assert (schedule["cron"], schedule.get("timezone", "UTC"), schedule["deadline"]) == expected


def test_a_time_of_day_of_what_comes_by_the_hour_is_told(tmp_path: Path) -> None:
    """Data of each hour would be due hours after the next."""
    report = contract(tmp_path, (WHEN, "    value: 1\n    unit: h\n")).report

    assert sum("is of a day, and data is expected '0 * * * *'; write a schedule" in line for line in report) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "apiVersion: v3.1.0",
            "apiVersion: v4.0.0",
            ":2:1: apiVersion: 'v4.0.0' is no version that is known",
        ),
        (
            "apiVersion: v3.1.0",
            "apiVersion: v2.2.2",
            ":2:1: apiVersion: 'v2.2.2' is no version that is known here; write a contract of v3",
        ),
        ("value: 0.95", "value: 95", ":49:5: slaProperties.1: a target lies between 0 and 1"),
        ("value: Europe/Berlin", "value: Berlin", ":43:5: slaProperties.0: 'Berlin' is no IANA time zone; write"),
        (
            "team:\n  name: data-orders\n",
            "team: data-orders\nother:\n",
            ":68:1: team: 'data-orders' stands where a map",
        ),
        ("type: snowflake", "type: impala", ":24:5: schema.0: a server of type impala does not say which dataset"),
    ],
)
def test_faults_of_a_contract_have_their_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    """What cannot be a promise is refused where it stands."""
    with pytest.raises(InvalidDefinition) as caught:
        contract(tmp_path, (old, new), assumed=Assumed())

    assert str(caught.value).removeprefix(str(tmp_path / "orders.odcs.yaml"))[: len(said)] == said


def test_a_contract_that_nobody_owns_is_refused(tmp_path: Path) -> None:
    """Without a team, a present owner, or --team, nobody could be told."""
    with pytest.raises(InvalidDefinition, match="team: nobody owns the data; write a team with a name, or import with"):
        contract(tmp_path, ("  name: data-orders\n", ""), ("role: Owner}", "role: Reader}"), assumed=Assumed())


@pytest.mark.parametrize(
    ("server", "name", "expected"),
    [
        (
            {"type": "postgres", "host": "dw", "database": "shop", "schema": "mart"},
            "t",
            ("postgres://dw:5432", "shop.mart.t"),
        ),
        (
            {"type": "postgresql", "host": "dw", "port": 6432, "database": "shop"},
            "mart.t",
            ("postgres://dw:6432", "shop.mart.t"),
        ),
        ({"type": "bigquery", "project": "acme", "dataset": "mart"}, "t", ("bigquery", "acme.mart.t")),
        ({"type": "kafka", "host": "prod:9092"}, "orders", ("kafka://prod:9092", "orders")),
        ({"type": "s3", "location": "s3://lake/orders/{model}/*.parquet"}, "eu", ("s3://lake", "orders/eu")),
        ({"type": "snowflake", "account": "acme"}, "A.B.C", ("snowflake://acme", "A.B.C")),
    ],
)
def test_servers_name_datasets_as_openlineage_does(
    server: dict[str, Any], name: str, expected: tuple[str, str]
) -> None:
    """By the rules of naming, with the default port where none is written."""
    assert dataset_of(Server.model_validate(server), name) == dataset_id(*expected)


def test_an_end_is_written_without_a_tag(tmp_path: Path) -> None:
    """As a person would write it, also within braces."""
    level = "- {property: endOfLife, value: '2042-05-12T09:30:10-08:00'}"

    assert "endOfLife: '2042-05-12T17:30:10Z'" in written(contract(tmp_path, (KEPT, level)).slos[0])


def test_a_promise_of_no_object_is_told(tmp_path: Path) -> None:
    """A service level whose element names none, and a contract without any, promise nothing and say so."""
    two = (
        "    quality:\n      - {id: volume,",
        "  - name: lines\n    physicalName: LINES\n    quality:\n      - {id: volume,",
    )
    astray = contract(tmp_path, two, ("element: orders.ordered_at\n    custom", "element: bills.at\n    custom"))
    bare = contract(tmp_path, ("schema:\n  - name: orders", "other:\n  - name: orders"))

    found = [
        any(f"{said}; " in line for line in told.report)
        for told, said in (
            (astray, "slaProperties.1.element: is of no object of the schema"),
            (bare, "schema: names no object, and so nothing is promised"),
        )
    ]

    assert found == [True, True]
