"""The ASGI application: the API under /api/v1, the web pages everywhere else."""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from palabre import __version__
from palabre.api import openapi, problems
from palabre.api.guard import Rates, guard, operation_id
from palabre.api.metrics import METRICS
from palabre.api.middleware import BodyLimit, RateLimit, SecurityHeaders
from palabre.api.pages import Everywhere, Pages
from palabre.api.ports import Services
from palabre.api.proxies import BehindProxies, Proxies
from palabre.api.routes import accounts, chats, members, messages, participants, recordings, rooms

PREFIX = "/api/v1"
_ROUTERS = (accounts, chats, members, messages, rooms, participants, recordings)


def described_app() -> FastAPI:
    """All operations without the services behind them: enough for the OpenAPI document."""
    app = FastAPI(
        title="Palabre",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # the usual page loads scripts from elsewhere; the page's policy forbids it
        redoc_url=None,
        separate_input_output_schemas=False,
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
        },  # nobody collects it, each request pays
    )
    api = APIRouter(
        prefix=PREFIX,
        dependencies=[Depends(guard)],
        generate_unique_id_function=lambda route: operation_id(route.name),
    )
    for module in _ROUTERS:
        api.include_router(module.router)
    app.include_router(api)
    app.openapi = lambda: _document_once(app)  # type: ignore[method-assign]
    problems.install(app)
    return app


def create_app(services: Services) -> FastAPI:
    """The application as it is served."""
    app = described_app()
    rates = Rates.of(services.settings.limits)
    app.state.services = services
    app.state.rates = rates
    app.state.proxies = proxies = Proxies(services.settings.proxies)
    app.router.routes += [METRICS, Everywhere(Pages())]
    app.add_middleware(BodyLimit, max_bytes=services.settings.limits.body_bytes)
    app.add_middleware(RateLimit, rate=rates.address, monotonic=services.clock.monotonic)
    app.add_middleware(SecurityHeaders, edge_url=services.settings.edge_url, edge_port=services.edge_port)
    app.add_middleware(BehindProxies, proxies=proxies)
    return app


def _document_once(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = openapi.document(app)
    return app.openapi_schema
