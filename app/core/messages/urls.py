"""Addresses in mail made honest: where a known redirector leads, without what only tracks; known without asking it."""

import re
from base64 import urlsafe_b64decode
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit

import msgspec

_SCHEME = re.compile(r"(https?|mailto|tel):", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s/?#\\<>\"'`@\x00-\x20]+(?:[/?#][^\s<>\"'`\x00-\x20]*)?\Z", re.IGNORECASE)
_IGNORED = re.compile(r"[\t\n\r]")  # browsers take these out of addresses (URL standard section 4.4)
_AROUND = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x1b\x1c\x1d\x1e\x1f "
_MAX_CHARS = 8192
_MAX_HOPS = 5

_TRACKING = re.compile(
    r"(?:utm_\w+|mc_[ce]id|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|igshid|_hs(?:enc|mi)"
    r"|__hs\w+|hsctatracking|vero_(?:id|conv)|mkt_tok|oly_(?:anon|enc)_id|_openstat|wickedid|trk_(?:contact|msg|module|sid)"
    r"|ml_subscriber(?:_hash)?|ss_email_id|rb_clickid|s_cid|_ke|_kx|dm_i|epik|elqtrack(?:id)?|elq(?:aid|at|cid|ct|cst)?"
    r"|bsft_\w+|sc_(?:customer|eh|lid|uid)|spm|spmailingid|spuserid|spjobid|spreportid|_branch_match_id|mtm_\w+|pk_\w+"
    r"|piwik_\w+|ck_subscriber_id|lipi|trkemail|cmpid|itm_\w+|__s)\Z",
    re.IGNORECASE,
)


class _Redirector(msgspec.Struct, frozen=True):
    """A service whose addresses hold their target in a query parameter."""

    host: re.Pattern[str]
    path: re.Pattern[str]
    parameters: tuple[str, ...]


def _redirector(host: str, path: str, *parameters: str) -> _Redirector:
    return _Redirector(re.compile(host + r"\Z"), re.compile(path), parameters)


_REDIRECTORS = (
    _redirector(r"(?:www\.)?google\.[a-z]{2,3}(?:\.[a-z]{2})?", r"/url\Z", "q", "url"),
    _redirector(r"(?:l|lm)\.facebook\.com", r"/l\.php\Z", "u"),
    _redirector(r"l\.(?:instagram|threads|messenger)\.(?:com|net)", r"/", "u"),
    _redirector(r"(?:[\w-]+\.)*safelinks\.protection\.outlook\.com", r"/", "url"),
    _redirector(r"urldefense\.proofpoint\.com", r"/v1/url\Z", "u"),
    _redirector(r"(?:[\w-]+\.)?linkedin\.com", r"/(?:redir/redirect|safety/go)", "url"),
    _redirector(r"(?:www\.)?youtube\.com", r"/redirect\Z", "q"),
    _redirector(r"(?:www\.)?duckduckgo\.com", r"/l/", "uddg"),
    _redirector(r"out\.reddit\.com", r"/", "url"),
    _redirector(r"steamcommunity\.com", r"/linkfilter", "u", "url"),
    _redirector(r"slack-redir\.net", r"/link\Z", "url"),
    _redirector(r"(?:www\.)?vk\.com", r"/away\.php\Z", "to"),
    _redirector(r"linkprotect\.cudasvc\.com", r"/url\Z", "a"),
    _redirector(r"(?:[\w-]+\.)*trendmicro\.com", r"/wis/clicktime/", "url"),
    _redirector(r"(?:www\.)?awin1\.com", r"/cread\.php\Z", "ued", "p"),
    _redirector(r"go\.(?:redirectingat|skimresources)\.com", r"/", "url"),
    _redirector(r"click\.linksynergy\.com", r"/", "murl", "RD_PARM1"),
    _redirector(
        r"(?:click|clicks|track|tracking|trk|links?|email|e)\.[\w.-]+|[\w.-]+\.list-manage\.com",
        r"/(?:[\w.~-]+/)*(?:click|ct?l?|cl|ls|r|redir|redirect|track|trk|go)(?:/|\.\w+\Z|\Z)",
        *("url", "u", "target", "redirect", "redirect_url", "dest", "destination"),
    ),
)
_PROOFPOINT_3 = re.compile(r"/v3/__(.+?)__;([\w-]*)(?:!|\Z)", re.DOTALL)
_RUN = re.compile(r"\*\*([\w-])|\*")
_RUN_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def clean(url: str) -> str | None:
    """The address to link to, or None if it is not one of http, https, mailto and tel.

    Known redirectors are replaced by their target, parameters that only track are left out, everything else stays as it
    is written; cleaning twice changes nothing. Addresses beyond 8,192 characters are only checked.
    """
    url = _IGNORED.sub("", url).strip(_AROUND)
    scheme = _SCHEME.match(url)
    if scheme is None:
        return None
    if not scheme[1].lower().startswith("http") or len(url) > _MAX_CHARS:
        return url
    reached = url
    for _ in range(_MAX_HOPS):
        target = _target(reached)
        if target is None:
            return _without_tracking(reached)
        reached = target
    return _without_tracking(url)  # a chain that long was made by nobody honest: nothing is hidden


def host(url: str) -> str:
    """The host of a web address, in small letters; empty if it has none."""
    try:
        return (urlsplit(url).hostname or "").removesuffix(".").lower()
    except ValueError:
        return ""


def _target(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        name = (parts.hostname or "").lower()
        found = _proofpoint(name, parts.path, parts.query) or _proofpoint_3(name, url)
        if found is None:
            found = _from_parameter(name, parts.path, parts.query)
    except ValueError:
        return None
    return found if found is not None and _WEB.match(found) else None


def _from_parameter(name: str, path: str, query: str) -> str | None:
    for redirector in _REDIRECTORS:
        if redirector.host.match(name) and redirector.path.match(path or "/"):
            given = parse_qs(query, max_num_fields=100)
            return next((given[key][0] for key in redirector.parameters if key in given), None)
    return None


def _proofpoint(name: str, path: str, query: str) -> str | None:
    """Version 2 writes % as - and / as _."""
    if name != "urldefense.proofpoint.com" or path != "/v2/url":
        return None
    given = parse_qs(query, max_num_fields=100).get("u")
    return unquote(given[0].replace("-", "%").replace("_", "/")) if given else None


def _proofpoint_3(name: str, url: str) -> str | None:
    """Version 3 keeps its special characters, in base64 behind the address, where it put * and (for runs) **x."""
    if name not in {"urldefense.com", "urldefense.us", "urldefense.proofpoint.com"}:
        return None
    found = _PROOFPOINT_3.search(url)
    if found is None:
        return None
    spare = iter(urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4)).decode("utf-8"))

    def put_back(star: re.Match[str]) -> str:
        count = _RUN_LENGTHS.index(star[1]) + 2 if star[1] else 1
        return "".join(next(spare, "") for _ in range(count))

    target = _RUN.sub(put_back, found[1])
    return re.sub(r"\A(https?:)/(?!/)", r"\1//", target)


def _without_tracking(url: str) -> str:
    """Only the query is looked at, and written anew only where something goes."""
    front, hash_sign, fragment = url.partition("#")
    address, question, query = front.partition("?")
    kept = [pair for pair in query.split("&") if not _TRACKING.match(unquote_plus(pair.partition("=")[0]))]
    if len(kept) == query.count("&") + 1:
        return url
    return (address + (question + "&".join(kept)) * bool(kept) + hash_sign + fragment).rstrip(_AROUND)
