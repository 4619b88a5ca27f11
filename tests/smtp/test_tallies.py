"""What becomes of mail is counted by outcome, once for every recipient."""

from datetime import timedelta

from app.core.platform import Platform
from app.core.tallies import service as tallies
from app.lib.times import utc_today
from tests.smtp.conftest import Connect, Mx, StartMx, Town, network_limits


async def counted(platform: Platform, name: tallies.Name) -> dict[str, int]:
    await platform.tallies.close()
    async with platform.db.connection() as conn:
        return await tallies.sums(conn, name, since=utc_today() - timedelta(days=1))


async def test_each_recipient_counts_once(platform: Platform, mx: Mx, greet: Connect, town: Town) -> None:
    peer = await greet(mx)
    assert await peer.ask("MAIL FROM:<a@b.example>") == "250 2.1.0"
    for name in ("nobody", "refused", "dropped", "bob", "shop"):
        await peer.ask(f"RCPT TO:<{name}@restante.test>")
    assert await peer.ask("DATA") == "354"
    peer.send(b"Subject: hello\r\n.\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    await peer.envelope("bob@restante.test")
    peer.send(b"Subject: bare\nX\r\n.\r\n")
    assert (await peer.reply()).code.startswith("5")
    assert await town.count() == 2
    assert await counted(platform, "mail") == {
        "unknown_alias": 1,
        "alias_disabled": 2,
        "accepted": 2,
        "bare_cr_lf": 1,
    }
    assert await counted(platform, "connections") == {"admitted": 1}


async def test_connections_that_are_too_many(
    platform: Platform, start_mx: StartMx, greet: Connect, connect: Connect
) -> None:
    limits = network_limits(most_open=1, exempt_local=False)
    mx = await start_mx(limits=limits)
    await greet(mx)
    second = await connect(mx)
    assert (await second.reply()).code == "421 4.7.0"
    assert await counted(platform, "connections") == {"admitted": 1, "network_limit": 1}
