"""What the description says beside what the code says: the groups of routes, and the parameters by name."""

from collections.abc import Mapping
from typing import Any

import msgspec

from app.api.openapi.examples import ids


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A group of routes, which has a page of its own; `slug` is its place below /docs/api."""

    slug: str
    name: str
    words: str
    modules: tuple[str, ...]
    """Of app.api, whose routes belong here unless they name another group (`tag=` in the decorator)."""


TAGS: tuple[Tag, ...] = (
    Tag(
        slug="messages",
        name="Messages",
        words="The mail itself: lists, searches, one message with its content, and what can be done with messages.",
        modules=("messages", "filing", "threads"),
    ),
    Tag(
        slug="waiting",
        name="Waiting and events",
        words="For tests and other automation: a request that is answered the moment a message arrives, with its links "
        "and its one-time code; and a stream of all that happens.",
        modules=("waiting", "events"),
    ),
    Tag(
        slug="files",
        name="Attachments and originals",
        words="Everything of a message that is bytes: attachments, messages inside messages, and the original as it "
        "came. Downloads can go on where they broke off (`Range` with `If-Range`).",
        modules=("enclosed",),
    ),
    Tag(
        slug="moving",
        name="Export and import",
        words="Everything of an account as ZIP archives that can be read without Restante, fetched part by part; and "
        "mail from elsewhere brought in. The commands `restante export --everything` and `restante import` use these.",
        modules=("exports", "importing"),
    ),
    Tag(
        slug="aliases",
        name="Aliases",
        words="The addresses that people are given instead of your own. Make one for each site; switch it off when it "
        "starts to annoy.",
        modules=("aliases",),
    ),
    Tag(
        slug="alias-files",
        name="Aliases as files",
        words="All aliases as CSV, and many made at once out of a file that Restante, SimpleLogin or addy.io exported.",
        modules=("alias_files",),
    ),
    Tag(
        slug="categories",
        name="Categories",
        words="What aliases can be sorted by: a name and a colour, 40 of them at most.",
        modules=("categories",),
    ),
    Tag(
        slug="senders",
        name="Senders and leaks",
        words="Who writes to an alias, how much, and who should not have its address.",
        modules=("senders",),
    ),
    Tag(
        slug="rules",
        name="Rules about senders",
        words="Who may not write (blocks) and who always may (allows), to one alias or to all of them; and mail that "
        "waits because its sender is not known yet.",
        modules=("rules",),
    ),
    Tag(
        slug="refusals",
        name="Refusals",
        words="Mail that was not kept, of the last 30 days, and why.",
        modules=(),
    ),
    Tag(
        slug="domains",
        name="Domains",
        words="Domains of your own that take mail, their DNS records and proofs; and the shared ones of this service.",
        modules=("domains",),
    ),
    Tag(
        slug="webhooks",
        name="Webhooks",
        words="Endpoints of your own that are told what happens, signed as Standard Webhooks are, until they have "
        "answered well; the log of every attempt; and telling again.",
        modules=("webhooks",),
    ),
    Tag(
        slug="deliveries",
        name="Deliveries",
        words="What became of telling webhooks: every attempt and its answer, of 30 days, and telling them again.",
        modules=(),
    ),
    Tag(
        slug="keys",
        name="API keys",
        words="What lets programs in: each may do what its scopes say, perhaps for one alias or domain alone, perhaps "
        "for a while. A key makes none that is stronger than itself.",
        modules=("keys",),
    ),
    Tag(slug="account", name="Account", words="What the account is, holds and may hold.", modules=("account", "route")),
)


PARAMETERS: Mapping[str, tuple[str, Any]] = {
    # Of lists
    "limit": ("Items a page.", None),
    "cursor": ("`next` of the page before; absent: the first page.", None),
    # In paths
    "alias_id": ("The alias.", ids.ALIAS),
    "category_id": ("The category.", ids.CATEGORY),
    "domain": ("The domain, in A-labels or Unicode.", ids.DOMAIN),
    "key_id": ("The key: its `id`, not the key itself.", ids.KEY),
    "message_id": ("The message.", ids.MESSAGE),
    "refusal_id": ("The refusal.", ids.REFUSAL),
    "rule_id": ("The rule.", ids.RULE),
    "sender_id": ("The sender.", ids.SENDER),
    "export_id": ("The export.", ids.EXPORT),
    "number": ("The part's number, from 1.", "2"),
    "event_id": ("The event: `id` of what was sent.", ids.MESSAGE),
    "webhook_id": ("The webhook.", ids.WEBHOOK),
    "thread_id": ("The conversation: `thread_id` of any of its messages.", ids.THREAD),
    "get_attachment.ordinal": ("The attachment's `id`.", ids.ATTACHMENT),
    "ordinal": ("The `id` among the message's `enclosed`.", ids.ENCLOSED),
    # Of messages
    "list_messages.alias_id": ("Mail to this alias alone.", None),
    "after": ("Received at this time or later (RFC 3339).", None),
    "before": ("Received before this time (RFC 3339).", None),
    "folder": ("One folder; absent: all but `held`, and in a search neither spam nor trash.", "inbox"),
    "export_messages.alias_id": ("Mail to this alias alone.", None),
    "export_messages.folder": ("One folder; absent: all of them, `held` too.", "archive"),
    "has_attachment": ("With files attached (true), or without (false).", None),
    "html_as_text": ("Of mail that is HTML alone, make `text` from it.", "true"),
    "is_read": ("Read (true), or not yet (false).", "false"),
    "is_starred": ("With a star (true), or without (false).", None),
    "list_messages.q": ("A search, as it is written on the pages: words, `from:`, `has:attachment` and so on.", None),
    "import_message.alias_id": ("The alias whose mail it is.", ids.ALIAS),
    "import_message.folder": ("Where it goes.", "inbox"),
    "import_message.is_read": ("It was read.", None),
    "import_message.is_starred": ("It has a star.", None),
    "received_at": (
        "When it came (RFC 3339), which orders it among others; absent: what its header says, else now.",
        "2019-03-04T05:06:07Z",
    ),
    "delivered_to": ("The address it was sent to; absent: the alias's.", None),
    "envelope_from": ("Its envelope's sender (MAIL FROM), where that is known.", None),
    # Of waiting
    "alias": ("Mail to this alias alone: its address, or its id.", ids.EMAIL),
    "from": ("Mail from this address, or from this domain and all that lies in it.", "kites.example"),
    "subject": ("Mail whose subject has all of these words.", None),
    "wait_for_message.after": (
        "After this (`next` of an earlier answer, a time, or a message's id), also what is there; absent: from now on.",
        "2026-11-19T09:00:00Z",
    ),
    "stream_events.after": ("Go on behind this event, as `Last-Event-ID` does.", None),
    "types": ("Only events of these types, with commas between them.", "message.received,message.held"),
    "timeout": ("Seconds to wait at most; 0 only looks.", None),
    # Of aliases
    "list_aliases.category_id": ("Those of this category.", None),
    "is_pinned": ("Pinned (true), or not (false).", None),
    "list_aliases.q": ("Words that are all in the address, description, site, note or category.", "shop"),
    "list_aliases.sort": (
        "By when they were made, by address, by the day of the newest message, or by how many messages there are.",
        "recent",
    ),
    "state": (
        "`current` leaves out what is archived or deleted, and so do `on` (taking mail), `off` and `expired`.",
        None,
    ),
    "mail": ("What becomes of the alias's messages: they stay, or go into the trash.", "trash"),
    "import_aliases.domain": ("Where `same` and `generate` make aliases.", None),
    "others": (
        "What becomes of addresses on other domains: skipped, or made on `domain` with the `same` or a random name.",
        None,
    ),
    "preview": ("Tell what would be made, and make nothing.", "true"),
    "list_senders.sort": ("Who wrote last, who began last (`first`), or who wrote most.", "most"),
    # Of deliveries
    "list_deliveries.state": ("`pending`, `delivered`, or `failed`: given up.", "failed"),
    "list_deliveries.type": ("Events of this type alone.", None),
    # Of rules and refusals
    "list_blocks.alias_id": ("Rules for this alias.", None),
    "list_allows.alias_id": ("Rules for this alias.", None),
    "list_blocks.q": ("Found in sender or note.", None),
    "list_allows.q": ("Found in sender or note.", None),
    "everywhere": ("Only rules for all aliases.", None),
    "list_refusals.alias_id": ("Mail to this alias.", None),
}
"""By name, or `operation.name` where one operation means something else: what it is, and what an example gives."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The API in a few sentences."""

    summary: str
    words: str


ABOUT = About(
    summary="An inbox of aliases: mail waits here and is never forwarded.",
    words="""Make an alias for every site, read the mail that comes to it, block who misbehaves.

Send an API key with every request: `Authorization: Bearer rst_…`. Answers are `{"data": …}`, lists
`{"data": […], "next": "…" or null}`: give `next` as `cursor` for the page that follows. Times are RFC 3339 in UTC.
HEAD is answered wherever GET is. Failures are problem documents (RFC 9457): `code` is for programs and does not change.
Answers gain fields as the product grows; ignore those that you do not know.""",
)
KEY = "An API key, `rst_…`. What it needs for an operation is named there as a scope."
