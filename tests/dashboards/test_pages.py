"""The pages over the example estate: each says what matters, guarded, at any moment, without a script."""

from __future__ import annotations

import json
import re

import pytest

from dashboards.frame import POLICY, navigation
from lineage.alerts.incidents import every
from tests.support.shop import JOB, REVENUE, WAREHOUSE

PATHS = (
    "/",
    "/search?q=orders",
    "/datasets",
    REVENUE,
    f"{REVENUE}?view=list",
    f"{REVENUE}?jobs=hidden&up=4&down=4",
    "/jobs",
    JOB,
    "/slos",
    "/slos/revenue-freshness",
    "/slos/orders-daily-completeness",
    "/slos/payments-correctness",
    "/slos/payments-latency",
    "/incidents",
    "/incidents/INC-1",
    "/provenance",
    f"/provenance/dataset/{WAREHOUSE}/analytics.mart.revenue_hourly",
    "/inbox",
    "/dead-letters",
    "/login",
)


def text(html):
    """The words of a page, without its elements."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<script.*?</script>|<wbr>", "", html)))


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_guarded(pages, path):
    """It answers, with the policy and no word about its type to guess."""
    answer = pages.get(path)

    assert (200, POLICY, "nosniff") == (
        answer.status_code,
        answer.headers["Content-Security-Policy"],
        answer.headers["X-Content-Type-Options"],
    )


@pytest.mark.parametrize("path", PATHS)
def test_no_page_holds_inline_style_or_script(pages, path):
    """No style attribute, no handler, and scripts are files or JSON."""
    html = pages.get(path).text

    inline = re.findall(r'<[^>]+\s(?:style|on\w+)=|<script(?! src=| type="application/json")|<style[^>]*>[^<]', html)
    assert [] == inline


@pytest.mark.parametrize("path", PATHS)
def test_every_link_of_a_page_leads_somewhere(pages, path):
    """Each address of ours that a page names is answered."""
    html = pages.get(path).text

    links = set(re.findall(r'(?:href|src)="(/[^"#]*)', html.replace("&amp;", "&")))
    sample = sorted(links)[:: max(1, len(links) // 12)]
    assert {} == {link: code for link in sample if (code := pages.get(link).status_code) not in (200, 303)}


def test_the_overview_names_the_incident_and_its_cause(pages):
    """The first sentence says how many promises are broken, and by what."""
    told = text(pages.get("/").text)

    assert "2 SLOs are breaching. One cause explains both" in told
    assert "settlements.load_settlements has failed 12 times since 06:06 UTC" in told


def test_a_dataset_page_says_why_it_is_late(pages):
    """The diagnosis joins lateness and cause, with figures from the SLO."""
    told = text(pages.get(REVENUE).text)

    assert "Late by 3 h 7 m because settlements.load_settlements has failed 12 times since 06:06 UTC" in told


def test_a_dataset_page_draws_the_way_to_the_failing_job(pages):
    """From the job through what it did not write to the dataset itself, in red."""
    html = pages.get(REVENUE).text

    hot = re.findall(r'class="e hot" data-a="([^"]*)" data-b="([^"]*)"', html)
    assert [
        ("dataset:snowflake://acme-prod:analytics.stg.settlements", "job:spark-prod:revenue_hourly.append_data"),
        ("job:airflow-prod:settlements.load_settlements", "dataset:snowflake://acme-prod:analytics.stg.settlements"),
        ("job:spark-prod:revenue_hourly.append_data", "dataset:snowflake://acme-prod:analytics.mart.revenue_hourly"),
    ] == sorted(hot)


def test_the_root_cause_path_can_be_switched_off(pages):
    """With cause=0 no edge is red."""
    assert "e hot" not in pages.get(f"{REVENUE}?cause=0").text


def test_graph_list_and_file_show_the_same_datasets_and_states(pages):
    """One picture, three renderings."""
    html = pages.get(REVENUE).text
    file = pages.get(f"{REVENUE}/lineage.json").json()

    cards = re.findall(r'class="n ds[^"]*"[^>]*data-id="([^"]*)"[^>]*aria-label="[^"]*?, dataset, ([^,"]*)', html)
    rows = re.findall(r'<tr data-id="([^"]*)">.*?</svg>([^<]*)</span>', html)
    data = [(node["id"], node["state"]) for node in file["nodes"] if node["kind"] == "dataset"]
    assert sorted(cards) == sorted((name, word[0].lower() + word[1:]) for name, word in rows) == sorted(data)


def test_the_exported_drawing_stands_alone(pages):
    """It carries its colours, resolved, and as many nodes as the page."""
    drawing = pages.get(f"{REVENUE}/lineage.svg")

    nodes = pages.get(REVENUE).text.count('class="n ')
    assert ("image/svg+xml", nodes, False, True) == (
        drawing.headers["Content-Type"],
        drawing.text.count('class="n '),
        "light-dark" in drawing.text,
        "--bad-fill" in drawing.text,
    )


def test_controls_are_links_that_keep_the_others(pages):
    """One more hop upstream keeps the view, the moment and the theme."""
    html = pages.get(f"{REVENUE}?view=graph&theme=dark&asOf=2026-11-20T09:00:00Z").text.replace("&amp;", "&")

    more = re.search(r'href="([^"]*)" aria-label="More hops upstream"', html)[1]
    assert {"asOf=2026-11-20T09%3A00%3A00Z", "theme=dark", "up=3", "view=graph"} == set(
        more.partition("?")[2].removesuffix("#lineage").split("&")
    )


@pytest.mark.parametrize(
    "query", ["up=99", "up=-1", "up=x", "jobs=none", "view=3d", "unknown=1", "expand=dataset:no:no"]
)
def test_values_that_mean_nothing_are_ignored(pages, query):
    """A link that was mangled still shows the page."""
    assert 200 == pages.get(f"{REVENUE}?{query}").status_code


def test_at_another_moment_the_page_says_so_and_knows_no_more(pages):
    """Before the failure everything was well, and a band tells when that was."""
    told = text(pages.get(f"{REVENUE}?asOf=2026-11-20T05:30:00Z").text)

    assert "Viewing 2026-11-20 05:30:00 UTC" in told
    assert "because" not in told


def test_a_moment_before_the_first_event_is_a_page_that_says_so(pages):
    """The dataset did not exist as far as is known."""
    answer = pages.get(f"{REVENUE}?asOf=2020-01-01T00:00:00Z")

    assert (404, True) == (answer.status_code, "as of 2020-01-01 00:00 UTC" in text(answer.text))


def test_an_slo_page_tells_what_the_engine_says(pages, estate):
    """SLI, budget and counts in the tiles are those of the status."""
    status = estate.house.slos.status("revenue-freshness", estate.now)
    told = text(pages.get("/slos/revenue-freshness").text)

    bad = int(status.total - status.good)
    assert f"{bad} bad of {int(status.total)} occurrences" in told
    assert status.sentence in told


def test_an_slo_page_tells_own_from_inherited(pages):
    """How much of what is spent was lost upstream, of the SLO whose input broke, and nothing of the one that broke."""
    told = [text(pages.get(f"/slos/{name}").text) for name in ("revenue-freshness", "settlements-freshness")]

    assert [re.findall(r"· (\S+) % of what is spent was lost upstream", one) for one in told] == [["100"], []]


def test_an_slo_page_lists_the_rules_that_it_is_judged_by(pages):
    """By the names that the checks gave them, also where all passed."""
    told = text(pages.get("/slos/payments-correctness").text)

    assert "positive_amount 0" in told


def test_a_latency_page_says_where_the_time_went(pages):
    """Stage by stage, from who made the source to who wrote the end."""
    told = text(pages.get("/slos/payments-latency").text)

    assert re.findall(r"(Made by|Waiting for|Running) ([\w.-]+)", told) == [
        ("Made by", "payments-lake-sink"),
        ("Waiting for", "payments_hourly.load_payments"),
        ("Running", "payments_hourly.load_payments"),
    ]


def test_the_list_of_slos_shows_who_expects_what(pages):
    """Consumers as columns, datasets as rows; the dataset's own page shows its own."""
    told = [text(pages.get(path).text) for path in ("/slos", REVENUE.replace("revenue_hourly", "orders_daily"))]

    assert ["data-growth finance-controlling" in one for one in told] == [True, False]
    assert ["Dataset data-growth" in one for one in told] == [True, True]


