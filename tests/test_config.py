from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import MIB, S3, Address, Config, Stripe, load
from app.errors import Invalid

SECRET = "0123456789abcdef0123456789abcdef"
DATABASE = "postgresql://restante:hush-hush@db.test:5432/restante"
BUCKET = {"S3_BUCKET": "mail", "S3_ACCESS_KEY_ID": "AKID", "S3_SECRET_ACCESS_KEY": "hush-hush"}


def config(**environ: str) -> Config:
    return load(environ, cores=4)


def faults(**environ: str) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        load(environ, cores=4)
    for fault in caught.value.fields:
        assert f"{fault.field} {fault.message}" in caught.value.detail
    return {fault.field: fault.message for fault in caught.value.fields}


def test_everything_has_a_default() -> None:
    made = config()
    assert made == Config(
        database_url=None,
        direct_database_url=None,
        data_dir=Path("data").absolute(),
        secret=None,
        http=Address(host="127.0.0.1", port=8000),
        smtp=Address(host="127.0.0.1", port=2525),
        public_url="http://127.0.0.1:8000",
        hostname="restante.localhost",
        mail_domains=("restante.localhost",),
        dns_servers=(),
        webhook_networks=(),
        proxies=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        joining="closed",
        joining_rate=30,
        s3=None,
        stripe=None,
        max_message_size=150 * MIB,
        storage_limit=10 * 1024 * MIB,
        alias_limit=10_000,
        domain_limit=100,
        account_keys_dir=None,
        log_dir=None,
        access_log=False,
        api_rate=6000,
        web_processes=4,
        smtp_processes=4,
        smtp_connections=500,
        smtp_timeout=300,
        proxy_protocol=False,
        tls_certificate=None,
        tls_key=None,
        prepared_statements=True,
        security_contact=None,
        terms=None,
    )
    assert not made.is_https


@pytest.mark.parametrize(("cores", "processes"), [(0, 1), (1, 1), (8, 8), (96, 8)])
def test_processes_follow_the_cores(cores: int, processes: int) -> None:
    made = load({}, cores=cores)
    assert (made.web_processes, made.smtp_processes) == (processes, processes)


