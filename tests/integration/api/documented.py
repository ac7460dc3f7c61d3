"""Checks that an answer is one the OpenAPI document promises."""

import re
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from palabre.api.app import described_app

Json = dict[str, Any]


@cache
def document() -> Json:
    return described_app().openapi()


def check(response: httpx.Response) -> None:
    """Status, media type and body are documented for the operation that answered."""
    request = response.request
    found = operation(request.method, request.url.path)
    if found is None:
        return
    path, documented = found
    name = f"{request.method} {path}"
    answers = documented["responses"]
    assert str(response.status_code) in answers, f"{name} answered {response.status_code}: {response.text}"
    content = answers[str(response.status_code)].get("content")
    if not content:
        assert response.content == b"", f"{name}: {response.status_code} is documented without a body"
        return
    media_type = response.headers["content-type"].split(";")[0]
    assert media_type in content, f"{name} answered {media_type}"
    if media_type.endswith("json"):
        body = response.json()
        _validator(content[media_type]["schema"]).validate(body)
        if media_type == "application/problem+json":
            examples = content[media_type]["examples"]
            assert body["code"] in examples, f"{name} does not document {body['code']}"


def operation(method: str, path: str) -> tuple[str, Json] | None:
    """Prefers paths without parameters, as the router does."""
    for template, operations in sorted(document()["paths"].items(), key=lambda entry: entry[0].count("{")):
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in operations:
            return template, operations[method.lower()]
    return None


def _validator(schema: Json) -> Draft202012Validator:
    rewritten = _absolute(schema)
    registry: Registry[Any] = Registry().with_resource(
        "urn:api", Resource(contents=document(), specification=DRAFT202012)
    )
    return Draft202012Validator(rewritten, registry=registry)


def _absolute(schema: Any) -> Any:
    """References of the operation's own schema, made absolute; the document's resolve by themselves."""
    if isinstance(schema, dict):
        return {
            key: f"urn:api{value}" if key == "$ref" else _absolute(value) for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(value) for value in schema]
    return schema
