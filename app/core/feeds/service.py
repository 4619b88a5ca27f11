"""Feeds: making, renewing and removing them, and what a reader is given. The caller owns the transaction."""

from datetime import date
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.accounts.holders import service as holders
from app.core.accounts.model import Holder
from app.core.auth.model import Actor
from app.core.feeds import queries
from app.core.feeds.model import Entry, Feed, Reading
from app.core.filing import service as filing
from app.core.messages import service as messages
from app.core.messages.model import Filters, MessageLine
from app.errors import Conflict, NotFound
from app.lib.db import Conn
from app.lib.ids import new_id
from app.vault import tokens
from app.vault.instance import InstanceKey
from app.vault.keyring import Keyring

MAX_ENTRIES = 50
_SECRET_CHARS = 43


async def find(conn: Conn, account_id: UUID) -> Feed | None:
    """The account's feed, if it has one."""
    return await queries.feed(conn, account_id)


async def make(conn: Conn, actor: Actor, *, shows_mail: bool, today: date) -> str:
    """A new feed in place of the one there was; its secret, to be shown once: only its hash is stored.

    One that shows mail of a sealed account holds the keyring under its secret.
    """
    account_id = actor.account_id
    await accounts.hold(conn, account_id)
    await queries.delete_feed(conn, account_id)
    secret = tokens.new_secret()
    await queries.insert_feed(
        conn, account_id, secret_hash=tokens.hash_secret(secret), shows_mail=shows_mail, made_on=today
    )
    if shows_mail:
        await holders.lend(conn, account_id, actor.keyring, kind="feed", secret=secret, holder_id=new_id())
    return secret


async def change(conn: Conn, actor: Actor, *, shows_mail: bool) -> None:
    """Choose what the feed shows; an account without one stays without.

    Raises Conflict where it would have to open a sealed account: only a new address can.
    """
    is_sealed = await accounts.kind_held(conn, actor.account_id) == "sealed"
    found = await queries.feed(conn, actor.account_id)
    if is_sealed and shows_mail and found is not None and not found.shows_mail:
        text = "Your account is sealed, so this address cannot open it. Make a new address that shows mail."
        raise Conflict(text, code="feed_cannot_open")
    if not shows_mail:
        await queries.delete_holder(conn, actor.account_id)
    await queries.set_shows_mail(conn, actor.account_id, shows_mail=shows_mail)


async def remove(conn: Conn, account_id: UUID) -> None:
    """Its address leads nowhere from now on."""
    await accounts.hold(conn, account_id)
    await queries.delete_feed(conn, account_id)


async def read(conn: Conn, instance: InstanceKey, secret: str) -> Reading:
    """The unread messages of the inbox, the newest fifty. Raises NotFound, CannotOpen.

    Senders and subjects need the account's keyring: where neither the instance nor the address holds it, they are not
    shown.
    """
    found = await queries.feed_by_secret(conn, tokens.hash_secret(secret)) if len(secret) == _SECRET_CHARS else None
    if found is None:
        raise NotFound
    account_id = found.account_id
    if found.shows_mail and found.holder_id and found.holder_kind and found.keyring:
        holder = Holder(account_id=account_id, holder_id=found.holder_id, kind=found.holder_kind, keyring=found.keyring)
        entries = await _opened(conn, account_id, holders.opened(instance, holder, secret=secret))
    else:
        entries = await queries.unread(conn, account_id, limit=MAX_ENTRIES)
    counts = await filing.counts(conn, account_id)
    feed = Feed(account_id=account_id, shows_mail=found.shows_mail, made_on=found.made_on)
    return Reading(feed=feed, unread=counts.inbox, entries=tuple(entries))


async def _opened(conn: Conn, account_id: UUID, keyring: Keyring) -> list[Entry]:
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
