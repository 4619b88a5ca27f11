"""Calendar invitations (iTIP, RFC 5546) out of mail: bytes that anybody wrote, turned into values to show.

Nothing here acts on an invitation, and no recurrence is ever expanded.
"""

from app.core.messages.invitations.events import MAX_CALENDAR_BYTES, read_calendar
from app.core.messages.invitations.model import Attendee, Invitation, When

__all__ = ["MAX_CALENDAR_BYTES", "Attendee", "Invitation", "When", "read_calendar"]
