"""What is kept how long, and why: the one table that the scheduled job walks and that the privacy page prints.

Whoever adds a table of the database adds it to a rule here; a test reads the schema and misses none.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.core.administration import audit
from app.core.aliases.files import waiting
from app.core.auth import service as auth
from app.core.billing.purchases import retention as purchases
from app.core.events import service as events
from app.core.exports import service as exports
from app.core.filing import deletion as trash
from app.core.idempotency import service as idempotency
from app.core.joining import service as joining
from app.core.messages.sweep import sweep
from app.core.platform import Platform
from app.core.privacy import deletion, queries
from app.core.privacy.model import Rule
from app.core.refusals import service as refusals
from app.core.rules import service as rules
from app.core.security import events as security
from app.core.senders import service as senders
from app.core.tallies import service as tallies
from app.lib.logs import error_fields, logger

NIGHTLY_HOUR = 3
"""UTC."""
_JOBS_KEPT = timedelta(days=1)
_BATCH = 1000

_WITH_ACCOUNT = "until you delete the account"
_UNTIL_DELETED = "until you delete it, or the account"


async def _forget_jobs(on: Platform, now: datetime) -> int:
    return await on.db.in_batches(
        lambda conn: queries.delete_ended_jobs(conn, now - _JOBS_KEPT, limit=_BATCH), batch=_BATCH
    )


RULES: tuple[Rule, ...] = (
    Rule(
        name="accounts",
        what="Your login name, the day you joined, your limits, your keys in sealed form",
        where=("accounts", "logins", "passwords", "recovery_codes", "holders", "account_usage"),
        kept=_WITH_ACCOUNT,
        why="You sign in with them, and mail is sealed to them.",
    ),
    Rule(
        name="leaving",
        what="An account that you have asked to delete, unless you chose to delete it at once",
        where=("accounts", "deletions"),
        kept="30 days, in which you can come back; then its keys go first, and everything else within the hour",
        why="So that a mistake, or somebody at your open session, does not cost you your mail.",
        forget=lambda on, now: deletion.delete_due(on, now=now),
    ),
    Rule(
        name="messages",
        what="Messages with their attachments, and what finds them again",
        where=(
            "messages",
            "message_summaries",
            "message_sources",
            "message_tokens",
            "message_blobs",
            "blobs",
            "thread_refs",
            "object store",
        ),
        kept=_UNTIL_DELETED,
        why="They are what you came for.",
    ),
    Rule(
        name="trash",
        what="Messages in the trash",
        where=("messages",),
        kept="30 days",
        why="So that a mistake can be undone.",
        forget=lambda on, now: trash.empty_trash(on, now=now),
    ),
    Rule(
        name="lost_objects",
        what="Stored attachments that no message names: of mail that broke off, or was just deleted",
        where=("object store",),
        kept="2 days at most",
        why="Younger ones may belong to mail that is arriving.",
        forget=lambda on, now: sweep(on, now=now),
        is_nightly=True,
    ),
    Rule(
        name="aliases",
        what="Aliases, what you wrote about them, categories, rules about senders, who has written and how often",
        where=(
            "aliases",
            "alias_usage",
            "alias_senders",
            "alias_sender_usage",
            "categories",
            "sender_rules",
            "account_domains",
            "domains",
        ),
        kept=_UNTIL_DELETED,
        why="They decide about the mail that comes.",
    ),
    Rule(
        name="addresses",
        what="Addresses that were yours; once the account is deleted only a digest of each, and not whose it was",
        where=("addresses", "reserved_addresses", "address_keys"),
        kept="for ever",
        why="So that nobody else is ever given one and reads what was meant for you.",
    ),
    Rule(
        name="deleted_rules",
        what="Rules about senders that you have deleted",
        where=("sender_rules",),
        kept="1 day",
        why="So that a mistake can be undone.",
        forget=lambda on, now: rules.forget_deleted(on, now=now),
    ),
    Rule(
        name="refusals",
        what="Mail that was refused: when, for which alias, why; and, sealed, from whom",
        where=("refusals",),
        kept="30 days",
        why="So that you can see what was turned away, and let it in.",
        forget=lambda on, now: refusals.forget(on, now=now),
    ),
    Rule(
        name="weeks",
        what="How many messages came to an alias in a week",
        where=("alias_weeks",),
        kept=f"{senders.WEEKS} weeks",
        why="It draws the picture of an alias's year.",
        forget=lambda on, now: senders.forget_weeks(on, today=now.date()),
    ),
    Rule(
        name="alias_files",
        what="A file of aliases that you have sent, and what became of it",
        where=("alias_imports",),
        kept="1 day",
        why="So that you can look at it before it is carried out.",
        forget=lambda on, now: waiting.forget_old(on, now=now),
    ),
    Rule(
        name="exports",
        what="Exports that you have begun: sealed lists of messages and files, no content",
        where=("exports", "export_parts"),
        kept="7 days",
        why="So that an export that was interrupted goes on with the same bytes.",
        forget=lambda on, now: exports.forget(on, now=now),
    ),
    Rule(
        name="sessions",
        what="Where you are signed in",
        where=("sessions", "session_owners"),
        kept="until you sign out, 7 days at most",
        why="So that you need not give your password for each page.",
        forget=lambda on, now: auth.forget_ended_sessions(on.db, now=now),
    ),
    Rule(
        name="second_factors",
        what="Your code generator, and the codes for when it is lost",
        where=("second_factors", "second_factor_codes"),
        kept="until you turn it off, or delete the account",
        why="Signing in asks for a code of it.",
    ),
    Rule(
        name="security_events",
        what="What happened to your password, your keys and your sessions, which you alone can read",
        where=("security_events",),
        kept="90 days",
        why="So that you can see what somebody else did in your name.",
        forget=lambda on, now: security.forget(on, now=now),
    ),
    Rule(
        name="credentials",
        what="API keys, the feed's address and webhooks",
        where=("api_keys", "api_key_owners", "feeds", "feed_owners", "webhooks"),
        kept=_UNTIL_DELETED,
        why="Programs of yours use them.",
    ),
    Rule(
        name="events",
        what="What happened in the account, and how webhooks were told of it",
        where=("events", "webhook_deliveries", "webhook_attempts"),
        kept="30 days",
        why="So that programs of yours can catch up.",
        forget=lambda on, now: events.forget(on, now=now),
    ),
    Rule(
        name="payloads",
        what="What waits to be told to a webhook about a message, sealed",
        where=("events",),
        kept="until it is delivered, 3 days at most; longer only while you have the webhook switched off",
        why="So that nothing is lost while your endpoint is down.",
        forget=lambda on, now: events.wipe_payloads(on, now=now),
    ),
    Rule(
        name="idempotency",
        what="Requests of programs that carry a key against repetition, and their answers, sealed",
        where=("idempotency_keys",),
        kept="1 day",
        why="So that a request that is sent twice is carried out once.",
        forget=lambda on, now: idempotency.forget(on, now=now),
    ),
    Rule(
        name="logs",
        what="Log lines: what the service did, by ids, sizes, codes and reasons; no address, no IP and no word of mail",
        where=("log files",),
        kept="10 days, where this service keeps them itself",
        why="So that its operator can find faults. Each day has a file; the next day's first line deletes the oldest.",
    ),
    Rule(
        name="jobs",
        what="When the service did its chores",
        where=(
            "procrastinate_jobs",
            "procrastinate_events",
            "procrastinate_periodic_defers",
            "procrastinate_workers",
        ),
        kept="1 day",
        why="So that its operator sees whether they are done. Nothing in it belongs to an account.",
        forget=_forget_jobs,
    ),
    Rule(
        name="tallies",
        what="How much mail the whole service took or refused in a day, and why; and the like. No account, no address",
        where=("tallies",),
        kept="1 year by the day, then as a sum",
        why="So that its operator sees how it does.",
        forget=lambda on, now: tallies.forget(on.db, now=now),
    ),
    Rule(
        name="suspensions",
        what="Why an account or an alias of it is suspended, as its owner is told it, sealed",
        where=("suspensions",),
        kept="until it is restored, or the account deleted",
        why="So that its owner knows why.",
    ),
    Rule(
        name="audit",
        what="What administrators did, with their and your account's number; no name, no address",
        where=("audit_entries",),
        kept="1 year, also when the account is gone",
        why="So that each administrator can be held to what he did.",
        forget=lambda on, now: audit.forget(on, now=now),
    ),
    Rule(
        name="instance",
        what="Which version the database has, and a check of the service's key",
        where=("instance", "schema_migrations"),
        kept="for ever",
        why="So that it is not opened with a wrong key or an old program.",
    ),
    Rule(
        name="joining",
        what="How many accounts were made in this hour, where everybody may make one",
        where=("joining_pace",),
        kept="an hour or two",
        why="So that nobody fills the service with accounts.",
        forget=lambda on, now: joining.forget_pace(on.db, now=now),
    ),
    Rule(
        name="vouchers",
        what="Plans, and hashes of the voucher codes for them",
        where=("plans", "vouchers"),
        kept="a voucher's until it is redeemed",
        why="The code is good until then.",
    ),
    Rule(
        name="redeemed_vouchers",
        what="Which voucher came out of a purchase: a hash",
        where=("purchases",),
        kept="until the night after it was redeemed",
        why="A refund makes a voucher worthless that nobody has redeemed.",
        forget=lambda on, _: purchases.forget_redeemed(on),
        is_nightly=True,
    ),
    Rule(
        name="purchases",
        what="Purchases: plan, day, price, Stripe's numbers of the payment and of what became of it; no account",
        where=("purchases", "payment_facts"),
        kept="540 days; 30 days where nothing was paid",
        why="Refunds and disputes come as late as that.",
        forget=lambda on, now: purchases.forget_purchases(on, now=now),
        is_nightly=True,
    ),
)


async def apply(platform: Platform, *, now: datetime, table: Sequence[Rule] = RULES) -> int:
    """Walk the table once; how much went. Nightly rules are for the hour from 3:00 UTC alone.

    The log tells how much by the rule's name. A rule that fails is told there and leaves the others their turn; the
    first such error is raised at the end.
    """
    gone = 0
    first: Exception | None = None
    for rule in table:
        if rule.forget is None or (rule.is_nightly and now.hour != NIGHTLY_HOUR):
            continue
        try:
            count = await rule.forget(platform, now)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not keep the others for longer
            logger().warning("retention_failed", rule=rule.name, **error_fields(error))
            first = first or error
        else:
            gone += count
            logger().info("retention_applied", rule=rule.name, count=count)
    if first is not None:
        raise first
    return gone
