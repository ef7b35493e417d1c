"""Addresses of exports that lie elsewhere, and how they are shown: no password or signature leaves this module.

Credentials come from the environment and the files of the providers. Where an address carries some all the same, as a
presigned one does, they reach the server and nothing else: no message, no progress line and no database.
"""

import os
import re
from urllib.parse import parse_qsl, unquote, urlsplit

TABLES = ("postgresql", "postgres")
WEB = ("http", "https")
ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
QUERY = re.compile(r"\?[\w.-]+=")
"""Where the query begins in the address of an object, whose name may hold a question mark, as a pattern does."""
SECRET_VARIABLE = re.compile(r"(AWS|AZURE|GOOGLE|GCP|PG).*(SECRET|TOKEN|PASS|KEY|SAS|CONNECTION_STRING)")
SECRET_PARAMETER = re.compile(r"pass|secret|token|key|sig|credential", re.IGNORECASE)
SHORTEST_SECRET = 4
"""Anything shorter is taken for a word: hiding every 'on' of a message would hide the message."""


def scheme_of(text: str) -> str | None:
    """The scheme in lower case; None for the name of a local file.

    >>> scheme_of("S3://bucket/logs"), scheme_of("logs/a.csv")
    ('s3', None)
    """
    found = ADDRESS.match(text)
    return found[1].lower() if found else None


def shown(address: str) -> str:
    """The address without what could open a door: user and password, and the query with its signature.

    >>> shown("postgresql://ann:pw@db:5432/litellm?sslmode=require#LiteLLM_SpendLogs")
    'postgresql://db:5432/litellm#LiteLLM_SpendLogs'
    >>> shown("https://host/a.csv?X-Amz-Signature=abc"), shown("s3://bucket/log-?.jsonl")
    ('https://host/a.csv', 's3://bucket/log-?.jsonl')
    >>> shown("abfs://box@account.dfs.core.windows.net/a.csv")
    'abfs://box@account.dfs.core.windows.net/a.csv'
    """
    scheme = scheme_of(address)
    if scheme is None:
        return address
    rest = address[len(scheme) + 3 :]
    fragment = ""
    if scheme in (*WEB, *TABLES):
        rest, mark, table = rest.partition("#")
        fragment = mark + table if scheme in TABLES else ""
        rest = rest.partition("?")[0]
    elif query := QUERY.search(rest):
        rest = rest[: query.start()]
    host, slash, path = rest.partition("/")
    user, at, server = host.rpartition("@")
    # abfs://container@account: there the name before the @ is part of the place
    kept = user.partition(":")[0] + at if scheme in ("abfs", "abfss") else ""
    return f"{scheme}://{kept}{server}{slash}{path}{fragment}"


def scrubbed(message: object, address: str) -> str:
    """What a client library says, on one line and without the secrets of `address` and of the environment.

    >>> scrubbed("cannot open https://h/a?sig=abcdef (abcdef)", "https://h/a?sig=abcdef")
    'cannot open https://h/a (***)'
    """
    text = " ".join(str(message).split())
    text = re.sub(r"[a-z][a-z0-9+.-]*://[^\s'\"<>(),]+", lambda found: shown(found[0]), text, flags=re.IGNORECASE)
    for secret in sorted(_secrets(address), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text.rstrip(" .")


def _secrets(address: str) -> set[str]:
    found = {value for name, value in os.environ.items() if SECRET_VARIABLE.match(name)}
    parts = urlsplit(address)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    found |= {password, unquote(password)} | ({user, unquote(user)} if parts.scheme in WEB else set())
    for name, value in parse_qsl(parts.query):
        if parts.scheme in WEB or SECRET_PARAMETER.search(name):
            raw = re.search(rf"[?&]{re.escape(name)}=([^&#]*)", address)
            found |= {value, raw[1] if raw else value}
    return {secret for secret in found if len(secret) >= SHORTEST_SECRET}
