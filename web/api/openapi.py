"""The OpenAPI 3.1 document, made from the endpoints' own types, so it cannot describe another API."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from web.api.endpoint import PREFIX, Endpoint, NoBody

Refs = Mapping[Any, dict[str, Any]]  # by pydantic model

REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "rule": {"type": "string"},
    },
}


def document(endpoints: Iterable[Endpoint], *, version: str) -> dict[str, Any]:
    """The whole document as JSON values."""
    listed = list(endpoints)
    refs, schemas = _schemas(listed)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "hcrm", "version": version},
        "servers": [{"url": PREFIX}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(endpoints: list[Endpoint]) -> tuple[Refs, dict[str, Any]]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    for endpoint in endpoints:
        if endpoint.body is not NoBody:
            models.append((endpoint.body, "validation"))
        if endpoint.response is not None:
            models.append((endpoint.response, "serialization"))
    refs, top = models_json_schema(models, ref_template=REF)
    by_model = {model: ref for (model, _), ref in refs.items() if isinstance(model, type)}
    return by_model, dict(top.get("$defs", {}))


def _operation(endpoint: Endpoint, refs: Refs) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}{re.sub(r'[^a-z]+', '_', endpoint.path)}",
        "summary": endpoint.summary,
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, refs),
        "security": [] if endpoint.right is None else [{"token": []}],
    }
    if endpoint.body is not NoBody:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": refs[endpoint.body]}},
        }
    return operation


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    schema = endpoint.query.model_json_schema()
    in_query = [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", []),
            "schema": {key: value for key, value in part.items() if key != "title"},
        }
        for name, part in schema.get("properties", {}).items()
    ]
    return in_path + in_query


def _responses(endpoint: Endpoint, refs: Refs) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": endpoint.summary}
    if endpoint.response is not None:
        answer["content"] = {"application/json": {"schema": refs[endpoint.response]}}
    problems = {422, *endpoint.problems} | (set() if endpoint.right is None else {401, 403})
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(model="Problem")}}}
    return {str(endpoint.status): answer} | {
        str(status): {"description": HTTPStatus(status).phrase, "content": problem} for status in sorted(problems)
    }
