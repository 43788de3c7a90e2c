"""What panels say: small values made of answers."""

import json
from datetime import timedelta
from fractions import Fraction

from dashboards.current import Judged
from dashboards.figures.charts import Spent
from dashboards.figures.picture import Mark
from dashboards.pages import overview
from dashboards.panels import budget, datasets, diagnosis, marks
from dashboards.panels.lineage import cause_way
from dashboards.panels.runs import precise
from dashboards.states import SLO, tier
from lineage.alerts.incidents import Cause, Incident, Member
from lineage.model import WHOLE, ColumnEdge, FacetRecord, FieldId, Node
from lineage.slo.spec import define
from lineage.slo.status import BurnRate
from tests.support.graphs import AT, dataset, graph, job, status, verdict
from tests.support.promises import NOON, verdicts
from tests.support.promises import promise as described

HOUR = timedelta(hours=1)
ROWS = {"type": "freshness", "method": "rows"}


def promise(name="orders", kind="freshness"):
    """A freshness SLO of the dataset `lake orders`."""
    return define(
        {
            "apiVersion": "headwater/v1",
            "kind": "DataSLO",
            "metadata": {"name": name},
            "spec": {
                "description": "Orders are there by noon",
                "dataset": {"namespace": "lake", "name": "orders"},
                "owner": {"team": "shop", "handle": "@shop"},
                "schedule": {"cron": "0 * * * *", "deadline": "1h"},
                "sli": {"type": kind, "method": "occurrence"},
                "timeWindow": [{"duration": "1d", "isRolling": True}],
                "objectives": [{"target": 0.9}],
            },
        }
    )


def row(name, at, body, run="r"):
    """A dated facet row of `lake orders`."""
    return FacetRecord(dataset("orders"), name, None, json.dumps(body).encode(), at, at, "00", run)


def schema(at, **fields):
    """A schema facet."""
    return row("schema", at, {"fields": [{"name": name, "type": kind} for name, kind in fields.items()]})


def incident(**more):
    """An open incident of the SLO `orders`, caused by the job `load`."""
    given = {
        "id": "INC-1",
        "state": "open",
        "severity": "page",
        "title": "load failed",
        "cause": Cause(
            job=("etl", "load"),
            run="r1",
            sentence="load has failed 3 times since 05:54 UTC",
            path=(str(job("load")), str(dataset("orders"))),
        ),
        "members": (
            Member(
                slo="orders",
                dataset=("lake", "orders"),
                since=AT,
                severity="page",
                sentence="Late",
                budget_left="88 %",
                burn="",
            ),
        ),
        "affected": (str(dataset("report")),),
        "onset_at": AT,
        "detected_at": AT,
    }
    return Incident(**{**given, **more})


class Seen:
    """Links that say what they were made of."""

    at = now = AT
    as_of = None

    def link(self, *segments, **_query):
        """A path."""
        return "/" + "/".join(segments)

    def of(self, node):
        """A node's page."""
        return f"/{node}"


def test_a_dataset_that_is_late_says_why():
    """The sentence joins what is wrong with what broke first, and leads to the failing run."""
    late = Judged(promise(), status(verdict(2, "BAD"), state="breaching"))

    told = diagnosis.of_dataset([dataset("orders")], [late], [incident()], Seen())

    assert ("bad", "Late by 2 h because load has failed 3 times since 05:54 UTC", "/runs/r1") == (
        told.tone,
        told.title,
        told.acts[0].href,
    )


def test_a_dataset_downstream_of_an_incident_is_at_risk():
    """It is not late itself, and says what threatens it."""
    told = diagnosis.of_dataset([dataset("report")], [], [incident()], Seen())

    assert ("warn", "At risk because load has failed 3 times since 05:54 UTC") == (told.tone, told.title)


def test_a_dataset_without_promises_is_never_green():
    """Nothing is known to be well."""
    assert "unk" == diagnosis.of_dataset([dataset("x")], [], [], Seen()).tone


