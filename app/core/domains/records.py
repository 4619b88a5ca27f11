"""The DNS records of a domain that takes mail here and sends none, and what to say of those that are found. Pure.

Mail is received and never sent, so those who receive mail from the domain are told to believe none of it: SPF without a
sender (RFC 7208), DMARC's rejection (RFC 7489), a revoked key for every DKIM selector (RFC 6376 section 3.6.1).
"""

from collections.abc import Callable, Sequence

from app.core.domains.model import Finding, Record, RecordKind
from app.lib.resolver import Answer, Exchange

PROOF_LABEL = "_restante"
PROOF_PREFIX = "restante-verify="
_SPF, _DMARC, _DKIM = "v=spf1 -all", "v=DMARC1; p=reject", "v=DKIM1; p="
_TTL = 3600
_MAX_FOUND, _MAX_CHARS = 10, 200
_KINDS: tuple[RecordKind, ...] = ("proof", "mx", "spf", "dmarc", "dkim")
_ADVICE = {
    "unasked": "Not asked for yet.",
    "timed_out": "The DNS servers of this domain did not answer in time. This is asked again by itself.",
    "failed": "The DNS servers of this domain answered with a fault. This is asked again by itself.",
    "proof.missing": "There is no such record yet. New records can take an hour to be seen everywhere.",
    "proof.at_apex": "The record is there, but at the domain itself; it has to be at the name that is shown here.",
    "proof.other_text": "There is a TXT record at this name, but with another text. Add one with the text shown here.",
    "proof.other_token": "This is the proof of another account, or an older one of yours. Use the text shown here.",
    "mx.missing": "There is no MX record, so no mail for this domain comes here.",
    "mx.null_mx": "This record says that the domain takes no mail at all (null MX). Replace it.",
    "mx.elsewhere": "Mail for this domain goes to other servers. Replace the MX records by the one shown here.",
    "mx.others": "Other servers take mail for this domain, too, and what they take does not come here. Remove them.",
    "spf.missing": "Recommended: it says that nobody sends mail from this domain.",
    "spf.several": "There are several SPF records; only one is allowed, and receivers ignore them all.",
    "spf.other": "This lets somebody send mail from this domain. Keep it if you do; otherwise use the one shown here.",
    "dmarc.missing": "Recommended: it has others reject mail that pretends to come from this domain.",
    "dmarc.several": "There are several DMARC records; only one is allowed, and receivers ignore them all.",
    "dmarc.other": "This is less strict than the one shown here. Keep it if you send mail from this domain.",
    "dkim.missing": "Optional: it revokes every signing key that somebody might claim for this domain.",
    "dkim.other": "Somebody signs mail for this domain. Keep it if you send mail from it.",
}


def value_of(kind: RecordKind, *, proof_token: str, hostname: str) -> str:
    """What the record is to hold, as a zone file has it but for the quotes."""
    return {
        "proof": f"{PROOF_PREFIX}{proof_token}",
        "mx": f"10 {hostname}.",
        "spf": _SPF,
        "dmarc": _DMARC,
        "dkim": _DKIM,
    }[kind]


def name_of(kind: RecordKind, domain: str) -> str:
    """The record's name, without the final dot."""
    prefix = {"proof": f"{PROOF_LABEL}.", "mx": "", "spf": "", "dmarc": "_dmarc.", "dkim": "*._domainkey."}[kind]
    return prefix + domain


def asked_name_of_dkim(domain: str) -> str:
    """A wildcard is found by a name below it that nobody else uses."""
    return f"restante._domainkey.{domain}"


def records(domain: str, *, proof_token: str, hostname: str, findings: Sequence[Finding]) -> tuple[Record, ...]:
    """The records to set, with how they were found the last time."""
    found = {finding.kind: finding for finding in findings}
    return tuple(
        _record(kind, found.get(kind) or Finding(kind, "unasked", (), "unasked"), domain, proof_token, hostname)
        for kind in _KINDS
    )


