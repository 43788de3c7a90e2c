"""What people decided about an SLO: what does not count, and verdicts corrected by hand; each is a statement.

A statement may come long after what it speaks of; who asks with an earlier `knownAt` gets the verdict as it was then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Literal, NamedTuple

import msgspec

from lineage.errors import InvalidInput
from lineage.model import Amendment, Verdict, VerdictState
from lineage.slo.exclusions import Exclusion
from lineage.slo.spec import DataSLO
from lineage.slo.terms import ALIKE
from lineage.slo.unobserved import COLLECTORS, Gap, gaps
from lineage.statements import Kept, Statement, Subject, Word, fold
from lineage.store.base import Store


class Correction(msgspec.Struct, frozen=True):
    """*by* judged one occurrence anew, and why."""

    state: Literal["GOOD", "BAD"]
    because: str
    by: str
    at: datetime


class Decided(NamedTuple):
    """What counts of it all at one moment: exclusions, corrections by occurrence, and when no collector was there."""

    exclusions: Sequence[Exclusion] = ()
    corrections: Mapping[str, Correction] = {}
    gaps: Sequence[Gap] = ()


def decided(slo: DataSLO, store: Store, known_at: datetime) -> Decided:
    """What was stated by *known_at* of *slo* and of the calendars it refers to, with the exclusions of its file."""
    calendars = [Subject("exclusions", each.ref) for each in slo.spec.exclusions if each.ref is not None]
    said = told([of(slo.name), *calendars, COLLECTORS], store, known_at)
    return said._replace(exclusions=(*slo.spec.exclusions, *said.exclusions))


def told(subjects: Sequence[Subject], store: Store, known_at: datetime) -> Decided:
    """What was stated by *known_at* of *subjects*, SLOs, calendars and collectors."""
    kept = store.statements(subjects, known_at=known_at)
    words = [word for subject in subjects for word in _said(subject, kept)] if kept else []
    stated = [Exclusion.model_validate_json(word.value) for word in words if word.what == "excluded" and word.value]
    corrections = {
        word.field: msgspec.json.decode(word.value, type=Correction)
        for word in words
        if word.what == "corrected" and word.field and word.value
    }
    return Decided(stated, corrections, gaps(words))


def of(name: str) -> Subject:
    """The SLO *name* as what a statement is about."""
    return Subject("slo", name)


def _said(subject: Subject, kept: Iterable[Kept]) -> list[Word]:
    stated = fold(each for each in kept if each.statement.subject == subject)
    return [] if stated is None else [word for word in stated.words if word.holds]


def corrected(verdicts: Iterable[Verdict], corrections: Mapping[str, Correction], unit: str) -> list[Verdict]:
    """*verdicts*, those that somebody judged by hand as he did, and saying so.

    One that weighed nothing weighs one where the *unit* is occurrences or slices, and nothing where nobody knows how
    much.
    """
    weight = Fraction(unit in ALIKE)
    return [_corrected(verdict, corrections.get(verdict.occurrence), weight) for verdict in verdicts]


def _corrected(verdict: Verdict, correction: Correction | None, weight: Fraction) -> Verdict:
    if correction is None:
        return verdict
    total = verdict.total or weight
    return replace(
        verdict,
        state=VerdictState(correction.state),
        good=total if correction.state == "GOOD" else Fraction(0),
        total=total,
        reason=f"corrected by {correction.by}: {correction.because} (was {verdict.state.value}: {verdict.reason})",
        amended=Amendment(verdict.state, correction.at, correction.by, correction.because),
    )


def excluding(subject: Subject, exclusion: Exclusion, actor: str, now: datetime, *, holds: bool) -> Statement:
    """The statement in which *actor* excludes a span of time, or takes back the same one, whatever the reasons.

    Raises InvalidInput without a reason.
    """
    because = reason_of(exclusion.reason)
    signed = exclusion.model_copy(update={"reason": because})
    value = signed.model_dump_json(by_alias=True, exclude_defaults=True)
    same = exclusion.model_copy(update={"reason": "", "approved_by": None})
    topic = same.model_dump_json(by_alias=True, exclude_defaults=True)
    return Statement(subject, actor, now, (Word("excluded", value, field=topic, holds=holds),), because)


def correcting(slo: DataSLO, occurrence: str, correction: Correction) -> Statement:
    """The statement that judges an occurrence of *slo* anew. Raises InvalidInput without a reason."""
    because = reason_of(correction.because)
    word = Word("corrected", msgspec.json.encode(correction).decode(), field=occurrence)
    return Statement(of(slo.name), correction.by, correction.at, (word,), because)


def reason_of(because: str) -> str:
    """*because* without the space around it. Raises InvalidInput where nothing is left."""
    if not because.strip():
        raise InvalidInput("because: missing; say why, it stays on record", field="because")
    return because.strip()
