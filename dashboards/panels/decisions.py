"""What people decided about an SLO, with the forms to decide more; and what tags ask for that nobody promised yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request

from dashboards.frame import Look
from lineage.model import Verdict, VerdictState
from lineage.slo.decided import Correction, decided, of, told
from lineage.slo.exclusions import Exclusion
from lineage.slo.proposing import Proposal, proposals
from lineage.slo.spec import DataSLO
from lineage.slo.terms import spell
from lineage.web import services

LISTED = 12  # of each: exclusions, corrections, occurrences to choose from, proposals
ASKED_FOR = timedelta(minutes=5)  # how long proposals are repeated: they are read out of all tagged things


@dataclass(frozen=True, slots=True)
class Excluded:
    """A span of time that does not count; one that was *stated* of the SLO can be taken back, one in its file not."""

    exclusion: Exclusion
    stated: bool

    @property
    def lasting(self) -> str:
        """How long it lasts, as a definition spells it."""
        return spell(self.exclusion.duration) if self.exclusion.duration is not None else ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """*token* is that of the forms, empty for who may not send any; *choices* are occurrences that may be corrected."""

    excluded: tuple[Excluded, ...]
    corrected: tuple[tuple[str, Correction], ...]
    choices: tuple[Verdict, ...]
    token: str

    @property
    def worth_showing(self) -> bool:
        """Whether there is anything to say or to do."""
        return bool(self.excluded or self.corrected or self.token)


def decisions(request: Request, slo: DataSLO, verdicts: Sequence[Verdict], seen: Look) -> Decisions:
    """What was decided about *slo*, the newest first. In the past nobody decides anything."""
    house = services(request)
    said = decided(slo, house.store, seen.at)
    stated = told([of(slo.name)], house.store, seen.at).exclusions
    spans = [Excluded(each, each in stated) for each in said.exclusions if each.ref is None]
    may_decide = seen.as_of is None and "admin" in house.caller(request).scopes
    judged = (verdict for verdict in reversed(verdicts) if verdict.state != VerdictState.NOT_EXPECTED)
    return Decisions(
        excluded=tuple(spans[-LISTED:]),
        corrected=tuple(sorted(said.corrections.items(), reverse=True))[:LISTED],
        choices=tuple(judged)[:LISTED],
        token=house.keys.form_token(request.cookies, house.now()) if may_decide else "",
    )


@dataclass
class _Asked:
    """The proposals as they were at *at*."""

    at: datetime
    found: list[Proposal]


def proposed(request: Request, seen: Look) -> list[Proposal]:
    """What tags ask for and nobody promised yet, at most some minutes old; of the past nothing is proposed."""
    if seen.as_of is not None:
        return []
    state, house = request.app.state, services(request)
    asked: _Asked | None = getattr(state, "proposals", None)
    if asked is None or not timedelta(0) <= seen.at - asked.at < ASKED_FOR:
        asked = state.proposals = _Asked(seen.at, proposals(house.store, house.slos.definitions(), seen.at))
    promised = {(slo.dataset, slo.spec.sli.type) for slo in house.slos.definitions().values()}
    return [each for each in asked.found if (each.dataset, each.wishes[0].word) not in promised][:LISTED]
