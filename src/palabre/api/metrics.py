"""`GET /metrics`: what the server does and what it costs, in Prometheus' text format. No names of people or rooms.

Beside the API: it is for the operator's programs, and no client's business.
"""

from collections.abc import Sequence
from ipaddress import ip_network

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from palabre.api.guard import address_of, services_of
from palabre.api.proxies import ip_of
from palabre.domain.refusal import Code, Refused

_FORMAT = "text/plain; version=0.0.4"


async def _metrics(request: Request) -> PlainTextResponse:
    services, address = services_of(request), address_of(request)
    if not may_read(address, services.settings.metrics_for):
        detail = (
            f"Metrics are not for {address}. The operator names who may read them in PALABRE_METRICS_FOR."
        )
        raise Refused(Code.FORBIDDEN, detail)
    counters = services.counters()
    lines = (f"{name} {value:.15g}\n" for name, value in counters.items())
    return PlainTextResponse("".join(lines), media_type=_FORMAT)


def may_read(address: str, networks: Sequence[str]) -> bool:
    """Whether one of the networks has the address. What is no IP address (a socket's path) is in none."""
    asks = ip_of(address)
    if asks is None:
        return False
    return any(asks in ip_network(network) for network in networks)


METRICS = Route("/metrics", _metrics)