def test_everything_can_be_set(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.touch()
    key.touch()
    made = config(
        DATABASE_URL=DATABASE,
        RESTANTE_DATA_DIR=str(tmp_path),
        RESTANTE_DIRECT_DATABASE_URL="postgres://past.the.pooler/mail",
        RESTANTE_SECRET=SECRET,
        RESTANTE_HTTP="[::1]:80",
        RESTANTE_SMTP=":25",
        RESTANTE_PUBLIC_URL="https://mail.example.org/",
        RESTANTE_HOSTNAME="MX.Example.org.",
        RESTANTE_MAIL_DOMAINS="example.org, bücher.example,example.org",
        RESTANTE_MAX_MESSAGE_SIZE="65536",
        RESTANTE_STORAGE_LIMIT="1048576",
        RESTANTE_WEB_PROCESSES="1",
        RESTANTE_SMTP_PROCESSES="64",
        RESTANTE_SMTP_CONNECTIONS="7",
        RESTANTE_SMTP_TIMEOUT="8",
        RESTANTE_SMTP_PROXY_PROTOCOL="Yes",
        RESTANTE_PREPARED_STATEMENTS="0",
        RESTANTE_ALIAS_LIMIT="25",
        RESTANTE_DOMAIN_LIMIT="0",
        RESTANTE_API_RATE="30",
        RESTANTE_TLS_CERT=str(certificate),
        RESTANTE_TLS_KEY=str(key),
        S3_ENDPOINT="https://account.r2.cloudflarestorage.com/",
        S3_REGION="eu",
        S3_SESSION_TOKEN="ends soon",
        S3_ADDRESSING="virtual",
        RESTANTE_DNS="192.0.2.1, 192.0.2.2:5353,2001:db8::1,[2001:db8::2],[2001:db8::3]:54",
        RESTANTE_WEBHOOK_NETWORKS="10.0.0.0/8, ::1",
        RESTANTE_PROXIES="10.0.0.0/8",
        RESTANTE_JOINING="voucher",
        RESTANTE_JOINING_RATE="5",
        **BUCKET,
    )
    assert [str(network) for network in made.webhook_networks] == ["10.0.0.0/8", "::1/128"]
    assert [str(network) for network in made.proxies] == ["10.0.0.0/8"]
    assert (made.joining, made.joining_rate) == ("voucher", 5)
    assert made.direct_database_url == "postgres://past.the.pooler/mail"
    assert (made.database_url, made.secret, made.data_dir) == (DATABASE, SECRET, tmp_path)
    assert (made.http, made.smtp) == (Address(host="::1", port=80), Address(host="0.0.0.0", port=25))  # noqa: S104
    assert (made.public_url, made.is_https) == ("https://mail.example.org", True)
    assert (made.hostname, made.mail_domains) == ("mx.example.org", ("example.org", "xn--bcher-kva.example"))
    assert (made.max_message_size, made.storage_limit) == (65536, MIB)
    assert (made.alias_limit, made.domain_limit, made.api_rate) == (25, 0, 30)
    assert (made.web_processes, made.smtp_processes) == (1, 64)
    assert (made.smtp_connections, made.smtp_timeout) == (7, 8)
    assert (made.proxy_protocol, made.prepared_statements) == (True, False)
    assert (made.tls_certificate, made.tls_key) == (certificate, key)
    assert [(one.host, one.port) for one in made.dns_servers] == [
        ("192.0.2.1", 53),
        ("192.0.2.2", 5353),
        ("2001:db8::1", 53),
        ("2001:db8::2", 53),
        ("2001:db8::3", 54),
    ]
    assert made.s3 == S3(
        bucket="mail",
        access_key="AKID",
        secret_key="hush-hush",
        endpoint="https://account.r2.cloudflarestorage.com",
        region="eu",
        session_token="ends soon",
        addressing="virtual",
    )


WRONG = {
    "DATABASE_URL": "mysql://db.test/x",
    "RESTANTE_DIRECT_DATABASE_URL": "db.test",
    "RESTANTE_SECRET": "too short",
    "RESTANTE_HTTP": "8000",
    "RESTANTE_SMTP": "localhost:smtp",
    "RESTANTE_PUBLIC_URL": "mail.example.org",
    "RESTANTE_HOSTNAME": "-bad-.example",
    "RESTANTE_MAIL_DOMAINS": "example.org,not a domain",
    "RESTANTE_MAX_MESSAGE_SIZE": "10",
    "RESTANTE_STORAGE_LIMIT": "10GB",
    "RESTANTE_WEB_PROCESSES": "0",
    "RESTANTE_SMTP_PROCESSES": "-1",
    "RESTANTE_SMTP_CONNECTIONS": "1e3",
    "RESTANTE_SMTP_TIMEOUT": "٣",
    "RESTANTE_SMTP_PROXY_PROTOCOL": "maybe",
    "RESTANTE_PREPARED_STATEMENTS": "2",
    "RESTANTE_WEBHOOK_NETWORKS": "10.0.0.1/8",
    "RESTANTE_PROXIES": "nginx",
    "RESTANTE_JOINING": "Open",
    "RESTANTE_JOINING_RATE": "0",
    "RESTANTE_TLS_CERT": "/nowhere/cert.pem",
    "RESTANTE_TLS_KEY": "/nowhere/key.pem",
    "S3_ENDPOINT": "r2.example",
    "S3_ADDRESSING": "host",
}


def test_every_fault_is_told_at_once() -> None:
    missing = {"S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"}
    assert set(faults(**WRONG)) == {*WRONG, *missing}


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_by_itself_is_told_by_itself(name: str) -> None:
    rest = {"RESTANTE_SECRET": SECRET} if name == "DATABASE_URL" else BUCKET if name.startswith("S3_") else {}
    assert set(faults(**{name: WRONG[name]}, **rest)) == {name}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RESTANTE_SECRET", " " * 40),
        ("RESTANTE_MAIL_DOMAINS", " , "),
        ("RESTANTE_MAIL_DOMAINS", "a..example"),
        ("RESTANTE_HOSTNAME", "x" * 64 + ".example"),
        ("RESTANTE_HTTP", "127.0.0.1:65536"),
        ("RESTANTE_DNS", "dns.example"),
        ("RESTANTE_DNS", "192.0.2.1:port"),
        ("RESTANTE_DNS", "[192.0.2.1"),
        ("RESTANTE_HTTP", "127.0.0.1:" + "9" * 5000),
        ("RESTANTE_SMTP_TIMEOUT", "9" * 5000),
        ("RESTANTE_PUBLIC_URL", "https://mail.example.org/inbox"),
        ("RESTANTE_PUBLIC_URL", "https://user@mail.example.org"),
        ("RESTANTE_PUBLIC_URL", "https://"),
        ("PORT", "65536"),
        ("PORT", "http"),
    ],
)
def test_values_that_look_right_are_refused_too(name: str, value: str) -> None:
    (message,) = faults(**{name: value}).values()
    assert message.startswith(("should be", "should look"))
    assert len(message) < 200


