"""One SMTP connection: the command loop and a method a verb, over aiosmtpd's transport, TLS and PROXY handling.

Decisions are core's; this file knows the dialogue (RFC 5321) and nothing of storage.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from aiosmtpd.proxy_protocol import get_proxy
from aiosmtpd.smtp import SMTP
from aiosmtpd.smtp import Session as Dialogue

from app.core.policy import recipients as policy
from app.errors import LimitReached
from app.lib.logs import error_fields, logger
from app.smtp import commands, replies
from app.smtp.commands import BadArgument, MailArgument
from app.smtp.connections import Connections
from app.smtp.reception import Reception
from app.smtp.settings import Settings

READER_LIMIT = 256 * 1024
"""Bytes the reader holds before it stops the peer; DATA is read in pieces of about this size."""
MAX_COMMAND_BYTES = 2048
"""RFC 5321 section 4.5.3.1.4 asks for 512, and more for every extension (RFC 6531, RFC 1870)."""
MAX_RECIPIENTS = 100
"""RFC 5321 section 4.5.3.1.8: the least a server must take."""
_MAX_ERRORS = 20
_COMMANDS_WITHOUT_MAIL = 200
_SLOWEST_BYTES_A_SECOND = 8 * 1024


TlsInfo = tuple[str, str] | None
"""(protocol version, cipher) of an encrypted connection."""


Verb = Callable[[Any, str | None], Awaitable[str | None]]
"""A verb's method: the argument in, the reply out, or None where it has answered itself."""


