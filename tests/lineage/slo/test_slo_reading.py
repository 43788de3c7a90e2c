"""Reading: YAML to definitions, and every fault with its place and what to write instead."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from lineage.errors import InvalidDefinition
from lineage.slo import indicators
from lineage.slo.reading import read_path, read_text, sources_of
from lineage.slo.spec import define

GOOD = """\
# The orders of the day.
apiVersion: headwater/v1
kind: DataSLO
metadata: {name: orders-freshness}
spec:
  dataset: {namespace: lake, name: orders}
  owner: {team: data-orders}
  schedule: {cron: "0 2 * * *", timezone: Europe/Berlin, deadline: 5h}
  sli: {type: freshness}
  timeWindow: [{duration: 28d, isRolling: true}]
  objectives: [{target: 0.999}]
"""

EXAMPLES = Path(__file__).parents[3] / "examples" / "slos"
CONTRACTS = Path(__file__).parents[2] / "contracts"


def refusal(text: str) -> str:
    with pytest.raises(InvalidDefinition) as caught:
        read_text(text, "orders.yaml")
    return str(caught.value)


def test_a_target_is_exactly_what_was_written() -> None:
    """0.999 is 999/1000: no float noise."""
    assert read_text(GOOD, "orders.yaml")[0].slo.target == Fraction(999, 1000)


def test_m_is_a_minute_and_M_a_month() -> None:  # noqa: N802 - the letters are the point
    """`5m` is five minutes, `1M` a month of 30 days."""
    slo = read_text(GOOD.replace("5h", "5m").replace("28d", "1M"), "orders.yaml")[0].slo
    assert slo.spec.schedule is not None

    assert (slo.spec.schedule.deadline, slo.window) == (timedelta(minutes=5), timedelta(days=30))


def test_a_file_may_hold_several() -> None:
    """Documents are separated by `---`, and each knows its line."""
    found = read_text(GOOD + "---\n" + GOOD.replace("orders-f", "other-f"), "orders.yaml")

    assert [(source.slo.name, source.place) for source in found] == [
        ("orders-freshness", "orders.yaml:2"),
        ("other-freshness", "orders.yaml:14"),
    ]


def test_a_definition_survives_json() -> None:
    """What is kept in the store is what was written."""
    slo = read_text(GOOD, "orders.yaml")[0].slo

    assert define(json.loads(slo.model_dump_json(by_alias=True))) == slo


@pytest.mark.parametrize(
    ("name", "said"),
    [("orders.odcs.yaml", ":2:1: is of odcs; "), ("orders.openslo.yaml", ":2:1: is of openslo; ")],
)
def test_a_file_of_another_format_is_to_be_imported(name: str, said: str) -> None:
    """It is not read word by word for what it is not."""
    with pytest.raises(InvalidDefinition) as caught:
        read_path(CONTRACTS / name)

    assert f"{name}{said}`headwater slo import` makes SLOs of it" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.999", "1", "11:17: spec.objectives.0.target: a target lies between 0 and 1"),
        ("28d", "28x", "10:17: spec.timeWindow.0.duration: '28x' is not a duration; write a whole number"),
        ("target:", "targt:", "11:17: spec.objectives.0.targt: is not a word of the format; did you mean `target`?"),
        (
            "{target: 0.999}",
            "{target: 0.999, calendar: {}}",
            "11:32: spec.objectives.0.calendar: stands at a place that does not know it; ",
        ),
        ("kind: DataSLO\n", "", "2:1: kind: is missing; write `kind: DataSLO`"),
        ("orders-freshness", "Orders!", "4:12: metadata.name: 'Orders!' is no name; write lower-case letters"),
        ("type: freshness", "type: freshnes", "9:9: spec.sli.type: 'freshnes' is no indicator here; write freshness"),
        ("type: freshness", "type: speed", "9:9: spec.sli.type: 'speed' is no indicator here; write completeness or"),
        ("type: freshness", "type: freshness, method: heartbeat", "9:3: spec.sli: method: heartbeat needs to know the"),
        ("type: freshness", "type: freshness, method: age", "9:3: spec.sli: how old data may be is threshold, of"),
        ("type: freshness", "type: freshness, part: 7m", "9:26: spec.sli.part: a part divides a day, so that parts"),
        (
            "type: freshness",
            "type: freshness, method: heartbeat, heartbeat: {emitter: orders, interval: 1m, threshold: 5m}",
            "9:57: spec.sli.heartbeat.emitter: 'orders' names no emitter; write NAMESPACE/NAME of its job, as in",
        ),
        (
            "deadline: 5h",
            "deadline: 5h, calendar: {skip: [noon]}",
            "8:90: spec.schedule.calendar.skip.0: 'noon' is no day;",
        ),
        (
            "deadline: 5h",
            "deadline: 5h, before: {cron: 0 1 * * *, deadline: 1h}",
            "8:3: spec.schedule: a schedule with one",
        ),
        (
            "[{duration: 28d, isRolling: true}]",
            "{duration: 28d}",
            "10:3: spec.timeWindow: {'duration': '28d'} stands where a list is",
        ),
        (
            "sli: {type: freshness}",
            "sli:",
            "9:3: spec.sli: nothing stands where a mapping is wanted; write `sli: {type: fr",
        ),
        ("type: freshness", "method: age", "9:3: spec.sli.type: missing; write type: freshness"),
        ("0.999", "0,999", "11:27: spec.objectives.0.999: 999 is no word; write numbers with a point"),
        ("{team: data-orders}", "{team: 7}", "7:11: spec.owner.team: 7 is no text; write it in quotes"),
        (
            "  sli:",
            "  consumer: finance\n  sli:",
            "9:3: spec.consumer: 'finance' stands where a list is wanted; write `consumer: [{",
        ),
        (
            "  sli:",
            "  effectiveFrom: soon\n  sli:",
            "9:3: spec.effectiveFrom: 'soon' is no instant; write it as 2026-11-01",
        ),
        (
            "type: freshness",
            "type: completeness, expected: {mode: historic}",
            "9:29: spec.sli.expected: 'historic' is not understood here; write mode: contract, seasonal, reconcile",
        ),
        (
            "type: freshness",
            "type: correctness, unit: records, rules: {notNull: [{column: id, atmost: 3}]}",
            "9:74: spec.sli.rules.notNull.0.atmost: is not a word of the format; did you mean `atMost`?",
        ),
        ("  sli:", "  consumer: {}\n  sli:", "9:3: spec.consumer.0.team: is missing; write `team: data-orders`"),
        ("  sli:", "  heartbeat: {}\n  sli:", "9:3: spec.heartbeat: stands at a place that does not know it"),
        (
            "  sli:",
            "  exclusions: [{start: 2026-11-01}]\n  sli:",
            "9:16: spec.exclusions.0: an exclusion is a span of time",
        ),
        (
            "  sli:",
            "  exclusions: [{start: 2026-11-01T00:00:00Z, duration: 2h, rrule: FREQ=HOURLY}]\n  sli:",
            "9:60: spec.exclusions.0.rrule: 'FREQ=HOURLY' is not understood; write a rule of DAILY, WEEKLY, MONTHLY,",
        ),
        ("Europe/Berlin", "Berlin", "8:33: spec.schedule.timezone: 'Berlin' is no IANA time zone; write one as"),
        ("0 2 * * *", "0 2 * *", "8:14: spec.schedule.cron: '0 2 * *' is not a cron expression; write five fields"),
        ("0 2 * * *", "0 0 31 2 *", "8:14: spec.schedule.cron: '0 0 31 2 *' names a date that never comes; write"),
        ("isRolling: true", "isRolling: false", "10:16: spec.timeWindow.0: a window rolls or has a calendar; write"),
        (
            "28d, isRolling: true",
            "1M, isRolling: false, calendar: {startTime: soon, timeZone: Berlin}",
            "10:60: spec.timeWindow.0.calendar.startTime: 'soon' is no start; write it as 2026-01-01 00:00:00",
        ),
        ("{target: 0.999}", "{target: 0.9}, {target: 0.5}", "11:3: spec.objectives: 2 entries stand where one is"),
        ("{namespace: lake, name: orders}", "orders", "6:3: spec.dataset: 'orders' stands where a mapping is wanted"),
        ("kind: DataSLO", "kind: DataSLO\nkind: DataSLO", "4:1: `kind` is written twice; keep one"),
        ("metadata: {", "metadata: {{", "5:1: expected"),
    ],
)
def test_a_fault_has_its_place_and_a_way_out(old: str, new: str, message: str) -> None:
    """file:line:column: what is wrong; what to write instead."""
    assert f"orders.yaml:{message}" in refusal(GOOD.replace(old, new))


def test_a_schedule_is_asked_for() -> None:
    """No schedule and no cadence: freshness cannot be judged."""
    text = "\n".join(line for line in GOOD.splitlines() if "schedule" not in line)

    assert 'orders.yaml:5:1: spec.schedule: missing; write schedule: {cron: "0 2 * * *"' in refusal(text)


def test_all_faults_come_at_once() -> None:
    """Nobody repairs a file line by line."""
    assert len(refusal(GOOD.replace("28d", "28x").replace("0.999", "2").replace("lake", '""')).splitlines()) == 3


def test_a_folder_is_read_whole(tmp_path: Path) -> None:
    """YAML files at any depth, by name; hidden folders, as Kubernetes makes them, are left out."""
    (tmp_path / "b").mkdir()
    (tmp_path / "..data").mkdir()
    (tmp_path / "b" / "two.yml").write_text(GOOD.replace("orders-", "two-"))
    (tmp_path / "one.yaml").write_text(GOOD)
    (tmp_path / "..data" / "one.yaml").write_text(GOOD)

    assert sorted(source.slo.name for source in read_path(tmp_path)) == ["orders-freshness", "two-freshness"]


def test_a_name_may_be_used_once(tmp_path: Path) -> None:
    """Two files that promise under one name are refused, and both are named."""
    (tmp_path / "a.yaml").write_text(GOOD)
    (tmp_path / "b.yaml").write_text(GOOD)

    with pytest.raises(InvalidDefinition, match=r"b\.yaml:2: the SLO 'orders-freshness' is already in .*a\.yaml:2"):
        read_path(tmp_path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    """Missing, or not text: never a traceback."""
    path = tmp_path / "orders.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InvalidDefinition, match=r"orders\.yaml:1:1: "):
        read_path(path)


def test_the_examples_are_well_formed() -> None:
    """What we show works."""
    assert {source.slo.spec.sli.type for source in read_path(EXAMPLES)} >= {"freshness", "completeness", "latency"}


def test_an_indicator_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the folder of indicators is a word of the format, with nothing else to edit."""
    (tmp_path / "punctuality.py").write_text(
        "from typing import ClassVar, Literal\n"
        "from lineage.slo.terms import Sli\n"
        "class Spec(Sli):\n"
        "    needs_schedule: ClassVar[bool] = False\n"
        "    type: Literal['punctuality']\n"
        "    patience: int\n"
    )
    monkeypatch.setattr(indicators, "__path__", [*indicators.__path__, str(tmp_path)])

    slo = read_text(GOOD.replace("type: freshness", "type: punctuality, patience: 3"), "orders.yaml")[0].slo

    assert slo.spec.sli.model_dump() == {"type": "punctuality", "unit": "occurrences", "patience": 3}


