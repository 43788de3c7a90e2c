"""One Neo4j server, spoken to in transactions: where it is, what is kept together, and plain words for every failure.

A unit of work may run more than once: the driver runs it again after a deadlock or a lost connection, and `together`
after a part of it failed. So it must come to the same each time and do nothing beside what it asks of the server.
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

import neo4j
from neo4j import ManagedTransaction
from neo4j.exceptions import (
    AuthConfigurationError,
    AuthError,
    ClientError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ServiceUnavailable,
    UnsupportedServerProduct,
)

from lineage.errors import HeadwaterError, InvalidInput, StoreUnavailable, StoreUnusable
from lineage.settings import Neo4j
from lineage.telemetry import logger

T = TypeVar("T")
Work = Callable[[ManagedTransaction], T]
Reported = Neo4jError | DriverError | OSError  # what the driver and the way to the server raise

PLAIN: Final = Neo4j()
SCHEMES: Final = ("neo4j", "neo4j+s", "neo4j+ssc")
VERSION: Final = re.compile(r"Neo4j/(\d+)\.(\d+)")
FIRST_VERSION: Final = (5, 23)  # the first that reads `CALL (x) { … }`
FIRST_RETRY_S: Final = 0.05  # the driver's own second is long for a deadlock that is over in milliseconds
GONE: Final = "Neo.ClientError.Statement.EntityNotFound"  # deleted while we waited for its lock
GONE_MOST: Final = 20

logger("neo4j").setLevel(logging.CRITICAL)  # what the driver has to say, we say in plain words


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is and who asks; its text shows no password."""

    uri: str  # scheme, host and port
    user: str
    password: str
    database: str

    def __str__(self) -> str:
        return f"{self.uri}/{self.database}"


