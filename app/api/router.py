"""The table of routes below /api/v1, and what holds for all of them: the key, the headers, the form of failures."""

from functools import cache

from litestar import Router
from litestar.datastructures import ResponseHeader
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from app.api.account import get_account, update_account
from app.api.alias_files import export_aliases, import_aliases
from app.api.aliases import (
    create_alias,
    delete_alias,
    get_alias,
    list_aliases,
    suggest_alias,
    update_alias,
    update_aliases,
)
from app.api.body import MAX_BYTES
from app.api.categories import create_category, delete_category, get_category, list_categories, update_category
from app.api.domains import (
    check_domain,
    create_domain,
    create_shared_domain,
    delete_domain,
    delete_shared_domain,
    get_domain,
    get_shared_domain,
    list_domains,
    list_shared_domains,
    update_domain,
    update_shared_domain,
)
from app.api.enclosed import get_enclosed, get_enclosed_source
from app.api.errors import HANDLERS, SECURITY_HEADERS
from app.api.events import stream_events
from app.api.export import export_messages
from app.api.exports import create_export, delete_export, get_export, get_export_part, list_exports
from app.api.filing import delete_message, update_message, update_messages
from app.api.importing import import_message
from app.api.keys import create_key, delete_key, get_current_key, get_key, list_keys, update_key
from app.api.layers import Layers, also_head
from app.api.messages import get_attachment, get_message, get_source, list_messages
from app.api.openapi.route import Description, get_description
from app.api.openapi.schemas import Schema
from app.api.platform import provide_platform
from app.api.rates import DEFAULT_RATE
from app.api.rules import (
    create_rule,
    create_rules,
    delete_rule,
    get_refusal,
    get_rule,
    list_refusals,
    list_rules,
    release_message,
    restore_rule,
)
from app.api.senders import get_sender, get_statistics, list_leaks, list_senders, update_sender
from app.api.simplelogin import simplelogin_router
from app.api.threads import get_thread
from app.api.waiting import wait_for_message
from app.api.webhooks import (
    create_webhook,
    delete_webhook,
    get_delivery,
    get_webhook,
    list_deliveries,
    list_event_types,
    list_webhooks,
    replay_deliveries,
    replay_delivery,
    rotate_secret,
    send_test,
    update_webhook,
)
from app.core.platform import Platform
from app.core.waiting.service import Waiting
from app.core.waiting.watch import Watch

