"""Errors as problem documents (RFC 9457) with the domain's code."""

import re
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from structlog import get_logger

from palabre.domain.refusal import SENTENCES, Code, Refused

MEDIA_TYPE = "application/problem+json"

STATUS: dict[Code, int] = {
    Code.NOT_SIGNED_IN: 401,
    Code.WRONG_CREDENTIALS: 401,
    Code.CSRF_FAILED: 403,
    Code.FORBIDDEN: 403,
    Code.HANDLE_TAKEN: 409,
    Code.HANDLE_INVALID: 422,
    Code.NAME_INVALID: 422,
    Code.PASSWORD_TOO_WEAK: 422,
    Code.ACCOUNT_NOT_FOUND: 404,
    Code.CHAT_NOT_FOUND: 404,
    Code.CHAT_IS_PRIVATE: 403,
    Code.NOT_A_MEMBER: 403,
    Code.OWNER_CANNOT_LEAVE: 409,
    Code.MESSAGE_NOT_FOUND: 404,
    Code.MESSAGE_EMPTY: 422,
    Code.LINK_REVOKED: 410,
    Code.LINK_EXPIRED: 410,
    Code.LINK_USED_UP: 410,
    Code.ROOM_NOT_FOUND: 404,
    Code.ROOM_ALREADY_LIVE: 409,
    Code.ROOM_ENDED: 410,
    Code.ROOM_FULL: 503,
    Code.MANAGERS_ONLY: 403,
    Code.NOT_IN_ROOM: 409,
    Code.PARTICIPANT_NOT_FOUND: 404,
    Code.REMOVED_FROM_ROOM: 403,
    Code.MANAGER_PROTECTED: 403,
    Code.PERSONA_NOT_YOURS: 403,
    Code.NOT_ALLOWED_TO_SPEAK: 403,
    Code.ALREADY_ALLOWED: 409,
    Code.HANDS_CLOSED: 403,
    Code.HANDS_MEMBERS_ONLY: 403,
    Code.TITLE_TOO_LONG: 422,
    Code.TEXT_TOO_LONG: 422,
    Code.ALREADY_RECORDING: 409,
    Code.NOT_RECORDING: 409,
    Code.VERSION_CONFLICT: 409,
    Code.MEDIA_BUSY: 503,
    Code.SERVER_FULL: 503,
    Code.BAD_CURSOR: 422,
    Code.INVALID_INPUT: 422,
    Code.NOT_FOUND: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.BODY_TOO_LARGE: 413,
    Code.HEAD_TOO_LARGE: 431,
    Code.TOO_MANY_REQUESTS: 429,
    Code.LIMIT_REACHED: 403,
    Code.IDEMPOTENCY_KEY_REUSED: 409,
    Code.INTERNAL_ERROR: 500,
}
"""HTTP status per code; a test keeps the table whole."""

RETRY_AFTER_S: dict[Code, int] = {Code.MEDIA_BUSY: 1, Code.ROOM_FULL: 10, Code.SERVER_FULL: 60}
"""Told with 503: a busy moment passes, a place becomes free when somebody leaves, a room when one ends."""

log = get_logger()


class FieldError(BaseModel):
    """One place of the request that is not as documented."""

    where: list[str | int] = Field(examples=[["body", "title"]])
    what: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """RFC 9457. Branch on `code`; show `detail`."""

    type: str = Field(examples=["urn:palabre:problem:HANDLE_TAKEN"])
    title: str = Field(examples=["Handle taken"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=[SENTENCES[Code.HANDLE_TAKEN]])
    code: Code = Field(examples=[Code.HANDLE_TAKEN])
    limit: dict[str, int] | None = Field(None, description="The limit that refused, by its setting's name.")
    errors: list[FieldError] | None = Field(None, description="With INVALID_INPUT: what to change.")


def problem(refused: Refused, *, errors: list[FieldError] | None = None) -> Problem:
    """The refusal in words. `errors`: places of the request that are not as documented."""
    return Problem(
        type=f"urn:palabre:problem:{refused.code}",
        title=refused.code.replace("_", " ").capitalize(),
        status=STATUS[refused.code],
        detail=refused.detail,
        code=refused.code,
        limit=refused.limit,
        errors=errors,
    )


def problem_response(
    refused: Refused, *, errors: list[FieldError] | None = None, headers: dict[str, str] | None = None
) -> Response:
    """The refusal as an answer, with the headers its status asks for."""
    body = problem(refused, errors=errors)
    extra = dict(headers or {})
    if body.status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if body.status == 503:
        extra.setdefault("Retry-After", str(RETRY_AFTER_S[refused.code]))
    content = body.model_dump_json(exclude_none=True)
    return Response(content, body.status, extra, MEDIA_TYPE)


class TooManyRequests(Refused):
    """A rate limit refused; the bucket has a token again after `retry_after_s`."""

    def __init__(self, limit: dict[str, int], retry_after_s: int) -> None:
        super().__init__(Code.TOO_MANY_REQUESTS, limit=limit)
        self.retry_after_s = retry_after_s


def install(app: FastAPI) -> None:
    """Every error of the application leaves as a problem document."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, crashed)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal_response(error)


def refusal_response(refused: Refused) -> Response:
    """The refusal as an answer; a rate limit says when to come back."""
    if isinstance(refused, TooManyRequests):
        return problem_response(refused, headers={"Retry-After": str(refused.retry_after_s)})
    return problem_response(refused)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [FieldError(where=list(found["loc"]), what=found["msg"]) for found in error.errors()]
    return problem_response(Refused(Code.INVALID_INPUT), errors=errors)


_HTTP_CODES = {404: Code.NOT_FOUND, 405: Code.METHOD_NOT_ALLOWED, 400: Code.INVALID_INPUT}


async def _http(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: no such path, wrong method, a body that is not UTF-8."""
    assert isinstance(error, HTTPException)
    refused = Refused(_HTTP_CODES.get(error.status_code, Code.INTERNAL_ERROR))
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := _methods_at(request)):
        headers["Allow"] = ", ".join(methods)
    return problem_response(refused, headers=headers)


def _methods_at(request: Request) -> list[str]:
    """What the document has at the request's path. The framework names one operation's method alone."""
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    return sorted(
        method.upper()
        for template, operations in paths.items()
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), request.url.path)
        for method in operations
    )


async def crashed(request: Request, error: Exception) -> Response:
    """Whatever nobody expected: told in the log, and to the client only that it was."""
    log.error("a request crashed", path=request.url.path, method=request.method, exc_info=error)
    return problem_response(Refused(Code.INTERNAL_ERROR))


def example(code: Code) -> dict[str, Any]:
    """The problem document of `code`, for the OpenAPI document."""
    return problem(Refused(code)).model_dump(mode="json", exclude_none=True)