def test_an_open_incident_is_named_where_nothing_is_promised_any_more():
    """The overview says what is open though the SLO that told of it was retired."""
    told = overview.summary(dict.fromkeys(SLO, 0), [incident()], Seen())

    assert told is not None
    assert ["load has failed 3 times since 05:54 UTC."] == [fact.text for fact in told.facts]


def test_a_budget_that_runs_low_is_a_warning():
    """Nothing is wrong with the data by it."""
    low = incident().model_copy(update={"kind": "budget", "cause": None})
    told = overview.summary({**dict.fromkeys(SLO, 0), "at_risk": 1}, [low], Seen())

    assert told is not None
    assert ("warn", "1 SLO is at risk") == (told.tone, told.title)


def test_the_end_of_a_budget_is_what_is_left_over_the_burn_rate():
    """Half of a day's budget at twice the pace lasts six hours (SLO.md b.7)."""
    rate = BurnRate("page", 21_600, 1_800, Fraction(2), Fraction(2), Fraction(1), firing=True)
    verdicts = [verdict(hours) for hours in range(19, 0, -1)] + [verdict(0, "BAD")]

    assert AT + HOUR * 6 == diagnosis.empty_at(status(*verdicts, burn=(rate,)))


def test_a_budget_that_nothing_burns_has_no_end():
    """Without a rate there is no projection."""
    assert None is diagnosis.empty_at(status(verdict(1)))


def test_an_alert_tier_has_four_states():
    """Both above: firing; the long one only: recovering; the short one only: rising; none: quiet; unknown: no data."""
    told = [
        tier(BurnRate("page", 3600, 300, long, short, Fraction(10), firing=firing)).word
        for long, short, firing in (
            (Fraction(11), Fraction(11), True),
            (Fraction(11), Fraction(1), False),
            (Fraction(1), Fraction(11), False),
            (Fraction(1), Fraction(1), False),
            (None, Fraction(1), False),
        )
    ]

    assert ["Firing", "Recovering", "Rising", "Quiet", "No data"] == told


def test_lateness_counts_from_the_first_of_the_misses_in_a_row():
    """Two deliveries are missing; the elder was due four hours ago."""
    late = Judged(promise(), status(verdict(6), verdict(4, "BAD"), verdict(2, "BAD"), verdict(0, "PENDING")))

    assert AT - HOUR * 4 == marks.late_since(late)


def test_a_delivery_that_came_late_ends_the_lateness():
    """What was delivered after all is not missing."""
    late = Judged(promise(), status(verdict(4, "BAD", delivered_at=AT - HOUR * 3)))

    assert None is marks.late_since(late)


def test_a_dataset_shows_its_worst_promise():
    """Of two SLOs one is broken: the card is red and says how many hold."""
    node = Node(dataset("orders"), dataset("orders"), AT, AT)
    slos = [
        Judged(promise(), status(verdict(2, "BAD"), state="breaching")),
        Judged(promise("other"), status(verdict(2))),
    ]

    assert Mark("bad", "breaching", "2 h late", "1/2 SLOs", "table") == marks.dataset_mark(node, slos, AT, AT)


def test_a_dataset_behind_an_incident_is_at_risk_though_its_promises_hold():
    """Threatened and healthy reads as at risk."""
    node = Node(dataset("orders"), dataset("orders"), AT, AT)

    assert "warn" == marks.dataset_mark(node, [], AT - HOUR, AT, threatened=True).tone


def test_the_way_of_a_cause_leads_on_to_the_dataset_that_is_looked_at():
    """From where the incident's path ends the shortest way on is added."""
    seen = graph("report", "raw > load > orders", "orders > sum > report")

    way = cause_way(seen, [incident()])

    assert (str(job("load")), str(dataset("orders")), str(job("sum")), str(dataset("report"))) == way.path


