"""The README.txt of an export, in plain words. Pure."""

from app.core.exports.model import Export
from app.lib.times import rfc3339

_TEXT = """\
Your mail and settings, exported from Restante on {day}
=======================================================

Everything here is yours and can be read without Restante: plain text, JSON, CSV, Maildir and mbox.
Anybody who has these files can read your mail. Keep them where only you can.

The export is in {parts} file(s), each a ZIP archive of its own:

    {names}

Unpack all of them into one folder. They hold {messages} messages, as they were when the export was begun.

What the files are
------------------
account.json      your account, and its settings
aliases.csv       your aliases; SimpleLogin, addy.io and Restante read it
aliases.json      the same as JSON
categories.json   what you sort aliases by
rules.json        whom you blocked and allowed
senders.json      who may write to which alias, as you said
domains.json      your own domains, and where mail for their unknown addresses goes
webhooks.json     your webhooks, without their secrets
keys.json         the names of your API keys; the keys themselves nobody knows

mail/maildir/     every message in a file of its own, byte for byte as it was received (Maildir++): cur/ is
                  the inbox, .Archive, .Junk, .Trash and .Held are the other folders
mail/mbox/        the same messages, those of a folder in one file (mboxrd, RFC 4155), with LF for line ends
mail/messages-*   a line of JSON a message: its alias, when it came, from whom, over which connection
mail/damaged-*    ids of messages that could not be read; usually there is no such file
attachments/      attached files, a folder a message

What you did not ask for is not there.

Maildir and Windows
-------------------
Names in a Maildir end in ":2," and letters for read (S) and starred (F). Windows has no file names with
a colon, so there is a semicolon here. isync and neomutt take it if they are told (InfoDelimiter,
maildir_field_delimiter). Others want the colon back; in a shell on Linux, macOS or BSD:

    find mail/maildir -type f -name '*;2,*' -exec sh -c 'mv "$1" "${{1%;2,*}}:2,${{1##*;2,}}"' - {{}} \\;

Into another Restante
---------------------
    restante login --url https://mail.example.org
    restante import FOLDER

brings aliases, categories, rules, settings and mail into the account of the key. It can be stopped and
begun again; nothing comes twice. FOLDER holds the ZIP archives, or what was unpacked from them.
"""


def readme(export: Export) -> str:
    """The text, with CRLF, which every editor of every system shows as lines."""
    names = "\n    ".join(export.file_name(part.number) for part in export.parts)
    text = _TEXT.format(
        day=rfc3339(export.created_at)[:10], parts=len(export.parts), names=names, messages=export.message_count
    )
    return text.replace("\n", "\r\n")
