"""Credentials leave an event at the door, in every disguise; what only looks like one stays."""

import json
import tracemalloc

import pytest

from collectors.redaction import redact, scrub
from lineage.errors import InvalidEvent
from lineage.events import parse_event
from tests.support.events import all_files, bodies
from tests.support.making import RUN, body, dataset, facet

SECRET = "hunter2-Xy7"

KEYS = [
    "password",
    "DB_PASSWORD",
    "PGPASSWORD",
    "MYSQL_PWD",
    "passwd",
    "keystorePassword",
    "spark.hadoop.fs.s3a.secret.key",
    "spark.openlineage.transport.auth.apiKey",
    "fs.azure.account.key.store.dfs.core.windows.net",
    "fs.azure.account.oauth2.client.secret.store.dfs.core.windows.net",
    "AWS_SECRET_ACCESS_KEY",
    "aws_access_key_id",
    "client_secret",
    "clientSecret",
    "SLACK_TOKEN",
    "refresh-token",
    "sessionToken",
    "api_key",
    "APIKEY",
    "private_key",
    "Authorization",
    "credentials",
    "gcp_credentials_json",
    "Cookie",
    "Set-Cookie",
    "session_cookies",
    "contraseña",
    "DB_CONTRASEÑA",
    "contrasen\u0303a",
    "contrasena",
    "mot_de_passe",
    "motDePasse",
    "senha",
    "Kennwort",
    "şifre",
    "hasło",
    "пароль",
    "ПАРОЛЬ_БД",
    "секрет",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_value_under_a_secret_key_is_taken_out(key):
    """The key says it: in a Spark property, an environment variable, at any depth."""
    sent = body(job={"namespace": "e", "name": "j", "facets": {"x": facet(properties={key: SECRET, "other": "stays"})}})

    assert (True, {key: "[redacted]", "other": "stays"}) == (
        redact(sent)[1],
        json.loads(redact(sent)[0])["job"]["facets"]["x"]["properties"],
    )


INNOCENT_KEYS = {
    "primary_key": "id",
    "key": "slo",
    "partitionKey": "day",
    "unique_key": "order_id",
    "tokens_count": 5,
    "max_tokens": 4096,
    "tokenizer": "bert",
    "token_url": "https://example.com/oauth",
    "secretName": "db-login",
    "spark.hadoop.fs.s3a.aws.credentials.provider": "com.amazonaws.Provider",
    "spark.authenticate.secret": "false",
    "password": "${DB_PASSWORD}",
    "secret": "***",
    "api_key": "{{ var.value.key }}",
    "monkey": "business",
    "PWD": "/home/etl",
    "cookie_banner": "shown",
    "cookies_accepted": "yes",
    "parola_chiave": "lago",
    "пример": "значение",
    "description": "写入订单表",
    "passed": "yes",
}


@pytest.mark.parametrize(("key", "value"), INNOCENT_KEYS.items())
def test_a_key_that_only_looks_secret_keeps_its_value(key, value):
    """Column keys, counts, names of secrets and placeholders stay, to the byte."""
    sent = body(job={"namespace": "e", "name": "j", "facets": {"x": facet(properties={key: value})}})

    assert (sent, False) == redact(sent)


TEXTS = [
    f"postgres://etl:{SECRET}@dw:5432/shop",
    f"redis://:{SECRET}@cache:6379/0",
    f"jdbc:oracle:thin:scott/{SECRET}@//db:1521/x",
    f"jdbc:sqlserver://db;user=etl;password={SECRET};encrypt=true",
    f"https://store.blob.core.windows.net/raw?sv=2024&sig={SECRET}&se=2027",
    f"https://bucket.s3.amazonaws.com/x?X-Amz-Credential={SECRET}&X-Amz-Signature={SECRET}",
    f"https://api.example.com/?access_token={SECRET}&page=2",
    f"https://hooks.slack.com/services/T000/B000/{SECRET}",
    f"curl -H 'Authorization: Bearer {SECRET}' https://example.com",
    f"PGPASSWORD={SECRET} psql -h dw",
    f"export DB_PASS='{SECRET}'; run",
    f"spark-submit --conf spark.db.password={SECRET} --token {SECRET} load.py",
    f"CREATE USER etl WITH ENCRYPTED PASSWORD '{SECRET}'",
    f"ALTER USER etl IDENTIFIED BY '{SECRET}'",
    f"CREATE USER etl IDENTIFIED WITH caching_sha2_password BY '{SECRET}'",
    f"COPY t FROM 's3://b' CREDENTIALS 'aws_secret_access_key={SECRET}'",
    f"connect(host='dw', password=\"{SECRET}\")",
    f'os.environ["DB_PASSWORD"] = "{SECRET}"',
    f"password: {SECRET}\nuser: etl",
    f"passwd = {SECRET}",
    json.dumps({"host": "dw", "login": {"password": SECRET}}),
    repr({"host": "dw", "password": SECRET}),
    f'see {{\\"password\\":\\"{SECRET}\\"}}',
    f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
    "AccountName=a;AccountKey=hunter2-Xy7==;EndpointSuffix=core.windows.net",
    f"mysql -u root -p{SECRET} shop",
    f"mysqldump --single-transaction \\\n  -uroot -p'{SECRET}' shop",
    f"mysql --password='{SECRET}' shop",
    f"sshpass -p {SECRET} ssh etl@dw",
    f"curl -s -u etl:{SECRET} https://api.example.com/x?a=1&b=2",
    f"curl --user 'etl:{SECRET}' https://api.example.com",
    f"curl -H 'X-API-Key: {SECRET}' https://api.example.com",
    f'curl -H "PRIVATE-TOKEN:{SECRET}" https://git.example.com',
    f"wget --http-password={SECRET} https://example.com",
    f"docker login -u etl -p {SECRET} registry.example.com",
    f"beeline -n etl -p {SECRET}",
    f"sqlcmd -S dw -U sa -P {SECRET} -Q x",
    f"redis-cli -h cache -a {SECRET} ping",
    f"sqlplus scott/{SECRET}@dw @load.sql",
    f"SET PASSWORD FOR 'etl'@'%' = '{SECRET}'",
    f"SET PASSWORD = PASSWORD('{SECRET}')",
    f"CREATE LOGIN etl WITH PASSWORD = N'{SECRET}'",
    f"ALTER USER etl IDENTIFIED BY {SECRET}",
    f"COPY t FROM 's3://b' SECRET_ACCESS_KEY '{SECRET}'",
    f'spark.read.option("password", "{SECRET}").load()',
    f"spark.conf.set('fs.azure.account.key.x.dfs.core.windows.net', '{SECRET}')",
    f'password: "{SECRET}"\nuser: etl',
    f"{{user: etl, password: {SECRET}}}",
    f"<password>{SECRET}</password>",
    f'<property name="password" value="{SECRET}"/>',
    f"<name>fs.s3a.secret.key</name><value>{SECRET}</value>",
    f"'password' => '{SECRET}'",
    json.dumps({"a": json.dumps({"b": json.dumps({"password": SECRET})})}),
    json.dumps({"a": json.dumps({"b": json.dumps({"contraseña": SECRET})})}),
    json.dumps(json.dumps({"password": SECRET})),
    "conn = " + json.dumps(json.dumps({"a": json.dumps({"password": SECRET})})),
    "conn = " + json.dumps(json.dumps({"a": json.dumps({"пароль": SECRET})})),
    f"postgres://etl:x/{SECRET}@dw:5432/shop",
    f"postgres://etl:x@{SECRET}@dw:5432/shop",
    f"postgres://etl:x&{SECRET}@dw:5432/shop",
    f"postgres://etl:x?{SECRET}#x@dw/shop",
    f"postgres://etl:{SECRET}:x@dw:5432/shop",
    f"postgres://etl%3A{SECRET}%40dw:5432/shop",
    f"postgres://etl%3A{SECRET}@dw:5432/shop",
    f"to postgres%3A%2F%2Fetl%3A{SECRET}%40dw%3A5432%2Fshop",
    f"https://x.example.com/?next=postgres%253a%252f%252fetl%253a{SECRET}%2540dw",
    f"Cookie: session={SECRET}; theme=dark",
    f"curl -H 'Set-Cookie: session={SECRET}; Path=/' https://example.com",
    f"curl -b session={SECRET} https://example.com",
    f"curl --cookie 'session={SECRET}' https://example.com",
    f"requests.get(url, cookies={{'session': '{SECRET}'}})",
    f"contraseña={SECRET} psql",
    f"пароль: {SECRET}",
    f"load --mot-de-passe {SECRET}",
    f"{{'密码': '{SECRET}'}}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_inside_a_text_is_taken_out(text):
    """Addresses, command lines, SQL, code and JSON in texts lose their secret wherever the text stands."""
    sent = body(inputs=[dataset(text, facets={"x": facet(sql=text)})], job={"namespace": text, "name": text})

    assert (redact(sent)[1], SECRET.encode() in redact(sent)[0]) == (True, False)


TOKENS = [
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-0000000000-abcdefghij",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJl",
    "dXNlcjpodW50ZXIy",
    "dapi0123456789abcdef0123456789abcdef",
    "AIzaSyA-abcdefghijklmnopqrstuvwxyz01234",
    "ASIAIOSFODNN7EXAMPLE",
    "sk-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL",
    "sk-proj-abcDEF123_-ghiJKL456mnoPQR789stuVWX",
    "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123",
    "sk_live_abcdefghijklmnopqrstuvwx",
    "github_pat_11AAAAAAA0abcdefghijkl_mnopqrstuvwxyz",
    "glpat-abcdefghij0123456789",
    "xapp-1-A012-345-abcdef0123",
    "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "pypi-AgEIcHlwaS5vcmcCJabcdefghijklmnop",
    "SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "hvs.CAESIabcdefghijklmnopqrstuv",
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_known_by_its_shape(token):
    """Of AWS, Slack, GitHub, Databricks, Google and others, a JWT, a Basic login: they need no key beside them."""
    sent = body(job={"namespace": "e", "name": f"fetch with Basic {token} now"})

    assert token.encode() not in redact(sent)[0]


INNOCENT_TEXTS = [
    "SELECT * FROM t JOIN s ON t.token = s.token WHERE password IS NOT NULL",
    "abfss://container@account.dfs.core.windows.net/raw",
    "write to jane@example.com",
    "https://example.com/u/jane@example.com",
    "postgres://dw:5432",
    "the token: is good",
    "Basic authentication and bearer of news",
    "INSERT INTO t (primary_key, tokens_count) VALUES (1, 2)",
    "a[key=3] max_tokens=7",
    "task_instance_key_str: dag__task__2026",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "docker run -p 8080:80 --user 1000:1000 etl",
    'mysql -h dw -P 3306 -p"$MYSQL_PWD" shop',
    'curl -u "$USER:$PASSWORD" https://example.com/a:b',
    "SELECT * FROM a JOIN b ON a.password = b.password",
    "UPDATE users SET password = :password, token = ? WHERE id = 1",
    "SELECT 'password', 'x' WHERE k IN ('token', 'secret')",
    "CREATE TABLE users (password VARCHAR(10) COMMENT 'a hash', token TEXT)",
    'df.drop("password", "name").select("token", "user_id")',
    'StructType([StructField("password", "string")])',
    "def load(\n    user: str,\n    password: str | None = None,\n    token: Optional[str] = None,\n): ...",
    'connect(password=os.environ["DB_PASSWORD"], token=get_token("dw"), secret=self.secret)',
    "PGPASSWORD=$(cat /run/secrets/dw) DB_PASSWORD=`cat x` SLACK_TOKEN={{ var.value.slack }} load",
    'f"postgres password={password}"',
    "users identified by email, identified by name",
    "-- token: one per line",
    "s3://lake/secret/key=1/token=2/passport=GB/x.parquet",
    "http://dw:8080/u/jane@example.com",
    "kafka://k1:9092,k2:9092/x@y",
    "http://$HOST:$PORT/u/jane@example.com",
    "s3%3A%2F%2Flake%2Fraw and jane%40example.com",
    "the cookie: a cake; cookies=3",
    "curl -b cookies.txt https://example.com",
    "sk-load-the-orders-of-2026-into-the-warehouse",
    "task-1234567890abcdefghij disk_0123456789abcdefghij",
    "akia and asia, eyjafjallajökull, xoxo",
    "la parola è: lago; parole=3",
    "El secretario: Juan, токенизация и пароход",
]


@pytest.mark.parametrize("text", INNOCENT_TEXTS)
def test_a_text_that_only_looks_secret_stays(text):
    """Prose, SQL over columns named like secrets, e-mail and storage addresses stay, to the byte."""
    sent = body(inputs=[dataset(text, facets={"x": facet(sql=text)})])

    assert (sent, False) == redact(sent)


def test_a_variable_and_its_value_stand_side_by_side():
    """{name, value} pairs, as environmentVariables and executionParameters have them."""
    pairs = [{"name": "DB_PASSWORD", "value": SECRET}, {"name": "ETL_ENV", "value": "prod"}, {"value": 1, "key": "pwd"}]
    sent = body(job={"namespace": "e", "name": "j", "facets": {"x": facet(environmentVariables=pairs)}})

    found = json.loads(redact(sent)[0])["job"]["facets"]["x"]["environmentVariables"]

    assert [pair["value"] for pair in found] == ["[redacted]", "prod", 1]


def test_a_number_is_a_secret_only_under_a_password():
    """A PIN under `password` goes, a count under `tokens` stays; truth values always stay."""
    sent = body(extra={"password": 1234, "tokens": 99, "secret": True})

    assert json.loads(redact(sent)[0])["extra"] == {"password": "[redacted]", "tokens": 99, "secret": True}


def test_everything_below_a_secret_key_goes():
    """An object or array of credentials is no less secret for having parts."""
    sent = body(extra={"credentials": {"user": "etl", "parts": [SECRET, {"x": SECRET}], "port": 5432}})

    wanted = {"user": "[redacted]", "parts": ["[redacted]", {"x": "[redacted]"}], "port": 5432}

    assert wanted == json.loads(redact(sent)[0])["extra"]["credentials"]


def test_columns_named_like_secrets_are_columns():
    """Schemas, column lineage and column metrics name columns: what hangs on them is lineage, not a secret."""
    lineage = {"password": {"inputFields": [{"namespace": "lake", "name": "users", "field": "password"}]}}
    facets = {
        "schema": facet(fields=[{"name": "password", "type": "string"}, {"name": "api_key", "type": "string"}]),
        "columnLineage": facet(fields=lineage),
        "dataQualityMetrics": facet(columnMetrics={"token": {"nullCount": 0}}),
    }
    sent = body(outputs=[dataset("users", facets=facets)])

    assert (sent, False) == redact(sent)


def test_a_column_may_be_named_after_an_expression():
    """The name of a column stays a column's, but for what in it is a secret; its neighbours keep theirs."""
    source = {"namespace": "lake", "name": "users", "field": f"connect('password={SECRET}')"}
    lineage = {f"connect('password={SECRET}')": {"inputFields": [source]}, "token": {"inputFields": []}}
    sent = body(outputs=[dataset("users", facets={"columnLineage": facet(fields=lineage)})])

    found = json.loads(redact(sent)[0])["outputs"][0]["facets"]["columnLineage"]["fields"]

    assert (["connect('password=[redacted]')", "token"], False) == (list(found), SECRET in json.dumps(found))


def test_a_key_may_hold_a_secret_itself():
    """A key that names a secret and also holds one loses both."""
    sent = body(extra={f"postgres://etl:{SECRET}@dw/secret": "x", "--password=" + SECRET: True})

    assert {"postgres://etl:[redacted]@dw/secret": "[redacted]", "--password=[redacted]": True} == json.loads(
        redact(sent)[0]
    )["extra"]


def test_a_command_line_may_be_a_list():
    """The argument behind an option for a secret is one, also as an item of its own."""
    sent = body(extra={"args": ["load", "--password", SECRET, "--token", "$TOKEN", "--user", "etl"]})

    assert ["load", "--password", "[redacted]", "--token", "$TOKEN", "--user", "etl"] == json.loads(redact(sent)[0])[
        "extra"
    ]["args"]


def test_a_redacted_body_differs_in_nothing_else():
    """Large numbers, Unicode and the order of keys survive the rewriting."""
    extra = {"z": 10**30, "a": "Zürich \U0001f600", "password": SECRET, "n": 8.86719120321995e18}
    found = json.loads(redact(body(extra=extra))[0])["extra"]

    assert list((extra | {"password": "[redacted]"}).items()) == list(found.items())


def test_redacting_twice_changes_nothing_more():
    """A forwarded event that was redacted elsewhere is not marked as redacted here."""
    once, _ = redact(
        body(extra={"password": SECRET, "url": f"postgres://etl:{SECRET}@dw", "sql": f"PASSWORD '{SECRET}'"})
    )

    assert (once, False) == redact(once)


@pytest.mark.parametrize("name", all_files())
def test_captured_events_lose_their_secrets_and_nothing_else(name):
    """Three invented secrets stand in one of the files, in clear; all other events pass untouched."""
    secrets = (b"hunter2", b"s3cr3t", b"test-key-123")
    wanted = [any(secret in sent for secret in secrets) for sent in bodies(name)]

    found = [redact(sent) for sent in bodies(name)]

    assert wanted == [changed and not any(secret in kept for secret in secrets) for kept, changed in found]


@pytest.mark.parametrize(
    "sent",
    [
        b'{"password": "' + SECRET.encode(),
        b'{"outer": {"password": "' + SECRET.encode() + b'"}, "x": NaN',
        b'{"name": "DB_PASSWORD", "value": "' + SECRET.encode() + b'" oops',
        b'{"tokens": ["a", "' + SECRET.encode() + b'"',
        b'{"credentials": {"a": "' + SECRET.encode() + b'"',
        b"password=" + SECRET.encode() + b" \xff\xfe",
        b"postgres://u:" + SECRET.encode() + b"@h",
    ],
)
def test_what_cannot_be_parsed_is_scrubbed_by_its_letters(sent):
    """A dead letter holds no secret either, in whatever state its JSON is."""
    assert SECRET.encode() not in scrub(sent)


def test_scrubbing_leaves_innocent_bytes_alone():
    """Bytes that are no text at all, and numbers under token keys, come out as they went in."""
    sent = b'\x00\xff{"tokens": 5, "primary_key": "id", "x": [1, {"y": 2}]'

    assert sent == scrub(sent)


def test_a_body_that_cannot_be_read_is_scrubbed_by_redact_too():
    """`redact` hands on nothing unseen: what it cannot parse it scrubs, and the parser refuses it after."""
    kept, changed = redact(b'{"password": "' + SECRET.encode() + b'", "x": NaN}')

    with pytest.raises(InvalidEvent):
        parse_event(kept)
    assert (changed, SECRET.encode() in kept) == (True, False)


PIECES = ["a", "a.", "a-", "--a ", '"a":\'"', "http://a", "pass= ", "thin:a/", "-", "\\", '\\"', "curl '", "mysql -p"]
PIECES += [
    "<a",
    "{a: ",
    'set("a", ',
    "identified by ",
    "set password for x ",
    "user a ",
    "'a-a",
    "$(",
    "{{",
    "token: a,{",
    "http://a:b/",
    "http://a:b,",
    "a://%3A",
    "a%3A%2F%2F%3A",
    "sk-1",
    "sk-",
    "curl -b ",
    '"password":"',
    '\\"password\\": ',
    "пароль",
    "\\u0061",
]


@pytest.mark.parametrize("clean", [lambda sent: redact(sent)[0], scrub], ids=["redact", "scrub"])
@pytest.mark.parametrize("piece", PIECES)
def test_the_cost_of_a_text_grows_with_its_length(piece, clean):
    """No rule looks at a long text again and again: 100 kB of anything is read at once."""
    text = "password " + piece * (100_000 // len(piece))

    assert len(clean(body(job={"namespace": "e", "name": text}))) > 50_000


@pytest.mark.parametrize("text", ['{"password":"' + "a.b-" * 250_000, '{"name":"password","value":"' + '\\"' * 500_000])
def test_scrubbing_a_long_text_takes_little_memory(text):
    """A broken body of 10 MiB is scrubbed in a few times its size: no rule keeps a way back for every letter."""
    tracemalloc.start()

    scrub(text.encode())

    assert tracemalloc.get_traced_memory()[1] < 20 * len(text)
    tracemalloc.stop()


@pytest.mark.parametrize("place", ["run", "job", "inputs", "outputs"])
@pytest.mark.parametrize("key", ["password", "facets"])
def test_what_was_seen_innocent_before_is_looked_at_again_when_it_changed(place, key):
    """A secret in the facets of an event is found, though nearly the same event was without; under any key."""

    def sent(value):
        facets = {"note": facet(**{key: {"a": value}, "b": "postgres://u@h/d"})}
        parts = {
            "run": {"runId": RUN, "facets": facets},
            "job": {"namespace": "etl", "name": "load", "facets": facets},
            "inputs": [dataset("a", facets=facets)],
            "outputs": [dataset("b", outputFacets=facets)],
        }
        return body(**{place: parts[place]})

    redact(sent("innocent"))
    redact(sent("innocent"))

    assert SECRET.encode() not in redact(sent(f"psql postgres://u:{SECRET}@h"))[0]