class Session(SMTP):
    """The server's side of one connection."""

    line_length_limit = READER_LIMIT

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
            data_size_limit=settings.max_message_size,
            enable_SMTPUTF8=True,
            hostname=settings.hostname,
            ident="ESMTP Restante",
            tls_context=tls,
            timeout=settings.timeout,
            proxy_protocol_timeout=settings.timeout if settings.is_proxied else None,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=loop,
        )
        self._settings = settings
        self._connections = connections
        self._new_reception = new_reception
        self._reception: Reception | None = None
        self._is_receiving = False
        self._is_closing = False
        self._errors = 0
        self._idle_commands = 0

    # ── the connection ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Register with the server, so that shutting down can tell this peer."""
        super().connection_made(transport)
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Leave the server's list; a message under way is given up unless its commit has begun."""
        self._connections.remove(self)
        super().connection_lost(error)

    def eof_received(self) -> bool:
        """The peer sends no more, but may still read: commands it has sent are answered to the end."""
        self._reader.feed_eof()
        return self._dialogue().ssl is None  # a TLS transport cannot be half closed

    def say_goodbye(self) -> None:
        """For shutting down: an idle peer gets its 421 now, a busy one after its message."""
        self._is_closing = True
        if self._reception is None and not self._is_receiving:
            self._leave(replies.SHUTTING_DOWN)

    def _timeout_cb(self) -> None:
        self._leave(replies.TIMEOUT)

    def _leave(self, reply: str) -> None:
        """Say why and close, whatever the command loop waits for."""
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(reply.encode() + b"\r\n")
            self.transport.close()

    def _dialogue(self) -> Dialogue:
        """What aiosmtpd knows of this peer; a new record begins with STARTTLS (RFC 3207 section 4.2).

        No property: aiosmtpd reads all attributes of a session before there is a connection.
        """
        if self.session is None:
            raise RuntimeError("there is no connection yet")
        return self.session

    # ── the command loop ──

    async def _handle_client(self) -> None:
        try:
            if await self._greet():
                while self.transport is not None and not self.transport.is_closing():
                    await self._next_command()
        except (asyncio.IncompleteReadError, ConnectionError, LimitReached):
            pass  # the peer is gone, or has sent too much for too long
        except Exception as error:  # noqa: BLE001 - one connection's fault must not reach another
            logger().error("smtp_session_failed", **error_fields(error))
            self._leave(replies.TRY_LATER)
        finally:
            if self.transport is not None:
                self.transport.close()

    async def _greet(self) -> bool:
        """The 220, or a 421 for a peer or a server with too many connections."""
        peer = await self._peer_address()
        if peer is None:
            return False
        refusal = self._connections.admit(self, peer)
        if refusal is not None:
            logger().info("smtp_connection_refused", reason=refusal)
            self._leave(replies.TOO_MANY_CONNECTIONS)
            return False
        await self.push(f"220 {self.hostname} {self.__ident__}")
        return True

    async def _peer_address(self) -> str | None:
        """Who connects, by the PROXY header where one is due (without it the connection is closed)."""
        if not self._settings.is_proxied:
            peer: object = self._dialogue().peer  # a tuple for TCP, whatever aiosmtpd's annotation says
            return str(peer[0]) if isinstance(peer, tuple) else ""
        header = await get_proxy(self._reader)
        self._reset_timeout()
        return str(header.src_addr) if header else None

    async def _next_command(self) -> None:
        try:
            line: bytes = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as overrun:
            await self._skip_line(overrun.consumed)
            await self._complain(replies.COMMAND_TOO_LONG)
            return
        if len(line) > MAX_COMMAND_BYTES:
            await self._complain(replies.COMMAND_TOO_LONG)
            return
        word, _, rest = line.rstrip(b"\r\n").partition(b" ")
        argument = rest.strip().decode("utf-8", "surrogateescape") or None
        verb = word.upper().decode("ascii", "replace")
        method = self._VERBS.get(verb)
        if method is None or b"\0" in line:
            await self._complain(replies.BAD_SYNTAX if method or not word else replies.UNKNOWN_COMMAND)
            return
        self._idle_commands = 0 if verb in {"MAIL", "RCPT", "DATA"} else self._idle_commands + 1
        if self._idle_commands > _COMMANDS_WITHOUT_MAIL:
            self._leave(replies.TOO_MANY_COMMANDS)
            return
        self._reset_timeout()
        reply = await method(self, argument)
        if reply is not None:
            await self.push(reply)
            if reply[0] == "5":
                self._count_error()
        if self._is_closing and self._reception is None:
            self._leave(replies.SHUTTING_DOWN)

    async def _skip_line(self, consumed: int) -> None:
        """Read past a command line longer than the reader holds."""
        while True:
            await self._reader.read(consumed)
            try:
                await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as overrun:
                consumed = overrun.consumed
            else:
                return

    async def _complain(self, reply: str) -> None:
        await self.push(reply)
        self._count_error()

    def _count_error(self) -> None:
        self._errors += 1
        if self._errors >= _MAX_ERRORS:
            self._leave(replies.TOO_MANY_ERRORS)

    # ── the verbs: the argument in, a reply line out ──

    async def _helo(self, name: str | None) -> str:
        if name is None:
            return replies.NEED_NAME
        self._reception = None
        self._dialogue().host_name, self._dialogue().extended_smtp = name, False
        return f"250 {self.hostname}"

    async def _ehlo(self, name: str | None) -> str:
        if name is None:
            return replies.NEED_NAME
        self._reception = None
        self._dialogue().host_name, self._dialogue().extended_smtp = name, True
        extensions = ["PIPELINING", f"SIZE {self.data_size_limit}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self.tls_context is not None and self._dialogue().ssl is None:
            extensions.append("STARTTLS")
        lines = [self.hostname, *extensions, "HELP"]
        return "\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])

    async def _starttls(self, argument: str | None) -> str | None:
        if argument is not None:
            return replies.NO_ARGUMENT
        if self.tls_context is None or self._dialogue().ssl is not None:
            return replies.UNKNOWN_COMMAND
        self._reception = None
        await self.smtp_STARTTLS("")
        return None

    async def _mail(self, argument: str | None) -> str:
        if not self._dialogue().host_name:
            return replies.HELLO_FIRST
        if self._reception is not None:
            return replies.NESTED_MAIL
        try:
            mail = commands.mail(argument)
        except BadArgument as bad:
            return bad.reply
        if mail.size > self._settings.max_message_size:
            return replies.TOO_BIG
        self._reception = self._new_reception(mail, self._tls())
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

    async def _data(self, argument: str | None) -> str:
        if self._reception is None:
            return replies.MAIL_FIRST
        if self._reception.recipient_count == 0:
            return replies.RCPT_FIRST
        if argument is not None:
            return replies.NO_ARGUMENT
        await self.push(replies.GO_AHEAD)
        begun = time.monotonic()

        def progress(received: int) -> None:
            # A slow sender keeps its connection only while it sends at least 8 KiB a second on average.
            allowed = self._settings.timeout + received / _SLOWEST_BYTES_A_SECOND
            self._reset_timeout(max(1.0, begun + allowed - time.monotonic()))

        reception, self._reception = self._reception, None
        self._is_receiving = True
        try:
            return await reception.take(self._reader, progress)
        finally:
            self._is_receiving = False

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

    def _tls(self) -> TlsInfo:
        if self._dialogue().ssl is None:
            return None
        connection: Any = self._dialogue().ssl.get("ssl_object")
        return (connection.version() or "", (connection.cipher() or ("",))[0]) if connection else ("TLS", "")
