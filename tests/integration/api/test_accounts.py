"""Sign-up, sign-in, sign-out, profile; cookies and the page's own token."""

import hashlib
import sqlite3
from pathlib import Path

import httpx

from palabre.api.guard import CSRF_COOKIE, CSRF_HEADER, SESSION_COOKIE
from tests.integration.api.people import PASSWORD, House, Person, opened


async def test_a_new_account_signs_in_and_finds_itself(house: House) -> None:
    ada = await house.person("ada", "Ada Lovelace")
    me = await ada.must("GET", "/me")
    assert me == {
        "id": ada.id,
        "handle": "ada",
        "display_name": "Ada Lovelace",
        "bio": "",
        "locale": "en",
    }


async def test_a_profile_changes_only_where_it_is_told_to(house: House) -> None:
    ada = await house.person("ada")
    changed = await ada.must("PATCH", "/me", {"bio": " Counts things. ", "locale": "fr"})
    assert (changed["display_name"], changed["bio"], changed["locale"]) == ("Ada", "Counts things.", "fr")
    assert await ada.must("GET", "/me") == changed


async def test_a_handle_belongs_to_one_account_whatever_its_case(house: House) -> None:
    await house.person("ada")
    again = {"handle": "@ADA", "display_name": "Other", "password": PASSWORD}
    assert await house.visitor().refused("POST", "/accounts", again) == "HANDLE_TAKEN"


async def test_words_that_cannot_be_kept_are_refused_by_name(house: House) -> None:
    visitor = house.visitor()

    async def refusal(**changed: str) -> str:
        body = {"handle": "ada", "display_name": "Ada", "password": PASSWORD, **changed}
        return await visitor.refused("POST", "/accounts", body)

    assert await refusal(handle="1ada") == "HANDLE_INVALID"
    assert await refusal(display_name="  ") == "NAME_INVALID"
    assert await refusal(password="short") == "PASSWORD_TOO_WEAK"
    assert await refusal(locale="not a language") == "INVALID_INPUT"


async def test_a_wrong_password_and_an_unknown_handle_are_told_alike(house: House) -> None:
    await house.person("ada")
    visitor = house.visitor()
    wrong = await visitor.ask("POST", "/sessions", {"handle": "ada", "password": "wrong wrong"})
    unknown = await visitor.ask("POST", "/sessions", {"handle": "nobody", "password": "wrong wrong"})
    assert (wrong.status_code, wrong.json()) == (unknown.status_code, unknown.json())
    assert wrong.json()["code"] == "WRONG_CREDENTIALS"


async def test_guessing_passwords_is_slowed_down_and_the_wait_is_told(house: House) -> None:
    await house.person("ada")
    visitor = house.visitor()
    limit = house.services.settings.limits.sign_in_burst
    for _ in range(limit + 1):
        answer = await visitor.ask("POST", "/sessions", {"handle": "ada", "password": "wrong wrong"})
    assert answer.json()["code"] == "TOO_MANY_REQUESTS"
    assert answer.json()["limit"] == {"sign_ins_per_minute": 10}
    assert int(answer.headers["Retry-After"]) >= 1


async def test_after_signing_out_the_token_opens_nothing(house: House) -> None:
    ada = await house.person("ada")
    await ada.must("DELETE", "/sessions/current")
    assert await ada.refused("GET", "/me") == "NOT_SIGNED_IN"


async def test_an_invented_token_opens_nothing(house: House) -> None:
    visitor = house.visitor()
    for header in ("Bearer invented", "Bearer ", "Basic YTpi", "Bearer " + "x" * 5000):
        assert await visitor.refused("GET", "/me", headers={"Authorization": header}) == "NOT_SIGNED_IN"


async def test_the_database_keeps_only_the_hash_of_a_token(house: House) -> None:
    ada = await house.person("ada")
    token = ada.http.headers["Authorization"].removeprefix("Bearer ")
    with sqlite3.connect(house.data / "palabre.sqlite3") as database:
        kept = [row[0] for row in database.execute("select token_hash from sessions")]
    assert kept == [hashlib.sha256(token.encode()).digest()]


async def test_a_page_signs_in_by_cookie_out_of_reach_of_scripts(house: House) -> None:
    page, answer = await _page(house)
    by_name = {cookie.split("=")[0]: cookie for cookie in answer.headers.get_list("set-cookie")}
    assert "token" not in answer.json() or answer.json()["token"] is None
    assert "HttpOnly" in by_name[SESSION_COOKIE]
    assert "SameSite=lax" in by_name[SESSION_COOKIE]
    assert "HttpOnly" not in by_name[CSRF_COOKIE]
    assert (await page.must("GET", "/me"))["handle"] == "ada"


async def test_a_page_must_repeat_its_own_token_to_change_anything(house: House) -> None:
    page, _ = await _page(house)
    change = {"bio": "Hello."}
    assert await page.refused("PATCH", "/me", change) == "CSRF_FAILED"
    assert await page.refused("PATCH", "/me", change, headers={CSRF_HEADER: "0" * 64}) == "CSRF_FAILED"
    own = {CSRF_HEADER: page.http.cookies[CSRF_COOKIE]}
    assert (await page.must("PATCH", "/me", change, headers=own))["bio"] == "Hello."


async def test_cookies_are_for_https_only_where_the_server_is(tmp_path: Path) -> None:
    async with opened(tmp_path, public_url="https://palabre.example") as house:
        _, answer = await _page(house)
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))


async def _page(house: House) -> tuple[Person, httpx.Response]:
    page = house.visitor()
    body = {"handle": "ada", "display_name": "Ada", "password": PASSWORD}
    await page.must("POST", "/accounts", body)
    wish = {"handle": "ada", "password": PASSWORD, "transport": "cookie"}
    answer = await page.ask("POST", "/sessions", wish)
    assert answer.status_code == 201
    return page, answer
