from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from app.vault import otp

# RFC 6238 appendix B, SHA-1; six digits are the last six of its eight.
SECRET = b"12345678901234567890"
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert otp.code_at(SECRET, otp.step_at(moment)) == code
    assert otp.step_of(SECRET, code, now=moment, after=0) == seconds // 30


def test_a_clock_may_be_wrong_by_one_step_and_no_more() -> None:
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    for steps in range(-4, 5):
        code = otp.code_at(SECRET, otp.step_at(now + timedelta(seconds=30 * steps)))
        found = otp.step_of(SECRET, code, now=now, after=0)
        assert (found is not None) == (abs(steps) <= 1), steps


def test_a_step_counts_once() -> None:
    now = datetime(2026, 3, 4, 12, tzinfo=UTC)
    present = otp.step_at(now)
    for step, after, found in (
        (present, present - 1, present),
        (present, present, None),
        (present - 1, present, None),
        (present + 1, present, present + 1),
    ):
        assert otp.step_of(SECRET, otp.code_at(SECRET, step), now=now, after=after) == found


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\ud800", "٣٣٣٣٣٣"])
def test_what_is_no_code_is_wrong(code: str) -> None:
    assert otp.step_of(SECRET, code, now=datetime(2026, 3, 4, tzinfo=UTC), after=0) is None


def test_apps_are_told_what_the_server_knows() -> None:
    address = urlsplit(otp.address_of(SECRET, login="ada.l", issuer="Restante"))
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/Restante:ada.l")
    assert {name: value for name, (value,) in parse_qs(address.query).items()} == {
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "issuer": "Restante",
        "digits": "6",
        "period": "30",
        "algorithm": "SHA1",
    }
    assert otp.spelled_secret(SECRET) == "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
    assert len({otp.new_generator_secret() for _ in range(50)}) == 50
