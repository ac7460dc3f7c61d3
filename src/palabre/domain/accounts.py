"""Accounts: a person's login, and what its words may look like."""

import re
from dataclasses import dataclass
from datetime import datetime

from palabre.domain.ids import AccountId
from palabre.domain.refusal import Code, Refused

NAME_MAX = 64
BIO_MAX = 280
PASSWORD_MIN = 8
PASSWORD_MAX = 256
_HANDLE = re.compile(r"[a-z][a-z0-9_]{2,31}")


@dataclass(frozen=True, slots=True)
class Account:
    """A person's login. Other people see only its personas."""

    id: AccountId
    handle: str
    display_name: str
    bio: str
    locale: str
    created_at: datetime


def checked_handle(raw: str) -> str:
    """The handle as it is kept (lower case, no @). Raises Refused(HANDLE_INVALID)."""
    handle = raw.strip().removeprefix("@").lower()
    if not _HANDLE.fullmatch(handle):
        raise Refused(Code.HANDLE_INVALID)
    return handle


def checked_name(raw: str) -> str:
    """A name of 1–64 characters, without white space around it. Raises Refused(NAME_INVALID)."""
    name = raw.strip()
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
        raise Refused(Code.NAME_INVALID)
    return name


def checked_bio(raw: str) -> str:
    """A bio or a description of at most 280 characters. Raises Refused(TEXT_TOO_LONG)."""
    bio = raw.strip()
    if len(bio) > BIO_MAX:
        raise Refused(Code.TEXT_TOO_LONG, limit={"characters": BIO_MAX})
    return bio


def checked_password(raw: str) -> str:
    """The password as given. Raises Refused(PASSWORD_TOO_WEAK)."""
    if not PASSWORD_MIN <= len(raw) <= PASSWORD_MAX:
        raise Refused(Code.PASSWORD_TOO_WEAK)
    return raw