def zone_text(shown: Sequence[Record]) -> str:
    """The records as lines of a zone file (RFC 1035 section 5), with absolute names."""
    return "".join(
        f"{one.name}. {_TTL} IN {one.type} {one.value if one.type == 'MX' else _quoted(one.value)}\n" for one in shown
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _record(kind: RecordKind, finding: Finding, domain: str, proof_token: str, hostname: str) -> Record:
    return Record(
        kind=kind,
        type="MX" if kind == "mx" else "TXT",
        name=name_of(kind, domain),
        value=value_of(kind, proof_token=proof_token, hostname=hostname),
        is_required=kind in {"proof", "mx"},
        state=finding.state,
        found=finding.found,
        advice=_ADVICE.get(finding.reason) or _ADVICE.get(f"{kind}.{finding.reason}", ""),
    )


def judge_proof(answer: Answer[str], apex: Answer[str], *, proof_token: str) -> Finding:
    """Whether the proof is there; `apex` are the domain's own TXT records, where it is put by mistake."""
    if not answer.is_evidence:
        return Finding("proof", "unknown", (), answer.outcome)
    wanted = PROOF_PREFIX + proof_token
    texts = [text.strip().strip('"') for text in answer.records]
    if wanted in texts:
        return Finding("proof", "ok", (wanted,), "")
    if any(text.startswith(PROOF_PREFIX) for text in texts):
        return Finding("proof", "wrong", _clipped(answer.records), "other_token")
    if wanted in apex.records:
        return Finding("proof", "missing", (), "at_apex")
    return Finding("proof", "missing", _clipped(answer.records), "other_text" if texts else "missing")


def judge_mx(answer: Answer[Exchange], *, hostname: str) -> Finding:
    """Whether mail comes here, and nowhere else."""
    if not answer.is_evidence:
        return Finding("mx", "unknown", (), answer.outcome)
    found = _clipped([f"{one.preference} {one.host}." for one in answer.records])
    hosts = {one.host for one in answer.records}
    if not hosts:
        return Finding("mx", "missing", (), "missing")
    if hosts == {""}:
        return Finding("mx", "wrong", found, "null_mx")
    if hostname not in hosts:
        return Finding("mx", "wrong", found, "elsewhere")
    return Finding("mx", "ok", found, "") if hosts == {hostname} else Finding("mx", "other", found, "others")


def judge_spf(apex: Answer[str]) -> Finding:
    """Whether nobody may send."""
    return _judge_policy("spf", apex, lambda text: text.lower().split(" ")[0] == "v=spf1", _SPF)


def judge_dmarc(answer: Answer[str]) -> Finding:
    """Whether what pretends to come from here is rejected, whatever else the record asks for."""
    return _judge_policy("dmarc", answer, lambda text: _tags(text)[:1] == ["v=dmarc1"], "p=reject")


def judge_dkim(answer: Answer[str]) -> Finding:
    """Whether every key is revoked."""
    if not answer.is_evidence:
        return Finding("dkim", "unknown", (), answer.outcome)
    keys = [text for text in answer.records if any(tag.startswith("p=") for tag in _tags(text))]
    if not keys:
        return Finding("dkim", "missing", _clipped(answer.records), "missing")
    is_revoked = all("p=" in _tags(text) for text in keys)
    return (
        Finding("dkim", "ok", _clipped(keys), "") if is_revoked else Finding("dkim", "other", _clipped(keys), "other")
    )


def _judge_policy(kind: RecordKind, answer: Answer[str], is_one: Callable[[str], bool], wanted: str) -> Finding:
    if not answer.is_evidence:
        return Finding(kind, "unknown", (), answer.outcome)
    policies = [text for text in answer.records if is_one(text.strip())]
    if not policies:
        return Finding(kind, "missing", (), "missing")
    if len(policies) > 1:
        return Finding(kind, "wrong", _clipped(policies), "several")
    is_wanted = " ".join(policies[0].lower().split()) == wanted or wanted in _tags(policies[0])
    return Finding(kind, "ok" if is_wanted else "other", _clipped(policies), "" if is_wanted else "other")


def _tags(text: str) -> list[str]:
    """The `name=value` pairs of a DMARC or DKIM record, in lower case without spaces."""
    return ["".join(part.lower().split()) for part in text.split(";")]


def _clipped(found: Sequence[str]) -> tuple[str, ...]:
    """What is stored and shown of it: a few, short and printable, for whoever runs the domain wrote them."""
    return tuple(_printable(text[:_MAX_CHARS]) + ("…" if len(text) > _MAX_CHARS else "") for text in found[:_MAX_FOUND])


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
