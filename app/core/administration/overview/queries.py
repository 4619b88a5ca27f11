"""SQL over the whole service: what there is, what waits, and how the database itself does."""

from datetime import datetime

from psycopg.rows import class_row

from app.core.administration.overview.model import AccountNumber, Database, Job, Queue, Stock
from app.lib.db import Conn


async def database(conn: Conn) -> Database | None:
    """How the database does."""
    async with conn.cursor(row_factory=class_row(Database)) as cursor:
        await cursor.execute(
            """SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS size,
                      (SELECT max(name) FROM schema_migrations WHERE name ~ '^[0-9]{4}_') AS schema,
                      (SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database()) AS connection_count,
                      current_setting('max_connections')::integer AS connection_limit
               LIMIT 1"""
        )
        return await cursor.fetchone()


async def accounts(conn: Conn) -> list[AccountNumber]:
    """How many there are, by kind and status."""
    async with conn.cursor(row_factory=class_row(AccountNumber)) as cursor:
        await cursor.execute(
            """SELECT kind, status, count(*) AS count FROM accounts
               GROUP BY kind, status ORDER BY kind DESC, status LIMIT 20"""
        )
        return await cursor.fetchall()


async def stock(conn: Conn) -> Stock | None:
    """What is stored; reads the counters of all accounts."""
    async with conn.cursor(row_factory=class_row(Stock)) as cursor:
        await cursor.execute(
            """SELECT coalesce(sum(u.message_count), 0)::bigint AS message_count,
                      coalesce(sum(u.stored_bytes), 0)::bigint AS stored_bytes,
                      (SELECT count(*) FROM aliases WHERE deleted_on IS NULL) AS alias_count,
                      (SELECT count(*) FROM aliases WHERE is_suspended) AS suspended_alias_count,
                      (SELECT count(*) FROM domains WHERE account_id IS NOT NULL) AS domain_count,
                      (SELECT count(*) FROM account_domains
                       WHERE failing_since IS NOT NULL) AS failing_domain_count,
                      (SELECT count(*) FROM domains WHERE account_id IS NULL) AS shared_domain_count
               FROM account_usage u LIMIT 1"""
        )
        return await cursor.fetchone()


async def queue(conn: Conn, *, now: datetime) -> Queue | None:
    """What waits."""
    async with conn.cursor(row_factory=class_row(Queue)) as cursor:
        await cursor.execute(
            """SELECT count(*) FILTER (WHERE j.status = 'todo') AS todo_count,
                      count(*) FILTER (WHERE j.status = 'doing') AS doing_count,
                      count(*) FILTER (WHERE j.status = 'failed') AS failed_count,
                      (SELECT min(coalesce(w.scheduled_at, e.at)) FROM procrastinate_jobs w
                       LEFT JOIN procrastinate_events e ON e.job_id = w.id AND e.type = 'deferred'
                       WHERE w.status = 'todo' AND coalesce(w.scheduled_at, e.at) <= %(now)s) AS late_since,
                      (SELECT count(*) FROM procrastinate_workers
                       WHERE last_heartbeat > %(now)s - interval '1 minute') AS worker_count,
                      (SELECT max(last_heartbeat) FROM procrastinate_workers) AS last_beat,
                      (SELECT count(*) FROM webhook_deliveries WHERE state = 'pending') AS pending_delivery_count,
                      (SELECT min(next_attempt_at) FROM webhook_deliveries
                       WHERE state = 'pending') AS oldest_delivery_at,
                      (SELECT count(*) FROM webhooks WHERE disabled_reason IS NOT NULL) AS disabled_webhook_count
               FROM procrastinate_jobs j LIMIT 1""",
            {"now": now},
        )
        return await cursor.fetchone()


async def jobs(conn: Conn, *, limit: int) -> list[Job]:
    """Jobs that failed, run or wait, in this order, the newest first; at most 200."""
    async with conn.cursor(row_factory=class_row(Job)) as cursor:
        await cursor.execute(
            """SELECT j.id AS job_id, j.task_name AS name, j.status::text AS status, j.attempts AS attempt_count,
                      CASE WHEN j.status = 'todo' THEN coalesce(j.scheduled_at, e.at) ELSE e.at END AS at
               FROM procrastinate_jobs j
               LEFT JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events WHERE job_id = j.id) e ON true
               WHERE j.status IN ('failed', 'doing', 'todo')
               ORDER BY j.status = 'failed' DESC, j.status = 'doing' DESC, j.id DESC LIMIT %(limit)s""",
            {"limit": min(limit, 200)},
        )
        return await cursor.fetchall()


async def retry_job(conn: Conn, job_id: int, *, now: datetime) -> bool:
    """Have a failed job done now, as the queue library's own function does it; False where it has not failed.

    A job of which another like it waits already is left as it is: only one of a kind may wait.
    """
    cursor = await conn.execute(
        """SELECT procrastinate_retry_job_v2(j.id, %(now)s, NULL, NULL, NULL) FROM procrastinate_jobs j
           WHERE j.id = %(job_id)s AND j.status = 'failed'
             AND NOT EXISTS (SELECT FROM procrastinate_jobs o
                             WHERE o.status = 'todo' AND o.queueing_lock = j.queueing_lock)
           LIMIT 1""",
        {"job_id": job_id, "now": now},
    )
    return cursor.rowcount == 1
