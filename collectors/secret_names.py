"""Which names are those of secrets: keys of objects, options, variables and columns of settings, in several tongues."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ESCAPED: Final = re.compile(r"\\+u([0-9a-fA-F]{4})")

_PASSWORDS: Final = ("password", "passwd", "passphrase", "passwort", "pwd")
_SECRETS: Final = frozenset(
    {*_PASSWORDS, "pass", "secret", "secrets", "token", "tokens", "credential", "credentials", "authorization", "jwt"}
    | {"apikey", "accesskey", "secretkey", "privatekey", "accountkey", "sharedkey", "masterkey", "sas"}
)
_SECRET_ENDS: Final = ("password", "passwd", "passphrase", "secret")  # PGPASSWORD, clientsecret
_LAST: Final = frozenset({"cookie", "cookies"})  # a session; cookie_banner and cookies_accepted are about one
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

# A password in other tongues, without accents and separators; in Latin letters it must end the name, for
# parola_chiave is no secret. The words in other letters mean nothing else.
_LATIN: Final = (
    "contrasena",
    "secreto",
    "senha",
    "parola",
    "kennwort",
    "motdepasse",
    "wachtwoord",
    "losenord",
    "sifre",
)
_OTHER: Final = (
    *(
        "парол",
        "секрет",
        "токен",
        "密码",
        "密碼",
        "口令",
        "パスワード",
        "비밀번호",
        "hasło",
        "κωδικ",
        "סיסמ",
        "كلمةالسر",
    ),
    "كلمةالمرور",
)
# What of those words is in any text that holds one, whatever its accents are made of.
OTHER_MARKS: Final = (*_OTHER[:-2], "كلمة", "şifre", "s\u0327ifre", "senord")


_CASED: Final = frozenset(form for word in OTHER_MARKS for form in (word, word.upper(), word.capitalize()))
_AS_UTF8: Final = tuple(sorted({form.encode().lower() for form in _CASED}))
_AS_ESCAPES: Final = tuple(sorted({json.dumps(form)[1:-1].lower().replace("\\", "").encode() for form in _CASED}))


def names_one_abroad(low: bytes) -> bool:
    """True when *low*, a body in lower case, holds a word for a secret in letters beyond ASCII, as UTF-8 or escaped."""
    if not low.isascii() and any(word in low for word in _AS_UTF8):
        return True
    if b"\\u" not in low:
        return False
    letters = low.translate(None, b"\\")  # JSON within JSON escapes its escapes
    return any(word in letters for word in _AS_ESCAPES)


@lru_cache(maxsize=4096)
def holds_secret(key: str) -> bool:
    """True when the value under *key* is a credential, if it is a text at all."""
    if key in _SHELL_FOLDERS:
        return False
    parts = [part.lower() for part in _PART.findall(key)]
    for at, part in enumerate(parts):
        after = parts[at + 1] if at + 1 < len(parts) and not key.endswith(_HOST_ENDS) else ""
        if part == "key" and at > 0 and parts[at - 1] in _BEFORE_KEY and (after not in _ABOUT or after == "id"):
            return True
        if (part in _SECRETS or part.endswith(_SECRET_ENDS)) and after not in _ABOUT:
            return True
    return (bool(parts) and parts[-1] in _LAST) or _is_abroad(key)


@lru_cache(maxsize=1024)
def holds_password(key: str) -> bool:
    """True when even a number under *key* is one."""
    return any(part.lower().endswith(_PASSWORDS) for part in _PART.findall(key)[-1:]) or _is_abroad(key)


def _is_abroad(key: str) -> bool:
    folded = _folded(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), key))
    return folded.endswith(_LATIN) or (not folded.isascii() and any(word in folded for word in _FOLDED))


def _folded(text: str) -> str:
    """*text* in small letters, without accents and whatever is no letter."""
    return "".join(letter for letter in unicodedata.normalize("NFKD", text).casefold() if letter.isalnum())


_FOLDED: Final = tuple(map(_folded, _OTHER))
