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

from collectors.secret_names import OTHER_MARKS, holds_password, holds_secret, names_one_abroad

REDACTED: Final = "[redacted]"
PIECES: Final = 8192  # of bodies, that are not looked through again
PIECE_BYTES: Final = 4096  # longer ones are: 32 MB at the most are remembered

# ── Is there anything to look at? ────────────────────────────────────────────────────────────────────────────────────

# Whatever the rules below find holds one of these, in lower case. Words share a pattern where they share a rare letter,
# and look back from it: what begins with one letter costs 0.4 ns a byte, however many words hang on it, and one
# alternation of all words 12. The keys jwt and sas need no mark: what they hold begins with eyJ, or holds sig=.
_MARKS: Final = (
    r"p(?:ass|wd|at[_-]|arola|i(?<=dapi)[0-9a-f]{32}|ypi-a|m_(?<=npm_)|_v1_(?<=dop_v1_))",
    r"c(?:re(?:dential|t(?<=secret))|url[ \\]|li(?<=redis-cli)|ontrase)",
    r"k(?:en(?<=token)|ey(?<=[a-z0-9_.\- ]key)|s\.slack\.com|ia(?<=akia)|ie(?<=cookie)|ennwort|[-_](?<=\b[sr]k.)\w)",
    r"b(?:earer |asic |egin [a-z0-9 ]*private|eeline[ \\]|cp[ \\]|(?<=mariadb)[a-z-]*[ \\])",
    r"g(?:h[pousr]_|=(?<=sig=)|nature=(?<=signature=)|in(?<=login)[ \\]|o(?<=mongo)[a-z]*[ \\]|\.(?<=sg\.)[\w-]{16})",
    r"q(?:(?<=mysq)l[a-z_]*|l(?:plus|cmd|ldr)|(?<=cq)lsh)[ \\]",
    r"z(?:(?<=authoriz)|a(?<=aiza)[\w-]{35})",
    r"f(?:ied(?<=identified)|_(?<=hf_)|re(?<=sifre))",
    r"h(?:in:(?<=thin:)|a(?<=senha)|twoord|vs\.)",
    r"x(?:ox[a-z]-|app-)",
    r"j(?<=eyj)",
    r"asia[a-z0-9]{16}",
)
_LOGIN_MARK: Final = r"://[^\s/\"@]*(?::[^\s\"@]*)?@"
_ENCODED_MARK: Final = r"%(?:25)*40"
_EACH_SEARCH: Final = tuple(re.compile(mark.encode()).search for mark in _MARKS)
_EACH_LOGIN: Final = re.compile(_LOGIN_MARK.encode())
_ENCODED_LOGIN: Final = re.compile(_ENCODED_MARK.encode())
_ANY_MARK: Final = re.compile("|".join((*_MARKS, _LOGIN_MARK, _ENCODED_MARK, *OTHER_MARKS)))


def _is_suspect(body: bytes) -> bool:
    # What a job and its datasets say of themselves comes again with every event. No mark reaches beyond a quote, so
    # that none is lost where the body is cut.
    once = []
    for piece in body.split(b'"facets"'):
        if len(piece) > PIECE_BYTES or b'"runId"' in piece or b'"eventTime"' in piece:
            once.append(piece)
        elif _has_known_mark(piece):
            return True
    return _has_mark(b'"'.join(once))


def _has_mark(piece: bytes) -> bool:
    low = piece.lower()
    for search in _EACH_SEARCH:  # `any` takes as long to set up as a search takes
        if search(low):
            return True
    return (
        (b"@" in low and (b":\\/\\/" in low or _EACH_LOGIN.search(low) is not None))
        or (b"%" in low and _ENCODED_LOGIN.search(low) is not None)
        or ((b"\\" in low or not low.isascii()) and (b"\\u0040" in low or names_one_abroad(low)))
    )


_has_known_mark = lru_cache(PIECES)(_has_mark)


# ── What only stands for a secret? ────────────────────────────────────────────────────────────────────────────────────

