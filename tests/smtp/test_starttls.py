"""STARTTLS (RFC 3207): what is offered, forgotten and dropped around the handshake."""

from tests.smtp.conftest import Connect, Mx, StartMx, Town


async def test_after_the_handshake_everything_before_is_forgotten(mx: Mx, greet: Connect, town: Town) -> None:
    peer = await greet(mx)
    assert await peer.ask("MAIL FROM:<a@b.example>") == "250 2.1.0"
    assert await peer.ask("RCPT TO:<shop@restante.test>") == "250 2.1.5"
    assert await peer.ask("STARTTLS") == "220 2.0.0"
    assert (await peer.secure()).version() in {"TLSv1.2", "TLSv1.3"}
    assert await peer.ask("MAIL FROM:<a@b.example>") == "503 5.5.1"
    peer.send(b"EHLO client.test\r\n")
    assert b"STARTTLS" not in (await peer.reply()).text
    assert await peer.ask("RCPT TO:<shop@restante.test>") == "503 5.5.1"
    assert await peer.ask("STARTTLS") == "503 5.5.1"
    await peer.envelope("shop@restante.test")
    await peer.send_all(b"Subject: one\r\n" + b"x" * 998 + b"\r\n" + b"y\r\n" * 500_000 + b".\r\nQUIT\r\n")
    assert (await peer.reply()).code == "250 2.6.0"
    assert (await peer.rest()).startswith(b"221 2.0.0 ")
    assert len((await town.sources(town.ada))[0][1]) == 14 + 1_000 + 1_500_000


async def test_what_was_sent_in_clear_after_the_command_is_dropped(mx: Mx, greet: Connect, town: Town) -> None:
    peer = await greet(mx)
    hidden = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<shop@restante.test>\r\nDATA\r\nhidden\r\n.\r\n"
    peer.send(b"STARTTLS\r\n" + hidden)
    assert (await peer.reply()).code == "220 2.0.0"
    await peer.secure()
    assert await peer.ask("NOOP") == "250 2.0.0"
    assert await peer.ask("MAIL FROM:<a@b.example>") == "503 5.5.1"
    assert await town.leftovers() == []


async def test_handshakes_that_fail_end_their_connections(start_mx: StartMx, greet: Connect) -> None:
    mx = await start_mx(max_connections=2)
    for _ in range(3):
        peer = await greet(mx)
        assert await peer.ask("STARTTLS") == "220 2.0.0"
        peer.send(b"EHLO in the clear\r\n" * 10)
        assert not (await peer.rest()).startswith(b"2")
        await peer.close()
    for _ in range(3):
        peer = await greet(mx)
        assert await peer.ask("STARTTLS") == "220 2.0.0"
        peer.reset()
    last = await greet(mx)
    assert await last.ask("NOOP") == "250 2.0.0"
    await last.close()
    await mx.end()


async def test_a_handshake_that_never_comes_ends_in_time(start_mx: StartMx, greet: Connect) -> None:
    peer = await greet(await start_mx(timeout=1))
    assert await peer.ask("STARTTLS") == "220 2.0.0"
    assert await peer.rest() == b""


async def test_an_encrypted_connection_has_its_time_limit_too(start_mx: StartMx, greet: Connect) -> None:
    peer = await greet(await start_mx(timeout=1))
    assert await peer.ask("STARTTLS") == "220 2.0.0"
    await peer.secure()
    assert await peer.ask("EHLO client.test") == "250"
    assert (await peer.rest()).startswith(b"421 4.4.2 ")
