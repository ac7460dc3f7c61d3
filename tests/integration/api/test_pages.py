"""The web client's files, and the headers that protect the page."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from palabre.api.pages import Pages
from tests.integration.api import documented
from tests.integration.api.people import House


@pytest.fixture
def built(tmp_path: Path) -> httpx.AsyncClient:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>client</title>")
    (folder / "assets" / "app-1a2b.js").write_text("run()")
    (tmp_path / "secret.txt").write_text("secret")
    app = Starlette()
    app.mount("/", Pages(folder))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://palabre.test")


async def test_the_clients_own_addresses_get_its_first_page(built: httpx.AsyncClient) -> None:
    for path in ("/", "/chats/chat_x", "/sign-in"):
        answer = await built.get(path)
        assert "client" in answer.text
        assert answer.headers["Cache-Control"] == "no-cache"


async def test_files_named_after_their_content_are_kept_for_good(built: httpx.AsyncClient) -> None:
    answer = await built.get("/assets/app-1a2b.js")
    assert answer.text == "run()"
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/assets/gone.js", "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"]
)
async def test_what_is_not_in_the_folder_is_not_found(built: httpx.AsyncClient, path: str) -> None:
    assert (await built.get(path)).status_code == 404


async def test_every_answer_says_what_the_page_may_do(house: House) -> None:
    visitor = house.visitor()
    for path in ("/", "/api/v1/me", "/api/v1/nothing"):
        headers = (await visitor.http.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "connect-src 'self' http://palabre.test:8081;" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


async def test_a_host_that_is_no_host_does_not_reach_the_policy(house: House) -> None:
    answer = await house.visitor().http.get("/", headers={"Host": "x; script-src *"})
    assert "script-src" not in answer.headers["Content-Security-Policy"]


async def test_the_document_is_served_with_the_api(house: House) -> None:
    answer = await house.visitor().http.get("/api/v1/openapi.json")
    assert answer.json() == documented.document()


async def test_unknown_addresses_of_the_api_are_problems_not_pages(house: House) -> None:
    visitor = house.visitor()
    for method, status in (("GET", 404), ("POST", 404)):
        answer = await visitor.http.request(method, "/api/v1/nothing")
        assert (answer.status_code, answer.json()["code"]) == (status, "NOT_FOUND")


async def test_a_wrong_method_is_told_from_a_wrong_address(house: House) -> None:
    visitor = house.visitor()
    wrong = await visitor.ask("DELETE", "/chats/chat_x/messages")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert wrong.headers["Allow"] == "GET, POST"
    assert (await visitor.ask("DELETE", "/chats/chat_x/nothing")).json()["code"] == "NOT_FOUND"
    assert (await visitor.http.post("/sign-in")).status_code == 405
