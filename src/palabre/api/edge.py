"""Where the edge is, as the asking browser can reach it."""

from fastapi import Request

from palabre.api.ports import Services


def edge_address(request: Request, services: Services) -> str:
    """`PALABRE_EDGE_URL`, else the host this request came to with the edge's port."""
    if services.settings.edge_url:
        return services.settings.edge_url
    host = request.url.hostname or "localhost"
    literal = f"[{host}]" if ":" in host else host
    return f"{request.url.scheme}://{literal}:{services.edge_port}"
