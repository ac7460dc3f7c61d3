"""The built web client; every unknown path is the client's own and gets its first page."""

from importlib.resources import files
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

STATIC = Path(str(files("palabre"))) / "static"

_NOT_BUILT = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>Palabre</title>
<h1>Palabre is running</h1>
<p>The web client is not built yet. Stop the server and run <code>make run</code>, or <code>make web</code>,
in the project's folder. The API is at <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p></html>
"""


class Pages:
    """An ASGI application over the folder Vite wrote."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        path = str(scope["path"])
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        found = self._file(path)
        if found is not None:
            return FileResponse(found, headers={"Cache-Control": _caching(path)})
        if "." in path.rsplit("/", 1)[-1]:
            raise HTTPException(404)  # a file that is not there, and not a page of the client
        first_page = self._folder / "index.html"
        if not first_page.is_file():
            return HTMLResponse(_NOT_BUILT)
        return FileResponse(first_page, headers={"Cache-Control": "no-cache"})

    def _file(self, path: str) -> Path | None:
        """The file at `path`; never one outside the folder, whatever dots the path has."""
        found = (self._folder / path.lstrip("/")).resolve()
        return found if found.is_relative_to(self._folder) and found.is_file() else None


class Everywhere(Mount):
    """Takes every path but the API's, where it would hide that only the method is wrong."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__("/", app)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if str(scope["path"]).startswith("/api/"):
            return Match.NONE, {}
        return super().matches(scope)


def _caching(path: str) -> str:
    """Vite puts a hash of the content into the names under assets/: those never change."""
    return "public, max-age=31536000, immutable" if path.startswith("/assets/") else "no-cache"
