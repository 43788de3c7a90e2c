"""Signing in, static files, and names that try to break out."""

from __future__ import annotations

import gzip
import json
import re
from importlib.metadata import version

import pytest
from starlette.testclient import TestClient

from dashboards.assets import asset, plotly_styles, url
from lineage.app import build
from lineage.paths import quoted
from tests.support.posting import event

HTML = {"Accept": "text/html"}
HOSTILE = [
    '<script>alert("1")</script>',
    'it\'s & "quoted"',
    "\u202eright to left \u05d0\u05d1",
    "\U0001f984 emoji",
    "x" * 300,
    "50%2Foff/and/slashes",
    "{{ 7 * 7 }}",
]


def told(name):
    """An event that writes the dataset *name* by a job of the same name."""
    body = json.loads(event(1))
    body["run"]["runId"] = f"00000000-0000-4000-8000-{HOSTILE.index(name):012d}"
    body["job"]["name"] = name
    body["outputs"] = [{"namespace": "pg/{}", "name": name}]
    return json.dumps(body).encode()


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["datasets/pg%2F%7B%7D", "jobs/airflow"])
def test_a_hostile_name_is_text_everywhere(client, services, name, kind):
    """In titles, nodes, tables and links it is what it is, and it is found under its address."""
    services.intake.submit(told(name), services.keys.caller({}, {}, services.now())).result(10)

    answer = client.get(f"/{kind}/{quoted(name)}", headers=HTML)

    scripts = re.findall(r"<script(?! src=| type=)", answer.text)
    assert (200, [], False) == (answer.status_code, scripts, ">49<" in answer.text)


def test_a_list_shows_hostile_names_as_text(client, services):
    """No element is made of a name."""
    services.intake.submit(told(HOSTILE[0]), services.keys.caller({}, {}, services.now())).result(10)

    assert "<script>alert" not in client.get("/datasets", headers=HTML).text


def test_a_dataset_page_of_sixty_nodes_stays_small(client, services):
    """Below 120 KB unpacked, with the graph and the list in it (UI 6.29)."""
    for number in range(30):
        body = json.loads(event(number))
        body["job"]["name"] = f"publish_orders_to_partner_{number:02}"
        body["outputs"] = [{"namespace": "snowflake://acme-prod", "name": f"analytics.partners.orders_{number:02}"}]
        services.intake.submit(json.dumps(body).encode(), services.keys.caller({}, {}, services.now())).result(10)

    html = client.get("/datasets/pg/raw.orders?expand=dataset:pg:raw.orders", headers=HTML).text

    assert (61, True) == (html.count('class="n '), len(html.encode()) < 120_000)


def test_an_empty_house_has_pages_that_say_how_to_begin(client):
    """Every list has its empty state."""
    pages = {path: client.get(path, headers=HTML).text for path in ("/", "/datasets", "/jobs", "/slos", "/incidents")}

    assert [] == [path for path, html in pages.items() if 'class="empty"' not in html]


def test_assets_are_kept_for_ever_under_their_version(client):
    """A gzipped answer that a cache never asks for again."""
    answer = client.get(url("frame.css"), headers={"Accept-Encoding": "gzip"})

    assert ("public, max-age=31536000, immutable", "gzip", "text/css; charset=utf-8") == (
        answer.headers["Cache-Control"],
        answer.headers["Content-Encoding"],
        answer.headers["Content-Type"],
    )


def test_the_plotly_bundle_is_the_installed_packages(client):
    """Its address names the version, and the bundle says the same of itself."""
    bundle = asset("plotly.min.js")

    assert f"/static/{version('plotly')}/plotly.min.js" == url("plotly.min.js")
    assert (True, bundle.plain) == (b"plotly.js v" in bundle.plain[:200], gzip.decompress(bundle.packed))


def test_the_bundle_wants_style_elements_that_we_know(client):
    """One per version that writes text into a style element (DECISIONS 32)."""
    assert [True] == [len(found) == 64 for found in plotly_styles()]


@pytest.mark.parametrize("name", ["nope.css", "../frame.py", "%2e%2e%2fframe.py", ".hidden"])
def test_nothing_else_is_served(client, name):
    """Only the files that pages use."""
    assert 404 == client.get(f"/static/x/{name}").status_code


@pytest.fixture
def locked(settings, services):
    """A client of a house with a key, and the key."""
    key = services.keys.create("reader", ["read"], services.now())
    with TestClient(build(settings, services), base_url="http://127.0.0.1:5000", follow_redirects=False) as client:
        yield client, key


def sign_in(client, key, wanted="/slos"):
    """Fill in the form."""
    form = client.get(f"/login?next={wanted}", headers=HTML).text
    fields = dict(re.findall(r'name="(next|token)" value="([^"]*)"', form))
    return client.post("/login", data={**fields, "key": key}, headers={"Origin": "http://127.0.0.1:5000"})


def test_without_a_session_a_reader_is_led_to_the_sign_in(locked):
    """And comes back afterwards to where the way began."""
    client, _ = locked

    assert (303, "/login?next=%2Fslos%3Fstate%3Dok") == (
        (answer := client.get("/slos?state=ok", headers=HTML)).status_code,
        answer.headers["Location"],
    )


def test_a_key_opens_a_session(locked):
    """The cookie is out of reach of scripts and other sites, and the page is shown."""
    client, key = locked

    answer = sign_in(client, key)

    cookie = answer.headers["Set-Cookie"].lower()
    assert ("/slos", True, True) == (answer.headers["Location"], "httponly" in cookie, "samesite=strict" in cookie)
    assert 200 == client.get("/slos", headers=HTML).status_code


def test_a_wrong_key_is_told_so(locked):
    """The form comes back with a word, and no cookie."""
    client, _ = locked

    answer = sign_in(client, "hw_no_such")

    assert (401, True, False) == (answer.status_code, "not known" in answer.text, "Set-Cookie" in answer.headers)


def test_a_reader_can_sign_out(locked):
    """The form of the page ends the session in this browser."""
    client, key = locked
    sign_in(client, key)
    token = re.search(r'action="/logout"><input type="hidden" name="token" value="([^"]*)"', client.get("/slos").text)[
        1
    ]

    client.post("/logout", data={"token": token}, headers={"Origin": "http://127.0.0.1:5000"})

    assert 303 == client.get("/slos", headers=HTML).status_code


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example/", "/%5Cevil.example", "javascript:1", "/%09/evil.example", "//[x"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(locked, wanted):
    """Only paths of ours are followed."""
    client, key = locked

    assert "/" == sign_in(client, key, wanted).headers["Location"]


def test_a_form_without_our_token_is_refused(locked):
    """Another site cannot sign a reader in."""
    client, key = locked

    assert 403 == client.post("/login", data={"key": key, "next": "/"}).status_code
