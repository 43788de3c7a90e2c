"""Beats on the way of the data: who sends one tells of it, and so does who sees it arrive; the difference is freshness.

    from collectors.instrument.heartbeat import Beat, Emitter, Probe

Where the data begins, an `Emitter` makes a `Beat` every interval; you put it on the way that the data takes (a record
in the topic, a flagged row in the table), filtered out by whoever counts. Where the data is used, a `Probe` is told of
each beat that came. Headwater's `sli: {type: freshness, method: heartbeat}` judges them.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, Self

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

    Emit = Callable[[RunEvent], None]

PRODUCER: Final = "https://github.com/headwater-lineage/headwater/tree/main/collectors/instrument"
NAMESPACE: Final = "heartbeat"  # of the jobs that send and see beats
UNSENT_MOST: Final = 1_000  # beyond it the oldest goes
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat of *source*: its number, which ascends and is never used again, and when it was sent."""

    source: str
    seq: int
    emitted_at: datetime
    partition: str = ""

    def written(self) -> str:
        """The beat as JSON: what travels with the data."""
        return json.dumps(self.facet())

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """The beat that was `written`. Raises ValueError for anything else."""
        try:
            found = json.loads(text)
            at = datetime.fromisoformat(found["emittedAt"])
            return cls(str(found["source"]), int(found["seq"]), at.astimezone(UTC), str(found.get("partition", "")))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{text!r} is no beat; put on the way what Beat.written() gave") from error

    def facet(self) -> dict[str, Any]:
        """The body of the `heartbeat` facet."""
        said = {"source": self.source, "seq": self.seq, "emittedAt": self.emitted_at.isoformat()}
        return said | ({"partition": self.partition} if self.partition else {})


class _Teller:
    """One run of a SERVICE job that tells of beats, in order; what cannot be sent now is sent with the next.

    *emit* takes the events (default: an OpenLineageClient as the environment configures it).
    """

    def __init__(self, job: str, namespace: str, dataset: str, emit: Emit | None) -> None:
        from openlineage.client.uuid import generate_new_uuid

        self._job, self._dataset = job, (namespace, dataset)
        self._run = str(generate_new_uuid())
        self._emit = emit
        self._begun = False
        self._unsent: deque[RunEvent] = deque(maxlen=UNSENT_MOST)

    def _tell(self, kind: Literal["RUNNING", "COMPLETE"], at: datetime, **said: Any) -> None:
        """Raises whatever the transport raises; the event is kept and goes first the next time."""
        kinds = [kind] if self._begun else ["START", kind]
        self._unsent.extend(self._event(each, at, **said if each == kind else {}) for each in kinds)
        self._begun = True
        if self._emit is None:
            from openlineage.client import OpenLineageClient

            self._emit = OpenLineageClient().emit
        while self._unsent:
            self._emit(self._unsent[0])
            self._unsent.popleft()

    def _event(
        self, kind: str, at: datetime, *, sent: Beat | None = None, seen: Beat | None = None, through: bool = False
    ) -> RunEvent:
        from openlineage.client import facet_v2
        from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
        from openlineage.client.facet_v2 import job_type_job

        pattern = job_type_job.EmissionPattern("PERIODIC", "COMPLETE_SNAPSHOT")
        facets: dict[str, Any] = {
            "jobType": job_type_job.JobTypeJobFacet("SERVICE", "HEADWATER", "HEARTBEAT", emissionPattern=pattern)
        }
        inputs, outputs = [], []
        if sent is not None:
            facets["heartbeat"] = facet_v2.JobFacet().with_additional_properties(**sent.facet())
            outputs.append(OutputDataset(*self._dataset))
        if seen is not None:
            body = seen.facet() | ({"through": True} if through else {})
            arrived: Any = facet_v2.InputDatasetFacet().with_additional_properties(**body)
            inputs.append(InputDataset(*self._dataset, inputFacets={"heartbeat": arrived}))
        return RunEvent(
            eventType=RunState[kind],
            eventTime=at.astimezone(UTC).isoformat(timespec="milliseconds"),
            run=Run(self._run),
            job=Job(NAMESPACE, self._job, facets),
            inputs=inputs,
            outputs=outputs,
            producer=PRODUCER,
        )

    def close(self, at: datetime | None = None) -> None:
        """The run is COMPLETE, if it ever began."""
        if self._begun:
            self._tell("COMPLETE", at or datetime.now(UTC))


class Emitter(_Teller):
    """Sends beats of *source* into the dataset where the data begins; its job is `heartbeat/SOURCE`.

    Numbers count intervals since 1970, so that an emitter that begins again, or a second one, goes on with them.
    """

    def __init__(
        self, source: str, namespace: str, dataset: str, *, interval_s: float = 60, emit: Emit | None = None
    ) -> None:
        super().__init__(source, namespace, dataset, emit)
        self._source = f"{NAMESPACE}/{source}"
        self._interval = timedelta(seconds=interval_s)

    def beat(self, at: datetime | None = None, partition: str = "") -> Beat:
        """The beat of the interval that holds *at* (default: now); put it on the way of the data, then tell `sent`."""
        when = at or datetime.now(UTC)
        return Beat(self._source, (when - EPOCH) // self._interval, when, partition)

    def sent(self, beat: Beat) -> None:
        """*beat* is on its way. Raises what the transport raises; the event is kept and goes with the next."""
        self._tell("RUNNING", beat.emitted_at, sent=beat)


class Probe(_Teller):
    """Sees beats of *source* arrive in the dataset where the data is used."""

    def __init__(self, source: str, namespace: str, dataset: str, *, emit: Emit | None = None) -> None:
        super().__init__(f"{source} in {dataset}", namespace, dataset, emit)

    def saw(self, beat: Beat, at: datetime | None = None, *, through: bool = False) -> None:
        """*beat* was there *at* (default: now); with *through* all before it in its partition, as after a max(seq).

        Raises what the transport raises; the event is kept and goes with the next.
        """
        self._tell("RUNNING", at or datetime.now(UTC), seen=beat, through=through)
