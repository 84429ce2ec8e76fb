"""The OpenAPI 3.1 document, made from the endpoints' own types, so it cannot describe another API."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from sms.model import Direction as SmsDirection
from web.api.endpoint import JSON, PREFIX, Endpoint, NoBody
from web.api.problem import MEDIA_TYPE, Problem
from web.values import Id, Uuid

REF = "#/components/schemas/{model}"
NAMES: Mapping[type[Any], str] = {SmsDirection: "SmsDirection"}  # of two with one name
ALWAYS = (
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
DESCRIPTION = """\
Patients, appointments, calls, recordings and texts of one hospital.

* **Who** asks says so by `Authorization: Bearer TOKEN`; `hcrm token create` makes tokens.
* **Errors** are RFC 9457 problem documents; `code` is for programs. A method that a path does not have
  is 405 with `Allow`.
* **Lists** answer `items` and `next`; `next` goes back as `cursor` and is null at the end. Cursors are opaque.
* **Asking again**: a POST that makes something takes an `Idempotency-Key`. The same key with the same request within
  24 hours has no second effect and answers with what the first one made, as it is now; with another request it is 422;
  while the first has not ended, or when nobody knows how it ended, 409.
* **Changing** what somebody else may have changed: GET gives an `ETag`; PATCH or PUT with it as `If-Match` is 412 when
  it is old.
