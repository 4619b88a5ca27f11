"""Configuration: one frozen Struct, read once from the environment, with every fault told at once."""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Literal, TypeVar

import idna
import msgspec

from app.errors import FieldError, Invalid

_T = TypeVar("_T")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\Z")
_NUMBER = re.compile(r"[0-9]{1,20}\Z")
_PORT = re.compile(r"[0-9]{1,5}\Z")
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
JoiningMode = Literal["closed", "open", "voucher", "purchase"]
_JOINING: dict[str, JoiningMode] = {
    "closed": "closed",
    "open": "open",
    "voucher": "voucher",
    "purchase": "purchase",
}
MIN_SECRET = 32
_TEST_KEYS = "sk_test_"
MIB = 1024 * 1024


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen: a host name or IP address, and a TCP port (0: any free one)."""

    host: str
    port: int


class S3(msgspec.Struct, frozen=True, kw_only=True):
    """An S3-compatible bucket (Amazon S3, Cloudflare R2)."""

    bucket: str
    access_key: str
    secret_key: str
    endpoint: str | None
    region: str
    session_token: str | None
    """Of keys that end; None for those that stay."""
    addressing: Literal["path", "virtual"] | None
    """Whether the bucket's name stands in the path or in the host name; None: what suits the endpoint."""

    def __repr__(self) -> str:
        return f"S3(bucket={self.bucket!r}, endpoint={self.endpoint!r})"


class Stripe(msgspec.Struct, frozen=True, kw_only=True):
    """The Stripe account that is paid."""

    key: str
    webhook_secret: str
    api: str | None
    """Another address of its API: a fake on this machine, never in production."""

    def __repr__(self) -> str:
        return f"Stripe(api={self.api!r})"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. Sizes in bytes, times in seconds."""

    database_url: str | None
    """None: the embedded Postgres in the data directory."""
    direct_database_url: str | None
    """Past a pooler in transaction mode, for what LISTENs; None: the same."""
    data_dir: Path
    secret: str | None
    """None: made on first start and kept in the data directory (embedded Postgres only)."""
    http: Address
    smtp: Address
    public_url: str
    hostname: str
    mail_domains: tuple[str, ...]
    dns_servers: tuple[Address, ...]
    """Recursive resolvers by IP address; empty: those of the system."""
    webhook_networks: tuple[IPv4Network | IPv6Network, ...]
    """Networks that are not public and that webhooks may reach all the same, also by plain HTTP."""
    proxies: tuple[IPv4Network | IPv6Network, ...]
    """Whose X-Forwarded-For is believed: those who pass requests on to the web processes."""
    joining: JoiningMode
    """Who may make an account: nobody, everybody, or whoever has a voucher (purchase: the shop sells them)."""
    joining_rate: int
    """Accounts an hour that may be made in all while everybody may."""
    s3: S3 | None
    stripe: Stripe | None
    """None: nothing is sold by Stripe."""
    max_message_size: int
    storage_limit: int
    alias_limit: int
    domain_limit: int
    account_keys_dir: Path | None
    """Where each account has a key of its own, apart from the database; None: they have none."""
    log_dir: Path | None
    """Where lines go into a file a day; None: to stderr."""
    access_log: bool
    """Whether each request has a line."""
    api_rate: int
    """Requests a minute that an API key may make of one web process."""
    web_processes: int
    smtp_processes: int
    smtp_connections: int
    smtp_timeout: int
    proxy_protocol: bool
    tls_certificate: Path | None
    tls_key: Path | None
    prepared_statements: bool
    security_contact: str | None
    """Whom to tell of holes, a URI; None: nobody is named."""
    terms: Path | None
    """A text in Markdown; None: there are none."""

    def __repr__(self) -> str:
        return f"Config(data_dir={self.data_dir!s}, http={self.http}, smtp={self.smtp})"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us by TLS: decides about Secure cookies and HSTS."""
        return self.public_url.startswith("https://")