def test_an_slo_page_carries_its_definition(pages):
    """As YAML that can be copied into a file."""
    html = pages.get("/slos/revenue-freshness").text

    assert "cron: 0 * * * *" in html


def test_charts_are_json_that_a_script_draws(pages):
    """Each chart names a figure, and each figure is JSON with data and layout."""
    html = pages.get("/slos/revenue-freshness").text

    wanted = set(re.findall(r'data-figure="([^"]*)"', html))
    found = dict(re.findall(r'<script type="application/json" id="([^"]*)">(.*?)</script>', html))
    assert [(name, {"data", "layout"}) for name in sorted(wanted)] == [
        (name, set(json.loads(figure))) for name, figure in sorted(found.items())
    ]


def test_a_job_page_shows_its_error_and_its_code(pages):
    """What the last run said, and the SQL that failed."""
    told = text(pages.get(JOB).text)

    assert "SQL compilation error: Numeric value '12,40' is not recognized" in told.replace("&#39;", "'")
    assert "insert into analytics.stg.settlements" in told


def test_a_run_page_shows_its_events_raw(pages, estate):
    """The digest of an event leads to its bytes, as the ledger has them."""
    run = every(estate.house.store)[0].cause.run
    html = pages.get(f"/runs/{run}").text

    digest = re.search(r"event=([0-9a-f]{64})", html)[1]
    assert run in text(pages.get(f"/runs/{run}?event={digest}").text)