def test_an_empty_variable_is_an_unset_one() -> None:
    assert config(**dict.fromkeys([*WRONG, "PORT", *BUCKET], "")) == config()


def test_port_means_all_addresses_unless_http_is_set() -> None:
    made = config(PORT="5000")
    assert made.http == Address(host="0.0.0.0", port=5000)  # noqa: S104
    assert made.public_url == "http://localhost:5000"
    assert config(PORT="5000", RESTANTE_HTTP="127.0.0.1:1").http == Address(host="127.0.0.1", port=1)
    assert config(RESTANTE_HTTP="[::1]:1").public_url == "http://[::1]:1"


def test_a_way_past_a_pooler_needs_the_pooler() -> None:
    assert set(faults(RESTANTE_DIRECT_DATABASE_URL=DATABASE)) == {"RESTANTE_DIRECT_DATABASE_URL"}


def test_a_database_of_ones_own_needs_a_secret() -> None:
    assert set(faults(DATABASE_URL=DATABASE)) == {"RESTANTE_SECRET"}
    assert config(DATABASE_URL=DATABASE, RESTANTE_SECRET=SECRET).secret == SECRET
    assert config(RESTANTE_SECRET=SECRET).database_url is None


def test_certificate_and_key_belong_together(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.touch()
    assert set(faults(RESTANTE_TLS_CERT=str(file))) == {"RESTANTE_TLS_CERT"}
    assert set(faults(RESTANTE_TLS_KEY=str(file))) == {"RESTANTE_TLS_CERT"}
    assert set(faults(RESTANTE_TLS_CERT=str(file), RESTANTE_TLS_KEY=str(tmp_path))) == {"RESTANTE_TLS_KEY"}


@pytest.mark.parametrize("name", [*BUCKET, "S3_ENDPOINT"])
def test_a_bucket_is_set_up_whole_or_not_at_all(name: str) -> None:
    value = BUCKET.get(name, "https://s3.example")
    assert set(faults(**{name: value})) == set(BUCKET) - {name}


def test_secrets_are_never_shown() -> None:
    made = config(DATABASE_URL=DATABASE, RESTANTE_SECRET=SECRET, **BUCKET)
    shown = repr(made) + str(made) + repr(made.s3) + f"{[made]}"
    for secret in ("hush-hush", SECRET, "AKID"):
        assert secret not in shown
    with pytest.raises(Invalid) as caught:
        config(DATABASE_URL="mysql://user:hush-hush@db", RESTANTE_SECRET="hush-hush")
    assert "hush-hush" not in caught.value.detail + repr(caught.value.fields)


@given(st.dictionaries(st.sampled_from([*WRONG, *BUCKET, "PORT"]), st.text(max_size=30)))
def test_no_environment_raises_anything_else(environ: dict[str, str]) -> None:
    try:
        load(environ, cores=2)
    except Invalid as error:
        assert error.fields  # noqa: PT017 - most environments are wrong


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        ("https://x.example/storage/v1/s3/", "https://x.example/storage/v1/s3"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("https://x.example/mailbox", "https://x.example/mailbox"),
    ],
)
def test_an_endpoint_may_have_a_path_and_a_port(given: str, endpoint: str) -> None:
    made = load(BUCKET | {"S3_ENDPOINT": given}, cores=1)
    assert made.s3 is not None
    assert made.s3.endpoint == endpoint


