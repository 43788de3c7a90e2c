"""What happened in the example estate: any stretch of its time as OpenLineage events, the incident included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from lineage.estate import wire
from lineage.estate.pipelines import BROKEN, KILLED, PIPELINES, STREAMS, WAITING, Pipeline, Step, Stream
from lineage.estate.story import DAY, HOUR, KILLED_DRIVER, MISSING_SHOP, WRONG_SIGNS, Story, chance
from lineage.estate.wire import Json

LONGEST = timedelta(hours=3)  # no run takes longer
TRIES = 3
ERROR = """SQL compilation error: Numeric value '12,40' is not recognized
  column fee_amt: expected DECIMAL(12,2), got VARCHAR, in insert into analytics.stg.settlements at line 2"""

JOB_TYPES = {"dag": ("DAG", "TASK", "TASK"), "spark": ("APPLICATION", "SQL_JOB", ""), "dbt": ("JOB", "MODEL", "TEST")}

Dated = tuple[datetime, Json]


def history(story: Story) -> list[bytes]:
    """Everything up to now, by event time."""
    return _encoded([*_pipelines(story, story.begin, story.now), *_windows(story)])


def live(story: Story, since: datetime, until: datetime) -> list[bytes]:
    """What happens in (since, until], by event time; each service reports one window over that stretch."""
    beats = [(until, _service(stream, story, until, since)) for stream in STREAMS]
    return _encoded([*_pipelines(story, since, until), *beats])


def _encoded(events: list[Dated]) -> list[bytes]:
    return [msgspec.json.encode(body) for _, body in sorted(events, key=lambda dated: dated[0])]


def _windows(story: Story) -> Iterator[Dated]:
    """The services: a START, then a window an hour, the last one up to now."""
    for stream in STREAMS:
        yield story.begin, _service(stream, story, story.begin)
        start = story.begin
        while start < story.now:
            end = min(start + HOUR, story.now)
            yield end, _service(stream, story, end, start)
            start = end


def _service(stream: Stream, story: Story, at: datetime, since: datetime | None = None) -> Json:
    """One report of a service: its START, or with *since* a window of what it read and wrote."""

    def counted(key: str) -> int | None:
        return None if since is None else round(story.rows(key, since) * ((at - since) / HOUR))

    return wire.event(
        "START" if since is None else "RUNNING",
        at,
        run=wire.run("stream", wire.run_of(stream.name, story.begin)),
        job=wire.job("stream", stream.name, "STREAM_PROCESSOR", owner=stream.owner),
        inputs=[wire.read("stream", key, counted(key)) for key in stream.reads],
        outputs=[wire.wrote("stream", key, stream, counted(key)) for key in stream.writes],
    )


def _pipelines(story: Story, since: datetime, until: datetime) -> Iterator[Dated]:
    for pipeline in PIPELINES:
        step = HOUR if pipeline.hour is None else DAY
        nominal = max((since - LONGEST - step - DAY).replace(hour=0, minute=0, second=0, microsecond=0), story.begin)
        while nominal < until:
            events = Occasion(pipeline, nominal, story).events()
            yield from (dated for dated in events if since < dated[0] <= until)
            nominal += step


@dataclass(frozen=True, slots=True)
class Occasion:
    """One run of a pipeline for the data interval that begins at *nominal*."""

    pipeline: Pipeline
    nominal: datetime
    story: Story

    @property
    def end(self) -> datetime:
        """The end of the data interval."""
        return self.nominal + (HOUR if self.pipeline.hour is None else DAY)

    @property
    def broken(self) -> bool:
        """Whether the incident has reached this run."""
        return self.nominal >= self.story.broken_since

    @property
    def killed(self) -> bool:
        """Whether the driver was killed in the first step: nothing was heard of this run again."""
        return self.pipeline.name == KILLED and self.story.days_ago(self.nominal) == KILLED_DRIVER

    @property
    def parent(self) -> tuple[str, str, str]:
        """The run that holds the steps: its id, job namespace and job name."""
        name = self.pipeline.name if self.pipeline.kind != "dbt" else f"dbt-run-{self.pipeline.name}"
        return wire.run_of(name, self.nominal), wire.NAMESPACES[self.pipeline.kind], name

    def events(self) -> Iterator[Dated]:
        """The parent's START, the steps one after another, the parent's end."""
        if self.broken and self.pipeline.name == WAITING:
            return
        kind, (run_id, _, name) = self.pipeline.kind, self.parent
        planned = self.end + timedelta(hours=self.pipeline.hour or 0, minutes=self.pipeline.minute)
        at = planned + self.story.delay(self.pipeline.name, self.nominal)
        job = wire.job(kind, name, JOB_TYPES[kind][0], owner=self.pipeline.owner)
        run = wire.run(kind, run_id, nominal=(self.nominal, self.end) if kind == "dag" else None)
        yield at, wire.event("START", at, run=run, job=job)
        if self.killed:
            yield next(self._success(self.pipeline.steps[0], at))
            return
        failed = False
        for step in self.pipeline.steps:
            fails = self.broken and step.name == BROKEN
            for dated in self._failures(step, at) if fails else self._success(step, at):
                at = dated[0]
                yield dated
            failed = failed or fails
        at += timedelta(seconds=3)
        yield at, wire.event("FAIL" if failed else "COMPLETE", at, run=run, job=job)

    def _name(self, step: Step) -> str:
        return step.name if self.pipeline.kind == "dbt" else f"{self.pipeline.name}.{step.name}"

    def _job(self, step: Step) -> Json:
        kind = self.pipeline.kind
        return wire.job(kind, self._name(step), JOB_TYPES[kind][1], owner=self.pipeline.owner, sql=step.sql)

    def _run(self, name: str, error: str = "") -> Json:
        kind = self.pipeline.kind
        nominal = (self.nominal, self.end) if kind == "dag" else None
        run_id = wire.run_of(name, self.nominal)
        return wire.run(kind, run_id, nominal=nominal, parent=self.parent, root=self.parent, error=error)

    def _reads(self, step: Step) -> list[Json]:
        kind = self.pipeline.kind
        counted = kind == "spark"
        return [wire.read(kind, key, self.story.rows(key, self.nominal) if counted else None) for key in step.reads]

    def _success(self, step: Step, at: datetime) -> Iterator[Dated]:
        at += timedelta(seconds=3)
        kind, job, run, inputs = self.pipeline.kind, self._job(step), self._run(self._name(step)), self._reads(step)
        listed = [wire.wrote(kind, key, step) for key in step.writes]
        yield at, wire.event("START", at, run=run, job=job, inputs=inputs, outputs=listed)
        at += timedelta(seconds=max(2, round(step.takes_s * (0.85 + 0.4 * chance(step.name, self.nominal)))))
        written = [wire.wrote(kind, key, step, self.story.rows(key, self.nominal)) for key in step.writes]
        yield at, wire.event("COMPLETE", at, run=run, job=job, inputs=inputs, outputs=written)
        if step.checks or step.contract:
            yield from self._tests(step, at)

    def _failures(self, step: Step, at: datetime) -> Iterator[Dated]:
        """Each try is a run of its own, as Airflow does it."""
        job, inputs = self._job(step), self._reads(step)
        outputs = [wire.wrote(self.pipeline.kind, key, step) for key in step.writes]
        for attempt in range(1, TRIES + 1):
            name = f"{self._name(step)}#{attempt}"
            begin, end = at + timedelta(seconds=3), at + timedelta(seconds=24)
            yield begin, wire.event("START", begin, run=self._run(name), job=job, inputs=inputs, outputs=outputs)
            yield end, wire.event("FAIL", end, run=self._run(name, ERROR), job=job, inputs=inputs, outputs=outputs)
            at = end + timedelta(minutes=4)

    def _tests(self, step: Step, at: datetime) -> Iterator[Dated]:
        kind = self.pipeline.kind
        name = f"{step.name}.test" if kind == "dbt" else f"{self.pipeline.name}.check_{step.name}"
        job, run = wire.job(kind, name, JOB_TYPES[kind][2], owner=self.pipeline.owner), self._run(name)
        begin, end = at + timedelta(seconds=2), at + timedelta(seconds=11)
        wrong = step.name == "load_payments" and self.story.remembers(self.nominal, WRONG_SIGNS)
        short = step.name == "orders_daily" and self.story.days_ago(self.nominal) == MISSING_SHOP
        results = [_check(test, column, failed=wrong and test == "positive") for test, column in step.checks]
        consumer, wanted = step.contract or ("", ())
        expected = [_check(test, column, failed=short and test == "row_count") for test, column in wanted]
        tested = [wire.read(kind, key) for key in step.writes]
        checked = [wire.read(kind, key, checks=results, contract=(consumer, expected)) for key in step.writes]
        yield begin, wire.event("START", begin, run=run, job=job, inputs=tested)
        yield end, wire.event("COMPLETE", end, run=run, job=job, inputs=checked)


def _check(assertion: str, column: str, *, failed: bool) -> Json:
    rows = "37" if failed else "0"
    return {
        "assertion": assertion,
        "column": column,
        "success": not failed,
        "severity": "error",
        "name": f"{assertion}_{column}",
        "expected": "0",
        "actual": rows,
        "params": {"failed_rows": rows},
    }
