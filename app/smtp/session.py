"""One SMTP connection: the command loop and a method a verb, over aiosmtpd's connection and PROXY handling.

Decisions are core's; this file knows the dialogue (RFC 5321) and nothing of storage.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any, ClassVar

from aiosmtpd.proxy_protocol import V2_CMD, get_proxy
from aiosmtpd.smtp import SMTP

from app.core.policy import recipients as policy
from app.errors import LimitReached
from app.lib.logs import error_fields, logger
from app.smtp import commands, replies
from app.smtp.commands import BadArgument, MailArgument
from app.smtp.connections import Connections
from app.smtp.reception import Reception
from app.smtp.settings import Settings

READER_LIMIT = 256 * 1024
"""Bytes the reader holds of commands before it stops the peer."""
MAX_COMMAND_BYTES = 2048
"""RFC 5321 section 4.5.3.1.4 asks for 512, and more for every extension (RFC 6531, RFC 1870)."""
MAX_RECIPIENTS = 100
"""RFC 5321 section 4.5.3.1.8: the least a server must take."""
MAX_ERRORS = 20
"""Commands refused for good, since the last message that was taken."""
MAX_COMMANDS = 500
"""Since the last message that was taken: some times what MAX_RECIPIENTS need."""
_SLOWEST_BYTES_A_SECOND = 8 * 1024
_LINGER_SECONDS = 10
"""How long the last reply may wait for a peer that does not read it."""


TlsInfo = tuple[str, str] | None
"""(protocol version, cipher) of an encrypted connection."""


Verb = Callable[[Any, str | None], Awaitable[str | None]]
"""A verb's method: the argument in, the reply out, or None where it has answered itself."""


