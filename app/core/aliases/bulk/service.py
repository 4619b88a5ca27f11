"""Doing one thing to many aliases, and the steps that take it back. The caller owns the transaction."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from app.core.accounts import service as accounts
from app.core.aliases import checks
from app.core.aliases.address import ROLE_LOCAL_PARTS
from app.core.aliases.bulk import queries
from app.core.aliases.limits import service as limits
from app.core.aliases.model import AliasPatch, AliasStep, Bulk, BulkAction
from app.core.aliases.queries import addresses_of, lock_aliases
from app.core.categories import service as categories
from app.core.events import service as events
from app.core.filing import queries as filing
from app.errors import Conflict, Invalid, NotFound
from app.lib.db import Conn

MAX_AT_ONCE = 5000
_TRASHED_AT_ONCE = 5000
_OPPOSITE: dict[BulkAction, BulkAction] = {
    "on": "off",
    "off": "on",
    "pin": "unpin",
    "unpin": "pin",
    "archive": "unarchive",
    "unarchive": "archive",
    "delete": "restore",
    "restore": "delete",
}


async def apply(
    conn: Conn, account_id: UUID, bulk: Bulk, alias_ids: Sequence[UUID], *, now: datetime
) -> tuple[int, tuple[AliasStep, ...]]:
    """Do it: (how many aliases it changed, the steps that take it back; none for "renew").

    Passed over are ids that are not the account's, aliases that are deleted (but for "restore"), and for "delete" the
    role addresses, which every domain must answer for. Mail that went to the trash does not come back with its alias.
    Raises Invalid for more than 5,000 ids, a category that is not there, a day that is past, and LimitReached where
    what is restored does not fit the account.
    """
    if len(alias_ids) > MAX_AT_ONCE:
        raise Invalid.field("ids", f"Choose at most {MAX_AT_ONCE:,} aliases at once.")
    if bulk.category_id is not None:
        await categories.hold(conn, account_id, bulk.category_id)
    ids = await lock_aliases(conn, account_id, alias_ids)
    match bulk.action:
        case "category":
            return _back_by_value(
                "category", await queries.set_category(conn, account_id, ids, category_id=bulk.category_id)
            )
        case "expiry":
            checks.assert_none(checks.check_patch(AliasPatch(expires_at=bulk.expires_at), now=now), "Choose a day.")
            return _back_by_value("expiry", await queries.set_expiry(conn, account_id, ids, expires_at=bulk.expires_at))
        case "renew":
            return len(await queries.renew(conn, account_id, ids, now=now)), ()
        case "delete" | "restore":
            changed = await _set_deleted(conn, account_id, bulk, ids, now=now)
        case _:
            changed = await queries.set_flag(conn, account_id, ids, bulk.action, today=now.date())
            if bulk.action == "off":
                await events.tell(
                    conn, account_id, "alias.disabled", {"reason": "switched_off"}, alias_ids=changed, now=now
                )
    back = AliasStep(bulk=Bulk(action=_OPPOSITE[bulk.action]), alias_ids=tuple(changed))
    return len(changed), (back,) if changed else ()


async def delete(conn: Conn, account_id: UUID, alias_id: UUID, *, trashes_mail: bool, now: datetime) -> None:
    """Delete one alias; one that is deleted already stays so. Raises NotFound, Conflict for a role address."""
    address = (await addresses_of(conn, account_id, [alias_id])).get(alias_id)
    if address is None:
        raise NotFound("There is no such alias.")
    if address.partition("@")[0] in ROLE_LOCAL_PARTS:
        text = "Every domain has to answer for this address, so it cannot be deleted."
        raise Conflict(text, code="role_address")
    await apply(conn, account_id, Bulk(action="delete", trashes_mail=trashes_mail), [alias_id], now=now)


async def _set_deleted(
    conn: Conn, account_id: UUID, bulk: Bulk, ids: Sequence[UUID], *, now: datetime
) -> Sequence[UUID]:
    if bulk.action == "restore":
        await accounts.hold(conn, account_id)
        restored = await queries.restore_aliases(conn, account_id, ids)
        if restored:
            await limits.assert_within(conn, account_id)
            await limits.note(conn, account_id, now=now)
        return restored
    changed = await queries.delete_aliases(
        conn, account_id, ids, deleted_on=now.date(), kept_local_parts=sorted(ROLE_LOCAL_PARTS)
    )
    await events.tell(conn, account_id, "alias.disabled", {"reason": "deleted"}, alias_ids=changed, now=now)
    if changed:
        await limits.note(conn, account_id, now=now)
    while bulk.trashes_mail and await filing.trash_mail_of(conn, account_id, changed, now=now, limit=_TRASHED_AT_ONCE):
        pass
    return changed


def _back_by_value(
    action: BulkAction, changed: Sequence[tuple[UUID, UUID | datetime | None]]
) -> tuple[int, tuple[AliasStep, ...]]:
    groups: defaultdict[UUID | datetime | None, list[UUID]] = defaultdict(list)
    for alias_id, was in changed:
        groups[was].append(alias_id)
    steps = [
        AliasStep(
            bulk=Bulk(
                action=action,
                category_id=was if isinstance(was, UUID) else None,
                expires_at=was if isinstance(was, datetime) else None,
            ),
            alias_ids=tuple(ids),
        )
        for was, ids in groups.items()
    ]
    return len(changed), tuple(steps)
