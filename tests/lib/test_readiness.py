import pytest

from app.core.platform import Platform
from app.errors import Unavailable
from app.lib.readiness import Readiness

pytestmark = pytest.mark.anyio


async def test_the_object_store_is_probed_at_most_every_ten_seconds(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, probes, is_broken = 100.0, 0, True

    async def probe() -> None:
        nonlocal probes
        probes += 1
        if is_broken:
            raise Unavailable("The disk is full.")

    monkeypatch.setattr(platform.blobs, "check", probe)
    readiness = Readiness(platform.db, platform.blobs, clock=lambda: now)
    assert [await readiness.failing(), await readiness.failing()] == ["blobs", "blobs"]
    assert probes == 1
    is_broken, now = False, 109.9
    assert await readiness.failing() == "blobs"
    now = 110.0
    assert [await readiness.failing(), await readiness.failing()] == [None, None]
    assert probes == 2


async def test_a_database_without_any_schema_is_not_ready(platform: Platform) -> None:
    async with platform.db.transaction() as conn:
        await conn.execute("DROP TABLE schema_migrations")
    assert await Readiness(platform.db, platform.blobs).failing() == "schema"
