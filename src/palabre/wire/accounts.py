"""Accounts and sign-in on the wire."""

from typing import Literal

from pydantic import Field

from palabre.domain.accounts import BIO_MAX, NAME_MAX, PASSWORD_MAX, PASSWORD_MIN
from palabre.wire.room import Wire

LOCALE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"
"""A BCP 47 language tag, as far as it matters here."""


class Account(Wire):
    """An account as its own person sees it."""

    id: str = Field(examples=["acc_5QbT1mZk9sXv2LwYc8RdHe"])
    handle: str = Field(examples=["ada"])
    display_name: str = Field(examples=["Ada Lovelace"])
    bio: str = Field(examples=["Counts things."])
    locale: str = Field(examples=["en"])


class SignUp(Wire):
    handle: str = Field(
        max_length=64, examples=["ada"], description="3–32 of a–z, 0–9 and _, a letter first."
    )
    display_name: str = Field(
        max_length=4 * NAME_MAX, examples=["Ada Lovelace"], description="1–64 characters."
    )
    password: str = Field(
        max_length=4 * PASSWORD_MAX,
        examples=["correct horse battery"],
        description=f"{PASSWORD_MIN}–{PASSWORD_MAX} characters.",
        repr=False,
    )
    locale: str = Field("en", pattern=LOCALE, examples=["fr"], description="Language tag (BCP 47).")


class SignIn(Wire):
    handle: str = Field(max_length=64, examples=["ada"])
    password: str = Field(max_length=4 * PASSWORD_MAX, examples=["correct horse battery"], repr=False)
    transport: Literal["cookie", "bearer"] = Field(
        "bearer", description="`cookie` for web pages, `bearer` for programs."
    )


class Session(Wire):
    account: Account
    token: str | None = Field(None, description="With transport `bearer` only; it is told once.")


class ProfileChange(Wire):
    """What is left out stays."""

    display_name: str | None = Field(None, max_length=4 * NAME_MAX, examples=["Ada L."])
    bio: str | None = Field(None, max_length=4 * BIO_MAX, examples=["Counts things."])
    locale: str | None = Field(None, pattern=LOCALE, examples=["fr"])
