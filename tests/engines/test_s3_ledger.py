"""Everything that a ledger promises, held by one in a real S3 server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from lineage.ledger.base import Ledger
from lineage.ledger.objects import open_ledger
from tests.engines.engine import Engine
from tests.engines.s3_server import ACCESS_KEY, SECRET_KEY
from tests.lineage.ledger.test_ledger_contract import *  # noqa: F403 - the whole suite, with the `home` below


@pytest.fixture
def home(s3_server: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], AbstractContextManager[Ledger]]:
    """A ledger whose folder in the bucket is named after the test's own folder."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{s3_server.address}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    @contextmanager
    def opened(folder: Path) -> Iterator[Ledger]:
        ledger = open_ledger(f"s3://ledger/{folder.parent.name}-{folder.name}", "one")
        try:
            yield ledger
        finally:
            ledger.close()

    return opened
