"""`GET /metrics`: what the server does and what it costs, in Prometheus' text format. No names of people or rooms."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from palabre.api.guard import services_of

_FORMAT = "text/plain; version=0.0.4"


async def _metrics(request: Request) -> PlainTextResponse:
    counters = services_of(request).counters()
    lines = (f"{name} {value:.15g}\n" for name, value in counters.items())
    return PlainTextResponse("".join(lines), media_type=_FORMAT)


METRICS = Route("/metrics", _metrics)
"""Beside the API: it is for the operator's programs, and no client's business."""
