"""Rules made about the sender of a message, and where that sender's mail goes."""

import msgspec
import pytest

from app.core.filing import service as filing
from app.core.filing.model import Step
from app.core.messages.model import Folder
from app.core.messages.store import Committer
from app.core.rules import cautions, judging
from app.core.rules.held import Settled
from app.core.rules.judging import Judgement, standpoint
from app.core.rules.model import Verdict
from app.errors import Invalid, NotFound
from app.lib.suffixes import organisation
from app.lib.times import utc_now
from tests import mail
from tests.core.conftest import Deliver, Owner

pytestmark = pytest.mark.anyio


async def deliver_from(owner: Owner, deliver: Deliver, *senders: str) -> None:
    for sender in senders:
        await deliver(f"From: {sender}\r\nSubject: hello\r\n\r\nhi\r\n".encode(), owner.alias.address)


async def judge(owner: Owner, judgement: Judgement, number: int = 0) -> Settled:
    """Judge the sender of one of the messages, counted from the newest."""
    line = (await owner.lines())[number]
    async with owner.platform.db.transaction() as conn:
        return await judging.judge(owner.platform, conn, owner.actor, line.message_id, judgement, now=utc_now())


async def folders(owner: Owner) -> list[Folder]:
    """Where the messages are, newest first."""
    async with owner.platform.db.connection() as conn:
        cursor = await conn.execute("SELECT folder FROM messages ORDER BY message_id DESC")
        return [folder for (folder,) in await cursor.fetchall()]


async def test_the_sender_alone_on_the_message_s_alias(ada: Owner, deliver: Deliver) -> None:
    await deliver_from(ada, deliver, "Bob <Bob@News.Shop.co.uk>")
    settled = await judge(ada, Judgement(verdict="block", note="enough"))
    (made,) = settled.made
    assert (made.rule.text, made.rule.kind, made.rule.note) == ("bob@news.shop.co.uk", "address", "enough")
    assert made.rule.alias_id == ada.alias.alias_id
    assert (settled.count, settled.back) == (0, ())
    assert await folders(ada) == ["inbox"]


async def test_the_whole_organisation_everywhere(ada: Owner, deliver: Deliver) -> None:
    await deliver_from(ada, deliver, "bob@news.shop.co.uk")
    settled = await judge(ada, Judgement(verdict="allow", kind="domain", is_everywhere=True))
    rule = settled.made[0].rule
    assert (rule.text, rule.kind, rule.verdict, rule.alias_id) == ("shop.co.uk", "domain", "allow", None)


async def test_mail_of_the_sender_goes_along_and_comes_back(ada: Owner, deliver: Deliver) -> None:
    others = ("eve@shop.example", '"bob@shop.example" <eve@elsewhere.example>')
    await deliver_from(ada, deliver, "bob@shop.example", *others, "BOB@shop.example", "bob@shop.example")
    oldest = (await ada.lines())[-1].message_id
    await filing.apply(ada.platform, ada.actor, "archive", [oldest], now=utc_now())
    settled = await judge(ada, Judgement(verdict="block", also="spam"))
    assert settled.count == 3
    assert await folders(ada) == ["spam", "spam", "inbox", "inbox", "spam"]
    for step in settled.back:
        await filing.apply(ada.platform, ada.actor, step.action, step.message_ids, now=utc_now())
    assert await folders(ada) == ["inbox", "inbox", "inbox", "inbox", "archive"]


async def test_a_domain_s_mail_goes_along(ada: Owner, deliver: Deliver) -> None:
    await deliver_from(ada, deliver, "bob@shop.example", "eve@mail.shop.example", "eve@other.example", "x@shop.example")
    settled = await judge(ada, Judgement(verdict="block", kind="domain", also="trash"))
    assert settled.count == 3
    assert await folders(ada) == ["trash", "inbox", "trash", "trash"]


@pytest.mark.parametrize(("verdict", "there"), [("allow", "inbox"), ("block", "trash")])
async def test_what_is_held_of_the_sender_is_let_in_or_sent_away(
    ada: Owner, deliver: Deliver, verdict: Verdict, there: Folder
) -> None:
    await deliver_from(ada, deliver, "bob@shop.example", "eve@other.example", "bob@shop.example")
    held = [line.message_id for line in await ada.lines()][1:]
    await filing.apply(ada.platform, ada.actor, "held", held, now=utc_now())
    settled = await judge(ada, Judgement(verdict=verdict))
    assert settled.back == (Step(action="held", message_ids=(held[1],)),)
    assert await folders(ada) == ["inbox", "held", there]


async def test_a_message_of_nobody(ada: Owner, deliver: Deliver) -> None:
    await deliver_from(ada, deliver, "undisclosed")
    line = await ada.newest()
    assert standpoint(line).address == "shop@shop.test"
    nobody = msgspec.structs.replace(line, summary=msgspec.structs.replace(line.summary, envelope_from=""))
    assert standpoint(nobody).address == ""


async def test_a_bounce_of_nobody(ada: Owner, committer: Committer) -> None:
    await mail.deliver(committer, ada.platform, b"Subject: hello\r\n\r\nhi\r\n", ada.alias.address, sender="")
    with pytest.raises(Invalid, match="does not say who sent it"):
        await judge(ada, Judgement(verdict="block"))


async def test_anothers_message_is_not_there(ada: Owner, bob: Owner, deliver: Deliver) -> None:
    await deliver_from(ada, deliver, "eve@shop.example")
    line = await ada.newest()
    async with bob.platform.db.transaction() as conn:
        with pytest.raises(NotFound):
            await judging.judge(
                bob.platform, conn, bob.actor, line.message_id, Judgement(verdict="block"), now=utc_now()
            )


@pytest.mark.parametrize(
    ("domain", "owner", "caution"),
    [
        ("mail.shop.co.uk", "shop.co.uk", None),
        ("shop.example", "shop.example", None),
        ("gmail.com", "gmail.com", "mail_provider"),
        ("amazonses.com", "amazonses.com", "sending_service"),
        ("co.uk", None, "public_suffix"),
        ("github.io", None, "public_suffix"),
        ("ada.github.io", "ada.github.io", None),
        ("example", None, "public_suffix"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
    ],
)
def test_who_owns_a_domain_and_what_to_say_before_blocking_it(
    domain: str, owner: str | None, caution: cautions.Caution | None
) -> None:
    assert organisation(domain) == owner
    assert cautions.caution(domain) == caution
