"""Services that pass a click on, and where to, as far as their addresses tell; nothing is asked, nothing is fetched."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

_HOST = r"(?:[^\s/?#\\<>\"'`@\[\]:;|^%\x00-\x20]+|\[[0-9a-f:.]+\])(?::\d{1,5})?"
_WEB = re.compile(r"https?://" + _HOST + r"(?:[/?#][^\s<>\"'`\x00-\x20]*)?\Z", re.IGNORECASE)
_BASE64_OF_WEB = re.compile(r"aHR0c(?:HM6Ly|DovL)[\w+/-]+={0,2}\Z")
_MAX_ENCODED = 8192


class _Redirector(msgspec.Struct, frozen=True):
    """A service whose addresses hold their target in a query parameter."""

    host: re.Pattern[str]
    path: re.Pattern[str]
    parameters: tuple[str, ...]


def _redirector(host: str, path: str, *parameters: str) -> _Redirector:
    return _Redirector(re.compile(host + r"\Z"), re.compile(path), parameters)


_REDIRECTORS = (
    _redirector(r"(?:www\.)?google\.[a-z]{2,3}(?:\.[a-z]{2})?", r"/(?:url|aclk)\Z", "q", "url", "adurl"),
    _redirector(r"(?:www\.)?googleadservices\.com", r"/pagead/aclk\Z", "adurl"),
    _redirector(r"adclick\.g\.doubleclick\.net", r"/(?:pcs|aclk)", "adurl"),
    _redirector(r"(?:l|lm)\.facebook\.com", r"/l\.php\Z", "u"),
    _redirector(r"l\.(?:instagram|threads|messenger|workplace)\.(?:com|net)", r"/", "u"),
    _redirector(r"l\.wl\.co", r"/l\Z", "u"),
    _redirector(r"(?:[\w-]+\.)*safelinks\.protection\.(?:outlook\.com|office365\.us)", r"/", "url"),
    _redirector(r"statics\.teams\.cdn\.office\.net", r"/evergreen-assets/safelinks/", "url"),
    _redirector(r"urldefense\.proofpoint\.com", r"/v1/url\Z", "u"),
    _redirector(r"(?:[\w-]+\.)?linkedin\.com", r"/(?:redir/redirect|safety/go)", "url"),
    _redirector(r"(?:www\.)?youtube\.com", r"/redirect\Z", "q"),
    _redirector(r"(?:www\.)?duckduckgo\.com", r"/l/", "uddg"),
    _redirector(r"out\.reddit\.com", r"/", "url"),
    _redirector(r"(?:www\.)?steamcommunity\.com", r"/linkfilter", "u", "url"),
    _redirector(r"slack-redir\.net", r"/link\Z", "url"),
    _redirector(r"(?:www\.|away\.)?vk\.(?:com|ru)", r"/away\.php\Z", "to"),
    _redirector(r"t\.umblr\.com", r"/redirect\Z", "z"),
    _redirector(r"(?:www\.)?medium\.com", r"/r/\Z", "url"),
    _redirector(r"(?:[a-z]{2,3}\.|www\.)?pinterest\.[a-z.]{2,6}", r"/offsite/?\Z", "url"),
    _redirector(r"(?:www\.)?flipboard\.com", r"/redirect\Z", "url"),
    _redirector(r"(?:gate|exit)\.sc", r"/?\Z", "url"),
    _redirector(r"linkprotect\.cudasvc\.com", r"/url\Z", "a"),
    _redirector(r"(?:[\w-]+\.)*trendmicro\.com", r"/wis/clicktime/", "url"),
    _redirector(r"clicktime\.symantec\.com", r"/", "u"),
    _redirector(r"(?:www\.)?awin1\.com", r"/c(?:read|lick)\.php\Z", "ued", "p"),
    _redirector(r"go\.(?:redirectingat|skimresources)\.com", r"/", "url"),
    _redirector(r"redirect\.viglink\.com", r"/", "u", "out"),
    _redirector(r"click\.linksynergy\.com", r"/", "murl", "RD_PARM1"),
    _redirector(r"(?:www\.)?shareasale\.com", r"/r\.cfm\Z", "urllink"),
    _redirector(r"(?:www\.)?(?:anrdoezrs|dpbolvw|jdoqocy|kqzyfj|tkqlhce)\.(?:net|com)", r"/click-", "url"),
    _redirector(r"[\w-]+\.(?:pxf\.io|sjv\.io|evyy\.net|7eer\.net|i\d{3,6}\.net)", r"/c/", "u"),
    _redirector(r"rover\.ebay\.[a-z.]{2,6}", r"/rover/", "mpre"),
    _redirector(
        r"(?:clicks?|clk|tracking|tracker|track|trk|links?|lnk|email|e|go|t|url\d+)\.[\w.-]+|[\w.-]+\.list-manage\.com",
        r"/(?:[\w.~-]+/)*(?:click|ct?l?|cl|ls|lnk|r|redir|redirect|track|trk|go)(?:/|\.\w+\Z|\Z)",
        *("url", "u", "target", "redirect", "redirect_url", "dest", "destination"),
    ),
)
_PROOFPOINT_3 = re.compile(r"/v3/__(.+?)__;([\w-]*)(?:!|\Z)", re.DOTALL)
_RUN = re.compile(r"\*\*([\w-])|\*")
_RUN_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def target(url: str) -> str | None:
    """Where the address of a known redirector leads next, if that is a web address; None for all others."""
    try:
        parts = urlsplit(url)
        name = (parts.hostname or "").lower()
        found = _from_path(name, url) or _from_parameter(name, parts.path, parts.query)
    except (ValueError, RecursionError):  # the second from JSON in a thousand brackets
        return None
    return found if found is not None and _WEB.match(found) else None


def _from_parameter(name: str, path: str, query: str) -> str | None:
    for redirector in _REDIRECTORS:
        if redirector.host.match(name) and redirector.path.match(path or "/"):
            given = parse_qs(query, max_num_fields=100)
            found = next((given[key][0] for key in redirector.parameters if key in given), None)
            return _decoded(found) if found and _BASE64_OF_WEB.match(found) else found
    return None


def _from_path(name: str, url: str) -> str | None:
    for host, path, read in _IN_PATHS:
        if host.match(name):
            found = path.search(url)
            return read(found) if found else None
    return None


def _decoded(text: str) -> str:
    """Base64 as text, with or without padding, of either alphabet; ValueError if it is none."""
    if len(text) > _MAX_ENCODED:
        raise ValueError
    raw = unquote(text).rstrip("=").replace("+", "-").replace("/", "_")
    return urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode("utf-8")


def _quoted(found: re.Match[str]) -> str:
    return unquote(found[1])


def _encoded(found: re.Match[str]) -> str:
    return _decoded(found[1])


def _without_scheme(found: re.Match[str]) -> str:
    """Postmark: 3s is https, 3 is http or whole."""
    rest = unquote(found[2])
    return rest if rest.startswith("http") else f"http{'s' if found[1].endswith('s') else ''}://{rest}"


def _member(*names: str) -> Callable[[re.Match[str]], str | None]:
    """A member of a JSON object in base64; of an object in that again for more names."""

    def read(found: re.Match[str]) -> str | None:
        text = _decoded(found[1])
        for name in names:
            value = msgspec.json.decode(text, type=dict[str, object]).get(name)
            if not isinstance(value, str):
                return None
            text = value
        return text

    return read


def _proofpoint(found: re.Match[str]) -> str:
    """Version 2 writes % as - and / as _."""
    return unquote(unquote(found[1]).replace("-", "%").replace("_", "/"))


def _proofpoint_3(found: re.Match[str]) -> str:
    """Version 3 keeps its special characters, in base64 behind the address, where it put * and (for runs) **x."""
    spare = iter(_decoded(found[2]))

    def put_back(star: re.Match[str]) -> str:
        count = _RUN_LENGTHS.index(star[1]) + 2 if star[1] else 1
        return "".join(next(spare, "") for _ in range(count))

    return re.sub(r"\A(https?:)/(?!/)", r"\1//", _RUN.sub(put_back, found[1]))


_IN_PATHS: tuple[tuple[re.Pattern[str], re.Pattern[str], Callable[[re.Match[str]], str | None]], ...] = tuple(
    (re.compile(host + r"\Z"), re.compile(path, re.DOTALL), read)
    for host, path, read in (
        (r"urldefense\.proofpoint\.com", r"/v2/url\?(?:[^#]*&)?u=([^&#]+)", _proofpoint),
        (r"urldefense\.(?:com|us)", _PROOFPOINT_3.pattern, _proofpoint_3),
        (r"(?:[\w-]+\.)*awstrack\.me", r"/L0/([^/]+)/", _quoted),
        (r"(?:[\w-]+\.)*pstmrk\.it", r"/(3s?|2s?)/([^/]+)/", _without_scheme),
        (r"secure-web\.cisco\.com", r"/[\w-]{20,}/(https?%3A[^/?#]+)", _quoted),
        (r"(?:[\w-]+\.)?(?:avanan\.click|checkpoint\.com)", r"/v2/(?:r01/)?___(https?://.+?)___\.", _quoted),
        (r"(?:safe|isolate)\.menlosecurity\.com", r"://[^/]+/(?:\d+/\w+/)?(https?://.+)", _quoted),
        (r"(?:www\.)?bing\.com", r"/ck/a\?(?:[^#]*&)?u=a1(aHR0c[\w-]+)", _encoded),
        (r"(?:[\w-]+\.)?search\.yahoo\.com", r"/RU=(http[^/]+)/", _quoted),
        (r"(?:[\w-]+\.)*mjt\.lu", r"/lnk/(?:[^/]+/){1,4}(aHR0c[\w-]+=*)", _encoded),
        (r"[\w.-]*\b(?:convertkit|kit)-mail\d*\.com", r"/(aHR0c[\w+-]+=*)(?:[?#]|\Z)", _encoded),
        (r"(?:[\w-]+\.)*customeriomail\.com", r"/e/c/(eyJ[\w-]+)", _member("href")),
        (r"(?:[\w-]+\.)?substack\.com", r"/redirect/2/(eyJ[\w-]+)", _member("e")),
        (r"(?:[\w-]+\.)?mandrillapp\.com", r"/track/click/[^#]*[?&]p=(eyJ[\w%+/-]+=*)", _member("p", "url")),
        (r"prf\.hn", r"/click/[^#]*?/destination:(http[^/]+)", _quoted),
    )
)
