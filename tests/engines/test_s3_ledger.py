"""Everything that a ledger promises, held by one in a real S3 server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lineage.errors import StoreUnavailable
from lineage.ledger.compaction import Compacted, compact
from lineage.ledger.objects import ObjectLedger, open_ledger
from lineage.ledger.retention import Acts, Retained, retain
from tests.engines.engine import Engine
from tests.engines.s3_server import ACCESS_KEY, SECRET_KEY
from tests.lineage.ledger.test_ledger_contract import *  # noqa: F403 - the whole suite, with the `home` below
from tests.support.ledgers import event, minute


@pytest.fixture
def home(s3_server: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], AbstractContextManager[ObjectLedger]]:
    """A ledger whose folder in the bucket is named after the test's own folder."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{s3_server.address}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    @contextmanager
    def opened(folder: Path) -> Iterator[ObjectLedger]:
        ledger = open_ledger(f"s3://ledger/{folder.parent.name}-{folder.name}", "one")
        try:
            yield ledger
        finally:
            ledger.close()

    return opened


def test_what_is_packed_and_what_is_gone_are_found_in_s3(
    home: Callable[[Path], AbstractContextManager[ObjectLedger]], tmp_path: Path
) -> None:
    """Compaction and retention keep their promises over the wire: the store's clock, listings and replacement."""
    with home(tmp_path) as ledger:
        for turn in range(3):
            ledger.append([event(str(turn))], minute(turn))
        packed = compact(ledger.shelf, datetime.now(UTC) + timedelta(hours=2))
        ledger.append([event("later")], minute(9))
        gone = retain(ledger.shelf, Acts(), minute(5))
        with home(tmp_path) as fresh:
            bodies = [body for _, body in fresh.read()]

    assert (Compacted(3, 1), Retained(1, 3), [None, None, None, b"later"]) == (packed, gone, bodies)


def test_who_knew_a_segment_in_s3_finds_it_packed(
    home: Callable[[Path], AbstractContextManager[ObjectLedger]], tmp_path: Path
) -> None:
    """A place that is empty now is no fault: the body is where it was packed, and taking away twice is harmless."""
    with home(tmp_path) as ledger, home(tmp_path) as packing:
        ledger.append([event("a")], minute(0))
        ledger.append([event("b")], minute(1))
        compact(packing.shelf, datetime.now(UTC) + timedelta(hours=2))
        packing.shelf.delete("segments/one/0000000000000001")

        assert [b"a", b"b"] == [ledger.raw(event(body).digest) for body in "ab"]


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong-one", "refuses (403 Forbidden, SignatureDoesNotMatch); see that the bucket"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1", "does not answer (Connection refused); see that it runs"),
    ],
)
@pytest.mark.usefixtures("home")
def test_a_store_that_cannot_be_used_is_one_sentence(
    variable: str, value: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason and the next step, and without the key and the signature that such an answer has in it."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(StoreUnavailable) as raised:
        open_ledger("s3://ledger/refused", "one").heads()
    told = str(raised.value)

    assert (True, False, False) == (
        told.startswith(f"the ledger's object store {why}"),
        "\n" in told,
        "signature" in told.replace("SignatureDoesNotMatch", ""),
    )


@pytest.mark.usefixtures("home")
def test_a_bucket_that_is_gone_takes_nothing() -> None:
    """It may come back: who appends hears that the store refuses, and nothing is acknowledged."""
    with pytest.raises(StoreUnavailable, match=r"refuses \(404 Not Found, NoSuchBucket\)"):
        open_ledger("s3://no-such-bucket/ledger", "one").heads()