def load(environ: Mapping[str, str], *, cores: int) -> Config:
    """Read the environment. Raises Invalid with a FieldError for every variable that is wrong."""
    read = _Reader(environ)
    http = _http_address(read)
    database_url = read("DATABASE_URL", None, _database_url)
    secret = read("RESTANTE_SECRET", None, _secret)
    if database_url is not None and secret is None and "RESTANTE_SECRET" not in read.faulty:
        read.fault("RESTANTE_SECRET", "is required with DATABASE_URL: at least 32 random characters, kept for ever")
    direct_url = read("RESTANTE_DIRECT_DATABASE_URL", None, _database_url)
    if direct_url is not None and not read.is_set("DATABASE_URL"):
        read.fault("RESTANTE_DIRECT_DATABASE_URL", "is for a DATABASE_URL that leads to a pooler: set both, or neither")
    certificate, key = read("RESTANTE_TLS_CERT", None, _file), read("RESTANTE_TLS_KEY", None, _file)
    if (certificate is None) != (key is None) and not {"RESTANTE_TLS_CERT", "RESTANTE_TLS_KEY"} & read.faulty:
        read.fault("RESTANTE_TLS_CERT", "and RESTANTE_TLS_KEY belong together: set both to PEM files, or neither")
    public_url = read("RESTANTE_PUBLIC_URL", f"http://{_shown(http)}", _url)
    config = Config(
        database_url=database_url,
        direct_database_url=direct_url,
        data_dir=read("RESTANTE_DATA_DIR", Path("data"), Path).absolute(),
        secret=secret,
        http=http,
        smtp=read("RESTANTE_SMTP", Address(host="127.0.0.1", port=2525), _address),
        public_url=public_url,
        hostname=read("RESTANTE_HOSTNAME", "restante.localhost", _domain),
        mail_domains=read("RESTANTE_MAIL_DOMAINS", ("restante.localhost",), _domains),
        dns_servers=read("RESTANTE_DNS", (), _dns_servers),
        webhook_networks=read("RESTANTE_WEBHOOK_NETWORKS", (), _networks),
        proxies=read("RESTANTE_PROXIES", _LOOPBACK, _networks),
        joining=read("RESTANTE_JOINING", "closed", _joining),
        joining_rate=read("RESTANTE_JOINING_RATE", 30, _between(1, 100_000)),
        s3=_s3(read),
        stripe=_stripe(read, public_url),
        max_message_size=read("RESTANTE_MAX_MESSAGE_SIZE", 150 * MIB, _between(64 * 1024, 1024 * MIB)),
        storage_limit=read("RESTANTE_STORAGE_LIMIT", 10 * 1024 * MIB, _between(MIB, 1 << 50)),
        alias_limit=read("RESTANTE_ALIAS_LIMIT", 10_000, _between(0, 1_000_000)),
        domain_limit=read("RESTANTE_DOMAIN_LIMIT", 100, _between(0, 100)),
        account_keys_dir=read("RESTANTE_ACCOUNT_KEYS_DIR", None, lambda text: Path(text).absolute()),
        log_dir=read("RESTANTE_LOG_DIR", None, lambda text: Path(text).absolute()),
        access_log=read("RESTANTE_ACCESS_LOG", False, _switch),
        api_rate=read("RESTANTE_API_RATE", 6000, _between(1, 10_000_000)),
        web_processes=read("RESTANTE_WEB_PROCESSES", max(1, min(cores, 8)), _between(1, 64)),
        smtp_processes=read("RESTANTE_SMTP_PROCESSES", max(1, min(cores, 8)), _between(1, 64)),
        smtp_connections=read("RESTANTE_SMTP_CONNECTIONS", 500, _between(1, 100_000)),
        smtp_timeout=read("RESTANTE_SMTP_TIMEOUT", 300, _between(1, 3600)),
        proxy_protocol=read("RESTANTE_SMTP_PROXY_PROTOCOL", False, _switch),
        tls_certificate=certificate,
        tls_key=key,
        prepared_statements=read("RESTANTE_PREPARED_STATEMENTS", True, _switch),
        security_contact=read("RESTANTE_SECURITY_CONTACT", None, _contact),
        terms=read("RESTANTE_TERMS", None, _file),
    )
    read.finish()
    return config


