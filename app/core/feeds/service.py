"""Feeds: making, renewing and removing them, and what a reader is given. The caller owns the transaction."""

from datetime import date
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.auth.model import Actor
from app.core.feeds import queries
from app.core.feeds.model import Entry, Feed, Reading
from app.core.filing import service as filing
from app.core.messages import service as messages
from app.core.messages.model import Filters, MessageLine
from app.errors import CannotOpen, NotFound
from app.lib.db import Conn
from app.vault import tokens
from app.vault.instance import InstanceKey

MAX_ENTRIES = 50
_SECRET_CHARS = 43


async def find(conn: Conn, account_id: UUID) -> Feed | None:
    """The account's feed, if it has one."""
    return await queries.feed(conn, account_id)


async def make(conn: Conn, account_id: UUID, *, shows_mail: bool, today: date) -> str:
    """A new feed in place of the one there was; its secret, to be shown once: only its hash is stored."""
    await accounts.hold(conn, account_id)
    await queries.delete_feed(conn, account_id)
    secret = tokens.new_secret()
    await queries.insert_feed(
        conn, account_id, secret_hash=tokens.hash_secret(secret), shows_mail=shows_mail, made_on=today
    )
    return secret


async def change(conn: Conn, account_id: UUID, *, shows_mail: bool) -> None:
    """Choose what the feed shows; an account without one stays without."""
    await queries.set_shows_mail(conn, account_id, shows_mail=shows_mail)


async def remove(conn: Conn, account_id: UUID) -> None:
    """Its address leads nowhere from now on."""
    await accounts.hold(conn, account_id)
    await queries.delete_feed(conn, account_id)


async def read(conn: Conn, instance: InstanceKey, secret: str) -> Reading:
    """The unread messages of the inbox, the newest fifty. Raises NotFound.

    Senders and subjects need the account's keyring: where the instance does not hold it, they are not shown.
    """
    found = await queries.feed_by_secret(conn, tokens.hash_secret(secret)) if len(secret) == _SECRET_CHARS else None
    if found is None:
        raise NotFound
    entries = await _opened(conn, instance, found.account_id) if found.shows_mail else None
    if entries is None:
        entries = await queries.unread(conn, found.account_id, limit=MAX_ENTRIES)
    counts = await filing.counts(conn, found.account_id)
    return Reading(feed=found, unread=counts.inbox, entries=tuple(entries))


async def _opened(conn: Conn, instance: InstanceKey, account_id: UUID) -> list[Entry] | None:
    try:
        keyring = await accounts.open_keyring(conn, instance, account_id)
    except CannotOpen:
        return None
    owner = Actor(account_id=account_id, login="", is_admin=False, keyring=keyring)
    unread = Filters(is_read=False)
    lines = await messages.page(conn, owner, folder="inbox", before=None, limit=MAX_ENTRIES, filters=unread)
    return [_entry(line) for line in lines]


def _entry(line: MessageLine) -> Entry:
    sender = line.summary.sender
    return Entry(
        message_id=line.message_id,
        received_at=line.received_at,
        sender=(sender.name or sender.address) if sender else "",
        subject=line.summary.subject,
    )
