"""`make shots` misses no page: whoever adds one says whose it is, or why there is nothing to look at."""

import pytest

from crm_core.kernel.actor import Role
from tests.shots.index import Shot, html
from tests.shots.pages import LEFT_OUT, LOGINS, ROLES, WHOSE, Page, got, pages
from web import routes
from web.access import Open

pytestmark = pytest.mark.unit


def test_every_page_of_the_route_table_has_a_picture_or_a_reason() -> None:
    known = {route.path for route in got(routes.table(with_demo=True))}
    assert set(LEFT_OUT) <= known
    assert set(WHOSE) <= known - set(LEFT_OUT)
    assert {page.path for page in pages()} == known - set(LEFT_OUT)
    assert [page.path for page in pages() if page.needs_id and page.path not in WHOSE] == []


def test_every_page_is_somebodys() -> None:
    lonely = [page.path for page in pages() if page.access is not Open.TO_ALL and not any(map(page.is_for, ROLES))]
    assert lonely == []


def test_every_role_of_people_is_walked_through() -> None:
    assert set(ROLES) == set(Role) - {Role.API}
    assert set(LOGINS) <= set(ROLES)


def test_no_two_pages_share_a_file() -> None:
    names = [page.name for page in pages()]
    assert len(names) == len(set(names))
    assert Page(r"/patients/{id:\d+}/edit", Open.TO_USERS).name == "patients-one-edit"


def test_the_index_shows_each_picture_and_what_went_wrong() -> None:
    shots = [Shot("agent", "desk", "en", 390, scheme) for scheme in ("light", "dark")]
    page = html(shots, ["agent /desk: 500 <b>"])
    assert all(f'src="{shot.file}"' in page for shot in shots)
    assert "2 shots" in page
    assert "500 &lt;b&gt;" in page