* **Times** are RFC 3339 with offset, phones E.164 (any spelling is understood), within the years 1900 to 2200.
"""
CONTACT = {"name": "The hospital's IT department"}
TAGS = {
    "status": "Is every part up?",
    "patients": "The register and each patient's timeline.",
    "campuses": "The hospital's places; one in most.",
    "departments": "Where patients are seen.",
    "practitioners": "Who sees patients.",
    "slots": "Bookable times.",
    "appointments": "Places in slots, from booking to reminding.",
    "calls": "The call log, and click to dial.",
    "recordings": "What can be heard; each play is audited.",
    "sms": "Messages both ways.",
    "contact-hours": "When machines may call and text people.",
    "booking-rules": "What one patient may book.",
    "events": "What happened, in order, for whoever keeps a copy.",
    "openapi.json": "This document.",
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "chosen by the caller, new for each wish; see above",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "3f0d3b9e-7c1e-4d3e-9a51-0a2b6c1d7e44",
}
_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "the `ETag` that was read; 412 when it is old",
    "schema": {"type": "string"},
    "example": '"3"',
}


@dataclass(frozen=True, slots=True)
class Schemas:
    """`refs`: which component a model is; `components`: all of them by name."""

    refs: Mapping[type[BaseModel], dict[str, Any]]
    components: dict[str, Any]

    def properties(self, model: type[BaseModel]) -> dict[str, Any]:
        """Field -> schema."""
        found: dict[str, Any] = self.components[self.name(model)].get("properties", {})
        return found

    def name(self, model: type[BaseModel]) -> str:
        """Of the component."""
        ref: str = self.refs[model]["$ref"]
        return ref.rsplit("/", 1)[1]


def document(endpoints: Iterable[Endpoint], *, version: str) -> dict[str, Any]:
    """The whole document as JSON values."""
    listed = list(endpoints)
    schemas = _schemas(listed)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    queries = {schemas.name(endpoint.query) for endpoint in listed}
    return {
        "openapi": "3.1.0",
        "info": {"title": "hcrm", "version": version, "description": DESCRIPTION, "contact": CONTACT},
        "servers": [{"url": PREFIX}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in schemas.components.items() if name not in queries},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(endpoints: list[Endpoint]) -> Schemas:
    models: dict[type[BaseModel], JsonSchemaMode] = {Problem: "serialization"}
    for endpoint in endpoints:
        models[endpoint.query] = "validation"
        if endpoint.body is not NoBody:
            models[endpoint.body] = "validation"
        if endpoint.response is not None:
            models[endpoint.response] = "serialization"
    found, top = models_json_schema(list(models.items()), ref_template=REF)
    refs = {model: _renamed(found[model, mode]) for model, mode in models.items()}
    components = {_stable(name): _renamed(schema) for name, schema in top["$defs"].items()}
    if len(components) < len(top["$defs"]):
        raise ValueError("two components have one name: give one of them another in NAMES")
    return Schemas(refs, components)


_LONG_NAMES = {f"{kind.__module__}.{kind.__qualname__}".replace(".", "__"): name for kind, name in NAMES.items()}


def _stable(name: str) -> str:
    """Where two classes have one name pydantic puts the module before it; that would change when a module moves."""
    return _LONG_NAMES.get(name) or re.sub(r"^Page_(\w+)Out_$", r"\1Page", name.rsplit("__", 1)[-1])


def _renamed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_renamed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _ref(value) if key == "$ref" else _renamed(value) for key, value in schema.items()}


def _ref(ref: str) -> str:
    start, _slash, name = ref.rpartition("/")
    return f"{start}/{_stable(name)}"


def _operation(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}{re.sub(r'[^a-z]+', '_', endpoint.path)}".rstrip("_"),
        "summary": endpoint.summary,
        "tags": [endpoint.path.split("/")[1]],
        "parameters": _parameters(endpoint, schemas),
        "responses": _responses(endpoint, schemas),
        "security": [] if endpoint.right is None else [{"token": []}],
    }
    if endpoint.right is not None:
        operation["description"] = f"Asks for the right to {endpoint.right}."
    if endpoint.accepts:
        content = {media: {"schema": schemas.refs[endpoint.body]} for media in endpoint.accepts}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(endpoint: Endpoint, schemas: Schemas) -> list[dict[str, Any]]:
    id_schema = TypeAdapter(Uuid if endpoint.has_random_id else Id).json_schema()
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": id_schema}
        for name in re.findall(r"{(\w+)}", endpoint.path)
    ]
    in_query = [_in_query(name, schema) for name, schema in schemas.properties(endpoint.query).items()]
    in_header = [_KEY] * endpoint.is_once + [_MATCH] * endpoint.is_versioned
    return in_path + in_query + in_header


def _in_query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """What is not given is left out: an address has no null."""
    description, is_old = schema.get("description", ""), schema.get("deprecated", False)
    kept = {key: value for key, value in schema.items() if key not in {"title", "description", "deprecated"}}
    given = [part for part in kept.get("anyOf", ()) if part != {"type": "null"}]
    if given:
        kept = given[0]
    parameter = {"name": name, "in": "query", "required": False, "schema": kept}
    return parameter | ({"description": description} if description else {}) | ({"deprecated": True} if is_old else {})


def _responses(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": endpoint.summary}
    if endpoint.response is not None:
        answer["content"] = {JSON: {"schema": schemas.refs[endpoint.response]}}
    elif endpoint.media != JSON:
        answer["content"] = {endpoint.media: {"schema": {"type": "string", "format": "binary"}}}
    else:
        answer["content"] = {JSON: {"schema": {"type": "object"}}}
    answer |= {"headers": headers} if (headers := _headers(endpoint)) else {}
    problem = {MEDIA_TYPE: {"schema": schemas.refs[Problem]}}
    wrong = {
        str(int(status)): {"description": HTTPStatus(status).phrase, "content": problem}
        for status in sorted(_problems(endpoint))
    }
    return {str(endpoint.status): answer} | _without_body(endpoint) | wrong


def _problems(endpoint: Endpoint) -> set[int]:
    found = {*ALWAYS, *endpoint.problems}
    if endpoint.right is not None:
        found |= {401, 403}
    if "{" in endpoint.path:
        found.add(404)
    if endpoint.accepts:
        found |= {413, 415}
    return found | ({409} if endpoint.is_once else set())


def _headers(endpoint: Endpoint) -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    found = {"Location": {"description": "where it is", **text}} if endpoint.location else {}
    if _has_tag(endpoint):
        found["ETag"] = {"description": "its version", **text}
    return found


def _has_tag(endpoint: Endpoint) -> bool:
    is_read = endpoint.method == "GET" and "{id}" in endpoint.path
    is_versioned = endpoint.response is not None and "version" in endpoint.response.model_fields
    return endpoint.response is not None and (is_read or is_versioned)


def _without_body(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if endpoint.media == "audio/wav":
        found["206"] = {
            "description": "The range that was asked for",
            "content": {endpoint.media: {"schema": {"type": "string", "format": "binary"}}},
        }
    if endpoint.method == "GET" and _has_tag(endpoint):
        found["304"] = {"description": "`If-None-Match` names what is there"}
    return found