def _in_documents() -> list[str]:
    """The SLOs that docs/SLO.md and the README show."""
    texts = [(EXAMPLES.parents[1] / name).read_text(encoding="utf-8") for name in ("docs/SLO.md", "README.md")]
    blocks = [block for text in texts for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    return [block for block in blocks if "kind: DataSLO" in block]


@pytest.mark.parametrize("text", _in_documents())
def test_what_the_documents_show_is_the_format(text: str) -> None:
    """As it stands there, with the holidays of our own examples beside it."""
    assert [source.slo.spec.owner.team for source in read_text(text, "page", EXAMPLES)] != []


def test_the_faults_of_all_documents_are_told() -> None:
    """Not of the first alone."""
    wrong = GOOD.replace("0.999", "1")

    assert [line.split(": ")[0] for line in refusal(f"{wrong}---\n{wrong}").splitlines()] == [
        "orders.yaml:11:17",
        "orders.yaml:23:17",
    ]


def test_a_name_may_be_used_once_in_what_is_sent() -> None:
    """Two documents of one text have one place, and are two all the same."""
    with pytest.raises(InvalidDefinition, match="the SLO 'orders-freshness' is already in "):
        sources_of([(f"{GOOD}---\n{GOOD}", "a.yaml:1")])


def test_an_empty_document_is_none() -> None:
    """A `---` at the end begins nothing."""
    assert 1 == len(read_text(f"{GOOD}---\n", "orders.yaml"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 3_000, "1:1: is nested too deeply; write it flatter"),
        ("kind: &a [*a]", "1:1: aliases repeat too much of it; write it without them"),
        (
            "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
            "1:1: aliases repeat too much of it; write it without them",
        ),
    ],
)
def test_what_would_fill_all_memory_is_refused(text: str, said: str) -> None:
    """Some lines of YAML can mean gigabytes; whoever may plan may send them."""
    assert f"orders.yaml:{said}" == refusal(text)