_PLACEHOLDER: Final = re.compile(
    r"\s*|\*+|x{3,}|\[redacted\]|<[\w ]+>|\$\{[^}]*\}|\$\w+|\$\([^)]*\)?|`[^`]*`|\{\{.*\}\}|\{\w*\}|%\(?\w*\)?s"
    r"|true|false|none|null",
    re.IGNORECASE,
)


# What stands for a secret in source code and SQL: a parameter, another table's column, a look-up, a type.
_REFERENCE: Final = re.compile(
    r"[?]|[@:]\w+|\w{1,64}\.\w{0,32}(?:password|passwd|pwd|token|secret)s?[);]*|get\w{0,32}\(.*"
    r"|(?:os|self|cls|conf|config|settings|args|params|kwargs|options|env|environ|Variable|dbutils|context)[.\[(].*"
    r"|(?:str|string|bytes|Optional|SecretStr)\b[\w\[\]| .,=]*",
    re.DOTALL,
)


def _is_innocent(text: str) -> bool:
    return _PLACEHOLDER.fullmatch(text) is not None


def _stands_for(text: str) -> bool:
    return _is_innocent(text) or _REFERENCE.fullmatch(text) is not None


# ── What in a text is a secret? ──────────────────────────────────────────────────────────────────────────────────────

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

_JSON_KEY: Final = r"(?:[\w.\-]|\\+u[0-9a-fA-F]{4})+"
_COLON, _SLASH, _AT = (f"%(?:25){{0,2}}{sign}" for sign in ("3[Aa]", "2[Ff]", "40"))
_QUOTED: Final = r"\"(?:[^\"\\]|\\.)*+(?:\"|$)|'(?:[^'\\]|\\.)*+(?:'|$)"
_LITERAL: Final = rf"[A-Za-z]{{0,2}}(?:{_QUOTED})"  # with the letter that some languages put before the quote
_EXPANSION: Final = r"\{\{.*?\}\}|\$\([^)\n]*\)|`[^`\n]*`|\{[^{}\n]*\}"
_OPENING: Final = re.compile(r"[A-Za-z]{0,2}[\"']")


def _hide(value: str) -> str:
    """*value* with its quotes, and nothing of what is between them; as it is when that only stands for a secret."""
    opening = found[0] if (found := _OPENING.match(value)) else ""
    inner = value[len(opening) :].removesuffix(opening[-1:]) if opening else value
    if _is_innocent(inner) or (not opening and _stands_for(inner)):
        return value
    return f"{opening}{REDACTED}{opening[-1:]}"


def _assigned(match: re.Match[str]) -> str:
    key, between, value = match.groups()
    is_query = match.string[max(match.start() - 1, 0) : match.start()] in ("?", "&")
    if not (holds_secret(key) or (is_query and key.lower().endswith(("sig", "signature")))):
        return match[0]
    # SQL compares with spaces round `=`, and a bare word there is a column; max_tokens=7 is a number.
    if not _OPENING.match(value) and (between != "=" or value.isdigit()) and not holds_password(key):
        return match[0]
    return f"{key}{between}{_hide(value)}"


def _named(match: re.Match[str]) -> str:
    """Hide the group `value` where the group `key` names a secret."""
    if not holds_secret(match["key"]):
        return match[0]
    start, end = (at - match.start() for at in match.span("value"))
    return f"{match[0][:start]}{_hide(match['value'])}{match[0][end:]}"


_SETTER: Final = re.compile(r"(?:option|set|config|conf|put|property|param|header|env)\w*\s?$", re.IGNORECASE)


def _set(match: re.Match[str]) -> str:
    is_setter = _SETTER.search(match.string[max(match.start() - 40, 0) : match.start()])
    return _named(match) if is_setter else match[0]


def _pairs(match: re.Match[str]) -> str:
    """Hide the value of every pair whose key names a secret; those within the values of innocent keys too."""
    text, parts, done = match[0], [], 0
    for pair in _PAIR.finditer(text):
        if pair.start() < done or not holds_secret(pair[2]):
            continue
        value = _PAIRED.match(text, pair.end())
        if value is not None and not _is_innocent(value[2]):
            parts += [text[done : value.start()], f"{value[1]}{REDACTED}{value[3]}"]
            done = value.end()
    return "".join((*parts, text[done:]))