ROUTES: tuple[HTTPRouteHandler, ...] = (
    get_account,  # GET   /account
    update_account,  # PATCH /account
    list_messages,  # GET   /messages
    update_messages,  # POST  /messages/actions
    wait_for_message,  # GET   /messages/wait
    stream_events,  # GET   /events
    get_message,  # GET   /messages/{id}
    update_message,  # PATCH /messages/{id}
    delete_message,  # DELETE /messages/{id}
    get_source,  # GET   /messages/{id}/source
    get_enclosed,  # GET   /messages/{id}/enclosed/{enclosed id}
    get_enclosed_source,  # GET   /messages/{id}/enclosed/{enclosed id}/source
    export_messages,  # GET   /export
    import_message,  # POST  /messages/import
    list_exports,  # GET   /exports
    create_export,  # POST  /exports
    get_export,  # GET   /exports/{id}
    delete_export,  # DELETE /exports/{id}
    get_export_part,  # GET   /exports/{id}/parts/{number}
    get_thread,  # GET   /threads/{id}
    get_attachment,  # GET   /messages/{id}/attachments/{ordinal}
    release_message,  # POST  /messages/{id}/release
    list_rules,  # GET   /blocks, /allows
    create_rule,  # POST  /blocks, /allows
    create_rules,  # POST  /blocks/batch, /allows/batch
    get_rule,  # GET   /blocks/{id}, /allows/{id}
    delete_rule,  # DELETE /blocks/{id}, /allows/{id}
    restore_rule,  # POST  /blocks/{id}/restore, /allows/{id}/restore
    list_refusals,  # GET   /refusals
    get_refusal,  # GET   /refusals/{id}
    list_aliases,  # GET   /aliases
    create_alias,  # POST  /aliases
    suggest_alias,  # POST  /aliases/suggestions
    update_aliases,  # POST  /aliases/actions
    export_aliases,  # GET   /aliases/export
    import_aliases,  # POST  /aliases/import
    get_alias,  # GET   /aliases/{id}
    update_alias,  # PATCH /aliases/{id}
    list_senders,  # GET   /aliases/{id}/senders
    get_sender,  # GET   /aliases/{id}/senders/{sender id}
    update_sender,  # PATCH /aliases/{id}/senders/{sender id}
    get_statistics,  # GET   /aliases/{id}/stats
    list_leaks,  # GET   /leaks
    delete_alias,  # DELETE /aliases/{id}
    list_categories,  # GET   /categories
    create_category,  # POST  /categories
    get_category,  # GET   /categories/{id}
    update_category,  # PATCH /categories/{id}
    delete_category,  # DELETE /categories/{id}
    list_domains,  # GET   /domains
    create_domain,  # POST  /domains
    get_domain,  # GET   /domains/{domain}
    update_domain,  # PATCH /domains/{domain}
    delete_domain,  # DELETE /domains/{domain}
    check_domain,  # POST  /domains/{domain}/check
    list_shared_domains,  # GET   /shared-domains
    create_shared_domain,  # POST  /shared-domains
    get_shared_domain,  # GET   /shared-domains/{domain}
    update_shared_domain,  # PATCH /shared-domains/{domain}
    delete_shared_domain,  # DELETE /shared-domains/{domain}
    list_keys,  # GET   /keys
    create_key,  # POST  /keys
    get_current_key,  # GET   /keys/current
    get_key,  # GET   /keys/{id}
    update_key,  # PATCH /keys/{id}
    delete_key,  # DELETE /keys/{id}
    list_event_types,  # GET   /event-types
    list_webhooks,  # GET   /webhooks
    create_webhook,  # POST  /webhooks
    get_webhook,  # GET   /webhooks/{id}
    update_webhook,  # PATCH /webhooks/{id}
    delete_webhook,  # DELETE /webhooks/{id}
    rotate_secret,  # POST  /webhooks/{id}/rotate
    send_test,  # POST  /webhooks/{id}/test
    list_deliveries,  # GET   /webhooks/{id}/deliveries
    get_delivery,  # GET   /webhooks/{id}/deliveries/{event id}
    replay_delivery,  # POST  /webhooks/{id}/deliveries/{event id}/replay
    replay_deliveries,  # POST  /webhooks/{id}/replay
)
PUBLIC_ROUTES: tuple[HTTPRouteHandler, ...] = (
    get_description,  # GET /openapi.json
)
"""These need no key."""


@cache
def description_of(public_url: str) -> Description:
    """What /openapi.json of the service at this address says, and the pages about the API show."""

    def make() -> Schema:
        from app.api.openapi.document import describe  # noqa: PLC0415 - not many processes are ever asked for it

        return describe((*ROUTES, *PUBLIC_ROUTES), public_url)

    return Description(make)


def api_router(platform: Platform, *, per_minute: int = DEFAULT_RATE) -> Router:
    """Mounted beside the pages. The application that mounts it is given to `errors.give_problems`.

    `per_minute`: how many requests a key may make in one process.
    """
    layers = Layers(platform, per_minute=per_minute)
    watch = Watch(platform)
    waiting = Waiting(platform, watch)
    also_head(ROUTES)
    description = description_of(platform.public_url)
    ours = Router(
        path="/v1",
        route_handlers=[*PUBLIC_ROUTES, Router(path="/", route_handlers=ROUTES, guards=layers.guards)],
        dependencies={
            "platform": provide_platform(platform),
            "waiting": Provide(lambda: waiting, sync_to_thread=False),
            "watch": Provide(lambda: watch, sync_to_thread=False),
            "description": Provide(lambda: description, sync_to_thread=False),
        },
        middleware=[layers.middleware],
        before_request=layers.before,
        exception_handlers=HANDLERS,
        response_headers=[ResponseHeader(name=name, value=value) for name, value in SECURITY_HEADERS.items()],
        request_max_body_size=MAX_BYTES,
    )
    return Router(path="/api", route_handlers=[ours, simplelogin_router(platform, layers.guards, layers.middleware)])
