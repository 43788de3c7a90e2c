"""What must never be stored: credentials are taken out of event bodies at the door, before anything keeps them.

Two ways in. `redact` reads a body as JSON and judges keys and texts; it costs little where there is nothing to find.
`scrub` does without JSON, for bodies that cannot be read. In doubt a value goes: a lost text is a smaller harm than a
kept password. What stays: numbers and truth values under any key but a password's, column names, placeholders.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec

REDACTED: Final = "[redacted]"

# ── Is there anything to look at? ────────────────────────────────────────────────────────────────────────────────────

# Whatever the rules below find holds one of these, in lower case. Alone each is searched for at 0.5 ns a byte, because
# it begins with letters that stand for themselves; together they need 12 ns a byte, which is quicker in a short text.
# The keys jwt and sas need no mark: what they hold begins with eyJ, or holds sig=.
_MARKS: Final = (
    *("pass", "pwd", "secret", "token", "credential", "authoriz", r"key(?<=[a-z0-9_.\- ]key)", "sig(?:nature)?="),
    *("bearer ", "basic ", "-----begin", "hooks.slack.com", "xox", "eyj", "gh[pousr]_", "pat[_-]", "a[ks]ia"),
    *("identified", "thin:", r"://[^\s/\"@]*@"),
)
_EACH_MARK: Final = tuple(re.compile(mark.encode()) for mark in _MARKS)
_ANY_MARK: Final = re.compile("|".join(_MARKS))


def _is_suspect(body: bytes) -> bool:
    low = body.lower()
    return any(mark.search(low) for mark in _EACH_MARK)


# ── Which keys hold secrets? ─────────────────────────────────────────────────────────────────────────────────────────

_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_PASSWORDS: Final = ("password", "passwd", "passphrase", "passwort", "pwd")
_SECRETS: Final = frozenset(
    {*_PASSWORDS, "pass", "secret", "secrets", "token", "tokens", "credential", "credentials", "authorization", "jwt"}
    | {"apikey", "accesskey", "secretkey", "privatekey", "accountkey", "sharedkey", "masterkey", "sas"}
)
_SECRET_ENDS: Final = ("password", "passwd", "passphrase", "secret")  # PGPASSWORD, clientsecret
# `key` alone is innocent (primary_key, partition key, a tag's key); after one of these it is not.
_BEFORE_KEY: Final = frozenset(
    {"api", "access", "secret", "private", "account", "encryption", "signing", "master", "session", "shared", "auth"}
)
# secretName, token_url, credentials.provider, passwordPolicy: about a secret, and not one.
_ABOUT: Final = frozenset(
    {"name", "names", "id", "arn", "ref", "url", "uri", "endpoint", "path", "file", "location", "type", "class"}
    | {"provider", "providers", "policy", "manager", "service", "source", "issuer", "version", "backend", "store"}
    | {"count", "counts", "size", "length", "limit", "max", "min", "num", "total", "usage", "cache", "index"}
    | {"ttl", "expiry", "expires", "expiration", "age", "created", "updated", "date", "time", "rotation", "renewal"}
    | {"interval", "enabled", "required", "valid", "scope", "scopes", "field", "column", "columns", "format", "mode"}
)
# fs.azure.account.key.store.dfs.core.windows.net: what follows the secret word is a host, of whatever name.
_HOST_ENDS: Final = (".net", ".com", ".cn", ".us", ".local")
_SHELL_FOLDERS: Final = ("PWD", "OLDPWD")  # where a shell stands and stood; in any environment


@lru_cache(maxsize=4096)
def _holds_secret(key: str) -> bool:
    if key in _SHELL_FOLDERS:
        return False
    parts = [part.lower() for part in _PART.findall(key)]
    for at, part in enumerate(parts):
        after = parts[at + 1] if at + 1 < len(parts) and not key.endswith(_HOST_ENDS) else ""
        if part == "key" and at > 0 and parts[at - 1] in _BEFORE_KEY and (after not in _ABOUT or after == "id"):
            return True
        if (part in _SECRETS or part.endswith(_SECRET_ENDS)) and after not in _ABOUT:
            return True
    return False


@lru_cache(maxsize=1024)
def _holds_password(key: str) -> bool:
    return any(part.lower().endswith(_PASSWORDS) for part in _PART.findall(key)[-1:])


_PLACEHOLDER: Final = re.compile(
    r"\s*|\*+|x{3,}|\[redacted\]|<[\w ]+>|\$\{[^}]*\}|\$\w+|\{\{.*\}\}|%\(?\w*\)?s|true|false|none|null", re.IGNORECASE
)


def _is_innocent(text: str) -> bool:
    return _PLACEHOLDER.fullmatch(text) is not None


# ── What in a text is a secret? ──────────────────────────────────────────────────────────────────────────────────────

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_QUOTED: Final = r"\"(?:[^\"\\]|\\.)*(?:\"|$)|'(?:[^'\\]|\\.)*(?:'|$)"


def _assigned(match: re.Match[str]) -> str:
    key, between, value = match.groups()
    is_query = match.string[max(match.start() - 1, 0) : match.start()] in ("?", "&")
    words = {part.lower() for part in _PART.findall(key)}
    if not (_holds_secret(key) or (is_query and words & {"sig", "signature"})):
        return match[0]
    quote = value[0] if value[0] in "\"'" else ""
    inner = value.strip(quote) if quote else value
    if _is_innocent(inner):
        return match[0]
    # SQL compares with spaces round `=`, and a bare word there is a column; max_tokens=7 is a number.
    if not quote and (between != "=" or value.isdigit()) and not _holds_password(key):
        return match[0]
    return f"{key}{between}{quote}{REDACTED}{quote}"


def _paired(match: re.Match[str]) -> str:
    opening, key, between, quote, value = match.groups()
    if not _holds_secret(key) or _is_innocent(value):
        return match[0]
    return f"{opening}{key}{opening}{between}{quote}{REDACTED}{quote}"


def _option(match: re.Match[str]) -> str:
    flag, key, between, value = match.groups()
    return f"{flag}{key}{between}{REDACTED}" if _holds_secret(key) and not _is_innocent(value) else match[0]


def _yaml_line(match: re.Match[str]) -> str:
    before, key, between, value = match.groups()
    return f"{before}{key}{between}{REDACTED}" if _holds_secret(key) and not _is_innocent(value) else match[0]


def _basic(match: re.Match[str]) -> str:
    try:
        is_login = b":" in base64.b64decode(match[2], validate=True)
    except (binascii.Error, ValueError):
        return match[0]
    return f"{match[1]}{REDACTED}" if is_login else match[0]


# Each begins at a border and is bounded, so that a megabyte of base64 costs time in proportion and no more.
_TEXT_RULES: Final[tuple[Rule, ...]] = (
    # user:password@ in any URI; the user stays, it is part of who the dataset is.
    (
        re.compile(r"((?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:/@?#\"']*):[^\s/?#\"']+@"),
        rf"\1:{REDACTED}@",
    ),
    (re.compile(r"(https?://)[^\s:/@?#\"']{16,}@"), rf"\1{REDACTED}@"),
    (re.compile(r"(thin:[^/\s:@]{1,128}/)[^@\s]{1,256}@"), rf"\1{REDACTED}@"),
    (re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY[A-Z ]*)-----.*?(?:-----END \1-----|\Z)", re.DOTALL), REDACTED),
    (re.compile(r"(https://hooks\.slack\.com/)[^\s\"'\\]+"), rf"\1{REDACTED}"),
    (re.compile(r"\bxox[a-z]-[\w-]{8,}|\b(?:gh[pousr]_|github_pat_|glpat-)[\w-]{16,}"), REDACTED),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), REDACTED),
    (re.compile(r"\beyJ[\w-]{8,512}\.[\w-]{8,}\.[\w-]*"), REDACTED),
    (re.compile(r"(\bbearer\s+)(?=\S*[\d._~+/=-])[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"(\bbasic\s+)([A-Za-z0-9+/]{6,}={0,2})", re.IGNORECASE), _basic),
    # SQL: CREATE USER … PASSWORD 'x', IDENTIFIED [WITH plugin] BY 'x', COPY … CREDENTIALS 'x'.
    (
        re.compile(
            r"(\b(?:PASSWORD|IDENTIFIED\s+(?:WITH\s+\w+\s+)?BY|CREDENTIALS)\s+)(?:'(?:[^']|'')*'|\"[^\"]*\")",
            re.IGNORECASE,
        ),
        rf"\1'{REDACTED}'",
    ),
    # "key": "value" where the text is JSON, half JSON, or Python's repr; quotes may be escaped.
    (re.compile(r"(\\*[\"'])([\w.\-]+)\1(\s*:\s*)(\\*[\"'])((?:(?!\4).)*)\4", re.DOTALL), _paired),
    # --option value
    (re.compile(r"(?<![\w-])(--?)([A-Za-z][\w.-]*)(\s+)([^\s\"'-][^\s\"']*)"), _option),
    # KEY=value in command lines, URLs and connection strings; key = 'value' in SQL and source code.
    (re.compile(rf"(?<![\w.\-])([A-Za-z_][\w.\-]*)([\"'\])]*\s*:?=\s*)({_QUOTED}|[^\s&;,'\"<>]+)"), _assigned),
    # key: value on a line of its own, as YAML has it
    (re.compile(r"^([ \t-]*)([A-Za-z_][\w.\-]*)(:[ \t]+)([^\s\"'\[{][^\n]*)$", re.MULTILINE), _yaml_line),
)


def _text(text: str) -> str:
    if not _ANY_MARK.search(text.lower()):
        return text
    if text.lstrip()[:1] in ("{", "["):
        try:
            inner = json.loads(text)
        except ValueError:
            pass
        else:
            clean = _value(inner)
            return text if clean == inner else json.dumps(clean, ensure_ascii=False)
    for pattern, replacement in _TEXT_RULES:
        text = pattern.sub(replacement, text)
    return text


_key = lru_cache(maxsize=4096)(_text)


# ── The walk. ────────────────────────────────────────────────────────────────────────────────────────────────────────

_COLUMNS: Final = frozenset({"fields", "columnMetrics"})  # their keys are names of columns, whatever those are called
_NAMED_BY: Final = ("name", "key")  # {name, value} in environmentVariables, {key, value} in tags and parameters


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return _object(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value


def _object(found: dict[str, Any]) -> dict[str, Any]:
    clean = {}
    names_secret = any(isinstance(found.get(by), str) and _holds_secret(found[by]) for by in _NAMED_BY)
    for key, value in found.items():
        if _holds_secret(key) or (names_secret and key == "value"):
            clean[key] = _hidden(value, key)
        elif key in _COLUMNS and isinstance(value, dict):
            clean[key] = {column: _value(about) for column, about in value.items()}
        else:
            clean[_key(key)] = _value(value)
    return clean


def _hidden(value: Any, key: str) -> Any:
    if isinstance(value, str):
        return value if _is_innocent(value) else REDACTED
    if isinstance(value, dict):
        return {inner: item if inner.startswith("_") else _hidden(item, inner) for inner, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item, key) for item in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return REDACTED if is_number and _holds_password(key) else value


def redact(body: bytes) -> tuple[bytes, bool]:
    """*body* without credentials, and whether anything was taken out; the very same bytes when nothing was.

    A body that is not JSON is scrubbed instead, so that nothing is kept unseen.
    """
    if not _is_suspect(body):
        return body, False
    try:
        found = msgspec.json.decode(body)
        clean = _value(found)
        if clean == found:
            return body, False
        return json.dumps(clean, ensure_ascii=False, separators=(",", ":")).encode(), True
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        scrubbed = scrub(body)
        return scrubbed, scrubbed != body


# ── Without JSON. ────────────────────────────────────────────────────────────────────────────────────────────────────

_LEXICAL_NAMED: Final = re.compile(
    r'("(?:name|key)"\s*:\s*")([^"]*)("\s*,\s*"value"\s*:\s*)("(?:[^"\\]|\\.)*(?:"|$)|[^",}\s]+)'
)
_LEXICAL_VALUE: Final = re.compile(
    r'("([\w.\-]+)"\s*:\s*)("(?:[^"\\]|\\.)*(?:"|$)|\[[^\]]*(?:\]|$)|\{[^{}]*(?:\}|$)|-?\d[\d.eE+-]*)', re.DOTALL
)


def scrub(text: bytes) -> bytes:
    """*text* without what looks like credentials, judged by its letters alone: for bodies that are not JSON."""
    letters = text.decode("latin-1")  # byte for byte, whatever the encoding is
    letters = _LEXICAL_NAMED.sub(_lexical_named, letters)
    letters = _LEXICAL_VALUE.sub(_lexical_value, letters)
    for pattern, replacement in _TEXT_RULES:
        letters = pattern.sub(replacement, letters)
    return letters.encode("latin-1")


def _lexical_named(match: re.Match[str]) -> str:
    return f'{match[1]}{match[2]}{match[3]}"{REDACTED}"' if _holds_secret(match[2]) else match[0]


def _lexical_value(match: re.Match[str]) -> str:
    key, value = match[2], match[3]
    if value[0] in "[{" and not _holds_secret(key):
        return match[1] + _LEXICAL_VALUE.sub(_lexical_value, value)
    is_kept = _is_innocent(value.strip('"')) or (value[0] not in '"[{' and not _holds_password(key))
    return f'{match[1]}"{REDACTED}"' if _holds_secret(key) and not is_kept else match[0]
