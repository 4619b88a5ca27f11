"""Hostile HTML of mail made safe to show: a tight allow-list, nothing remote, and a count of what did not load.

The page that shows it adds its own walls (sandbox, a policy of its own); neither relies on the other.
"""

from app.core.messages.html.bombs import is_bomb
from app.core.messages.html.sanitiser import SafeHtml, sanitise

__all__ = ["SafeHtml", "is_bomb", "sanitise"]