def test_an_endpoint_that_ends_with_the_buckets_name_is_told() -> None:
    found = faults(**BUCKET, S3_ENDPOINT="https://account.r2.cloudflarestorage.com/mail/")
    assert "bucket's name" in found["S3_ENDPOINT"]


SHOP = {"RESTANTE_STRIPE_KEY": "sk_live_51Abc", "RESTANTE_STRIPE_WEBHOOK_SECRET": "whsec_0123456789"}
FAKE = {"RESTANTE_STRIPE_KEY": "sk_test_51Abc", "RESTANTE_STRIPE_API": "http://127.0.0.1:8001"}


def test_a_shop_has_two_secrets_and_shows_neither() -> None:
    made = config(**SHOP, RESTANTE_PUBLIC_URL="https://mail.example")
    assert made.stripe == Stripe(key="sk_live_51Abc", webhook_secret="whsec_0123456789", api=None)
    assert "51Abc" not in repr(made) + repr(made.stripe)
    assert "0123456789" not in repr(made.stripe)
    for name, value in SHOP.items():
        assert list(faults(**{name: value})) == [other for other in SHOP if other != name]
    assert list(faults(**SHOP | {"RESTANTE_STRIPE_KEY": "pk_live_51Abc"})) == ["RESTANTE_STRIPE_KEY"]
    assert list(faults(**SHOP | {"RESTANTE_STRIPE_WEBHOOK_SECRET": "secret"})) == ["RESTANTE_STRIPE_WEBHOOK_SECRET"]


def test_a_fake_of_stripe_is_for_this_machine_alone_and_never_for_production() -> None:
    made = config(**SHOP | FAKE)
    assert made.stripe is not None
    assert made.stripe.api == "http://127.0.0.1:8001"
    for wrong in (
        {"RESTANTE_STRIPE_KEY": "sk_live_51Abc"},
        {"RESTANTE_STRIPE_KEY": "rk_test_51Abc"},
        {"RESTANTE_PUBLIC_URL": "https://mail.example"},
        {"RESTANTE_STRIPE_API": "http://192.0.2.1:8001"},
        {"RESTANTE_STRIPE_API": "http://localhost:8001"},
        {"RESTANTE_STRIPE_API": "http://127.0.0.1.example:8001"},
        {"RESTANTE_STRIPE_API": "http://127.0.0.1:8001@evil.example"},
        {"RESTANTE_STRIPE_API": "https://api.stripe.example"},
    ):
        assert list(faults(**SHOP | FAKE | wrong)) == ["RESTANTE_STRIPE_API"], wrong


def test_what_the_operator_tells(tmp_path: Path) -> None:
    for text, uri in (("a@b.example", "mailto:a@b.example"), ("https://b.example/x", "https://b.example/x")):
        assert config(RESTANTE_SECURITY_CONTACT=text).security_contact == uri
    for text in ("b.example", "http://b.example", "a@b.example\nExpires: x", "javascript:1"):
        assert set(faults(RESTANTE_SECURITY_CONTACT=text)) == {"RESTANTE_SECURITY_CONTACT"}
    good = tmp_path / "terms.md"
    good.write_text("# Terms\n", "utf-8")
    assert config(RESTANTE_TERMS=str(good)).terms == good
    for path in (tmp_path / "none.md", tmp_path):
        assert set(faults(RESTANTE_TERMS=str(path))) == {"RESTANTE_TERMS"}
