"""Files of aliases, read and written: whatever program made them, whatever was done to them since."""

import csv
from contextlib import suppress
from datetime import UTC, date, datetime
from io import StringIO
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.aliases.files import cells, reading, text, writing
from app.core.aliases.files.model import AliasFile, Entry
from app.core.aliases.model import Alias
from app.errors import Invalid
from app.lib.ids import new_id

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SIMPLELOGIN = (
    "alias,note,enabled,mailboxes\r\n"
    "shop.x7k@simplelogin.test,Bücher,True,me@home.test\r\n"
    'news@own.test,"Says ""hi"", often",False,me@home.test other@home.test\r\n'
)
ADDY = (
    '"id","user_id","aliasable_id","aliasable_type","local_part","extension","domain","email","active","description",'
    '"from_name","emails_forwarded","emails_blocked","emails_replied","emails_sent","last_forwarded","last_blocked",'
    '"last_replied","last_sent","created_at","updated_at","deleted_at"\n'
    '"a1","u1","","","shop","","me.addy.test","shop@me.addy.test","1","Books","","12","","","","","","","",'
    '"2023-04-01T09:30:00.000000Z","2023-04-01T09:30:00.000000Z",""\n'
    '"a2","u1","","","old","","me.addy.test","old@me.addy.test","","","","","","","","","","","",'
    '"2022-01-01 08:00:00","2022-01-01 08:00:00",""\n'
    '"a3","u1","","","gone","","me.addy.test","gone@me.addy.test","","","","","","","","","","","",'
    '"2022-01-01 08:00:00","2022-01-01 08:00:00","2022-02-01 08:00:00"\n'
)


def read(content: str, encoding: str = "utf-8") -> AliasFile:
    return reading.read(content.encode(encoding))


def by_address(file: AliasFile) -> dict[str, Entry]:
    return {entry.address: entry for entry in file.entries}


def test_simplelogins_export() -> None:
    file = read(SIMPLELOGIN)
    assert file.source == "simplelogin"
    assert file.unused == ("mailboxes",)
    first, second = file.entries
    assert (first.address, first.description, first.is_enabled) == ("shop.x7k@simplelogin.test", "Bücher", True)
    assert (second.line, second.description, second.is_enabled) == (3, 'Says "hi", often', False)


def test_a_long_note_elsewhere_describes_and_stays() -> None:
    note = "For the allotment\nGate code, and more: " + "x" * 600
    (entry,) = read(f'alias,note,enabled\r\na@b.test,"{note}",true\r\n').entries
    assert entry.description == "For the allotment"
    assert entry.note == note


def test_addys_export() -> None:
    file = read(ADDY)
    assert file.source == "addy"
    found = by_address(file)
    shop = found["shop@me.addy.test"]
    assert (shop.description, shop.is_enabled, shop.is_gone) == ("Books", True, False)
    assert shop.created_at == datetime(2023, 4, 1, 9, 30, tzinfo=UTC)
    assert not found["old@me.addy.test"].is_enabled
    assert found["gone@me.addy.test"].is_gone
    assert "emails_forwarded" in file.unused
    assert "email" not in file.unused


def test_addys_own_template_for_imports() -> None:
    file = read("alias,description,recipient_ids\nhello@own.test,Hi,\n")
    assert file.source == "addy"
    assert file.entries[0].description == "Hi"
    assert file.entries[0].is_enabled


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_separators_and_ends_of_lines(encoding: str, separator: str, newline: str) -> None:
    content = newline.join(
        [separator.join(["Email ", "Description"]), separator.join(["a@b.test", "Käse, Brot; Öl|Salz"]), "", ""]
    )
    if separator in ",;|":
        content = content.replace("Käse, Brot; Öl|Salz", '"Käse, Brot; Öl|Salz"')
    (entry,) = read(content, encoding).entries
    assert (entry.line, entry.address, entry.description) == (2, "a@b.test", "Käse, Brot; Öl|Salz")


def test_a_cell_longer_than_the_csv_module_reads_is_told_as_that() -> None:
    with pytest.raises(Invalid) as told:
        read('alias,description\na@b.test,"' + "x" * 200_000 + '"\n')
    assert told.value.fields[0].message == "Line 2 has a cell of more than 131,072 characters."