class _Reader:
    """Reads one variable at a time and collects what is wrong instead of stopping at the first fault."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[FieldError] = []

    @property
    def faulty(self) -> set[str]:
        return {fault.field for fault in self._faults}

    def is_set(self, name: str) -> bool:
        return bool(self._environ.get(name))

    def __call__(self, name: str, default: _T, parse: Callable[[str], _T]) -> _T:
        text = self._environ.get(name)
        if not text:  # an empty variable is an unset one, as container files make them
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.fault(name, str(error))
            return default

    def fault(self, name: str, message: str) -> None:
        self._faults.append(FieldError(field=name, message=message))

    def finish(self) -> None:
        if self._faults:
            lines = "\n".join(f"  {fault.field} {fault.message}" for fault in self._faults)
            raise Invalid(f"The environment is not right:\n{lines}", fields=self._faults)


def _http_address(read: _Reader) -> Address:
    """RESTANTE_HTTP, else PORT as hosting platforms set it (on all addresses), else loopback."""
    if read.is_set("PORT") and not read.is_set("RESTANTE_HTTP"):
        return Address(host="0.0.0.0", port=read("PORT", 8000, _between(0, 65535)))  # noqa: S104 - what PORT means
    return read("RESTANTE_HTTP", Address(host="127.0.0.1", port=8000), _address)


def _s3(read: _Reader) -> S3 | None:
    names = ("S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
    if not any(read.is_set(name) for name in (*names, "S3_ENDPOINT")):
        return None
    for name in names:
        if not read.is_set(name):
            read.fault(name, "is required once any S3_ variable is set")
    bucket, endpoint = read("S3_BUCKET", "", str), read("S3_ENDPOINT", None, _endpoint)
    if endpoint and bucket and endpoint.endswith(f"/{bucket}"):
        read.fault("S3_ENDPOINT", "should not end with the bucket's name: S3_BUCKET says it")
    return S3(
        bucket=bucket,
        access_key=read("S3_ACCESS_KEY_ID", "", str),
        secret_key=read("S3_SECRET_ACCESS_KEY", "", str),
        endpoint=endpoint,
        region=read("S3_REGION", "auto", str),
        session_token=read("S3_SESSION_TOKEN", None, str),
        addressing=read("S3_ADDRESSING", None, _addressing),
    )


def _stripe(read: _Reader, public_url: str) -> Stripe | None:
    names = ("RESTANTE_STRIPE_KEY", "RESTANTE_STRIPE_WEBHOOK_SECRET")
    if not any(read.is_set(name) for name in (*names, "RESTANTE_STRIPE_API")):
        return None
    for name in names:
        if not read.is_set(name):
            read.fault(name, "is required once any RESTANTE_STRIPE_ variable is set")
    key, api = read(names[0], "", _stripe_key), read("RESTANTE_STRIPE_API", None, _loopback_url)
    if api is not None and not key.startswith(_TEST_KEYS):
        read.fault("RESTANTE_STRIPE_API", "is for tests with a fake of Stripe: the key has to begin with sk_test_")
    if api is not None and public_url.startswith("https://"):
        read.fault("RESTANTE_STRIPE_API", "is for tests: it is refused where RESTANTE_PUBLIC_URL is https")
    return Stripe(key=key, webhook_secret=read(names[1], "", _stripe_secret), api=api)


def _shown(address: Address) -> str:
    host = "localhost" if address.host in {"0.0.0.0", "::"} else address.host  # noqa: S104 - compared, not bound
    return f"[{host}]:{address.port}" if ":" in host else f"{host}:{address.port}"


def _database_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("should look like postgresql://user:password@host:5432/name")
    return text


def _secret(text: str) -> str:
    if len(text.strip()) < MIN_SECRET:  # the space around it does not count
        raise ValueError(f"should be at least {MIN_SECRET} random characters, for example from `openssl rand -hex 32`")
    return text


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not _PORT.match(port) or int(port) > 65535:  # noqa: PLR2004 - TCP's highest port
        raise ValueError("should look like 127.0.0.1:8000 or [::]:8000")
    return Address(host=host.strip("[]") or "0.0.0.0", port=int(port))  # noqa: S104 - ":8000" means all addresses


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+", text.rstrip("/")):
        raise ValueError("should be an origin such as https://mail.example.org, without a path")
    return text.rstrip("/")


def _endpoint(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text):
        raise ValueError("should be an address such as https://account.r2.cloudflarestorage.com")
    return text.rstrip("/")


def _stripe_key(text: str) -> str:
    if not re.fullmatch(r"(sk|rk)_(test|live)_[0-9A-Za-z_]+", text):
        raise ValueError("should be a secret or restricted key of Stripe: sk_live_…, rk_live_… or sk_test_…")
    return text


def _stripe_secret(text: str) -> str:
    if not re.fullmatch(r"whsec_[0-9A-Za-z+/=_-]{8,}", text):
        raise ValueError("should be the signing secret of the endpoint at Stripe: whsec_…")
    return text


def _loopback_url(text: str) -> str:
    match = re.fullmatch(r"http://(127\.0\.0\.1|\[::1\]):([0-9]{1,5})", text)
    if match is None:
        raise ValueError("should be http://127.0.0.1:PORT: a fake of Stripe's API on this machine alone")
    return text


def _addressing(text: str) -> Literal["path", "virtual"]:
    if text == "path":
        return "path"
    if text == "virtual":
        return "virtual"
    raise ValueError("should be path or virtual")


def _domain(text: str) -> str:
    try:
        name = text.strip().removesuffix(".").lower()
        name = name if name.isascii() else idna.encode(name, uts46=True).decode("ascii")
    except UnicodeError:
        name = ""
    if not _DOMAIN.match(name):
        raise ValueError("should be a domain name such as example.org")
    return name


def _domains(text: str) -> tuple[str, ...]:
    names = dict.fromkeys(_domain(part) for part in text.split(",") if part.strip())
    if not names:
        raise ValueError("should be domain names with commas between them")
    return tuple(names)


def _dns_servers(text: str) -> tuple[Address, ...]:
    return tuple(_dns_server(part.strip()) for part in text.split(",") if part.strip())


def _dns_server(text: str) -> Address:
    text += ":53" if text.endswith("]") else ""
    has_port = text.startswith("[") or text.count(":") == 1
    try:
        address = _address(text) if has_port else Address(host=text, port=53)
        ip_address(address.host)
    except ValueError:
        shape = "such as 192.0.2.1 or [2001:db8::1]:53, with commas between them"
        raise ValueError(f"should be IP addresses of DNS resolvers, {shape}") from None
    return address


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError("should be networks such as 10.0.0.0/8 or ::1/128, with commas between them") from None


def _joining(text: str) -> JoiningMode:
    if text not in _JOINING:
        raise ValueError("should be closed, open, voucher or purchase")
    return _JOINING[text]


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not _NUMBER.match(text) or not low <= int(text) <= high:
            raise ValueError(f"should be a whole number from {low} to {high}")
        return int(text)

    return parse


def _switch(text: str) -> bool:
    choices = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in choices:
        raise ValueError("should be 1 or 0")
    return choices[text.lower()]


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError("should be the path of a readable file")
    return path.absolute()


def _contact(text: str) -> str:
    if re.fullmatch(r"[^\s@:/]+@[^\s@:/]+", text):
        return f"mailto:{text}"
    if not re.fullmatch(r"(https://|mailto:|tel:)[!-~]+", text):
        raise ValueError("should be a mail address, or begin with https:// or tel:")
    return text