def test_an_incident_elsewhere_draws_no_way():
    """Nothing red where nothing leads here; what is at risk is known all the same."""
    way = cause_way(graph("other", "raw > copy > other"), [incident()])

    assert ((), frozenset({str(dataset("report"))})) == (way.path, way.affected)


def test_columns_know_what_they_are_made_of_and_what_they_go_into():
    """Edges of either direction stand beside the column of the schema; masking is told."""
    own, up, down = (FieldId(dataset(name), "id") for name in ("orders", "raw", "report"))
    body = json.dumps({"fields": [{"name": "id", "type": "INT"}, {"name": "plain"}]}).encode()
    node = Node(dataset("orders"), dataset("orders"), AT, AT, {"schema": body})
    masked = (("DIRECT", "TRANSFORMATION", True),)

    made = datasets.columns(node, [(None, ColumnEdge(up, own, masked))], [(None, ColumnEdge(own, down))])

    assert [("id", (up,), (down,), True), ("plain", (), (), False)] == [
        (one.column.name, one.ups, one.downs, one.masked) for one in made.rows
    ]


def test_what_affects_every_column_stands_beside_the_columns():
    """WHOLE is no column, of this dataset or of the one that it goes into."""
    whole, to = FieldId(dataset("orders"), WHOLE), FieldId(dataset("report"), WHOLE)
    node = Node(dataset("orders"), dataset("orders"), AT, AT)
    key, id_ = FieldId(dataset("raw"), "key"), FieldId(dataset("orders"), "id")

    made = datasets.columns(node, [(None, ColumnEdge(key, whole))], [(None, ColumnEdge(id_, to))])

    assert ([("id", (to,))], (key,), ()) == (
        [(row.column.name, row.downs) for row in made.rows],
        made.ups,
        made.downs,
    )


def test_a_column_that_the_schema_does_not_know_is_unresolved():
    """Unless the schema has no types: then it is what somebody documented."""
    own, up = FieldId(dataset("orders"), "_0"), FieldId(dataset("raw"), "id")

    def marked(kind):
        body = json.dumps({"fields": [{"name": "id"} | kind]}).encode()
        node = Node(dataset("orders"), dataset("orders"), AT, AT, {"schema": body})
        return [row.unresolved for row in datasets.columns(node, [(None, ColumnEdge(up, own))], []).rows]

    assert ([False, True], [False, False]) == (marked({"type": "INT"}), marked({}))


def test_a_schema_tells_how_it_changed():
    """By whom it breaks, as indicators weigh it (SLO.md b.9); newest first, and the first schema is no change."""
    history = [
        schema(AT, id="BIGINT", fee="DATE"),
        schema(AT - HOUR, id="INT", old="INT"),
        schema(AT - 2 * HOUR, id="INT", old="INT"),
    ]

    told = [one.told for one in datasets.changes(history)]

    weighed = (
        ("breaking", "old was removed"),
        ("compatible", "fee was added"),
        ("compatible", "id went from INT to BIGINT"),
    )
    assert [weighed, ()] == told


def test_a_missing_schema_is_no_removal():
    """The absence of the facet says nothing (SLO.md b.9)."""
    history = [row("schema", AT, {"fields": []}), schema(AT - HOUR, id="INT")]

    assert 1 == len(datasets.changes(history))


def test_a_check_that_travels_twice_counts_once():
    """The same results come as a dataset facet and as an input facet of one event."""
    body = {"assertions": [{"assertion": "not_null", "column": "id", "success": False}]}
    history = [row("dataQualityAssertions", AT, body)] * 2

    assert [("not_null(id)", False, 1, 1)] == [
        (one.what, one.success, one.failures, one.seen) for one in datasets.checks(history)
    ]