def parse_url(url: str, reach: Neo4j = PLAIN) -> Address:
    """The address in `neo4j://USER:PASSWORD@HOST:PORT/DATABASE`, words percent-encoded; the rest is as *reach* says.

    Without a port it is 7687, without a database `neo4j`; `neo4j+s` is TLS, `neo4j+ssc` TLS with any certificate.
    Raises InvalidInput, which does not repeat the URL.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 7687
    except ValueError as error:
        raise InvalidInput(f"store: the host or port cannot be read: {error}", field="store") from error
    if parts.scheme not in SCHEMES or not host or parts.query or parts.fragment or "/" in parts.path.strip("/"):
        raise InvalidInput("store: write it as neo4j://host:7687/neo4j", field="store")
    named = f"[{host}]" if ":" in host else host
    if parts.username is None:
        user, password = reach.user or "", reach.password.get_secret_value() if reach.password else ""
    else:
        user, password = unquote(parts.username), unquote(parts.password or "")
    return Address(
        f"{parts.scheme}://{named}:{port}", user, password, parts.path.strip("/") or reach.database or "neo4j"
    )


def version_of(agent: str) -> tuple[int, ...]:
    """Major and minor of what a server calls itself, as `Neo4j/5.26.30`; nothing where it names none."""
    found = VERSION.match(agent)
    return tuple(map(int, found.groups())) if found else ()


class Bolt:
    """A pool of connections to one server. Safe to use from any thread; `close` it.

    All its methods raise StoreUnusable when the server can never be used as it is, and StoreUnavailable when trying
    again may help; then nothing of the work was kept, unless the connection broke at the commit itself.
    """

    def __init__(self, address: Address, reach: Neo4j = PLAIN) -> None:
        self.address = address
        self._reach = reach
        self._here = _Here()
        with self._plain_words():
            self._driver = neo4j.GraphDatabase.driver(
                address.uri,
                auth=(address.user, address.password) if address.user else None,
                connection_timeout=reach.connect_s,
                connection_acquisition_timeout=2 * reach.connect_s,
                max_connection_pool_size=reach.pool,
                max_connection_lifetime=reach.lifetime_s,
                max_transaction_retry_time=reach.retry_s,
                initial_retry_delay=FIRST_RETRY_S,
                notifications_min_severity="OFF",
                telemetry_disabled=True,
                user_agent="headwater",
            )

    def write(self, work: Work[T], most_s: float | None = None) -> T:
        """Run *work* in a transaction and answer its result once it is durable; inside `together` it joins that.

        It may take `write_s`, or *most_s* where it is known to be long.
        """
        if self._here.whole is not None:
            return self._here.whole.write(work)
        return self._run(work, neo4j.WRITE_ACCESS, most_s)

    def read(self, work: Work[T]) -> T:
        """Run *work*, which only reads, within `read_s`; inside `together` it sees what was written there."""
        if self._here.whole is not None:
            return self._here.whole.read(work)
        return self._run(work, neo4j.READ_ACCESS)

    def together(self, work: Callable[[], T]) -> T:
        """Run *work* so that all that it writes here is kept or none. Inside another, an error undoes this one alone.

        Neo4j has no savepoints: after a part failed, the whole is undone and run again, and the part, which is not,
        fails in its place with the same error.
        """
        if self._here.whole is not None:
            return self._here.whole.part(work)
        failed: dict[int, Exception] = {}

        def run(transaction: ManagedTransaction) -> T:
            self._here.whole = _Whole(transaction, failed, self._is_of_server)
            try:
                return work()
            except _OfServer as lost:
                raise lost.error from lost.error
            finally:
                self._here.whole = None

        while True:
            try:
                return self._run(run, neo4j.WRITE_ACCESS)
            except _PartFailed as part:
                failed[part.nth] = part.error

    def require_usable(self) -> None:
        """Return when the server answers and is of a version that can be used."""
        agent = self.read(lambda transaction: transaction.run("RETURN 1").consume().server.agent)
        if version_of(agent) < FIRST_VERSION:
            least = ".".join(map(str, FIRST_VERSION))
            raise StoreUnusable(f"{self.address}: is {agent}; Headwater needs Neo4j {least} or newer")

    def close(self) -> None:
        """Let go of all connections. Calling it twice is harmless."""
        self._driver.close()

    def _run(self, work: Work[T], access: str, most_s: float | None = None) -> T:
        usual_s = self._reach.read_s if access == neo4j.READ_ACCESS else self._reach.write_s
        limited = neo4j.unit_of_work(timeout=most_s or usual_s)(work)
        attempts = 0
        while True:
            try:
                with self._plain_words(), self._session(access) as session:
                    return (
                        session.execute_read(limited) if access == neo4j.READ_ACCESS else session.execute_write(limited)
                    )
            except _Gone:
                attempts += 1
                if attempts == GONE_MOST:
                    raise StoreUnavailable(f"{self.address}: others keep deleting what is written; try again") from None

    def _session(self, access: str) -> neo4j.Session:
        # The bookmarks let every read of this process see its own writes, also from another member of a cluster.
        return self._driver.session(
            database=self.address.database,
            default_access_mode=access,
            bookmark_manager=self._driver.execute_query_bookmark_manager,
        )

    def _is_of_server(self, error: Reported) -> bool:
        """Whether the server or the way to it failed, and not a statement of ours."""
        return _in_plain_words(self.address, error) is not error

    @contextmanager
    def _plain_words(self) -> Iterator[None]:
        try:
            yield
        except (Neo4jError, DriverError, OSError) as error:
            raise _in_plain_words(self.address, error) from error


class _Here(threading.local):
    """What this thread is in the middle of."""

    whole: _Whole | None = None


class _Whole:
    """An open `together`: its transaction, and which of its parts failed when it was run before."""

    def __init__(
        self, transaction: ManagedTransaction, failed: dict[int, Exception], is_of_server: Callable[[Reported], bool]
    ) -> None:
        self._transaction = transaction
        self._failed = failed
        self._is_of_server = is_of_server
        self._parts = 0
        self._writes = 0

    def write(self, work: Work[T]) -> T:
        self._writes += 1
        return self.read(work)

    def read(self, work: Work[T]) -> T:
        try:
            return work(self._transaction)
        except (Neo4jError, DriverError, OSError) as error:
            if self._is_of_server(error):
                raise _OfServer(error) from error
            raise

    def part(self, work: Callable[[], T]) -> T:
        nth, before = self._parts, self._writes
        self._parts += 1
        if nth in self._failed:
            raise self._failed[nth]
        try:
            return work()
        except Exception as error:
            if self._writes == before:
                raise
            raise _PartFailed(nth, error) from error


class _PartFailed(BaseException):
    """What the part wrote must be undone, and with it for the moment all else."""

    def __init__(self, nth: int, error: Exception) -> None:
        super().__init__(nth, error)
        self.nth = nth
        self.error = error


class _OfServer(BaseException):
    """The transaction is lost: nobody on the way out may go on in it; the driver decides whether to run it again."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class _Gone(Exception):
    """Somebody deleted what we were waiting for; the work, run again, finds none there."""


