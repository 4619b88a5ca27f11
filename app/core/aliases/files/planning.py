"""What would become of each line of a file. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from app.core.aliases import address as addresses
from app.core.aliases import naming
from app.core.aliases.address import Address
from app.core.aliases.files.model import AliasFile, Choice, Entry, LineReport, Outcome


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What decides about the lines."""

    offered: frozenset[str]
    """Domains the account can make aliases on."""
    shared: frozenset[str]
    """Those of them that everybody may use."""
    domain: str | None
    """Where aliases go whose domain is none of these."""
    own: Mapping[str, bool]
    """Addresses of the account's aliases, and whether each is deleted."""
    room: int
    """How many aliases can be made."""


class Planned(NamedTuple):
    """A line and what would become of it; `target` is None for a random name."""

    entry: Entry
    outcome: Outcome
    target: Address | None = None
    detail: str = ""


def targets(file: AliasFile, known: Known, choice: Choice) -> set[str]:
    """The addresses that the file asks for: `known.own` has to tell of these."""
    wanted = (_target(entry, known, choice) for entry in file.entries if not entry.fault)
    return {str(one) for one in wanted if isinstance(one, Address)}


def plan(file: AliasFile, known: Known, choice: Choice) -> list[Planned]:
    """Each line in its order; lines that come after the last that fits are told so."""
    seen: dict[str, int] = {}
    left = known.room
    planned = []
    for entry in file.entries:
        one = _planned(entry, known, choice, seen)
        if one.outcome == "made":
            if left == 0:
                one = Planned(entry, "limit", detail="Your account has no room for it.")
            left = max(0, left - 1)
        planned.append(one)
    return planned


def report(planned: Planned) -> LineReport:
    """As it is shown."""
    entry, outcome, target, detail = planned
    told = str(target) if target and outcome == "made" else ""
    return LineReport(line=entry.line, written=entry.address, outcome=outcome, address=told, detail=detail)


def _planned(entry: Entry, known: Known, choice: Choice, seen: dict[str, int]) -> Planned:
    if entry.fault:
        return Planned(entry, "faulty", detail=entry.fault)
    if entry.is_gone:
        return Planned(entry, "gone", detail="It was deleted where the file comes from.")
    target = _target(entry, known, choice)
    if target == "elsewhere":
        return Planned(entry, "elsewhere", detail="You cannot make aliases on this domain here.")
    keys = {str(addresses.parse(entry.address)), *([str(target)] if isinstance(target, Address) else [])}
    earlier = next((seen[key] for key in keys if key in seen), None)
    if earlier is not None:
        return Planned(entry, "repeated", detail=f"Line {earlier} has this name already.")
    seen.update(dict.fromkeys(keys, entry.line))
    if not isinstance(target, Address):
        return Planned(entry, "made")
    if str(target) in known.own:
        if known.own[str(target)]:
            return Planned(entry, "deleted", target, "You have deleted this alias. Restore it in the list of aliases.")
        return Planned(entry, "exists", target, "You have this alias. It stays as it is.")
    fault = naming.fault_of(target.local_part, is_own_domain=target.domain not in known.shared)
    return Planned(entry, "faulty", detail=fault) if fault else Planned(entry, "made", target)


def _target(entry: Entry, known: Known, choice: Choice) -> Address | str | None:
    """The address to be; None for a random one, "elsewhere" where none is wanted."""
    written = addresses.parse(entry.address)
    if written is None or written.domain in known.offered:
        return written
    if choice.others == "skip" or known.domain is None:
        return "elsewhere"
    return Address(written.local_part, known.domain) if choice.others == "same" else None
