"""Sign-up, sign-in, sign-out, profile."""

from fastapi import APIRouter, Request, Response

from palabre.accounts.service import SignedIn
from palabre.api.guard import (
    CSRF_COOKIE,
    SESSION_COOKIE,
    Guarded,
    Me,
    Use,
    address_of,
    csrf_token,
    rates_of,
)
from palabre.api.rates import network_of
from palabre.wire import accounts as wire

router = APIRouter(tags=["accounts"])


@router.post("/accounts", status_code=201)
async def sign_up(body: wire.SignUp, request: Request, services: Use) -> wire.Account:
    """Make an account. Sign in with it afterwards."""
    rates_of(request).sign_up.take(address_of(request), services.clock.monotonic())
    account = await services.accounts.sign_up(
        handle=body.handle, display_name=body.display_name, password=body.password, locale=body.locale
    )
    return wire.Account.model_validate(account)


@router.post("/sessions", status_code=201)
async def sign_in(body: wire.SignIn, request: Request, response: Response, services: Use) -> wire.Session:
    """Sign in, with a cookie (web pages) or a bearer token (programs)."""
    key = f"{network_of(address_of(request))} {body.handle.strip().lower()}"
    rates_of(request).sign_in.take(key, services.clock.monotonic())
    signed_in = await services.accounts.sign_in(body.handle, body.password)
    if body.transport == "cookie":
        _set_cookies(response, signed_in, secure=_is_https(request, services))
    token = signed_in.token if body.transport == "bearer" else None
    return wire.Session(account=wire.Account.model_validate(signed_in.account), token=token)


@router.delete("/sessions/current", status_code=204)
async def sign_out(visit: Guarded, response: Response, services: Use) -> None:
    """End the sign-in this request came with."""
    if visit.token is not None:
        await services.accounts.sign_out(visit.token)
    response.delete_cookie(SESSION_COOKIE)
    response.delete_cookie(CSRF_COOKIE)


@router.get("/me")
async def get_me(me: Me) -> wire.Account:
    """Your own account."""
    return wire.Account.model_validate(me)


@router.patch("/me")
async def change_me(me: Me, body: wire.ProfileChange, services: Use) -> wire.Account:
    """Change your profile."""
    changed = await services.accounts.change_profile(
        me, display_name=body.display_name, bio=body.bio, locale=body.locale
    )
    return wire.Account.model_validate(changed)


def _set_cookies(response: Response, signed_in: SignedIn, *, secure: bool) -> None:
    """The session out of scripts' reach; the CSRF token for the page to read and send back as a header."""
    expires = signed_in.expires_at
    token = signed_in.token
    response.set_cookie(SESSION_COOKIE, token, expires=expires, httponly=True, secure=secure, samesite="lax")
    response.set_cookie(CSRF_COOKIE, csrf_token(token), expires=expires, secure=secure, samesite="lax")


def _is_https(request: Request, services: Use) -> bool:
    public = services.settings.public_url
    return public.startswith("https://") if public else request.url.scheme == "https"