class Session(SMTP):
    """The server's side of one connection."""

    line_length_limit = READER_LIMIT
    transport: Any  # aiosmtpd's type for it cannot even be closed

    def __init__(
        self,
        settings: Settings,
        connections: Connections,
        new_reception: Callable[[MailArgument, TlsInfo], Reception],
        *,
        tls: ssl.SSLContext,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            None,
            hostname=settings.hostname,
            ident="ESMTP Restante",
            timeout=settings.timeout,
            loop=loop,
        )
        self._settings = settings
        self._connections = connections
        self._new_reception = new_reception
        self._reception: Reception | None = None
        self._tls_context = tls
        self._tls: TlsInfo = None
        self._has_said_hello = False
        self._is_receiving = False
        self._is_closing = False
        self._errors = 0
        self._commands = 0

    def __dir__(self) -> Iterable[str]:
        """Nothing: aiosmtpd looks for its verbs in here at every connection, and ours are in a table."""
        return ()

    # ── the connection ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register with the server, so that shutting down can tell this peer."""
        super().connection_made(transport)
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Give up a message under way, unless its commit has begun; then leave the server's list."""
        super().connection_lost(error)
        if self._handler_coroutine is not None:
            self._handler_coroutine.add_done_callback(lambda _: self._connections.remove(self))

    def eof_received(self) -> bool:
        """The peer sends no more, but may still read: commands it has sent are answered to the end."""
        self._reader.feed_eof()
        return self._tls is None  # a TLS transport cannot be half closed

    def say_goodbye(self, *, at_once: bool) -> None:
        """For shutting down: an idle peer gets its 421 now, a busy one after its message unless it is `at_once`."""
        self._is_closing = True
        if at_once or (self._reception is None and not self._is_receiving):
            self._leave(replies.SHUTTING_DOWN)

    def _timeout_cb(self) -> None:
        if self._is_open():
            self._leave(replies.TIMEOUT)
        elif self.transport is not None:
            self.transport.abort()

    def _stop_timeout(self) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()

    def _is_open(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def _leave(self, reply: str) -> None:
        """Say why and close, whatever the command loop waits for."""
        if self._is_open():
            self._writer.write(reply.encode() + b"\r\n")
            self.transport.close()
            self._reset_timeout(_LINGER_SECONDS)

    async def _reply(self, reply: str) -> None:
        if self._is_open():
            await self.push(reply)

    # ── the command loop ──

    async def _handle_client(self) -> None:
        try:
            if await self._greet():
                while self._is_open():
                    await self._next_command()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the peer is gone
        except LimitReached:
            self._leave(replies.TOO_BIG)
        except Exception as error:  # noqa: BLE001 - one connection's fault must not reach another
            logger().error("smtp_session_failed", **error_fields(error))
            self._leave(replies.FAILED)
        finally:
            if self.transport is not None:
                self.transport.close()

    async def _greet(self) -> bool:
        """The 220, or a 421 for a peer or a server with too many connections."""
        peer = await self._peer_address()
        refusal = "no_proxy_header" if peer is None else self._connections.admit(self, peer)
        if refusal is not None:
            logger().info("smtp_connection_refused", reason=refusal)
            if peer is not None:
                self._leave(replies.TOO_MANY_CONNECTIONS)
            return False
        await self._reply(f"220 {self.hostname} {self.__ident__}")
        return True

    async def _peer_address(self) -> str | None:
        """Who connects, by the PROXY header where one is due; None without it, and the connection is to be closed."""
        if self._settings.is_proxied:
            header = await get_proxy(self._reader)
            self._reset_timeout()
            if not header:
                return None
            # Otherwise the proxy speaks for itself (LOCAL, as in health checks) or does not know for whom (UNKNOWN).
            if header.command != V2_CMD.LOCAL and isinstance(header.src_addr, IPv4Address | IPv6Address):
                return str(header.src_addr)
        peer = self.transport.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) else ""

    async def _next_command(self) -> None:
        try:
            line: bytes = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            self._leave(replies.COMMAND_ENDLESS)
            return
        self._commands += 1
        reply = await self._answer(line)
        if reply is not None:
            await self._reply(reply)
            self._errors += reply[0] == "5"
        if self._errors >= MAX_ERRORS:
            self._leave(replies.TOO_MANY_ERRORS)
        elif self._commands >= MAX_COMMANDS:
            self._leave(replies.TOO_MANY_COMMANDS)
        elif self._is_closing and self._reception is None:
            self._leave(replies.SHUTTING_DOWN)

    async def _answer(self, line: bytes) -> str | None:
        if len(line) > MAX_COMMAND_BYTES:
            return replies.COMMAND_TOO_LONG
        content = line.removesuffix(b"\r\n")
        # RFC 5321 section 2.3.8: CR and LF only together, in commands too.
        if content == line or b"\r" in content or b"\0" in content:
            return replies.BAD_SYNTAX
        word, _, rest = content.partition(b" ")
        method = self._VERBS.get(word.upper().decode("ascii", "replace"))
        if method is None:
            return replies.UNKNOWN_COMMAND if word else replies.BAD_SYNTAX
        self._reset_timeout()
        return await method(self, rest.strip().decode("utf-8", "surrogateescape") or None)

    # ── the verbs: the argument in, a reply line out ──

    async def _helo(self, name: str | None) -> str:
        if name is None:
            return replies.NEED_NAME
        self._reception, self._has_said_hello = None, True
        return f"250 {self.hostname}"

    async def _ehlo(self, name: str | None) -> str:
        if name is None:
            return replies.NEED_NAME
        self._reception, self._has_said_hello = None, True
        size = f"SIZE {self._settings.max_message_size}"
        lines = [self.hostname, "PIPELINING", size, "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self._tls is None:
            lines.append("STARTTLS")
        return "\r\n".join([f"250-{line}" for line in lines] + ["250 HELP"])

    async def _starttls(self, argument: str | None) -> str | None:
        if argument is not None:
            return replies.NO_ARGUMENT
        if self._tls is not None:
            return replies.IS_ENCRYPTED
        await self._reply(replies.START_TLS)
        if self._is_open():
            await self._secure()
        return None

    async def _secure(self) -> None:
        """The handshake. What the peer said or sent in clear before it is forgotten (RFC 3207 section 4.2).

        Through the event loop's public method; aiosmtpd reaches into asyncio for it.
        """
        self._reception, self._has_said_hello = None, False
        self._stop_timeout()  # its reply would go out in clear; the handshake has a limit of its own
        # asyncio has no public way to drop what was read ahead.
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # noqa: SLF001
        try:
            transport: Any = await self.loop.start_tls(
                self.transport,
                self,
                self._tls_context,
                server_side=True,
                ssl_handshake_timeout=self._settings.timeout,
                ssl_shutdown_timeout=_LINGER_SECONDS,
            )
        except OSError as error:  # the peer's doing; ssl.SSLError is one, too
            logger().info("smtp_tls_failed", error=type(error).__name__)
            # asyncio does not always tell a protocol that its connection ended during the handshake.
            self.connection_lost(None)
            return
        self.transport = transport
        self._reader._transport = self._writer._transport = transport  # type: ignore[attr-defined]  # noqa: SLF001
        connection: ssl.SSLObject = transport.get_extra_info("ssl_object")
        self._tls = (connection.version() or "", (connection.cipher() or ("",))[0])
        self._reset_timeout()

    async def _mail(self, argument: str | None) -> str:
        if not self._has_said_hello:
            return replies.HELLO_FIRST
        if self._reception is not None:
            return replies.NESTED_MAIL
        try:
            mail = commands.mail(argument)
        except BadArgument as bad:
            return bad.reply
        if mail.size > self._settings.max_message_size:
            return replies.TOO_BIG
        self._reception = self._new_reception(mail, self._tls)
        return replies.SENDER_OK

    async def _rcpt(self, argument: str | None) -> str:
        if self._reception is None:
            return replies.MAIL_FIRST
        try:
            rcpt = commands.rcpt(argument, is_utf8=self._reception.is_utf8)
        except BadArgument as bad:
            return bad.reply
        if self._reception.recipient_count >= MAX_RECIPIENTS:
            return replies.of_decision(policy.TOO_MANY)
        return replies.of_decision(await self._reception.add_recipient(rcpt))

    async def _data(self, argument: str | None) -> str | None:
        if self._reception is None:
            return replies.MAIL_FIRST
        if self._reception.recipient_count == 0:
            return replies.RCPT_FIRST
        if argument is not None:
            return replies.NO_ARGUMENT
        reception, self._reception, self._is_receiving = self._reception, None, True
        try:
            await self._reply(replies.GO_AHEAD)
            reply = await reception.read(self._reader, self._progress())
            if reply is not None:
                return reply
            self._reset_timeout()
            reply = await reception.store()
            if reply == replies.STORED:
                self._errors = self._commands = 0
            try:
                await self._reply(reply)
            finally:
                # Not before: a slow object store must not make the peer send again what is stored already.
                await reception.tidy()
        finally:
            self._is_receiving = False
        return None

    def _progress(self) -> Callable[[int], None]:
        """A slow sender keeps its connection only while it sends at least 8 KiB a second on average."""
        begun = time.monotonic()

        def progress(received: int) -> None:
            allowed = self._settings.timeout + received / _SLOWEST_BYTES_A_SECOND
            self._reset_timeout(max(1.0, begun + allowed - time.monotonic()))

        return progress

    async def _rset(self, argument: str | None) -> str:
        self._reception = None
        return replies.NO_ARGUMENT if argument else replies.RESET

    async def _noop(self, _: str | None) -> str:
        return replies.OK

    async def _quit(self, _: str | None) -> None:
        self._leave(replies.BYE)

    async def _vrfy(self, argument: str | None) -> str:
        return replies.CANNOT_VERIFY if argument else "501 5.5.4 Syntax: VRFY address"

    async def _help(self, _: str | None) -> str:
        return replies.HELP

    async def _auth(self, _: str | None) -> str:
        return replies.NO_AUTH

    _VERBS: ClassVar[dict[str, Verb]] = {
        "HELO": _helo,
        "EHLO": _ehlo,
        "STARTTLS": _starttls,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "DATA": _data,
        "RSET": _rset,
        "NOOP": _noop,
        "QUIT": _quit,
        "VRFY": _vrfy,
        "EXPN": _vrfy,
        "HELP": _help,
        "AUTH": _auth,
    }