def test_a_line_that_names_the_separator() -> None:
    (entry,) = read("sep=;\r\nalias;note\r\na@b.test;x, y\r\n").entries
    assert (entry.line, entry.description) == (3, "x, y")


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    file = read('alias,description\n\n"a@b.test","two\nlines"\n\nc@d.test,x\n')
    assert [entry.line for entry in file.entries] == [3, 6]
    assert file.entries[0].description == "two\nlines"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("no address,", "This is not a mail address."),
        (",words", "There is no address in this line."),
        ("a@b.test,x,,,,,,,,more", "more cells than the first"),
        ("a@b.test," + "x" * 501, "`description` is longer than 500 characters."),
        ("a@b.test,,perhaps", "`enabled` should be true or false."),
        ("a@b.test,,,explode", "`when_disabled` should be one of refuse, defer, discard."),
        ("a@b.test,,,,soon", "`expires_at` should look like"),
        ("a@b.test,,,,0001-01-01T00:00:00+14:00", "`expires_at` should look like"),
        ("a@b.test,,,,,0", "`message_limit` should be a whole number"),
        ("a@b.test,,,,,٣", "`message_limit` should be a whole number"),
        ("a@b.test,,,,,,9999", "`idle_days` should be a whole number"),
        ("a@b.test,,,,,,,no site", "`site` should look like"),
        ("a@b.test,,,,,,,," + "x" * 41, "`category` is longer than 40 characters."),
        ("a@b.test,,,,,,,,a\x07b", "`category` holds characters"),
        ("a@b.test,a\x07b", "`description` holds characters"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_and_the_others_stand(line: str, told: str) -> None:
    header = "alias,description,enabled,when_disabled,expires_at,message_limit,idle_days,site,category"
    bad, good = read(f"{header}\r\n{line}\r\nc@d.test,fine\r\n").entries
    assert told in bad.fault
    assert (good.fault, good.description) == ("", "fine")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "name the columns"),
        (b"\xef\xbb\xbf", "name the columns"),
        (b"a@b.test\nc@d.test\n", "name the columns"),
        (b"alias,note\n", "no line with an alias"),
        (b'alias,note\n"a@b.test,x\n', "Line 2 cannot be read"),
        (b'alias,note\na@b.test,x\nc@d.test,"y"z\n', "Line 3 cannot be read"),
        (b"PK\x03\x04\x00\x00\x81\x8d\x00\xff", "not a text file"),
        (b"\x81\x8d\x8f", "not a text file"),
        (b"alias\n" + b"a@b.test\n" * 10_001, "more than 10,000 lines"),
        (b"alias\n" + b"x" * text.MAX_BYTES, "larger than 4 MiB"),
    ],
)
def test_a_file_that_is_none(content: bytes, told: str) -> None:
    with pytest.raises(Invalid) as caught:
        reading.read(content)
    (fault,) = caught.value.fields
    assert fault.field == "file"
    assert told in fault.message


@pytest.mark.parametrize("cell", ["=1+1", "+49 30", "-5", "@home", "\t=1", "\r=1", "'=1", "''@x", "＝1", "\x00"])
def test_nothing_runs_in_a_spreadsheet(cell: str) -> None:
    assert cells.defused(cell) == f"'{cell}"
    assert cells.restored(cells.defused(cell)) == cell


@given(st.text())
def test_what_was_defused_comes_back(cell: str) -> None:
    assert cells.restored(cells.defused(cell)) == cell
    assert cells.defused(cell)[:1] not in tuple("=+-@\t\r\n\x00＝＋－＠")


@pytest.mark.parametrize("cell", ["'tis", "'", "plain", "", "a=b"])
def test_what_does_not_run_stays_as_it_is(cell: str) -> None:
    assert cells.defused(cell) == cells.restored(cell) == cell


def alias(description: str = "", *, category_id: UUID | None = None, note: str = "") -> Alias:
    return Alias(
        alias_id=new_id(),
        address="shop@restante.test",
        is_enabled=False,
        when_disabled="defer",
        description=description,
        created_at=NOON,
        message_count=3,
        last_received_on="2026-11-20",
        site="shop.example",
        note=note,
        category_id=category_id,
        is_pinned=True,
        is_archived=True,
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        message_limit=10,
        idle_days=90,
        screening="known",
    )


def test_what_was_exported_is_understood() -> None:
    category = new_id()
    made = [alias('=HYPERLINK("x")', category_id=category, note="a\r\nb"), alias("Ünï, \"q\"; 'x'")]
    data = writing.header() + writing.lines(made, {category: "+Shops"})
    assert data.startswith(b"alias,description,")
    assert data.count(b"\r\n") == 4
    rows = list(csv.reader(StringIO(data.decode(), newline=""), strict=True))
    assert rows[1][:5] == ["shop@restante.test", '\'=HYPERLINK("x")', "shop.example", "a\r\nb", "'+Shops"]
    file = reading.read(data)
    assert (file.source, file.unused) == ("restante", ())
    first, second = file.entries
    assert first == Entry(
        line=2,
        address="shop@restante.test",
        description='=HYPERLINK("x")',
        site="shop.example",
        note="a\r\nb",
        category="+Shops",
        is_enabled=False,
        when_disabled="defer",
        screening="known",
        is_pinned=True,
        is_archived=True,
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        message_limit=10,
        idle_days=90,
        created_at=NOON,
    )
    assert second.description == "Ünï, \"q\"; 'x'"


def test_a_deleted_alias_is_told_as_one() -> None:
    gone = Alias(
        alias_id=new_id(),
        address="old@restante.test",
        is_enabled=True,
        when_disabled="refuse",
        description="",
        created_at=NOON,
        message_count=0,
        last_received_on=None,
        deleted_on=date(2026, 11, 1),
    )
    (entry,) = reading.read(writing.header() + writing.lines([gone], {})).entries
    assert entry.is_gone


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Invalid):
        assert reading.read(b"alias,note\n" + data).entries
