"""The API's document is one that generators and integrators take."""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import datamodel_code_generator as generator
import pytest
from datamodel_code_generator.enums import DataModelType
from openapi_spec_validator import OpenAPIV31SpecValidator

from web.api import table

pytestmark = pytest.mark.unit

DOCUMENT = json.loads(json.dumps(table.document()))
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The client's types, made and imported as an integrator does."""
    made = tmp_path / "hcrm_client.py"
    generator.generate(
        json.dumps(DOCUMENT),
        input_file_type=generator.InputFileType.OpenAPI,
        output=made,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=generator.PythonVersion.PY_311,
        formatters=[],
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(made.stem)
    del sys.modules[made.stem]


def test_the_document_is_valid_and_every_reference_leads_somewhere() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    refs = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(DOCUMENT)))
    assert {ref.removeprefix("#/components/schemas/") for ref in refs} <= set(DOCUMENT["components"]["schemas"])
    assert "$defs" not in json.dumps(DOCUMENT)


def test_a_generator_makes_types_of_it_that_can_be_used(generated: ModuleType) -> None:
    patient = generated.PatientIn(name="张三丰", phones=["13800138000"])
    assert patient.model_dump(mode="json", exclude_unset=True) == {"name": "张三丰", "phones": ["13800138000"]}
    page = generated.AppointmentPage.model_validate({"items": [], "next": None})
    assert page.items == []


def test_components_have_names_that_do_not_change_when_a_module_moves() -> None:
    names = set(DOCUMENT["components"]["schemas"])
    assert {"PatientOut", "PatientPage", "Direction", "SmsDirection", "Status", "SystemStatus", "Problem"} <= names
    assert [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_says_what_can_come_back(name: str) -> None:
    operation = OPERATIONS[name]
    answers = operation["responses"]
    assert {"422", "500", "503"} <= set(answers)
    assert {"401", "403"} <= set(answers) or operation["security"] == []
    assert "{" not in name or "404" in answers
    assert "requestBody" not in operation or {"413", "415"} <= set(answers)
    assert len([status for status in answers if status.startswith("2") and answers[status]["content"]]) >= 1
    assert operation["summary"]
    assert set(operation["tags"]) <= {tag["name"] for tag in DOCUMENT["tags"]}


def test_what_is_made_says_where_it_is_and_takes_a_key() -> None:
    made = [name for name, operation in OPERATIONS.items() if "201" in operation["responses"]]
    for name in (*made, "POST /sms", "POST /calls", "POST /appointments/{id}/remind"):
        assert "Idempotency-Key" in _parameters(name), name
    for name in (*made, "POST /sms"):
        (answer,) = (one for status, one in OPERATIONS[name]["responses"].items() if status in {"201", "202"})
        assert "Location" in answer["headers"]
    assert "If-Match" in _parameters("PATCH /patients/{id}")
    assert "412" in OPERATIONS["PATCH /patients/{id}"]["responses"]


def _parameters(name: str) -> dict[str, Any]:
    return {parameter["name"]: parameter for parameter in OPERATIONS[name]["parameters"]}


def test_every_list_is_paged_in_one_way() -> None:
    lists = [name for name, operation in OPERATIONS.items() if "Page" in json.dumps(operation["responses"].get("200"))]
    assert len(lists) >= 8
    for name in lists:
        assert {"limit", "cursor"} <= set(_parameters(name)), name


def test_the_audio_is_audio_and_the_rest_is_json() -> None:
    audio = OPERATIONS["GET /recordings/{id}/audio"]["responses"]
    assert set(audio["200"]["content"]) == set(audio["206"]["content"]) == {"audio/wav"}
    patch = OPERATIONS["PATCH /patients/{id}"]["requestBody"]["content"]
    assert set(patch) == {"application/json", "application/merge-patch+json"}
