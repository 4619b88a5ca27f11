"""What takes an action back: packed into one word for an address or a form, out of it again, and done."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from typing import Literal, get_args
from uuid import UUID

import msgspec

from app.core.auth.model import Actor
from app.core.filing import service as filing
from app.core.filing.model import ACTIONS, Step
from app.core.platform import Platform
from app.core.rules import service as rules
from app.core.rules.model import Made
from app.errors import Invalid, NotFound
from app.lib.times import utc_now

MAX_IDS = 50
"""A page of messages: more would make an address that proxies refuse."""
MAX_CHARS = 2000
"""Of the word."""
RuleBack = Literal["remove", "block", "allow", "restore"]
_RULE = "rule-"
_ID_BYTES = 16


class RuleStep(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to some rules: a new one goes, also for the one that it has replaced; a deleted one returns."""

    back: RuleBack
    rule_ids: tuple[UUID, ...]


def of_made(made: Sequence[Made]) -> tuple[RuleStep, ...]:
    """How to take back what making rules has changed."""
    found: dict[RuleBack, list[UUID]] = {}
    for one in made:
        if one.was != one.rule.verdict:
            found.setdefault(one.was or "remove", []).append(one.rule.rule_id)
    return tuple(RuleStep(back=back, rule_ids=tuple(ids)) for back, ids in found.items())


def pack(steps: Sequence[Step], rule_steps: Sequence[RuleStep] = ()) -> str:
    """`<action>.<ids in base64>~…`; empty when there is nothing to take back, or too much."""
    parts: list[tuple[str, tuple[UUID, ...]]] = [(step.action, step.message_ids) for step in steps]
    parts += [(f"{_RULE}{step.back}", step.rule_ids) for step in rule_steps]
    if sum(len(ids) for _, ids in parts) > MAX_IDS:
        return ""
    return "~".join(f"{name}.{encoded_ids(ids)}" for name, ids in parts)


def unpack(text: str) -> tuple[Step | RuleStep, ...]:
    """What `pack` packed. Raises Invalid for anything else."""
    return tuple(_step(part) for part in text.split("~")) if text else ()


def names_rules(text: str) -> bool:
    """Whether rules are among what the word takes back."""
    return _RULE in text


async def take_back(platform: Platform, actor: Actor, text: str) -> tuple[int, int]:
    """Undo what the word says; how many messages and rules that changed. What is gone by now is passed over.

    Raises Invalid for a word that is none, Conflict where there is another rule about the same sender by now.
    """
    moved = ruled = 0
    for step in unpack(text):
        if isinstance(step, RuleStep):
            ruled += await _take_back_rules(platform, actor, step)
        else:
            count, _ = await filing.apply(platform, actor, step.action, step.message_ids, now=utc_now())
            moved += count
    return moved, ruled


async def _take_back_rules(platform: Platform, actor: Actor, step: RuleStep) -> int:
    count = 0
    async with platform.db.transaction() as conn:
        for rule_id in step.rule_ids:
            try:
                if step.back == "restore":
                    await rules.restore(conn, actor, rule_id)
                else:
                    was = None if step.back == "remove" else step.back
                    await rules.take_back(conn, actor, rule_id, was, now=utc_now())
            except NotFound:
                continue
            count += 1
    return count


def encoded_ids(ids: Iterable[UUID]) -> str:
    """Ids in base64, 22 characters and fewer each."""
    return urlsafe_b64encode(b"".join(one.bytes for one in ids)).decode().rstrip("=")


def _step(part: str) -> Step | RuleStep:
    name, _, encoded = part.partition(".")
    ids = decoded_ids(encoded)
    back = next((one for one in get_args(RuleBack) if _RULE + one == name), None)
    if ids is not None and back is not None:
        return RuleStep(back=back, rule_ids=ids)
    action = next((one for one in ACTIONS if one == name and one != "delete"), None)
    if ids is None or action is None:
        raise Invalid("This cannot be taken back any more. Open the page again.")
    return Step(action=action, message_ids=ids)


def decoded_ids(encoded: str) -> tuple[UUID, ...] | None:
    """At most 50 ids out of it; None for what does not hold such."""
    try:
        data = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        return None
    if len(data) % _ID_BYTES or len(data) > MAX_IDS * _ID_BYTES:
        return None
    return tuple(UUID(bytes=data[at : at + _ID_BYTES]) for at in range(0, len(data), _ID_BYTES))