Failure = tuple[type[HeadwaterError], str]

TOO_LONG: Final = "took too long to answer; try again"
BY_CODE: Final[Mapping[str | None, Failure]] = {
    "Neo.ClientError.Security.AuthenticationRateLimit": (
        StoreUnavailable, "too many wrong passwords; the server waits some seconds before it hears the next"
    ),
    "Neo.ClientError.Database.DatabaseNotFound": (StoreUnusable, "there is no database of that name on the server"),
    "Neo.ClientError.Transaction.TransactionTimedOut": (StoreUnavailable, TOO_LONG),
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration": (StoreUnavailable, TOO_LONG),
}  # fmt: skip
# Of the client's errors those that a statement makes; what is said of databases, members and transactions may pass.
OURS: Final = tuple(f"Neo.ClientError.{what}." for what in ("Statement", "Schema", "Procedure", "General"))
TOO_LARGE: Final = "too large to index"  # the server blames itself; but it is a name of more than 8,000 bytes
# The first that fits counts.
BY_CLASS: Final[Sequence[tuple[tuple[type[Exception], ...], Failure]]] = (
    (
        (AuthError,),
        (StoreUnusable, "user or password is wrong; set HEADWATER_NEO4J__USER and HEADWATER_NEO4J__PASSWORD"),
    ),
    ((UnsupportedServerProduct,), (StoreUnusable, "is no Neo4j that Headwater can use")),
    ((ConfigurationError, AuthConfigurationError), (StoreUnusable, "cannot be used as --store is written")),
)
AWAY: Final = "cannot be reached ({why}); see that it runs and that host, port and scheme agree"
NO_TLS: Final = "does not speak TLS as we do ({why}); without TLS it is neo4j://"
UNTRUSTED: Final = "its certificate is not trusted ({why}); let SSL_CERT_FILE name its CA, or write neo4j+ssc://"


def _in_plain_words(address: Address, error: Reported) -> Exception:
    code = error.code if isinstance(error, Neo4jError) else None
    if code == GONE:
        return _Gone()
    by_class = (found for classes, found in BY_CLASS if isinstance(error, classes))
    if known := BY_CODE.get(code) or next(by_class, None):
        failure, sentence = known
        return failure(f"{address}: {sentence}")
    if isinstance(error, (ServiceUnavailable, OSError)):
        return _away(address, error)
    if isinstance(error, ClientError) and (code or "").startswith(OURS) and not error.is_retryable():
        return error  # A statement of ours that the server does not understand is a fault of the program.
    if isinstance(error, Neo4jError) and TOO_LARGE in (error.message or ""):
        return error  # However often it is tried again: who merges event by event finds the one that says it.
    return StoreUnavailable(f"{address}: {getattr(error, 'message', None) or error}; try again")


def _away(address: Address, error: Exception) -> HeadwaterError:
    """Why there is no connection: what the driver wraps is told by what it began with."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return StoreUnusable(f"{address}: {UNTRUSTED.format(why=cause.verify_message)}")
        if isinstance(cause, ssl.SSLError):
            return StoreUnavailable(f"{address}: {NO_TLS.format(why=cause.reason or 'it hangs up')}")
    first = causes[-1]
    why = first.strerror if isinstance(first, OSError) and first.strerror else str(first).partition("\n")[0]
    return StoreUnavailable(f"{address}: {AWAY.format(why=why)}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """*error*, and what led to it, the first cause last."""
    yield error
    if isinstance(error, BaseExceptionGroup):
        yield from _causes(error.exceptions[0])
    elif (cause := error.__cause__ or error.__context__) is not None:
        yield from _causes(cause)
