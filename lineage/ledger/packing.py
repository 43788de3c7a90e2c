"""How bodies lie in the ledger's table: zlib, against words that nearly every event says.

The words come with the program and are copied into `ledger_words` before anything is packed against them. A zlib stream
names its words by their Adler-32, so that another version of the program, with other words, reads what this one packed,
and its own beside it; a body that was packed without words is read as it is.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Final

from lineage.database import Database

WORDS: Final = Path(__file__).with_name("words.txt").read_bytes()  # what is said most often stands last

# A window of 16 KiB has room for the words and a body of 3 KB. Level 3 takes 18 µs for 3 KB and leaves 370 bytes;
# level 6 takes 31 and leaves 356; without words 27 and 774.
LEVEL: Final = 3
LARGE_BYTES: Final = 32 * 1024  # the words are no great part of it, and it pays for a window of its own

_WITH_WORDS: Final = 0x20  # a bit of the second byte: https://www.rfc-editor.org/rfc/rfc1950#section-2.2


class Packing:
    """Packs bodies for the ledger in *database*, and unpacks them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._primed = zlib.compressobj(LEVEL, zlib.DEFLATED, 14, 6, zlib.Z_DEFAULT_STRATEGY, WORDS)
        self._words: dict[int, bytes] = {}
        if zlib.adler32(WORDS) not in self._known():
            database.write(
                lambda connection: connection.execute(
                    "INSERT OR IGNORE INTO ledger_words VALUES (?, ?)", (zlib.adler32(WORDS), WORDS)
                )
            )
            self._words = self._known()

    def pack(self, body: bytes) -> bytes:
        """*body* in few bytes."""
        if len(body) > LARGE_BYTES:
            return zlib.compress(body)
        packer = self._primed.copy()  # 2 µs; to read the words again takes 15
        return packer.compress(body) + packer.flush()

    def unpack(self, packed: Any) -> bytes:
        """What `pack` was given. Raises zlib.error, TypeError or ValueError for whatever it did not make."""
        unpacker = zlib.decompressobj(zdict=self._words_of(packed))
        body = unpacker.decompress(packed)
        if not unpacker.eof or unpacker.unused_data:
            raise ValueError("cut short, or with bytes behind its end")
        return body

    def _words_of(self, packed: Any) -> bytes:
        if not int.from_bytes(packed[1:2]) & _WITH_WORDS:
            return b""
        name = int.from_bytes(packed[2:6])
        if name not in self._words:
            self._words = self._known()  # a newer version of the program may write to the file beside this one
        if name not in self._words:
            raise ValueError("packed against words that are not here")
        return self._words[name]

    def _known(self) -> dict[int, bytes]:
        with self._database.read() as connection:
            return {zlib.adler32(words): words for (words,) in connection.execute("SELECT words FROM ledger_words")}
