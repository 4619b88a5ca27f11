"""Every reply that is not a policy's: the code, the enhanced code (RFC 3463, RFC 2034) and a text for people."""

from app.core.policy.model import Decision
from app.smtp.data import Fault

OK = "250 2.0.0 Ok"
GO_AHEAD = "354 End data with <CR><LF>.<CR><LF>"
START_TLS = "220 2.0.0 Ready to start TLS"
BYE = "221 2.0.0 Bye"
STORED = "250 2.6.0 Message stored"
SENDER_OK = "250 2.1.0 Sender ok"
RESET = "250 2.0.0 Forgotten"
CANNOT_VERIFY = "252 2.5.0 Send some mail and see"
HELP = "214 2.0.0 EHLO MAIL RCPT DATA RSET NOOP QUIT STARTTLS; see RFC 5321"

UNKNOWN_COMMAND = "500 5.5.1 This command is not known here"
BAD_SYNTAX = "500 5.5.2 This line cannot be read"
COMMAND_TOO_LONG = "500 5.5.2 This command line is too long"
IS_ENCRYPTED = "503 5.5.1 This connection is encrypted already"
NO_ARGUMENT = "501 5.5.4 This command takes no argument"
NEED_NAME = "501 5.5.4 Say your name: EHLO name"
HELLO_FIRST = "503 5.5.1 Say EHLO first"
MAIL_FIRST = "503 5.5.1 Say MAIL first"
RCPT_FIRST = "503 5.5.1 Say RCPT first; there is no accepted recipient"
NESTED_MAIL = "503 5.5.1 A message is under way already; RSET forgets it"
NO_AUTH = "502 5.5.1 There is no signing in here; this server only receives"
TOO_BIG = "552 5.3.4 The message is larger than this server takes"

TOO_MANY_ERRORS = "421 4.7.0 Too many commands that make no sense; goodbye"
TOO_MANY_COMMANDS = "421 4.7.0 Too many commands for one connection; goodbye"
TOO_MANY_CONNECTIONS = "421 4.7.0 Too many connections at the moment; try again later"
COMMAND_ENDLESS = "421 4.7.0 A command line without an end; goodbye"
TIMEOUT = "421 4.4.2 Nothing sensible came for too long; goodbye"
SHUTTING_DOWN = "421 4.3.2 This server is restarting; try again in a moment"
FAILED = "421 4.3.0 Something went wrong here; try again later"
TRY_LATER = "451 4.3.0 We could not store the message right now; try again later"
STORE_FULL = "452 4.3.1 We have no room for the message right now; try again later"

_FAULTS = {
    Fault.BARE_CR_LF: "554 5.6.0 The message has a CR or LF by itself; lines must end in CRLF (RFC 5321 section 2.3.8)",
    Fault.LINE_TOO_LONG: "500 5.5.2 The message has a line that is too long (RFC 5321 section 4.5.3.1.6)",
    Fault.TOO_LARGE: TOO_BIG,
}


def of_decision(decision: Decision) -> str:
    """A policy's decision as a reply line."""
    return f"{decision.code} {decision.enhanced} {decision.text}"


def of_fault(fault: Fault) -> str:
    """What was wrong with the content of DATA, as a reply line."""
    return _FAULTS[fault]
