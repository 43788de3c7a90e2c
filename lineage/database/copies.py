"""A database copied whole: a backup while it is in use, and a backup put back in its place."""

from __future__ import annotations

import os
import sqlite3
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
    require_place(path)
    presence = Presence(path)
    unfinished = beside(path, "-unfinished")
    try:
        if not presence.alone():
            raise StoreUnusable(f"{path}: in use by another process; stop `headwater serve` first")
        _copy_sound(backup, unfinished)
        for log_file in (beside(path, "-wal"), beside(path, "-shm")):
            log_file.unlink(missing_ok=True)
        settle(unfinished, path)
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


def settle(unfinished: Path, target: Path) -> None:
    """Give *unfinished* the name *target*, in the place of what has it, once all its bytes are on the disk.

    Raises StoreUnavailable when the disk refuses; *target* is then as it was.
    """
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
