"""An incident as Slack's Block Kit: header, what, facts, impact, buttons, context; inside Slack's limits (SLO d.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lineage.alerts.incidents import Incident, Member
from lineage.alerts.phrases import notes, opening, over, told, worst
from lineage.names import split_node_id
from lineage.paths import quoted
from lineage.slo.phrases import span

Block = dict[str, Any]  # JSON of Slack's design

HEADER, TEXT, BUTTON_URL = 150, 3_000, 3_000
NAME, SENTENCE = 120, 300  # of one name or sentence, so that composed texts keep inside TEXT
MEMBERS, NAMED, PATH = 5, 3, 6

SIGNS = {"page": "🔴", "ticket": "🟠", "resolved": "🟢"}

# What Slack itself reads as a mention: <!subteam^S0DATAORD>, <@U0MARA>. Everything else is escaped.
MENTION = re.compile(r"<(!subteam\^|@)[A-Z0-9]+>")


def blocks(incident: Incident, base_url: str) -> list[Block]:
    """The blocks of the message, at most six."""
    sections = [_header(incident), _what(incident, base_url), _facts(incident)]
    impact = [f"*Downstream:* {_downstream(incident.affected)}"] if incident.affected else []
    if incident.consumers:
        impact.append(f"*Consumers:* {_fit(', '.join(incident.consumers), SENTENCE)}")
    impact += [_fit(note, SENTENCE) for note in notes(incident)]
    if impact:
        sections.append(_section("impact", "\n".join(impact)))
    return [*sections, _buttons(incident, base_url), _context(incident)]


def notification(incident: Incident, base_url: str) -> str:
    """The text for notifications and screen readers, escaped; mandatory."""
    return _fit(told(incident, base_url), TEXT)


def escaped(text: str) -> str:
    """*text* without power: `&`, `<` and `>` as Slack asks, mentions of people and groups kept."""
    place, out = 0, []
    for mention in MENTION.finditer(text):
        out += [_plain(text[place : mention.start()]), mention[0]]
        place = mention.end()
    return "".join([*out, _plain(text[place:])])


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fit(text: str, most: int) -> str:
    """*text* escaped, in at most *most* characters; what is cut ends in an ellipsis."""
    if len(escaped(text)) <= most:
        return escaped(text)
    cut = text[: most - 1]
    while len(escaped(cut)) > most - 1:
        cut = cut[: len(cut) - max(1, (len(escaped(cut)) - most) // 5)]
    return f"{escaped(cut)}…"


def _code(name: str) -> str:
    """A name in a code span, where neither `_` nor `*` is formatting."""
    one_line = " ".join(name.replace("`", "'").split())
    return f"`{_fit(one_line, NAME)}`"


def _link(url: str, label: str) -> str:
    return f"<{_plain(url)}|{label}>"


def _section(block_id: str, text: str) -> Block:
    return {"type": "section", "block_id": block_id, "text": {"type": "mrkdwn", "text": text}}


def _header(incident: Incident) -> Block:
    sign = SIGNS["resolved" if incident.state == "resolved" else incident.severity]
    text = f"{sign} {opening(incident)}: {incident.title}"
    short = text if len(text) <= HEADER else f"{text[: HEADER - 1]}…"
    return {"type": "header", "text": {"type": "plain_text", "text": short, "emoji": True}}


def _what(incident: Incident, base_url: str) -> Block:
    lines = [_member(incident, member, base_url) for member in incident.members[:MEMBERS]]
    if (more := len(incident.members) - MEMBERS) > 0:
        lines.append(f"and {more} more")
    if incident.cause is not None:
        said = incident.title if incident.state == "resolved" else incident.cause.sentence
        lines.append(_root(said, incident.cause.run, base_url))
    return _section("what", "\n".join(lines))


def _member(incident: Incident, member: Member, base_url: str) -> str:
    said = member.sentence
    if member.restored_at is not None:
        said = over(incident, member.restored_at - member.since)
    link = _linked(dataset_url(member.dataset, base_url), _code(member.dataset[1]))
    return f"{link}: {_fit(said, SENTENCE)}"


def _linked(url: str, label: str) -> str:
    """A link, or its label alone where the name would make a link longer than a section may be."""
    return _link(url, label) if len(url) <= SENTENCE else label


def _root(said: str, run: str | None, base_url: str) -> str:
    text = f"*Root cause:* {_fit(said, SENTENCE)}"
    return text if run is None else f"{text} ({_linked(f'{base_url}/runs/{quoted(run)}', f'run {run[:8]}')})"


def _facts(incident: Incident) -> Block:
    member = worst(incident)
    since = incident.onset_at
    date = f"<!date^{int(since.timestamp())}^{{date_short_pretty}} {{time}}|{since:%Y-%m-%d %H:%M} UTC>"
    facts = [
        ("Owner", _fit(incident.owner or "nobody", NAME)),
        ("Since / detected in", f"{date} · {span(incident.detected_at - since)}"),
    ]
    if incident.acked_by is not None:
        facts.append(("Acknowledged", f"by {_fit(incident.acked_by, NAME)}"))
    if incident.restored_at is not None and incident.kind != "ending":
        facts.append(("Good again after", span(incident.restored_at - since)))
    elif member.burn:
        facts.append(("Burn rate", _fit(member.burn, NAME)))
    lost = f", {member.inherited} of the loss from upstream" if member.inherited else ""
    facts.append(("Error budget", f"{member.budget_left} left{lost}"))
    facts.append(("Blast radius", f"{len(incident.affected)} dataset{'' if len(incident.affected) == 1 else 's'}"))
    facts.append(("SLOs", ", ".join(_code(each.slo) for each in incident.members[:MEMBERS])))
    fields = [{"type": "mrkdwn", "text": f"*{name}*\n{value}"} for name, value in facts]
    return {"type": "section", "block_id": "facts", "fields": fields}


def _downstream(affected: Sequence[str]) -> str:
    more = len(affected) - NAMED
    return ", ".join(map(_short, affected[:NAMED])) + (f" +{more} more" if more > 0 else "")


def _short(node_id: str) -> str:
    """The name in a node id, by the likeliest reading of it."""
    return _code(next((node.name for node in split_node_id(node_id)), node_id))


def dataset_url(dataset: tuple[str, str], base_url: str) -> str:
    """The page of a dataset, with the path to what broke first drawn."""
    namespace, name = dataset
    return f"{base_url}/datasets/{quoted(namespace)}/{quoted(name)}?cause=1"


def _buttons(incident: Incident, base_url: str) -> Block:
    first = incident.members[0]
    urls = [
        ("open_incident", "Incident", f"{base_url}/incidents/{incident.id}"),
        ("open_lineage", "Lineage", dataset_url(first.dataset, base_url)),
        ("open_slo", "SLO", f"{base_url}/slos/{quoted(first.slo)}"),
    ]
    if incident.runbook is not None:
        urls.append(("open_runbook", "Runbook", incident.runbook))
    buttons = [
        {"type": "button", "action_id": action, "text": {"type": "plain_text", "text": label}, "url": url}
        for action, label, url in urls
        if len(url) <= BUTTON_URL
    ]
    return {"type": "actions", "block_id": "actions", "elements": buttons}


def _context(incident: Incident) -> Block:
    said = [incident.id, f"transition {incident.transition}"]
    if incident.cause is not None and incident.cause.path:
        said.append(" → ".join(map(_short, _ends(incident.cause.path))))
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": " · ".join(said)}]}


def _ends(path: tuple[str, ...]) -> tuple[str, ...]:
    """A long path by its first and last nodes; the page draws all of it."""
    return path if len(path) <= PATH else (*path[: PATH // 2], "…", *path[-PATH // 2 :])
