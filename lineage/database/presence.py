"""Who has a database open, and whether the last to have it came to a good end."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from lineage.errors import StoreUnusable


def beside(path: Path, ending: str) -> Path:
    """The file next to *path* whose name is longer by *ending*."""
    return path.with_name(path.name + ending)


class Presence:
    """Who has the file open, and whether the last to have it came to a good end.

    A file beside the database, locked as long as its process lives and removed at a good end: one that nobody locks
    is the trace of a bad end.
    """

    def __init__(self, path: Path) -> None:
        self._path = beside(path, "-open")
        while True:
            self.unclean = self._path.exists()
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise StoreUnusable(
                    f"{path}: its folder cannot be written ({error.strerror}); give another --store, or the right to it"
                ) from None
            alone = self.alone()
            fcntl.flock(self._file, fcntl.LOCK_SH)
            if os.fstat(self._file).st_nlink:
                break
            os.close(self._file)  # it was removed by another process's good end between our open and our lock
        self.unclean = self.unclean and alone

    def alone(self) -> bool:
        """True when no other has the database open; from then on none can open it until `end`."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def end(self) -> None:
        """Leave; the last to leave removes the trace."""
        if self.alone():
            self._path.unlink(missing_ok=True)
        os.close(self._file)