def test_an_event_that_is_no_digest_is_refused(pages, estate):
    """400, with a sentence."""
    run = every(estate.house.store)[0].cause.run

    assert 400 == pages.get(f"/runs/{run}?event=zz").status_code


def test_the_inbox_shows_the_message_that_was_sent(pages):
    """With the failing job's name, the owner's handle and the budget left."""
    told = text(pages.get("/inbox").text)

    assert "settlements.load_settlements has failed 12 times since 06:06 UTC" in told
    assert re.search(r"Owner @data-payments\. -?[\d.]+ % of the error budget left", told)


def test_provenance_reaches_the_sources_through_runs(pages):
    """The runs behind the figure, each with its events, down to what nobody wrote."""
    told = text(pages.get(f"/provenance/dataset/{WAREHOUSE}/analytics.mart.revenue_hourly").text)

    assert "settlements.load_settlements" in told
    assert "a source: no run is known that wrote it" in told


def test_a_dataset_that_nobody_delivered_has_a_page_about_it(pages):
    """The provenance of a source says that no run is known to have written it."""
    told = text(pages.get("/provenance/dataset/s3%3A%2F%2Facme-lake/raw%2Forders").text)

    assert "No run is known to have delivered" in told


def test_a_search_for_a_run_leads_to_it(pages, estate):
    """The whole id, with or without dashes, is enough."""
    run = every(estate.house.store)[0].cause.run

    assert f"/runs/{run}" == pages.get(f"/search?q={run.replace('-', '').upper()}").headers["Location"]


def test_a_search_finds_by_words_of_a_name(pages):
    """Parts of a name in any order."""
    assert "analytics.mart.revenue_hourly" in text(pages.get("/search?q=hourly+revenue").text)


def test_the_navigation_shows_only_pages_that_exist(pages):
    """Each entry answers."""
    codes = {nav.path: pages.get(nav.path).status_code for nav in navigation()}

    assert {200} == set(codes.values()), codes


@pytest.mark.parametrize(
    "path", ["/nope", "/datasets/no/such", "/jobs/no/such", "/runs/00", "/slos/no", "/incidents/INC-9"]
)
def test_what_is_not_there_is_a_page_that_helps(pages, path):
    """404 in HTML, in the shell, with the policy."""
    answer = pages.get(path)

    assert (404, True, POLICY) == (
        answer.status_code,
        'class="brand"' in answer.text,
        answer.headers["Content-Security-Policy"],
    )


def test_a_moment_that_is_none_is_refused_in_words(pages):
    """400, and how to write it."""
    answer = pages.get("/?asOf=yesterday")

    assert (400, True) == (answer.status_code, "write it as" in text(answer.text))


def test_programs_are_refused_in_json(pages):
    """Who does not ask for HTML gets problem+json from a path that is none."""
    answer = pages.get("/nope", headers={"Accept": "application/json"})

    assert "application/problem+json" == answer.headers["Content-Type"]
