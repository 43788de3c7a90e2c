"""Who is which node: the key of a dataset, job or run is made of its name and read back without asking anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final

from lineage.model import ColumnsSeen, Kind, NodeId
from lineage.store._codes import DIGEST_BYTES

KINDS: Final[dict[str, Kind]] = {"d": "dataset", "j": "job", "r": "run"}


def key_of(node: NodeId) -> str:
    """The key of *node*: kind, length of the namespace, namespace and name, so that no two nodes have one key."""
    return f"{node.kind[0]}{len(node.namespace)}:{node.namespace}{node.name}"


def node_of(key: str) -> NodeId:
    """Whose key *key* is."""
    length, _, rest = key[1:].partition(":")
    return NodeId(KINDS[key[0]], rest[: int(length)], rest[int(length) :])


class Keys:
    """What rows call things by: nodes by their keys, words by themselves, bodies by their digests, which are kept.

    With *named* it knows these nodes alone, and raises KeyError for any other.
    """

    def __init__(self, named: Iterable[NodeId] | None = None) -> None:
        self.bodies: dict[str, bytes] = {}
        self.column_bodies: dict[str, ColumnsSeen] = {}
        known = None if named is None else {node: key_of(node) for node in named}
        self.node: Callable[[NodeId], str] = key_of if known is None else known.__getitem__
        self.name = node_of

    def word(self, text: str) -> str:
        """*text* itself."""
        return text

    def body(self, body: bytes) -> str:
        """The digest of a facet's body."""
        digest = sha256(body).digest()[:DIGEST_BYTES].hex()
        self.bodies[digest] = body
        return digest

    def columns(self, seen: ColumnsSeen) -> str:
        """The digest of a column lineage body."""
        self.column_bodies[seen.digest.hex()] = seen
        return seen.digest.hex()
