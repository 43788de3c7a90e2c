"""A database copied whole: a backup while it is in use, and a backup put back in its place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection

from lineage.database.presence import Presence, beside
from lineage.database.soundness import plain_words, require_ours, require_place, require_sound
from lineage.errors import StoreUnavailable, StoreUnusable


def restore(backup: Path, path: Path) -> None:
    """Put a copy of *backup* in the place of *path*, whole or not at all.

    Raises StoreUnusable when *backup* is not a sound Headwater database, or when *path* is open in another process.
    """
    if not backup.is_file():
        raise StoreUnusable(f"{backup}: no such file; name one that `headwater backup` wrote")
    with in_place_of(path) as unfinished:
        _copy_sound(backup, unfinished)


@contextmanager
def in_place_of(path: Path) -> Iterator[Path]:
    """A file to be written, which takes the place of *path* at the end of the block; after an error nothing changed.

    The write-ahead log of what was there goes with it: SQLite would apply it to whatever has the name. Raises
    StoreUnusable where no database can be, and when *path* is open, StoreUnavailable when the disk refuses.
    """
    require_place(path)
    presence = Presence(path)
    unfinished = beside(path, "-unfinished")
    try:
        if not presence.alone():
            raise StoreUnusable(f"{path}: in use by another process; stop `headwater serve` first")
        yield unfinished
        for log_file in (beside(path, "-wal"), beside(path, "-shm")):
            log_file.unlink(missing_ok=True)
        _settle(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
        presence.end()


def _copy_sound(backup: Path, unfinished: Path) -> None:
    with plain_words(backup, opening=True):
        source = sqlite3.connect(f"{backup.absolute().as_uri()}?mode=ro", uri=True)
        try:
            if not require_ours(source, backup):
                raise StoreUnusable(f"{backup}: empty; name a file that `headwater backup` wrote")
            require_sound(source, backup)
            copy(source, unfinished)
        finally:
            source.close()


def copy(source: Connection, target: Path) -> None:
    """Make *target* a copy of what *source* sees, in one step: one state of it, while its writers go on."""
    target.unlink(missing_ok=True)
    made = sqlite3.connect(target)
    try:
        source.backup(made)
    finally:
        made.close()


def _settle(unfinished: Path, target: Path) -> None:
    try:
        _sync(unfinished)
        unfinished.replace(target)
        _sync(target.absolute().parent)  # else the new name itself may be lost with the power
    except OSError as error:
        raise StoreUnavailable(f"{target}: cannot be written: {error.strerror}; try again, or another place") from error


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
