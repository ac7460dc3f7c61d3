"""The OpenAPI 3.1 document: FastAPI's, with every refusal the policy names."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from palabre.api.guard import CSRF_HEADER, SESSION_COOKIE
from palabre.api.policy import ACCESS, codes_of
from palabre.api.problems import MEDIA_TYPE, RETRY_AFTER_S, STATUS, Problem, example
from palabre.domain.refusal import Code

Json = dict[str, Any]

DESCRIPTION = """\
Live voice chats in groups and channels.

Programs sign in with `transport: bearer` and send the token as `Authorization: Bearer`. Web pages use the
cookie and repeat the `palabre_csrf` cookie in `X-CSRF-Token` on everything that changes something.

Errors are problem documents (RFC 9457): branch on `code`, show `detail`. Lists are pages: follow
`next_cursor`.
"""

_SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": f"Changes also need the header {CSRF_HEADER}.",
    },
}


def document(app: FastAPI) -> Json:
    """The document of `app`, ready to be written or served."""
    made: Json = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas: Json = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem_schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem_schema.pop("$defs", {}))
    schemas["Problem"] = problem_schema
    made["components"]["securitySchemes"] = _SCHEMES
    made["components"]["examples"] = {code: {"value": example(code)} for code in Code}
    for path in made["paths"].values():
        for operation in path.values():
            _complete(operation)
    return made


def _complete(operation: Json) -> None:
    rule = ACCESS[operation["operationId"]]
    operation["security"] = [{"bearer": []}, {"cookie": []}] if rule.signed_in else []
    codes = [*codes_of(rule), *_codes_of_shape(operation)]
    operation["responses"].pop("422", None)
    for status, refusals in _by_status(codes).items():
        operation["responses"][str(status)] = _response(refusals)


def _codes_of_shape(operation: Json) -> Iterable[Code]:
    """Refusals that follow from what the operation takes: a body, parameters, a key."""
    yield Code.INTERNAL_ERROR
    yield Code.INVALID_INPUT
    yield Code.BODY_TOO_LARGE
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ())):
        yield Code.IDEMPOTENCY_KEY_REUSED


def _by_status(codes: Iterable[Code]) -> dict[int, list[Code]]:
    found: dict[int, list[Code]] = defaultdict(list)
    for code in dict.fromkeys(codes):
        found[STATUS[code]].append(code)
    return dict(sorted(found.items()))


def _response(codes: list[Code]) -> Json:
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    response: Json = {
        "description": " · ".join(codes),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}},
    }
    if {Code.TOO_MANY_REQUESTS, *RETRY_AFTER_S} & set(codes):
        response["headers"] = {
            "Retry-After": {
                "schema": {"type": "integer"},
                "description": "Seconds to wait (RFC 9110 §10.2.3).",
            }
        }
    return response
