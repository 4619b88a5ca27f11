"""The jobs that run by the clock. A job's arguments never hold anything of a message or of what a user wrote."""

from procrastinate import App, PsycopgConnector

from app.core.aliases.files import waiting
from app.core.auth import service as auth
from app.core.domains import checking
from app.core.filing import deletion
from app.core.messages.sweep import sweep
from app.core.platform import Platform
from app.core.refusals import service as refusals
from app.core.rules import service as rules
from app.core.senders import service as senders
from app.lib.logs import logger
from app.lib.times import utc_now, utc_today


def build(connector: PsycopgConnector, platform: Platform) -> App:
    """The queue's application with every task on it. Times are UTC."""
    app = App(connector=connector)

    @app.periodic(cron="17 * * * *")
    @app.task(name="forget_ended_sessions", queueing_lock="forget_ended_sessions", pass_context=False)
    async def forget_ended_sessions(timestamp: int) -> None:  # noqa: ARG001 - every periodic task is told its time
        async with platform.db.transaction() as conn:
            count = await auth.delete_expired_sessions(conn, utc_now())
        logger().info("sessions_forgotten", count=count)

    @app.periodic(cron="43 3 * * *")
    @app.task(name="sweep_objects", queueing_lock="sweep_objects", pass_context=False)
    async def sweep_objects(timestamp: int) -> None:  # noqa: ARG001
        logger().info("objects_swept", count=await sweep(platform, now=utc_now()))

    @app.periodic(cron="29 * * * *")
    @app.task(name="empty_trash", queueing_lock="empty_trash", pass_context=False)
    async def empty_trash(timestamp: int) -> None:  # noqa: ARG001
        logger().info("trash_emptied", count=await deletion.empty_trash(platform, now=utc_now()))

    @app.periodic(cron="37 * * * *")
    @app.task(name="forget_refusals", queueing_lock="forget_refusals", pass_context=False)
    async def forget_refusals(timestamp: int) -> None:  # noqa: ARG001
        logger().info("refusals_forgotten", count=await refusals.forget(platform, now=utc_now()))

    @app.periodic(cron="53 * * * *")
    @app.task(name="forget_deleted_rules", queueing_lock="forget_deleted_rules", pass_context=False)
    async def forget_deleted_rules(timestamp: int) -> None:  # noqa: ARG001
        async with platform.db.transaction() as conn:
            count = await rules.forget_deleted(conn, now=utc_now())
        logger().info("rules_forgotten", count=count)

    @app.periodic(cron="*/10 * * * *")
    @app.task(name="check_domains", queueing_lock="check_domains", pass_context=False)
    async def check_domains(timestamp: int) -> None:  # noqa: ARG001
        logger().info("domains_checked", count=await checking.check_due(platform, now=utc_now()))

    @app.periodic(cron="11 * * * *")
    @app.task(name="forget_alias_files", queueing_lock="forget_alias_files", pass_context=False)
    async def forget_alias_files(timestamp: int) -> None:  # noqa: ARG001
        async with platform.db.transaction() as conn:
            count = await waiting.forget_old(conn, now=utc_now())
        logger().info("alias_files_forgotten", count=count)

    @app.periodic(cron="7 4 * * 1")
    @app.task(name="forget_weeks", queueing_lock="forget_weeks", pass_context=False)
    async def forget_weeks(timestamp: int) -> None:  # noqa: ARG001
        logger().info("weeks_forgotten", count=await senders.forget_weeks(platform, today=utc_today()))

    return app