_PAIR: Final = re.compile(rf"(?<!\\)(\\*[\"'])({_JSON_KEY})\1\s*:\s*(?=\\*[\"'])")
_PAIRED: Final = re.compile(r"(\\*[\"'])(.*?)((?<!\\)\1|\Z)", re.DOTALL)


def _flow(match: re.Match[str]) -> str:
    return _FLOW_ITEM.sub(_named, match[0])


_FLOW_ITEM: Final = re.compile(rf"[{{,]\s*(?P<key>[^\W\d][\w.-]*):\s+(?P<value>{_EXPANSION}|[^\s\"',}}\[{{][^\"',}}]*)")


def _basic(match: re.Match[str]) -> str:
    try:
        is_login = b":" in base64.b64decode(match[2], validate=True)
    except (binascii.Error, ValueError):
        return match[0]
    return f"{match[1]}{REDACTED}" if is_login else match[0]


# Programs whose options for a password are one letter, and which letter that is.
_WORD: Final = rf"{_EXPANSION}|{_QUOTED}|[^\s\"']+"
_LOGINS: Final = (
    (r"curl", r"(?P<before>\s(?:-u|-U|--user|--proxy-user)(?:\s*|=)[\"']?[^\s:\"']{1,128}:)(?P<value>[^\s\"']+)"),
    (r"curl", rf"(?P<before>\s(?:-b|--cookie)(?:\s*|=))(?=\S*=)(?P<value>{_WORD})"),
    (r"mysql[a-z_]*|mariadb[a-z-]*|sshpass", rf"(?P<before>\s-p)(?P<value>{_WORD})"),
    (r"sshpass|beeline|mongo[a-z]*|cqlsh|login", rf"(?P<before>\s-p\s+)(?!-)(?P<value>{_WORD})"),
    (r"sqlcmd|bcp", rf"(?P<before>\s-P\s*)(?!-)(?P<value>{_WORD})"),
    (r"redis-cli", rf"(?P<before>\s-a\s*)(?!-)(?P<value>{_WORD})"),
    (r"sqlplus|sqlldr", r"(?P<before>\s(?:userid=)?[\"']?[\w$#]+/)(?P<value>[^\s/@\"']+)(?=@)"),
)


def _command(argument: str) -> Callable[[re.Match[str]], str]:
    pattern = re.compile(argument)

    def hide(match: re.Match[str]) -> str:
        return match[1] + pattern.sub(lambda found: found["before"] + _hide(found["value"]), match[2])

    return hide


# Its arguments end where the shell's next command begins, and go on over the end of a line behind a backslash.
_ARGUMENTS: Final = r"((?:\"(?:[^\"\\]|\\.)*+\"|'[^']*'|\\.|[^;|&\n\"'\\]|[\"'])+)"
_COMMANDS: Final[tuple[Rule, ...]] = tuple(
    (re.compile(rf"(?<![\w.-])({program})(?=\s){_ARGUMENTS}", re.DOTALL), _command(argument))
    for program, argument in _LOGINS
)

