"""What events told, made anew by their owner out of what is stored: what was sealed to be sent is wiped by then."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.events.model import EventRow
from app.core.events.payloads import MessagePayload, content_of, message_payload, seal_payload
from app.core.messages import queries as message_queries
from app.core.messages import service as messages
from app.core.messages.model import MessageLine, OpenMessage
from app.core.platform import Platform
from app.core.refusals import service as refusals
from app.core.refusals.resources import refusal_resource
from app.errors import CannotOpen, NotFound


async def made_anew(
    platform: Platform, actor: Actor, events: Sequence[EventRow], *, is_full: bool
) -> dict[UUID, bytes | None]:
    """By event what it tells, sealed; None for those that need nothing but their facts.

    Left out are those whose message or refusal is gone or damaged. Messages are told as they are now. Raises
    Unavailable.
    """
    found: dict[UUID, bytes | None] = {
        one.event_id: None
        for one in events
        if not one.type.startswith("message.") and (one.alias_address or not one.alias_id)
    }
    async with platform.db.connection() as conn:
        index_key = await accounts.index_key(conn, platform.instance, actor.account_id)
        for one in events:
            if one.type == "message.refused" and one.subject_id:
                try:
                    refusal = refusal_resource(await refusals.get(conn, actor, one.subject_id))
                except (NotFound, CannotOpen):
                    continue
                found[one.event_id] = seal_payload(index_key, actor.account_id, one.event_id, refusal)
    for event_id, payload in (await _messages(platform, actor, events, is_full=is_full)).items():
        found[event_id] = seal_payload(index_key, actor.account_id, event_id, payload)
    return found


async def _messages(
    platform: Platform, actor: Actor, events: Sequence[EventRow], *, is_full: bool
) -> dict[UUID, MessagePayload]:
    subjects = {
        one.event_id: one.subject_id
        for one in events
        if one.type in {"message.received", "message.held"} and one.subject_id is not None
    }
    if not subjects:
        return {}
    async with platform.db.connection() as conn:
        rows = await message_queries.messages_of(conn, actor.account_id, list(subjects.values()))
        rows = [row for row in rows if actor.reach.holds(row.alias_id, row.address)]
        lines = {line.message_id: line for line in await messages.open_rows(conn, actor, rows) if line.is_readable}
    opened: Mapping[UUID, OpenMessage] = {}
    if is_full:
        found = await messages.open_messages(platform, actor, list(lines.values()))
        opened = {one.line.message_id: one for one in found}
    return {
        event_id: payload_of(lines[message_id], opened.get(message_id))
        for event_id, message_id in subjects.items()
        if message_id in lines and (message_id in opened or not is_full)
    }


def payload_of(line: MessageLine, opened: OpenMessage | None) -> MessagePayload:
    """What is told of a message that its owner has opened; without `opened` thin webhooks only."""
    whole = None
    if opened is not None:
        content = content_of(opened.text, opened.html, opened.headers, is_truncated=opened.is_truncated)
        whole = (line.message_key, content)
    return message_payload(line.alias_address, line.folder, line.received_at, line.size, line.summary, whole=whole)