def test_a_check_counts_how_often_it_failed():
    """The newest result speaks, the older ones are counted."""
    results = [True, False, True]
    history = [
        row("dataQualityAssertions", AT - HOUR * age, {"assertions": [{"assertion": "unique", "success": success}]})
        for age, success in enumerate(results)
    ]

    assert [(True, 1, 3)] == [(one.success, one.failures, one.seen) for one in datasets.checks(history)]


def test_the_blast_radius_counts_what_is_downstream_by_kind():
    """The worst comes first, and how far it reaches is told."""
    seen = graph("a", "a > one > b c", "c > two > d")
    looks = {dataset("b"): Mark(icon="file"), dataset("c"): Mark(), dataset("d"): Mark("bad", "breaching")}

    made = datasets.blast(seen, looks)

    assert (3, 2, 2, (("Tables", 2, 1.0), ("Files", 1, 0.5)), dataset("d")) == (
        made.total,
        made.deepest,
        made.jobs,
        made.kinds,
        made.worst[0][0],
    )


def test_what_is_left_of_a_budget_falls_with_every_miss():
    """After one miss of two allowed a half is left, after the second nothing."""
    verdicts = [verdict(3, "BAD"), verdict(2), verdict(1, "BAD")]

    points = budget.spent(verdicts, Fraction(2))

    assert [Spent(one.due, left, left) for one, left in zip(verdicts, (0.5, 0.5, 0.0), strict=True)] == points


def test_what_was_lost_upstream_is_not_its_own():
    """Of two misses the one that fell due while something above was broken is left out of what it spent itself."""
    verdicts = [verdict(3, "BAD"), verdict(2), verdict(1, "BAD")]

    points = budget.spent(verdicts, Fraction(2), [(AT - 2 * HOUR, None)])

    assert [(0.5, 0.5), (0.5, 0.5), (0.0, 0.5)] == [(point.left, point.own) for point in points]


def test_a_thinned_budget_keeps_its_last_point():
    """What is left now is always shown."""
    verdicts = [verdict(hours / 100) for hours in range(3000, 0, -1)]

    points = budget.spent(verdicts, Fraction(2))

    assert (True, verdicts[-1].due) == (len(points) <= 2 * budget.MOST_POINTS, points[-1].at)


def test_short_durations_keep_their_seconds():
    """A run of seconds is told in seconds, a long one in hours."""
    assert ["9.5 s", "42 s", "9 m 54 s", "2 h 31 m"] == [precise(s) for s in (9.5, 42, 594, 9060)]


def test_what_was_measured_is_drawn_in_its_own_unit():
    """A latency in minutes, against the minutes that it may take; of schemas there is nothing to draw."""
    path = {"from": {"namespace": "lake", "name": "raw"}, "to": {"namespace": "lake", "name": "orders"}}
    latency = {"type": "latency", "percentile": {"threshold": "10m"}}
    shown = status(verdict(2, value=Fraction(300), expected=Fraction(600)))

    drawn = [
        [(point.value, point.expected) for point in budget.measured(Judged(slo, shown))]
        for slo in (described(sli=latency, path=path, dataset=path["to"]), described(sli={"type": "schema_stability"}))
    ]

    assert drawn == [[(5, 10)], []]


def test_a_method_of_freshness_has_a_unit_of_its_own():
    """Minutes late by the deadline, minutes too old by age, and how old the oldest row may be."""
    slos = [described(sli={"type": "freshness", "method": "age", "threshold": "1h"}), described(), described(sli=ROWS)]

    units = [(how.unit, how.tells) for slo in slos if (how := budget.drawn(Judged(slo, status()))) is not None]

    assert units == [("min", "too old"), ("min", "late"), ("min", "old at most")]


def test_spans_that_did_not_count_are_drawn_as_one():
    """An unbroken row is one span, from the due time before it; what came first has none before it."""
    found = budget.excluded(verdicts("XGXXG"))

    assert found == [(NOON - 4 * HOUR, NOON - 4 * HOUR), (NOON - 3 * HOUR, NOON - HOUR)]
