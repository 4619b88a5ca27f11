"""SQL over what has had its time and belongs to no other subject."""

from datetime import datetime

from app.lib.db import Conn


async def delete_ended_jobs(conn: Conn, before: datetime, *, limit: int) -> int:
    """At most `limit` jobs of the queue that ended before this, well or not, with their history; how many."""
    cursor = await conn.execute(
        """DELETE FROM procrastinate_jobs WHERE id IN (
               SELECT j.id FROM procrastinate_jobs j
               WHERE j.status NOT IN ('todo', 'doing')
                 AND NOT EXISTS (SELECT FROM procrastinate_events e WHERE e.job_id = j.id AND e.at >= %(before)s)
               LIMIT %(limit)s)""",
        {"before": before, "limit": limit},
    )
    return cursor.rowcount
