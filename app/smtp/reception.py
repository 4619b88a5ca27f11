"""One mail transaction, from MAIL to the reply after DATA: who it is for, and its content on the way into storage."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

from app.core.aliases.address import ROLE_LOCAL_PARTS
from app.core.aliases.model import Mailbox
from app.core.messages.cut import CutMessage, Cutter
from app.core.messages.envelope import Envelope, Received, Recipient
from app.core.messages.objects import NewObjects
from app.core.messages.receive import receive
from app.core.messages.store import Committer
from app.core.platform import Platform
from app.core.policy import recipients as policy
from app.core.policy.model import Decision, Reason, Ruling
from app.core.policy.service import decide_recipient
from app.core.refusals import service as refusals
from app.core.refusals.model import RefusalDetails
from app.core.refusals.recorder import Hit, Recorder
from app.errors import LimitReached, Unavailable
from app.lib.ids import new_id
from app.lib.logs import error_fields, logger
from app.lib.times import utc_now
from app.smtp import replies
from app.smtp.commands import MailArgument, RcptArgument
from app.smtp.data import DataLost, Progress, read_data


class Reception:
    """Collects the accepted recipients; then reads the content and stores it, once."""

    def __init__(
        self,
        platform: Platform,
        committer: Committer,
        recorder: Recorder,
        mail: MailArgument,
        tls: tuple[str, str] | None,
    ) -> None:
        self._platform = platform
        self._committer = committer
        self._recorder = recorder
        self._mail = mail
        self._tls = tls
        self._kept: dict[UUID, Recipient] = {}
        self._has_dropped = False
        """Some recipient's mail is taken and dropped, as its owner chose."""
        self._begun = 0.0
        self._cut: CutMessage | None = None
        self._objects: NewObjects | None = None
        self.recipient_count = 0
        """Recipients accepted so far, those included whose mail will be dropped."""

    @property
    def is_utf8(self) -> bool:
        """Whether MAIL said SMTPUTF8."""
        return self._mail.is_utf8

    async def add_recipient(self, rcpt: RcptArgument) -> Decision:
        """Decide on one recipient, and remember it if it is accepted. Never raises."""
        try:
            ruling = await decide_recipient(
                self._platform,
                rcpt.address,
                sender=self._mail.sender,
                announced_size=self._mail.size,
                to_come=[one.mailbox for one in self._kept.values() if one.mailbox.is_to_be_made],
                now=utc_now(),
            )
        except Exception as error:  # noqa: BLE001 - one recipient's trouble must not end the transaction
            _tell("smtp_rcpt_failed", error)
            ruling = Ruling(decision=policy.LOOKUP_FAILED)
        decision = policy.beside_others(ruling.decision) if self.recipient_count else ruling.decision
        logger().info("smtp_rcpt", code=decision.code, reason=decision.reason)
        if not (decision.accept and decision.keep):
            self._count(decision.reason)
        self.recipient_count += decision.accept
        if ruling.mailbox is not None:
            one = Recipient(address=rcpt.address, mailbox=ruling.mailbox, finding=ruling.finding)
            await self._remember(one, decision)
        return decision

    async def _remember(self, one: Recipient, decision: Decision) -> None:
        """For DATA, or for the owner to read."""
        if decision.accept and decision.keep:
            # One copy for each alias, however often and with whatever tags it was named; the first is shown.
            self._kept.setdefault(one.mailbox.alias_id, one)
            return
        self._has_dropped |= decision.accept
        rule_id = one.finding.rule_id if one.finding and decision == policy.BLOCKED else None
        await self._record(decision.code, [(one, decision.reason, rule_id)])

    async def read(self, reader: asyncio.StreamReader, progress: Progress) -> str | None:
        """Read DATA's content. None when it is to be stored, else the reply, and then nothing of it is kept.

        Raises DataLost and LimitReached when the connection is to be closed; nothing is kept then either.
        """
        self._begun = time.monotonic()
        self._objects = self._new_objects()
        cutter = Cutter(self._objects.open)
        refusal: str | None = replies.TRY_LATER
        try:
            refusal = await self._read(reader, cutter, progress)
        except (DataLost, LimitReached):
            raise
        except Exception as error:  # noqa: BLE001 - whatever went wrong is ours: temporary until proven permanent
            refusal = self._answer(self._failed(error))
        finally:
            if refusal is not None:
                # Also when cancelled because the peer hung up: what was written belongs to no message.
                await asyncio.shield(_discard(self._objects, cutter))
        return refusal

    async def store(self) -> str:
        """Store what was read, a copy for every recipient; the reply. It is 250 only once all of them are committed."""
        if self._cut is None or self._objects is None:
            raise RuntimeError("read the content first")
        if not self._kept:
            await asyncio.shield(_discard(self._objects))
            return self._answer(replies.STORED)
        envelope = Envelope(sender=self._mail.sender, tls=self._tls)
        try:
            copies = list(self._kept.values())
            received = await receive(
                self._platform, self._committer, envelope, copies, self._cut, self._objects, now=utc_now()
            )
        except LimitReached:
            # Others have made the last aliases since RCPT, which will say so when this comes again.
            await self.tidy()
            self._count(policy.TOO_MANY_NEW.reason, len(self._kept))
            return self._answer(replies.of_decision(policy.TOO_MANY_NEW), reason=policy.TOO_MANY_NEW.reason)
        except Exception as error:  # noqa: BLE001 - as above
            # What the database was to name is left alone: whether a failed commit took place only it knows. The
            # sweeper deletes what no message names.
            await self.tidy()
            return self._answer(self._failed(error))
        return await self._conclude(received)

    async def tidy(self) -> None:
        """Delete what was written and turned out not to be needed. Never raises; what stays is swept."""
        if self._objects is not None:
            await asyncio.shield(_discard(self._objects))

    async def _read(self, reader: asyncio.StreamReader, cutter: Cutter, progress: Progress) -> str | None:
        end = await read_data(reader, cutter, size_limit=self._platform.max_message_size, progress=progress)
        if end.fault:
            return await self._refuse_all(replies.of_fault(end.fault), end.fault.value)
        cut = await cutter.finish()
        if self._kept and all(_is_too_much(copy.mailbox, cut.size) for copy in self._kept.values()):
            return await self._refuse_all(replies.of_decision(policy.OVER_QUOTA), policy.OVER_QUOTA.reason)
        self._cut = cut
        return None

    async def _refuse_all(self, reply: str, reason: Reason) -> str:
        """The reply, once it is written down for everybody whom the content was for."""
        self._count(reason, len(self._kept))
        await self._record(int(reply[:3]), [(one, reason, None) for one in self._kept.values()])
        return self._answer(reply, reason=reason)

    async def _conclude(self, received: Received) -> str:
        """The reply to a message of whose copies some are stored and some were turned away.

        It says no where that holds for every recipient that RCPT accepted, for now if it does for one of them. Else the
        message was taken, and who does not have it can read why.
        """
        self._recorder.count([Hit(account_id=account, rule_id=rule) for account, rule in received.allowed])
        self._count("accepted", received.stored - received.held)
        self._count("held", received.held)
        for one in received.turned:
            self._count(one.decision.reason)
        if not received.turned:
            return self._answer(replies.STORED, **({"held": received.held} if received.held else {}))
        decisions = [one.decision for one in received.turned]
        reply = replies.STORED
        is_taken = self._has_dropped or received.stored > 0 or any(one.accept for one in decisions)
        if not is_taken:
            reply = replies.of_decision(min(decisions, key=lambda decision: decision.code))
        turned = [(one.recipient, one.decision.reason, one.rule_id) for one in received.turned]
        await self._record(int(reply[:3]), turned, authors=received.authors)
        return self._answer(reply, held=received.held, turned=len(decisions), reason=decisions[0].reason)

    async def _record(
        self, code: int, refused: Sequence[tuple[Recipient, Reason, UUID | None]], *, authors: tuple[str, ...] = ()
    ) -> None:
        """Write down who does not get the message, why, and by which rule.

        Where the message was to make an alias there is none to tell of, and only the rule's hit is counted.
        """
        there = [one for one in refused if not one[0].mailbox.is_to_be_made]
        self._recorder.count(
            [
                Hit(account_id=one.mailbox.account_id, rule_id=rule_id)
                for one, _, rule_id in refused
                if one.mailbox.is_to_be_made and rule_id is not None
            ]
        )
        await self._recorder.record(
            [
                refusals.new(
                    self._platform.instance,
                    one.mailbox,
                    RefusalDetails(self._mail.sender, authors, one.address),
                    code=code,
                    reason=reason,
                    rule_id=rule_id,
                )
                for one, reason, rule_id in there
            ]
        )

    def _answer(self, reply: str, **fields: str | int) -> str:
        size = self._cut.size if self._cut else 0
        milliseconds = round((time.monotonic() - self._begun) * 1000)
        logger().info("smtp_data", code=int(reply[:3]), size=size, copies=len(self._kept), ms=milliseconds, **fields)
        return reply

    def _failed(self, error: Exception) -> str:
        """The reply where something of ours has failed."""
        _tell("smtp_data_failed", error)
        self._count("failed", len(self._kept))
        return replies.STORE_FULL if getattr(error, "code", "") == "storage_full" else replies.TRY_LATER

    def _count(self, outcome: str, recipients: int = 1) -> None:
        """What became of the mail for so many recipients: a reason, or `failed`; a number of the whole service."""
        self._platform.tallies.count("mail", outcome, recipients)

    def _new_objects(self) -> NewObjects:
        """Where cut-out content goes: under the first recipient's account, who then shares it with the others."""
        mailboxes = [recipient.mailbox for recipient in self._kept.values()]
        owner = mailboxes[0].account_id if mailboxes else new_id()
        is_plain = self._platform.blobs.presigns and all(mailbox.kind == "standard" for mailbox in mailboxes)
        return NewObjects(self._platform.blobs, owner, is_sealed=not is_plain)


def _is_too_much(mailbox: Mailbox, size: int) -> bool:
    """Whether content of `size` bytes goes beyond the quota, which RCPT could not know without a true SIZE.

    It is refused only where this holds for every recipient: one reply has to serve them all, so where it fits one of
    them the others' quotas are overrun, by this one message.
    """
    is_role = mailbox.address.partition("@")[0] in ROLE_LOCAL_PARTS
    return not is_role and mailbox.stored_bytes + size > mailbox.storage_limit


async def _discard(objects: NewObjects, cutter: Cutter | None = None) -> None:
    try:
        if cutter is not None:
            await cutter.abort()
        await objects.discard()
    except Unavailable:
        logger().info("smtp_objects_left_to_sweeper")


def _tell(event: str, error: Exception) -> None:
    """Why mail is deferred, for the operator: what does not answer, or where the fault of ours is."""
    if isinstance(error, Unavailable):
        logger().warning(event, reason=error.code, **error_fields(error))
    else:
        logger().error(event, **error_fields(error))
