"""One mail transaction, from MAIL to the reply after DATA: who it is for, and its content on the way into storage."""

import asyncio
import time
from collections.abc import Callable

from app.core.messages.cut import CutMessage, Cutter
from app.core.messages.objects import NewObjects
from app.core.messages.receive import Envelope, Recipient, receive
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.core.policy import recipients as policy
from app.core.policy.model import Decision
from app.core.policy.service import decide_recipient
from app.errors import Unavailable
from app.lib.ids import new_id
from app.lib.logs import error_fields, logger
from app.lib.times import utc_now
from app.smtp import replies
from app.smtp.commands import MailArgument, RcptArgument
from app.smtp.data import DataEnd, read_data

Progress = Callable[[int], None]
"""Told how many bytes of the content have come so far, whenever some came."""


class Reception:
    """Collects the accepted recipients; then takes the content, once."""

    def __init__(
        self, platform: Platform, committer: Committer, mail: MailArgument, tls: tuple[str, str] | None
    ) -> None:
        self._platform = platform
        self._committer = committer
        self._mail = mail
        self._tls = tls
        self._kept: dict[str, Recipient] = {}
        self._dropped: set[str] = set()

    @property
    def is_utf8(self) -> bool:
        """Whether MAIL said SMTPUTF8."""
        return self._mail.is_utf8

    @property
    def recipient_count(self) -> int:
        """Recipients accepted so far, those included whose mail will be dropped."""
        return len(self._kept) + len(self._dropped)

    async def add_recipient(self, rcpt: RcptArgument) -> Decision:
        """Decide on one recipient, and remember it if it is accepted. Never raises."""
        try:
            decision, mailbox = await decide_recipient(self._platform, rcpt.address, announced_size=self._mail.size)
        except Exception as error:  # noqa: BLE001 - one recipient's trouble must not end the transaction
            if not isinstance(error, Unavailable):
                logger().error("smtp_rcpt_failed", **error_fields(error))
            decision, mailbox = policy.LOOKUP_FAILED, None
        logger().info("smtp_rcpt", code=decision.code, reason=decision.reason)
        if not decision.accept:
            return decision
        if decision.keep and mailbox is not None:
            self._kept[rcpt.address] = Recipient(address=rcpt.address, mailbox=mailbox)
        else:
            self._dropped.add(rcpt.address)
        return decision

    async def take(self, reader: asyncio.StreamReader, progress: Progress) -> str:
        """Read DATA's content and store it; the reply. It is 250 only once every copy is committed.

        Raises DataLost and LimitReached when there is nobody left to be answered; then nothing is kept.
        """
        objects = self._new_objects()
        cutter = Cutter(objects.open)
        begun = time.monotonic()
        try:
            end, cut = await self._read(reader, cutter, progress)
        except BaseException as error:
            # Also when cancelled because the peer hung up: what was written belongs to no message.
            await asyncio.shield(self._discard(cutter, objects))
            if isinstance(error, Unavailable):
                return _try_later(error)
            raise
        if cut is None:
            await self._discard(cutter, objects)
            logger().info("smtp_data", reason=end.fault.value if end.fault else "empty", size=end.size)
            return replies.of_fault(end.fault) if end.fault else replies.TRY_LATER
        reply = await self._store(cut, objects)
        milliseconds = round((time.monotonic() - begun) * 1000)
        logger().info("smtp_data", code=reply[:3], size=cut.size, copies=len(self._kept), ms=milliseconds)
        return reply

    async def _read(
        self, reader: asyncio.StreamReader, cutter: Cutter, progress: Progress
    ) -> tuple[DataEnd, CutMessage | None]:
        sink = _Counted(cutter, progress)
        end = await read_data(reader, sink, size_limit=self._platform.max_message_size)
        return end, None if end.fault else await cutter.finish()

    async def _store(self, cut: CutMessage, objects: NewObjects) -> str:
        """From here on the objects are left alone: whether a failed commit took place only the database knows.

        The sweeper deletes those that no message names.
        """
        if not self._kept:
            await objects.discard()
            return replies.STORED
        envelope = Envelope(sender=self._mail.sender, tls=self._tls)
        copies = list(self._kept.values())
        try:
            await receive(self._platform, self._committer, envelope, copies, cut, objects, now=utc_now())
        except Unavailable as error:
            return _try_later(error)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is ours: temporary until proven permanent
            logger().error("smtp_store_failed", **error_fields(error))
            return replies.TRY_LATER
        return replies.STORED

    def _new_objects(self) -> NewObjects:
        """Where cut-out content goes: under the first recipient's account, who then shares it with the others."""
        mailboxes = [recipient.mailbox for recipient in self._kept.values()]
        owner = mailboxes[0].account_id if mailboxes else new_id()
        is_plain = self._platform.blobs.presigns and all(mailbox.kind == "standard" for mailbox in mailboxes)
        return NewObjects(self._platform.blobs, owner, is_sealed=not is_plain)

    @staticmethod
    async def _discard(cutter: Cutter, objects: NewObjects) -> None:
        try:
            await cutter.abort()
            await objects.discard()
        except Unavailable:
            logger().info("smtp_objects_left_to_sweeper")


class _Counted:
    """Passes content on to the cutter and reports how much has come."""

    def __init__(self, cutter: Cutter, progress: Progress) -> None:
        self._cutter = cutter
        self._progress = progress
        self._received = 0

    async def write(self, data: bytes) -> None:
        self._received += len(data)
        self._progress(self._received)
        await self._cutter.write(data)


def _try_later(error: Unavailable) -> str:
    return replies.STORE_FULL if error.code == "storage_full" else replies.TRY_LATER
