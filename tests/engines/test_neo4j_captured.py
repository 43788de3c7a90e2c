"""The graphs that were written by hand for real events, as one in a real Neo4j pictures them."""

from __future__ import annotations

from tests.lineage.store.test_captured_graphs import *  # noqa: F403 - the whole suite, with the `graph` of this folder