def test_a_word_of_another_kind_is_refused() -> None:
    """A list where a word is wanted is a fault of the file, not of ours."""
    said = refusal(GOOD.replace("{type: freshness}", "{type: freshness, method: [occurrence]}"))

    assert said.startswith("orders.yaml:9:26: spec.sli.method: ")


@pytest.mark.parametrize("number", ["1e999999999", "0e999999999", "1e-999999999"])
def test_a_number_of_gigabytes_is_refused(number: str) -> None:
    """A short word that would take minutes to count is none."""
    assert "is not a number that anybody means; write it as in 0.999" in refusal(GOOD.replace("0.999", f"'{number}'"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("effectiveFrom: 2026-13-45", "12:18: '2026-13-45' is no timestamp that can be read"),
        ("effectiveFrom: 2026-11-01T25:00:00Z", "12:18: '2026-11-01T25:00:00Z' is no timestamp that can be read"),
        ("description: !!int abc", "12:16: 'abc' is no int that can be read"),
        ("description: !!timestamp abc", "12:16: 'abc' is no timestamp that can be read"),
        (f"description: {'1' * 5000}", f"12:16: '{'1' * 40}' is no int that can be read"),
        ("[a, b]: c", "12:3: a key is one word"),
        ("? {a: b}\n  : c", "12:5: a key is one word"),
    ],
)
def test_what_only_looks_like_a_value_is_refused_where_it_stands(line: str, said: str) -> None:
    """A 13th month, a number longer than any, a key that is a list: never a traceback."""
    assert refusal(f"{GOOD}  {line}\n").partition("; write ")[0] == f"orders.yaml:{said}"


@pytest.mark.parametrize("line", ["effectiveFrom: 0001-01-01T00:00:00+14:00", "lifecycle: {endOfLife: 9999-12-31}"])
def test_an_instant_leaves_room_for_spans(line: str) -> None:
    """At the ends of the calendar a notice, a window or a zone would be of no year."""
    assert "lies before 1900 or after 2999; write an instant as 2026-11-01T00:00:00Z" in refusal(f"{GOOD}  {line}\n")
