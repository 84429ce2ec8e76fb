"""The embedded PostgreSQL: made once, kept, never half made."""

import dataclasses
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from crm_core import migrations
from crm_core.migrations import grants
from server import launch, postgres
from server.postgres import Cluster
from tests import ports

pytestmark = pytest.mark.db


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """In a folder of its own: those above pytest's are closed again by the next pytest that starts on this machine."""
    user = launch.service_user(postgres.USER)
    password = f"%/@:{secrets.token_urlsafe(8)}"
    with ports.row(1) as port, tempfile.TemporaryDirectory(prefix="hcrm-cluster-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Cluster(folder=Path(name) / "postgres", port=port, password=password, user=user, durable=False)


def test_a_second_start_finds_the_hospitals_data(cluster: Cluster, tmp_path: Path) -> None:
    with postgres.running(cluster, tmp_path / "log"):
        cluster.make_database()
        cluster.make_database()
        with psycopg.connect(cluster.url()) as conn:
            conn.execute("CREATE TABLE kept AS SELECT '张三丰' AS name")
    with postgres.running(cluster, tmp_path / "log"), psycopg.connect(cluster.url()) as conn:
        assert conn.execute("SELECT name FROM kept").fetchone() == ("张三丰",)
        assert conn.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)


def test_a_first_start_that_broke_off_is_begun_again(cluster: Cluster, tmp_path: Path) -> None:
    half = cluster.folder / "partial"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with postgres.running(cluster, tmp_path / "log"):
        assert cluster.is_up()
    assert not half.exists()
    assert sorted(path.name for path in cluster.folder.iterdir()) == ["18"]


def test_nobody_enters_without_the_password(cluster: Cluster, tmp_path: Path) -> None:
    stranger = Cluster(folder=cluster.folder, port=cluster.port, password=secrets.token_urlsafe(8))
    with postgres.running(cluster, tmp_path / "log"):
        assert cluster.is_up()
        assert not stranger.is_up()
        assert cluster.data.stat().st_mode & 0o077 == 0


def test_what_the_hospital_sets_counts_more_than_what_we_set(cluster: Cluster, tmp_path: Path) -> None:
    with postgres.running(cluster, tmp_path / "log"), psycopg.connect(cluster.url("postgres"), autocommit=True) as conn:
        assert conn.execute("SHOW max_connections").fetchone() == ("200",)
        conn.execute("ALTER SYSTEM SET work_mem = '7MB'")
    (cluster.data / "local.conf").write_text("shared_buffers = '32MB'\n")
    with postgres.running(cluster, tmp_path / "log"), psycopg.connect(cluster.url("postgres")) as conn:
        found = [conn.execute(f"SHOW {name}").fetchone() for name in ("shared_buffers", "work_mem", "max_connections")]
        assert found == [("32MB",), ("7MB",), ("200",)]
    assert (cluster.data / "postgresql.conf").read_text().count("include_if_exists = 'hcrm.conf'") == 1


def test_a_home_of_the_release_before_gets_the_role_that_serves_by_itself(cluster: Cluster, tmp_path: Path) -> None:
    """It has one superuser, who served too; its data stays."""
    with postgres.running(cluster, tmp_path / "log"):
        cluster.make_database()
        migrations.upgrade(cluster.url(), to="0005")
        with psycopg.connect(cluster.url()) as conn:
            conn.execute("INSERT INTO never_dial VALUES ('+861', 'ward', 'chen', now())")
        for password in ("of the first start", "of a restored file of secrets"):
            newer = dataclasses.replace(cluster, app_password=password)
            newer.make_database()
            migrations.upgrade(newer.url())
            grants.allow(newer.url(), postgres.APP)
            with psycopg.connect(newer.app_url()) as conn:
                assert conn.execute("SELECT reason FROM never_dial").fetchall() == [("ward",)]
                assert conn.execute("SELECT current_user").fetchone() == ("hcrm_app",)