# Each begins at a border and is bounded, so that a megabyte of base64 costs time in proportion and no more.
_TEXT_RULES: Final[tuple[Rule, ...]] = (
    # user:password@ in any URI; the user stays, it is part of who the dataset is.
    (
        re.compile(r"((?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:/@?#\"']*):[^\s/?#\"']+@"),
        rf"\1:{REDACTED}@",
    ),
    # The same where the password has / ? # in it: then no port stands before them, and a host follows.
    (
        re.compile(
            r"((?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s:/@?#\"']*):(?!\d{1,5}(?:[/?#,]|$)|[{$<%(])"
            r"(?:(?!://)[^\s\"',;<>]){1,256}@(?=[\w.-]+(?::\d+)?(?:[/?#\s\"']|$))"
        ),
        rf"\1:{REDACTED}@",
    ),
    # The same with its signs percent-encoded, some or all, once or twice.
    (
        re.compile(
            rf"((?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{{0,30}}(?:://|{_COLON}{_SLASH}{_SLASH})[^\s:/@?#\"'&]{{0,128}}?"
            rf"{_COLON})[^\s/?#\"'&@]{{1,256}}?(?=@|{_AT})"
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"(https?://)[^\s:/@?#\"']{16,}@"), rf"\1{REDACTED}@"),
    (re.compile(r"(thin:[^/\s:@]{1,128}/)[^@\s]{1,256}@"), rf"\1{REDACTED}@"),
    (re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY[A-Z ]*)-----.*?(?:-----END \1-----|\Z)", re.DOTALL), REDACTED),
    (re.compile(r"(https://hooks\.slack\.com/)[^\s\"'\\]+"), rf"\1{REDACTED}"),
    (re.compile(r"\b(?:xox[a-z]|xapp)-[\w-]{8,}|\b(?:gh[pousr]_|github_pat_|glpat-)[\w-]{16,}"), REDACTED),
    # OpenAI, Anthropic, DeepSeek, Stripe; sk-a-name-of-words is none. Hugging Face, npm, PyPI, DigitalOcean and others.
    (re.compile(r"(?<![\w-])(?:sk-(?=[\w-]*\d)[\w-]*[A-Za-z0-9]{20}[\w-]*|[sr]k_(?:live|test)_\w{16,})"), REDACTED),
    (re.compile(r"\b(?:hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{36}|pypi-A[\w-]{20,}|dop_v1_[0-9a-f]{64})"), REDACTED),
    (re.compile(r"\b(?:SG\.[\w-]{16,}\.[\w-]{16,}|hvs\.[\w-]{20,})"), REDACTED),
    (re.compile(r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|dapi[0-9a-f]{32}|AIza[\w-]{35})(?![\w-])"), REDACTED),
    (re.compile(r"\beyJ[\w-]{8,512}\.[\w-]{8,}\.[\w-]*"), REDACTED),
    (re.compile(r"(\bbearer\s+)(?=\S*[\d._~+/=-])[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"(\bbasic\s+)([A-Za-z0-9+/]{6,}={0,2})", re.IGNORECASE), _basic),
    # SQL: CREATE USER … PASSWORD 'x', IDENTIFIED [WITH plugin] BY 'x', COPY … CREDENTIALS 'x'.
    (
        re.compile(
            r"(\b(?:(?:\w*_)?PASSWORD(?:\s+FOR\s+\S{1,200}\s*=)?|IDENTIFIED\s+(?:WITH\s+\w+\s+)?BY(?:\s+VALUES)?|CREDENTIALS"
            r"|SECRET(?:_ACCESS)?_KEY|SESSION_TOKEN)\s*(?:PASSWORD)?[\s(]\s*N?)(?:'(?:[^']|'')*'|\"[^\"]*\")",
            re.IGNORECASE,
        ),
        rf"\1'{REDACTED}'",
    ),
    (re.compile(r"(\bUSER\s+\S{1,200}\s+IDENTIFIED\s+BY\s+)(?!VALUES\b)[^\s'\";]+", re.IGNORECASE), rf"\1{REDACTED}"),
    # "key": "value" where the text is JSON, half JSON, or Python's repr; quotes may be escaped.
    (re.compile(r".+", re.DOTALL), _pairs),
    # A setter in source code, that of a Spark reader's option or a configuration: its key, then its value.
    (re.compile(rf"\(\s*[\"'](?P<key>[\w.\-]+)[\"']\s*,\s*(?P<value>{_LITERAL})"), _set),
    # --option value
    (
        re.compile(rf"(?<![\w-])--?(?P<key>[^\W\d_][\w.-]*)\s+(?P<value>{_EXPANSION}|{_QUOTED}|[^\s\"'-][^\s\"']*)"),
        _named,
    ),
    # KEY=value in command lines, URLs and connection strings; key = 'value' in SQL and source code.
    (
        re.compile(
            rf"(?<![\w.\-])(-{{0,2}}[^\W\d][\w.\-]*)([\"'\])]*\s*:?=>?\s*)({_EXPANSION}|{_LITERAL}|[^\s&;,'\"<>]+)"
        ),
        _assigned,
    ),
    # key: value on a line of its own, as YAML has it; within {…}; as a header in quotes
    (
        re.compile(r"^[ \t]*(?:-[ \t]+)?(?P<key>[^\W\d][\w.\-]*):[ \t]+(?P<value>[^\s\[{][^\n]*)$", re.MULTILINE),
        _named,
    ),
    (re.compile(r"\{[^{}\n]*\}"), _flow),
    (
        re.compile(r"(?<=[\"'])(?P<key>\w+(?:-\w+)+(?=:)|\w+(?=:\s)):\s*(?P<value>[^\s\"'][^\"'\n\\]*)(?=\\*[\"'])"),
        _named,
    ),
    # <key>value</key>, name="key" value="value", and Hadoop's <name>key</name><value>value</value>
    (re.compile(r"<(?P<key>[\w.:-]+)>(?P<value>[^<>\n]+)</"), _named),
    (re.compile(r"\bname=[\"'](?P<key>[\w.:-]+)[\"']\s+value=(?P<value>\"[^\"]*\"|'[^']*')"), _named),
    (re.compile(r"<name>\s*(?P<key>[\w.:-]+)\s*</name>\s*<value>(?P<value>[^<]+)<"), _named),
    *_COMMANDS,
)


def _text(text: str) -> str:
    low = text.lower()
    if not _ANY_MARK.search(low) and not ("\\u" in low and names_one_abroad(low.encode(errors="replace"))):
        return text
    if text.lstrip()[:1] in ("{", "[", '"'):
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
        return [_argument(before, item) for before, item in zip((None, *value), value, strict=False)]
    return value


def _argument(before: Any, value: Any) -> Any:
    """An item of a list; ["--password", "x"] is a command line too."""
    is_secret = isinstance(before, str) and before.startswith("-") and "=" not in before and holds_secret(before)
    return _hidden(value, before) if is_secret and isinstance(value, str) else _value(value)


def _object(found: dict[str, Any]) -> dict[str, Any]:
    clean = {}
    names_secret = any(isinstance(found.get(by), str) and holds_secret(found[by]) for by in _NAMED_BY)
    for key, value in found.items():
        if holds_secret(key) or (names_secret and key == "value"):
            clean[_key(key)] = _hidden(value, key)
        elif key in _COLUMNS and isinstance(value, dict):
            clean[key] = {_key(column): _value(about) for column, about in value.items()}
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
    return REDACTED if is_number and holds_password(key) else value


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
    r'("(?:name|key)"\s*:\s*")([^"]*)("\s*,\s*"value"\s*:\s*)("(?:[^"\\]|\\.)*+(?:"|$)|[^",}\s]+)'
)
_LEXICAL_VALUE: Final = re.compile(
    rf'("({_JSON_KEY})"\s*:\s*)' r'("(?:[^"\\]|\\.)*+(?:"|$)|\[[^\]]*(?:\]|$)|\{[^{}]*(?:\}|$)|-?\d[\d.eE+-]*)',
    re.DOTALL,
)


def scrub(text: bytes) -> bytes:
    """*text* without what looks like credentials, judged by its letters alone: for bodies that are not JSON."""
    letters = text.decode("utf-8", "surrogateescape")  # and back, byte for byte, whatever the encoding is
    letters = _LEXICAL_NAMED.sub(_lexical_named, letters)
    letters = _LEXICAL_VALUE.sub(_lexical_value, letters)
    for pattern, replacement in _TEXT_RULES:
        letters = pattern.sub(replacement, letters)
    return letters.encode("utf-8", "surrogateescape")


def _lexical_named(match: re.Match[str]) -> str:
    return f'{match[1]}{match[2]}{match[3]}"{REDACTED}"' if holds_secret(match[2]) else match[0]


def _lexical_value(match: re.Match[str]) -> str:
    key, value = match[2], match[3]
    if value[0] in "[{" and not holds_secret(key):
        return match[1] + _LEXICAL_VALUE.sub(_lexical_value, value)
    is_kept = _is_innocent(value.strip('"')) or (value[0] not in '"[{' and not holds_password(key))
    return f'{match[1]}"{REDACTED}"' if holds_secret(key) and not is_kept else match[0]
