import pytest

from app.core.domains import names, patterns, records
from app.core.domains.model import Finding, Pattern
from app.errors import Invalid
from app.lib.resolver import Answer, Exchange, Outcome

HOST = "mx.restante.test"
NONE: Answer[str] = Answer(outcome="no_records")


def txt(*texts: str) -> Answer[str]:
    return Answer(outcome="found", records=texts)


def mx(*hosts: str) -> Answer[Exchange]:
    return Answer(outcome="found", records=tuple(Exchange(preference=10, host=host) for host in hosts))


def told(finding: Finding) -> tuple[str, str]:
    return finding.state, finding.reason


@pytest.mark.parametrize(
    ("answer", "apex", "expected"),
    [
        (txt("restante-verify=t"), NONE, ("ok", "")),
        (txt("x", ' "restante-verify=t" '), NONE, ("ok", "")),
        (txt("restante-verify=T"), NONE, ("wrong", "other_token")),
        (txt("hello"), NONE, ("missing", "other_text")),
        (NONE, NONE, ("missing", "missing")),
        (NONE, txt("restante-verify=t"), ("missing", "at_apex")),
        (Answer(outcome="no_name"), NONE, ("missing", "missing")),
        (Answer(outcome="failed"), txt("restante-verify=t"), ("unknown", "failed")),
        (Answer(outcome="timed_out"), NONE, ("unknown", "timed_out")),
    ],
)
def test_the_proof(answer: Answer[str], apex: Answer[str], expected: tuple[str, str]) -> None:
    assert told(records.judge_proof(answer, apex, proof_token="t")) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (mx(HOST), ("ok", "")),
        (mx(HOST, "old.test"), ("other", "others")),
        (mx("old.test"), ("wrong", "elsewhere")),
        (mx(""), ("wrong", "null_mx")),
        (Answer(outcome="no_name"), ("missing", "missing")),
        (Answer(outcome="failed"), ("unknown", "failed")),
    ],
)
def test_where_mail_goes(answer: Answer[Exchange], expected: tuple[str, str]) -> None:
    assert told(records.judge_mx(answer, hostname=HOST)) == expected


@pytest.mark.parametrize(
    ("answer", "spf", "dmarc", "dkim"),
    [
        (txt("v=spf1 -all"), "ok", "missing", "missing"),
        (txt("V=SPF1   -ALL"), "ok", "missing", "missing"),
        (txt("v=spf1 include:x ~all"), "other", "missing", "missing"),
        (txt("v=spf1 -all", "v=spf1 -all"), "wrong", "missing", "missing"),
        (txt("v=spf10 -all"), "missing", "missing", "missing"),
        (txt("v=DMARC1;p=reject; rua=mailto:a@b.test"), "missing", "ok", "other"),
        (txt("v=DMARC1; sp=reject; p=none"), "missing", "other", "other"),
        (txt("v=DMARC1; p=reject", "v=DMARC1; p=none"), "missing", "wrong", "other"),
        (txt("v=DKIM1; p="), "missing", "missing", "ok"),
        (txt("k=rsa; p=MIGf"), "missing", "missing", "other"),
        (NONE, "missing", "missing", "missing"),
        (Answer(outcome="timed_out"), "unknown", "unknown", "unknown"),
    ],
)
def test_policies(answer: Answer[str], spf: str, dmarc: str, dkim: str) -> None:
    judged = (records.judge_spf(answer), records.judge_dmarc(answer), records.judge_dkim(answer))
    assert tuple(one.state for one in judged) == (spf, dmarc, dkim)


def test_every_fault_has_advice() -> None:
    outcomes: tuple[Outcome, ...] = ("no_name", "failed", "timed_out")
    findings = [
        judge(answer)
        for answer in (*(Answer[str](outcome=one) for one in outcomes), txt("v=spf1 a", "v=spf1 b", "v=DMARC1", "p=x"))
        for judge in (
            lambda one: records.judge_proof(one, txt("restante-verify=t"), proof_token="t"),
            records.judge_spf,
            records.judge_dmarc,
            records.judge_dkim,
        )
    ] + [records.judge_mx(one, hostname=HOST) for one in (mx("a"), mx(""), mx("a", HOST), Answer(outcome="failed"))]
    for finding in findings:
        shown = records.records("a.test", proof_token="t", hostname=HOST, findings=[finding])
        (record,) = [one for one in shown if one.kind == finding.kind]
        assert record.advice.endswith(".")


def test_what_is_found_is_short_and_printable() -> None:
    finding = records.judge_proof(txt(*["x" * 5000, "a\x1b[31m\u202eb", *map(str, range(99))]), NONE, proof_token="t")
    assert len(finding.found) == 10
    assert finding.found[0] == "x" * 200 + "…"
    assert finding.found[1] == "a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}b"


def test_the_zone_file_is_one() -> None:
    shown = records.records("a.test", proof_token="t", hostname=HOST, findings=())
    assert records.zone_text(shown) == (
        '_restante.a.test. 3600 IN TXT "restante-verify=t"\n'
        "a.test. 3600 IN MX 10 mx.restante.test.\n"
        'a.test. 3600 IN TXT "v=spf1 -all"\n'
        '_dmarc.a.test. 3600 IN TXT "v=DMARC1; p=reject"\n'
        '*._domainkey.a.test. 3600 IN TXT "v=DKIM1; p="\n'
    )


@pytest.mark.parametrize(
    ("name", "is_mixed"),
    [
        ("example.org", False),
        ("раypal.test", True),
        ("пример.test", False),
        ("東京タワー.test", False),
        ("佐々木.test", False),
        ("日本go.test", False),
        ("ΑBC.test", True),
        ("bücher-24.test", False),
        ("аррӏе.test", False),
    ],
)
def test_mixed_scripts(name: str, *, is_mixed: bool) -> None:
    assert names.is_mixed_script(name) is is_mixed


@pytest.mark.parametrize(
    ("kind", "text", "local_part", "expected"),
    [
        ("wildcard", "*", "anything", True),
        ("wildcard", "shop-*", "shop-", True),
        ("wildcard", "shop-*", "my-shop-1", False),
        ("wildcard", "s?op", "SHOP", True),
        ("wildcard", "a.b+c(", "a.b+c(", True),
        ("wildcard", "a.b", "axb", False),
        ("wildcard", "*" * 200, "x" * 64, True),
        ("regex", "shop", "shopping", False),
        ("regex", "shop.*", "shopping", True),
        ("regex", "(a+)+b", "a" * 64, False),
        ("regex", "(x+x+)+y", "x" * 64, False),
        ("regex", r"\p{Greek}+", "άλφα", True),
    ],
)
def test_patterns(kind: str, text: str, local_part: str, *, expected: bool) -> None:
    made = patterns.checked(Pattern("regex" if kind == "regex" else "wildcard", text))
    assert patterns.matches(made, local_part) is expected


def test_a_wildcard_is_about_what_stands_before_the_at() -> None:
    """With the domain it would match nothing, and all mail would be refused."""
    with pytest.raises(Invalid, match="before the @"):
        patterns.checked(Pattern("wildcard", "shop-*@example.org"))


def test_what_can_no_longer_be_compiled_takes_nothing() -> None:
    assert not patterns.matches(Pattern("regex", "("), "(")
