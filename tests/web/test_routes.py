"""The route table: what is served, and who may. A change here is a change of who sees patients."""

import pytest

from crm_core.users.rights import Right
from web import routes, security, telephone
from web.access import Open

pytestmark = pytest.mark.unit

TO_ALL = {
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/login/code"),
    ("POST", "/login/code"),
    ("POST", "/language"),
    ("GET", "/demo"),
    ("GET", "/demo/ws"),
    ("POST", "/demo/line"),
    ("POST", "/demo/thread"),
    ("POST", "/demo/send"),
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/openapi.json"),
}
TO_USERS = {
    ("GET", "/"),
    ("GET", "/live"),
    ("GET", "/style"),
    ("GET", "/account"),
    ("POST", r"/account/sessions/{id:\d+}/end"),
    ("POST", "/account/sessions/end"),
    ("POST", "/account/second-factor/codes"),
    ("POST", "/account/second-factor/remove"),
}
TO_NEWCOMERS = {
    ("GET", "/session"),
    ("POST", "/logout"),
    ("GET", "/account/password"),
    ("POST", "/account/password"),
    ("GET", "/account/second-factor"),
    ("POST", "/account/second-factor"),
    ("POST", "/account/second-factor/confirm"),
}
PREFIXES = (
    ("/desk/waiting", {Right.SEE_CALLS}),
    ("/desk/without-result", {Right.SEE_CALLS}),
    ("/desk/calls/{id}/why", {Right.SEE_PATIENTS}),
    ("/desk/calls/{id}/register", {Right.EDIT_PATIENTS}),
    ("/desk", {Right.TAKE_CALLS}),
    ("/drafts/call", {Right.TAKE_CALLS}),
    ("/drafts/text", {Right.SEND_SMS}),
    ("/drafts/task", {Right.DO_TASKS}),
    ("/drafts/patient", {Right.EDIT_PATIENTS}),
    ("/drafts/consultation", {Right.ANSWER_CONSULTATIONS}),
    ("/ws", {Right.TAKE_CALLS}),
    ("/patients/{id:\\d+}/sms", {Right.SEE_SMS}),
    ("/patients/{id:\\d+}/book", {Right.BOOK}),
    ("/patients/{id:\\d+}/wishes", {Right.SEE_PATIENTS, Right.CHANGE_CONSENT}),
    ("/patients/{id:\\d+}/never-dial", {Right.CHANGE_CONSENT}),
    ("/patients", {Right.SEE_PATIENTS, Right.EDIT_PATIENTS}),
    ("/appointments", {Right.SEE_PATIENTS, Right.BOOK}),
    ("/calls", {Right.SEE_CALLS}),
    ("/recordings", {Right.HEAR_RECORDINGS, Right.SUPERVISE}),
    ("/sms/answers", {Right.SUPERVISE}),
    ("/sms/recipients", {Right.SEE_PATIENTS}),
    ("/sms", {Right.SEE_SMS, Right.SEND_SMS}),
    ("/consultations", {Right.SEE_CONSULTATIONS, Right.ANSWER_CONSULTATIONS}),
    ("/tasks", {Right.DO_TASKS}),
    ("/letters", {Right.PRINT_LETTERS}),
    ("/wallboard", {Right.SEE_WALLBOARD, Right.SUPERVISE, Right.LISTEN_IN}),
    ("/supervision", {Right.LISTEN_IN}),
    ("/today", {Right.SEE_WALLBOARD}),
    ("/booking-rules", {Right.SET_BOOKING_RULES}),
    ("/hours", {Right.SET_HOURS}),
    ("/users", {Right.MANAGE_USERS}),
    ("/tokens", {Right.MANAGE_USERS}),
    ("/audit", {Right.SEE_AUDIT}),
)


def test_only_these_rows_are_open_to_everybody() -> None:
    table = routes.table(with_demo=True)
    assert {(row.method, row.path) for row in table if row.access is Open.TO_ALL} == TO_ALL
    assert {(row.method, row.path) for row in table if row.access is Open.TO_USERS} == TO_USERS
    assert {(row.method, row.path) for row in table if row.access is Open.TO_NEWCOMERS} == TO_NEWCOMERS


def test_every_page_asks_for_the_right_of_its_subject() -> None:
    strays = []
    for row in routes.table(with_demo=True):
        if isinstance(row.access, Open) or row.path.startswith("/api/"):
            continue
        allowed = next((rights for prefix, rights in PREFIXES if row.path.startswith(prefix)), set())
        if row.access not in allowed:
            strays.append((row.method, row.path, row.access))
    assert strays == []


def test_whatever_changes_patients_or_appointments_needs_more_than_looking() -> None:
    looks = {Right.SEE_PATIENTS, Right.SEE_CALLS, Right.SEE_SMS}
    searches = {
        "/patients/search",
        "/patients/find",
        "/appointments/find",
        "/calls/search",
        "/sms/search",
        "/sms/recipients",
    }
    writers = [
        (row.method, row.path)
        for row in routes.table(with_demo=False)
        if row.method not in {"GET", "HEAD"} and row.access in looks and row.path not in searches
    ]
    assert writers == []


def test_what_a_page_keeps_open_by_itself_counts_as_nobody() -> None:
    kept_open = {"/live", telephone.PATH}
    assert kept_open == security.STREAMS
    assert kept_open <= {row.path for row in routes.table(with_demo=False)}


def test_every_row_is_there_once() -> None:
    rows = [(row.method, row.path) for row in routes.table(with_demo=True)]
    assert len(rows) == len(set(rows))


def test_outside_the_demo_nothing_of_it_is_served() -> None:
    assert not [row.path for row in routes.table(with_demo=False) if row.path.startswith(("/demo", "/style"))]
