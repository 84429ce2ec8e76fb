"""Which pages there are: all that web/routes.py answers to GET, but for parts of pages and what is no picture.

A page whose address has an id needs a line in WHOSE; the unit test fails for one that has none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crm_core.drafts.model import Form
from crm_core.kernel.actor import Role
from crm_core.users.rights import Right, allows
from web import routes, telephone
from web.access import Open, Route

API = "/api/"
A_PART, NO_PAGE = "a part of a page, which is shown with it", "nothing to look at"
LEFT_OUT: Mapping[str, str] = {
    "/": "leads to another page",
    "/login/code": "the page of the login",
    "/live": NO_PAGE,
    telephone.PATH: NO_PAGE,
    telephone.DEMO_PATH: NO_PAGE,
    "/desk/line": NO_PAGE,
    "/session": NO_PAGE,
    "/desk/without-result": A_PART,
    **{f"/drafts/{form}": NO_PAGE for form in Form},
    "/desk/calls/{id}/why": A_PART,
    "/desk/state": A_PART,
    "/desk/waiting": A_PART,
    "/desk/recent": A_PART,
    "/desk/colleagues": A_PART,
    "/desk/caller/{id}": A_PART,
    "/desk/pop/{id}": A_PART,
    "/desk/calls/{id}": A_PART,
    r"/patients/{id:\d+}/cards": A_PART,
    r"/patients/{id:\d+}/timeline": A_PART,
    r"/patients/{id:\d+}/history": A_PART,
    r"/patients/{id:\d+}/relations": A_PART,
    r"/patients/{id:\d+}/wishes": A_PART,
    r"/patients/{id:\d+}/numbers": A_PART,
    "/appointments/free": A_PART,
    "/appointments/new": "nobody comes here without a place: the day leads to it",
    r"/patients/{id:\d+}/sms": "leads to another page",
    "/recordings/{id}": A_PART,
    "/recordings/{id}/notes": A_PART,
    "/recordings/{id}/peaks": NO_PAGE,
    "/recordings/{id}/audio": NO_PAGE,
    "/recordings/{id}/file": NO_PAGE,
    "/sms/unread": A_PART,
    r"/sms/threads/{id:\d+}/head": A_PART,
    r"/sms/threads/{id:\d+}/messages": A_PART,
    r"/sms/{id:\d+}": "leads to another page",
    r"/letters/{id:\d+}/file": NO_PAGE,
    "/wallboard/board": A_PART,
}
_PATIENT = "SELECT patient_id FROM timeline_entry GROUP BY patient_id ORDER BY count(*) DESC, patient_id LIMIT 1"
_CALL = """
    SELECT l.call_id FROM call_leg l JOIN recording r USING (call_id) JOIN call c ON c.id = l.call_id
    WHERE c.patient_id IS NOT NULL
    GROUP BY l.call_id, c.started_at ORDER BY count(*) DESC, c.started_at DESC LIMIT 1"""
WHOSE: Mapping[str, str] = {  # the one with most to see
    r"/patients/{id:\d+}": _PATIENT,
    r"/patients/{id:\d+}/edit": _PATIENT,
    r"/patients/{id:\d+}/book": _PATIENT,
    r"/audit/patients/{id:\d+}": _PATIENT,
    r"/appointments/{id:\d+}/slip": "SELECT id FROM appointment WHERE status = 'booked' ORDER BY id LIMIT 1",
    "/calls/{id}": _CALL,
    r"/sms/threads/{id:\d+}": """
        SELECT t.id FROM sms_thread t JOIN sms s USING (peer) GROUP BY t.id ORDER BY count(*) DESC, t.id LIMIT 1""",
    r"/consultations/{id:\d+}": "SELECT id FROM consultation ORDER BY call_id IS NULL, result = '', id DESC LIMIT 1",
    r"/letters/{id:\d+}": "SELECT id FROM print_run ORDER BY left_out DESC, id DESC LIMIT 1",
    r"/users/{id:\d+}": "SELECT id FROM app_user WHERE login = 'agent1'",
}
ROLES = (Role.ADMIN, Role.SUPERVISOR, Role.AGENT, Role.NURSE, Role.MARKETER, Role.AUDITOR)
LOGINS: Mapping[Role, str] = {Role.AGENT: "agent1"}


@dataclass(frozen=True, slots=True)
class Page:
    """`path` as in the route table."""

    path: str
    access: Right | Open

    @property
    def needs_id(self) -> bool:
        """Whether its address names somebody or something."""
        return "{" in self.path

    @property
    def name(self) -> str:
        """As a file's."""
        words = self.path.replace(r"{id:\d+}", "one").replace("{id}", "one").strip("/")
        return words.replace("/", "-") or "start"

    def is_for(self, role: Role) -> bool:
        """Whether that role may see it; what everybody may see has pictures of its own."""
        if isinstance(self.access, Right):
            return allows(role, self.access)
        return self.access is not Open.TO_ALL


def got(table: Iterable[Route]) -> list[Route]:
    """What a browser can be sent to."""
    return [route for route in table if route.method == "GET" and not route.path.startswith(API)]


def pages() -> list[Page]:
    """In the order of the route table."""
    table = got(routes.table(with_demo=True))
    return [Page(route.path, route.access) for route in table if route.path not in LEFT_OUT]
