"""What an export of ours holds besides mail, brought into another account: categories, aliases, rules, preferences."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from app.client import lookup
from app.client.importing.archive import Archive
from app.client.output import tell
from app.client.server import Server, data_of
from app.client.text import line
from app.errors import RestanteError

_LINES = 2000
"""Of a file of aliases that is sent at once."""
_SENDERS = 500
_RULES = 1000
_EVERY = 1_000_000
_SECONDS = 120.0
_STATES = ("current", "archived", "deleted")
_WORDS = {
    "made": "made",
    "exists": "there already",
    "gone": "deleted where they come from",
    "deleted": "deleted here",
    "taken": "taken by somebody",
    "elsewhere": "on domains that this account does not have",
    "limit": "for which there is no room",
    "faulty": "that cannot be read",
    "repeated": "named twice",
}

Row = dict[str, Any]


def bring(there: Server, archive: Archive) -> None:
    """All of it; what is there already is left as it is, so it can be brought again."""
    _categories(there, archive.json("categories.json") or [])
    aliases_csv(there, archive.text("aliases.csv") or b"")
    _rules(there, archive.json("rules.json") or [])
    account = archive.json("account.json") or {}
    _preferences(there, account.get("settings") or {})
    if domains := [line(one["domain"]) for one in archive.json("domains.json") or []]:
        tell(f"Domains are proven anew: add {', '.join(domains)} on the page Domains, then import again.")
    if webhooks := archive.json("webhooks.json"):
        tell(f"{len(webhooks)} webhooks were not brought: make them anew, as each gets a secret of its own.")


def aliases_csv(there: Server, data: bytes) -> None:
    """The aliases of a CSV file, which may be as large as it likes."""
    counts: Counter[str] = Counter()
    for part in _parts(data):
        answer = data_of(there.send("/aliases/import", {}, part, "text/csv", timeout=_SECONDS))
        counts.update({name: count for name, count in answer["counts"].items() if count})
    for outcome, count in counts.most_common():
        tell(f"Aliases {_WORDS.get(outcome, line(outcome))}: {count:,}.")


def by_address(there: Server) -> dict[str, str]:
    """The ids of the account's aliases that take mail in, by address."""
    found: dict[str, str] = {}
    for state in _STATES[:2]:
        for row in lookup.pages(there, "/aliases", {"state": state}, limit=_EVERY):
            found[str(row["email"])] = str(row["id"])
    return found


def expectations(there: Server, rows: list[Row], aliases: dict[str, str]) -> None:
    """Who may write to which alias, once their mail is there."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["alias"] in aliases:
            wanted[aliases[row["alias"]]].add(row["organisation"])
    for alias_id, organisations in wanted.items():
        for sender in lookup.pages(there, f"/aliases/{alias_id}/senders", {}, limit=_SENDERS):
            if sender["organisation"] in organisations and not sender["is_expected"]:
                there.patch(f"/aliases/{alias_id}/senders/{sender['id']}", {"is_expected": True})
                organisations.discard(sender["organisation"])


def _parts(data: bytes) -> Iterator[bytes]:
    """The file in parts of so many lines, each with the first line in front; a cell may have several lines."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"), newline="")))
    for first in range(1, len(rows), _LINES):
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerows([rows[0], *rows[first : first + _LINES]])
        yield out.getvalue().encode()


def _categories(there: Server, rows: list[Row]) -> None:
    known = {str(row["name"]).casefold() for row in data_of(there.get("/categories"))}
    for row in rows:
        if str(row["name"]).casefold() not in known:
            try:
                there.post("/categories", {"name": row["name"], "colour": row["colour"]})
            except RestanteError as error:
                tell(f"The category {line(str(row['name']))} was not made: {error.detail}")


def _rules(there: Server, rows: list[Row]) -> None:
    aliases = by_address(there) if any(row["alias"] for row in rows) else {}
    batches: defaultdict[tuple[str, str | None, str], list[str]] = defaultdict(list)
    left = 0
    for row in rows:
        alias_id = aliases.get(row["alias"]) if row["alias"] else None
        if row["alias"] and alias_id is None:
            left += 1
            continue
        batches[row["verdict"], alias_id, row["note"]].append(row["sender"])
    counts: Counter[str] = Counter()
    for (verdict, alias_id, note), senders in batches.items():
        for first in range(0, len(senders), _RULES):
            body = {"senders": senders[first : first + _RULES], "alias_id": alias_id, "note": note}
            path = "/blocks/batch" if verdict == "block" else "/allows/batch"
            counts.update(one["outcome"] for one in data_of(there.post(path, body)[1]))
    if rows:
        failed = counts["invalid"] + counts["too_many"] + left
        made = counts["made"] + counts["turned"]
        tell(f"Rules: {made:,} made, {counts['there']:,} there already, {failed:,} left out.")


def _preferences(there: Server, settings: Row) -> None:
    for name in ("alias_format", "alias_domain"):
        if settings.get(name):
            try:
                there.patch("/account", {name: settings[name]})
            except RestanteError as error:
                tell(f"The setting {name} was not brought: {error.detail}")
