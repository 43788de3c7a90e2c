"""Partitions of one table may be thousands: what one more costs in SQLite depends on it alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lineage.homes import Homes, open_homes
from tests.support.deltas import linked, merge, ran, received

FEW, MANY = 20, 160


def partition(homes: Homes, number: int, *, tabled: bool) -> None:
    """An event that writes one more partition, which the rules say is of the table; Spark may say so too."""
    name = f"orders/dt={number:06d}"
    aliases = [linked("orders", name, "rule: a partition is a part of its dataset")]
    if tabled:
        aliases.append(linked(name, "shop.orders"))
    event = ran(f"r{number}", "COMPLETE", number / 1000, by=f"load{number}", writes=[name], aliases=tuple(aliases))
    merge(homes.store, received([event]))


def steps(homes: Homes, work: Callable[[], None]) -> int:
    """How many instructions SQLite's machine runs for *work*, in tens."""
    counted = [0]

    def count() -> int:
        counted[0] += 1
        return 0

    homes.database.write(lambda connection: connection.set_progress_handler(count, 10))
    work()
    homes.database.write(lambda connection: connection.set_progress_handler(None, 0))
    return counted[0]


@pytest.mark.parametrize("tabled", [False, True])
@pytest.mark.parametrize("order", [1, -1])
def test_one_more_partition_costs_one_more_partition(tmp_path: Path, order: int, tabled: bool) -> None:  # noqa: FBT001 - a case
    """Whether they come in order or the last first, and also where a symlink moves from each to the next."""
    with open_homes(f"sqlite:///{tmp_path / 'headwater.db'}") as homes:
        numbers = iter(range(MANY)[::order])

        def more(count: int) -> None:
            for _ in range(count):
                partition(homes, next(numbers), tabled=tabled)

        more(FEW)
        few = steps(homes, lambda: more(5))
        more(MANY - FEW - 10)
        many = steps(homes, lambda: more(5))

    assert many < few * 1.3
