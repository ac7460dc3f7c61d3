"""Every operation has its rule, its document and its status codes."""

import json
from pathlib import Path

from palabre.api.policy import ACCESS, codes_of
from palabre.api.problems import STATUS
from palabre.domain.refusal import Code
from tests.integration.api import documented
from tests.integration.api.people import House

ROOT = Path(__file__).parents[3]


def _operations() -> dict[str, tuple[str, str]]:
    return {
        operation["operationId"]: (method.upper(), path)
        for path, operations in documented.document()["paths"].items()
        for method, operation in operations.items()
    }


def test_every_route_has_a_rule_and_every_rule_a_route() -> None:
    assert set(_operations()) == set(ACCESS)


def test_every_code_has_a_status() -> None:
    assert set(STATUS) == set(Code)


def test_every_refusal_of_the_policy_is_documented() -> None:
    for name, (method, path) in _operations().items():
        answers = documented.document()["paths"][path][method.lower()]["responses"]
        for code in codes_of(ACCESS[name]):
            examples = answers[str(STATUS[code])]["content"]["application/problem+json"]["examples"]
            assert code in examples, (name, code)


def test_every_operation_is_told_in_words_and_has_a_tag() -> None:
    for path, operations in documented.document()["paths"].items():
        for operation in operations.values():
            assert operation["description"].endswith("."), path
            assert operation["tags"], path


def test_the_committed_document_is_the_programs_own() -> None:
    committed = json.loads((ROOT / "web" / "openapi.json").read_text())
    assert committed == documented.document(), "run `make gen`"


async def test_without_an_account_only_the_open_operations_answer(house: House) -> None:
    visitor = house.visitor()
    for name, (method, path) in _operations().items():
        if not ACCESS[name].signed_in:
            continue
        address = path.removeprefix("/api/v1").replace("{", "").replace("}", "")
        assert await visitor.refused(method, address) == "NOT_SIGNED_IN", name
