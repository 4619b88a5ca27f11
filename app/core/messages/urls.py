"""Addresses in mail made honest: where a known redirector leads, without what only tracks; known without asking it."""

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus, urlsplit

from app.core.messages import redirectors

_SCHEME = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s<>\"'`\x00-\x20\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]{1,2000}", re.IGNORECASE)
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_AFTER_SENTENCE = ".,;:!?*_"
_IGNORED = re.compile(r"[\t\n\r]")  # browsers take these out of addresses (URL standard section 4.4)
_AROUND = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x1b\x1c\x1d\x1e\x1f "
_MAX_CHARS = 8192
_MAX_HOPS = 6

_TRACKING = re.compile(
    r"(?:utm[_-]\w+|mc_[ce]id|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|gad_(?:source|campaignid)|_gl|srsltid|msclkid|yclid"
    r"|ysclid|twclid|ttclid|igshid|igsh|mibextid|li_fat_id|sc_?cid|rdt_cid|epik|tblci|obclid|zanpid|irclickid|irgwc|awc"
    r"|sscid|ran(?:mid|eaid|siteid)|cjevent|cjdata|tduid|rb_clickid|wickedid|_openstat|_branch_match_id|_hs(?:enc|mi|fp)"
    r"|__hs\w+|hsctatracking|hsa_\w+|vero_(?:id|conv)|mkt_tok|oly_(?:anon|enc)_id|trk_(?:contact|msg|module|sid)"
    r"|ml_subscriber(?:_hash)?|ss_(?:email_id|source|campaign_(?:id|name|sent_date))|s_cid|_ke|_kx|_bhlid|_ceid|dm_[it]"
    r"|elqtrack(?:id)?|elq(?:aid|at|cid|ct|cst)?|bsft_\w+|sc_(?:customer|eh|lid|uid)|sfmc_\w+|spm|spmailingid|spuserid"
    r"|spjobid|spreportid|nr_email_referer|_bta_(?:tid|c)|em[cd]i|ns_(?:campaign|mchannel|source|linkname|fee)|wt_[mz]c"
    r"|at_(?:medium|campaign|creation|recipient_(?:id|list)|emailtype|send_date|link|ptr_name)|xtor|matomo_\w+|mtm_\w+|pk_\w+"
    r"|piwik_\w+|ck_subscriber_id|lipi|trkemail|midtoken|midsig|cmpid|itm_\w+|__s|__cft__(?:\[\d\])?|__tn__)\Z",
    re.IGNORECASE,
)
_MAILTO_FIELDS = frozenset({"to", "cc", "bcc", "subject", "body", "in-reply-to"})


def clean(url: str) -> str | None:
    """The address to link to, or None if it is not one of http, https, mailto and tel.

    Known redirectors are replaced by their target, parameters that only track are left out, everything else stays as it
    is written; cleaning twice changes nothing. Addresses beyond 8,192 characters are only checked.
    """
    url = _IGNORED.sub("", url).strip(_AROUND)
    scheme = _SCHEME.match(url)
    if scheme is None:
        return None
    if len(url) > _MAX_CHARS:
        return url
    if not scheme[1].lower().startswith("http"):
        return _mailto(url) if scheme[1].lower() == "mailto" else url
    reached = url
    for _ in range(_MAX_HOPS):
        # What goes may have hidden that the rest leads elsewhere.
        target = redirectors.target(reached) or _without_tracking(reached)
        if target == reached:
            return target
        reached = target
    return url  # a chain that long was made by nobody honest: nothing is hidden


def found_in(text: str) -> Iterator[tuple[int, str]]:
    """(where it begins, the address) of each web address in plain text, as it is written there."""
    for found in _WEB.finditer(text):
        yield found.start(), _without_tail(found[0])


def host(url: str) -> str:
    """The host of a web address, in small letters; empty if it has none."""
    try:
        return (urlsplit(url).hostname or "").removesuffix(".").lower()
    except ValueError:
        return ""


def _mailto(url: str) -> str:
    """Only with the fields that a letter may be begun with (RFC 6068 section 4); no program is to attach files."""
    address, question, query = url.partition("?")
    kept = [pair for pair in query.split("&") if unquote(pair.partition("=")[0]).lower() in _MAILTO_FIELDS]
    return (address + (question + "&".join(kept)) * bool(kept)).rstrip(_AROUND)


def _without_tracking(url: str) -> str:
    """Only the query is looked at, and written anew only where something goes."""
    front, hash_sign, fragment = url.partition("#")
    address, question, query = front.partition("?")
    kept = [pair for pair in query.split("&") if not _TRACKING.match(unquote_plus(pair.partition("=")[0]))]
    if len(kept) == query.count("&") + 1:
        return url
    return (address + (question + "&".join(kept)) * bool(kept) + hash_sign + fragment).rstrip(_AROUND)


def _without_tail(url: str) -> str:
    """Without the sentence's own punctuation, and without a bracket that was opened before the address."""
    surplus = {close: url.count(close) - url.count(opening) for close, opening in _BRACKETS.items()}
    end = len(url)
    while end and (url[end - 1] in _AFTER_SENTENCE or surplus.get(url[end - 1], 0) > 0):
        end -= 1
        if url[end] in surplus:
            surplus[url[end]] -= 1
    return url[:end]
