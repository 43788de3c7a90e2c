"""Records: how many of those in a version failed, from counts by rule, whose failures may overlap (SLO.md b.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Literal, NamedTuple, Self

from pydantic import model_validator

from lineage.model import Rule, VerdictState
from lineage.slo.evidence import Assertion, Check, Delivery, Profile
from lineage.slo.indicators import _checked
from lineage.slo.indicators._checked import Include, Subject
from lineage.slo.indicators._habit import Habit
from lineage.slo.indicators._limits import Column, Limited
from lineage.slo.phrases import count
from lineage.slo.terms import Strict

NAMED_RULES = 3
NULLS, SURPLUS = "not_null", "unique"  # what `dataQualityMetrics` can tell of, in OpenLineage's words for assertions
KINDS = {  # and in those of Great Expectations
    "expect_column_values_to_not_be_null": NULLS,
    "expect_column_values_to_be_unique": SURPLUS,
}

Source = Literal["dataQualityAssertions", "dataQualityMetrics"]


class Rules(Strict):
    """What must hold though no assertion says so: columns without nulls, and columns without a value twice.

    A column that may fail its rule up to a limit, as `{column: country, below: 1%}`, fails it for no record within it,
    and beyond it for all that do.
    """

    not_null: tuple[Column, ...] = ()
    unique: tuple[Column, ...] = ()

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.not_null and not self.unique:
            raise ValueError("no rule stands here; write notNull: [id], unique: [id], or both")
        return self

    @property
    def wanted(self) -> Mapping[tuple[str, str | None], Limited]:
        """Each of them by its kind and column."""
        nulls: dict[tuple[str, str | None], Limited] = {(NULLS, each.column): each for each in self.not_null}
        return nulls | {(SURPLUS, each.column): each for each in self.unique}


class Quarantine(Strict):
    """The dataset that takes each bad record once: then their number is exact.

    *rows* that were `moved` there are not among those counted in the dataset itself, `copied` ones are. A dead-letter
    queue is one too. Without *namespace* it is that of the dataset.
    """

    table: str
    namespace: str | None = None
    counts_as: Literal["bad"] = "bad"
    rows: Literal["moved", "copied"] = "moved"


class Counting(NamedTuple):
    """By which words records are counted: what the definition says."""

    sources: tuple[Source, ...]
    include: Include
    rules: Rules | None
    actual_is_rows: tuple[str, ...]
    overlap: Literal["upper", "lower"]
    quarantine: Quarantine | None


class Counted(NamedTuple):
    """Of *rows* records *bad* failed: at least *least*, at most *most*, by *rules*. *gap*: why nobody knows."""

    rows: int = 0
    bad: int = 0
    least: int = 0
    most: int = 0
    rules: tuple[Rule, ...] = ()
    aside: str | None = None  # where all the bad ones were put
    events: tuple[str, ...] = ()
    gap: str | None = None
    waiting: bool = False  # what closes the gap may still come
    spared: tuple[Rule, ...] = ()  # that failed within their limit, and so for nobody


def counted(subject: Subject, by: Counting, habit: Habit) -> Counted:
    """What is known of the records of *subject*; *habit* is that of writing to the quarantine."""
    spoke = _checked.newest(subject.checks, lambda check: _tells(check, by))
    proofs = tuple(event for check in spoke for event in check.events)
    if by.quarantine is not None:
        return _put_aside(subject, spoke, by, habit)
    if not spoke:
        return Counted(gap="delivered, and no check evaluated it", waiting=True)
    found = tuple(_rules(spoke, by))
    rules, rows = tuple(rule for rule, _ in found), _rows(subject.delivery, spoke, by)
    if gap := _gap(rules, rows):
        return Counted(rules=rules, events=proofs, gap=gap)
    assert rows is not None, "`_gap` speaks otherwise"
    spared = [rule for rule, limit in found if _is_spared(rule, limit, rows)]
    rules = tuple(rule._replace(failed=0) if _is_spared(rule, limit, rows) else rule for rule, limit in found)
    least, most = bounds(rules, rows)
    bad = most if by.overlap == "upper" else least
    return Counted(rows, bad, least, most, rules, events=proofs, spared=tuple(spared))


def bounds(rules: Sequence[Rule], rows: int) -> tuple[int, int]:
    """How many of *rows* records failed at least and at most, for one may have failed several of *rules* (Fréchet)."""
    failed = [rule.failed or 0 for rule in rules]
    return max(failed, default=0), min(rows, sum(failed))


def told(found: Counted) -> str:
    """*found* in words: how many failed, both bounds where they differ, and by which rules."""
    if found.aside is not None:
        return f"{count(found.bad)} of {count(found.rows)} records went to {found.aside}"
    failing = sorted((rule for rule in found.rules if rule.failed), key=lambda rule: (-(rule.failed or 0), rule.name))
    within = "".join(f"; {rule.name} {count(rule.failed or 0)}, within its limit" for rule in found.spared)
    if not failing:
        return f"all {count(found.rows)} records passed {len(found.rules)} rules{within}"
    named = ", ".join(f"{rule.name} {count(rule.failed or 0)}" for rule in failing[:NAMED_RULES])
    more = f" and {len(failing) - NAMED_RULES} more" if len(failing) > NAMED_RULES else ""
    between = "" if found.least == found.most else f", between {count(found.least)} and {count(found.most)}"
    return f"{count(found.bad)} of {count(found.rows)} records failed{between}: {named}{more}{within}"


def judged(found: Counted, floor: Fraction, patience: datetime, now: datetime) -> tuple[VerdictState, str]:
    """GOOD where at least *floor* of the records passed; of no records there is nothing to expect."""
    if found.gap is not None:
        if found.waiting and now <= patience:
            return VerdictState.PENDING, "delivered, not checked yet"
        return VerdictState.UNKNOWN, found.gap
    if not found.rows:
        return VerdictState.NOT_EXPECTED, "there were no records"
    enough = found.rows - found.bad >= floor * found.rows
    return (VerdictState.GOOD if enough else VerdictState.BAD), told(found)


def _tells(check: Check, by: Counting) -> bool:
    """Whether *check* says anything of what counts."""
    profiled = "dataQualityMetrics" in by.sources and check.profile is not None
    return profiled or any(_asserts(check, by))


def _asserts(check: Check, by: Counting) -> Iterator[Assertion]:
    if "dataQualityAssertions" in by.sources:
        told_there = (each for each in check.assertions if each.source == "dataQualityAssertions")
        yield from (each for each in told_there if by.include.takes(each))


def _rules(spoke: Sequence[Check], by: Counting) -> Iterator[tuple[Rule, Limited | None]]:
    """What was asserted, and then what the definition itself asks for and no assertion named; each with its limit."""
    profiles = [check.profile for check in spoke if check.profile is not None]
    wanted = {} if by.rules is None else by.rules.wanted
    asserted: set[tuple[str, str | None]] = set()
    for check in spoke:
        for each in _asserts(check, by):
            asserted.add(of := (KINDS.get(each.kind, each.kind), each.column))
            failed = _failed(each, check.profile or (profiles[-1] if profiles else None), by)
            yield Rule(each.name, failed), wanted.get(of)
    for (kind, column), limit in wanted.items():
        if (kind, column) in asserted:
            continue
        failed = _profiled(kind, column, profiles[-1] if profiles else None)
        yield Rule(f"{kind}({column})", failed), limit


def _is_spared(rule: Rule, limit: Limited | None, rows: int) -> bool:
    return bool(rule.failed) and limit is not None and limit.spares(rule.failed or 0, rows)


def _failed(assertion: Assertion, profile: Profile | None, by: Counting) -> int | None:
    """By the first source that says it; what passed and is not counted failed for nobody."""
    for source in by.sources:
        found = (
            _self_told(assertion, by)
            if source == "dataQualityAssertions"
            else _profiled(assertion.kind, assertion.column, profile)
        )
        if found is not None:
            return found
    return 0 if assertion.passed else None


def _self_told(assertion: Assertion, by: Counting) -> int | None:
    if assertion.failed_rows is not None:
        return assertion.failed_rows
    return assertion.actual if assertion.kind in by.actual_is_rows else None


def _profiled(kind: str, column: str | None, profile: Profile | None) -> int | None:
    """The nulls of *column*, or the surplus copies of its values."""
    found = None if profile is None or column is None else profile.columns.get(column)
    if found is None:
        return None
    if KINDS.get(kind, kind) == NULLS:
        return found.nulls
    if KINDS.get(kind, kind) != SURPLUS or found.values is None or found.distinct is None:
        return None
    return max(0, found.values - found.distinct)


def _rows(delivery: Delivery | None, spoke: Sequence[Check], by: Counting) -> int | None:
    """How many records were evaluated: by the first source that says it, else what was written."""
    for source in by.sources:
        if source == "dataQualityAssertions":
            rows = [each.rows for check in spoke for each in _asserts(check, by) if each.rows is not None]
        else:
            rows = [
                check.profile.rows for check in spoke if check.profile is not None and check.profile.rows is not None
            ]
        if rows:
            return max(rows)
    return None if delivery is None else delivery.rows


def _gap(rules: Sequence[Rule], rows: int | None) -> str | None:
    """Why the failures cannot be counted, or None."""
    if not rules:
        return "it was counted, and no rule was checked; write rules, or name what asserts"
    if uncounted := next((rule.name for rule in rules if rule.failed is None), None):
        return f"nobody says for how many records {uncounted} failed; unit: assertions can judge that it did"
    if rows is None:
        return "nobody says how many records were checked"
    if beyond := next((rule for rule in rules if (rule.failed or 0) > rows), None):
        return f"{beyond.name} failed for {count(beyond.failed or 0)} of {count(rows)} records, so that the two differ"
    return None


def _put_aside(subject: Subject, spoke: Sequence[Check], by: Counting, habit: Habit) -> Counted:
    """The bad are those that were put aside, each once; nothing was where who uses to do it was silent."""
    assert by.quarantine is not None, "`counted` asks for it"
    table = by.quarantine.table
    by_job = {each.job: each for each in subject.aside}
    writers = [(check.job, check.at) for check in subject.checks]
    writers += [(subject.delivery.job, subject.delivery.at)] if subject.delivery else []
    if not by_job and not any(habit.has(job, at) for job, at in writers):
        return Counted(gap=f"nobody who writes to {table} spoke of it", waiting=True)
    bad = [each.rows for each in by_job.values()]
    rows = _rows(subject.delivery, spoke, by)
    if rows is None or None in bad:
        return Counted(gap=f"nobody counted {'the records' if rows is None else table}")
    total = sum(each for each in bad if each is not None)
    evaluated = any(each.rows is not None for check in spoke for each in _asserts(check, by))
    if by.quarantine.rows == "moved" and not evaluated:
        rows += total
    written = () if subject.delivery is None else subject.delivery.events
    events = (*(event for each in by_job.values() for event in each.events), *written)
    events = tuple(dict.fromkeys((*events, *(event for check in spoke for event in check.events))))
    if total > rows:
        return Counted(events=events, gap=f"{count(total)} records went to {table}, of {count(rows)} that were counted")
    return Counted(rows, total, total, total, aside=table, events=events)
