"""What can go wrong, and what the program may do about it: one sentence for the person, one class for the caller."""

from __future__ import annotations


class HeadwaterError(Exception):
    """A failure that Headwater foresaw; its text is one sentence that tells the reader what to do next.

    Commands print the text and exit with `exit_code`; routes answer it as problem+json with `status`.
    """

    status = 500
    exit_code = 2
    title = "Something failed"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InvalidEvent(HeadwaterError):
    """An OpenLineage event whose core cannot be read; `field` names the place, as in `run.runId`."""

    status = 400
    title = "Not an OpenLineage event"


class InvalidInput(HeadwaterError):
    """A question or setting that cannot be understood; `field` names the parameter."""

    status = 400
    title = "Cannot understand the request"


class InvalidDefinition(HeadwaterError):
    """A file a person wrote that cannot be used; the text starts with `file:line:column`."""

    status = 422
    title = "Cannot use this definition"


class UnknownPart(HeadwaterError):
    """A word that names no file in the package that it should choose from."""

    status = 400
    title = "No such part"


class NotFound(HeadwaterError):
    """Nothing is known under this name."""

    status = 404
    title = "Not found"


class Gone(HeadwaterError):
    """It was here, and was taken out for good by somebody's decision."""

    status = 410
    title = "Gone"


class Conflict(HeadwaterError):
    """Somebody else changed it first, or it is owned elsewhere."""

    status = 409
    title = "Conflict"


class Unauthenticated(HeadwaterError):
    """No key, or one that is not known."""

    status = 401
    title = "An API key is needed"


class Forbidden(HeadwaterError):
    """The key is known and may not do this."""

    status = 403
    title = "Not allowed"


class TooSlow(HeadwaterError):
    """A body that does not come to its end."""

    status = 408
    title = "Too slow"


class TooLarge(HeadwaterError):
    """More bytes than the door takes."""

    status = 413
    title = "Too large"


class UnsupportedType(HeadwaterError):
    """A Content-Type or Content-Encoding that is not taken."""

    status = 415
    title = "Not a type that is taken"


class Overloaded(HeadwaterError):
    """Nothing was taken; trying again after `retry_after_s` helps."""

    status = 503
    title = "Try again"

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreUnavailable(Overloaded):
    """The store or the ledger cannot be written or reached now: disk full, locked, unreachable."""

    title = "The store is unavailable"


class StoreUnusable(HeadwaterError):
    """The store can never be used as it is: a newer schema, a foreign file, no permission."""

    title = "The store cannot be used"


class ChannelFailed(HeadwaterError):
    """A message was not delivered; `recoverable` tells whether a retry may help, `denied` that the key was refused."""

    title = "A message was not delivered"

    def __init__(
        self, message: str, *, recoverable: bool, retry_after_s: int | None = None, denied: bool = False
    ) -> None:
        super().__init__(message)
        self.recoverable = recoverable
        self.denied = denied
        self.retry_after_s = retry_after_s
