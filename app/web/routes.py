"""The table of all pages: METHOD, path, handler. Whoever looks for what a path does starts here."""

from litestar.handlers import HTTPRouteHandler
from litestar.types import AnyCallable, Method

from app.web import forms
from app.web.pages import (
    alias,
    alias_files,
    aliases,
    attachments,
    blocking,
    categories,
    confirm,
    deliveries,
    domains,
    enclosed,
    entry,
    feed,
    keys,
    leaving,
    lists,
    mail,
    public,
    reference,
    refusals,
    rules,
    search,
    senders,
    settings,
    threads,
    waiting,
    webhooks,
)

ROUTES: tuple[tuple[Method, str, AnyCallable], ...] = (
    # For anybody
    ("GET", "/", public.show_home),
    ("GET", "/robots.txt", public.show_robots),
    ("GET", "/favicon.ico", public.show_icon),
    ("GET", "/static/{name:str}", public.show_static),
    ("GET", "/healthz", public.show_health),
    ("GET", "/readyz", public.show_readiness),
    ("GET", "/docs/password-managers", reference.show_password_managers),
    ("GET", "/docs/terminal", reference.show_terminal),
    ("GET", "/docs/api", reference.show_reference),
    ("GET", "/docs/api/{slug:str}", reference.show_chapter),
    # Coming in and going out
    ("GET", "/setup/{token:str}", entry.show_setup),
    ("POST", "/setup/{token:str}", entry.submit_setup),
    ("GET", "/login", entry.show_login),
    ("POST", "/login", entry.submit_login),
    ("POST", "/logout", entry.submit_logout),
    ("GET", "/confirm", confirm.show_confirm),
    ("POST", "/confirm", confirm.submit_confirm),
    ("GET", "/settings/delete", leaving.show_deletion),
    ("POST", "/settings/delete", leaving.submit_deletion),
    ("GET", "/leaving", leaving.show_leaving),
    ("POST", "/leaving", leaving.submit_leaving),
    ("POST", "/leaving/sign-out", leaving.submit_departure),
    # Mail
    ("GET", "/inbox", lists.show_inbox),
    ("GET", "/starred", lists.show_starred),
    ("GET", "/archive", lists.show_archive),
    ("GET", "/spam", lists.show_spam),
    ("GET", "/trash", lists.show_trash),
    ("POST", "/messages/actions", lists.submit_action),
    ("POST", "/messages/undo", lists.submit_undo),
    ("GET", "/messages/{message_id:uuid}", mail.show_message),
    ("GET", "/messages/{message_id:uuid}/html", mail.show_html),
    ("GET", "/messages/{message_id:uuid}/headers", mail.show_headers),
    ("GET", "/messages/{message_id:uuid}/source", mail.show_source),
    ("GET", "/messages/{message_id:uuid}/print", mail.show_print),
    ("POST", "/messages/{message_id:uuid}/sender", blocking.submit_sender),
    ("GET", "/messages/{message_id:uuid}/enclosed/{ordinal:int}", enclosed.show_enclosed),
    ("GET", "/messages/{message_id:uuid}/enclosed/{ordinal:int}/html", enclosed.show_enclosed_html),
    ("GET", "/messages/{message_id:uuid}/enclosed/{ordinal:int}/source", enclosed.show_enclosed_source),
    ("GET", "/messages/{message_id:uuid}/attachments", attachments.show_attachments),
    ("GET", "/messages/{message_id:uuid}/attachments/{ordinal:int}", mail.show_attachment),
    ("GET", "/attachments/{token:str}", mail.show_linked_attachment),
    ("GET", "/inline/{token:str}", mail.show_picture),
    ("GET", "/threads/{thread_id:uuid}", threads.show_thread),
    ("GET", "/search", search.show_search),
    # Who may write, who waits, who was refused
    ("GET", "/waiting", waiting.show_waiting),
    ("POST", "/waiting", waiting.submit_waiting),
    ("GET", "/rules", rules.show_rules),
    ("POST", "/rules", rules.submit_rules),
    ("GET", "/rules/{rule_id:uuid}", rules.show_rule),
    ("POST", "/rules/{rule_id:uuid}/delete", rules.submit_delete),
    ("GET", "/refusals", refusals.show_refusals),
    ("POST", "/refusals/{refusal_id:uuid}/allow", refusals.submit_allow),
    # Settings, and what is made there
    ("GET", "/settings", settings.show_settings),
    ("POST", "/settings/aliases", settings.submit_preferences),
    ("POST", "/settings/feed", feed.submit_feed),
    ("GET", "/feed/{name:str}", feed.show_feed),
    ("GET", "/keys", keys.show_keys),
    ("POST", "/keys", keys.submit_key),
    ("GET", "/keys/{key_id:uuid}", keys.show_key),
    ("POST", "/keys/{key_id:uuid}", keys.submit_change),
    ("POST", "/keys/{key_id:uuid}/revoke", keys.submit_revocation),
    ("GET", "/webhooks", webhooks.show_webhooks),
    ("POST", "/webhooks", webhooks.submit_webhook),
    ("GET", "/webhooks/{webhook_id:uuid}", webhooks.show_webhook),
    ("POST", "/webhooks/{webhook_id:uuid}", webhooks.submit_change),
    ("POST", "/webhooks/{webhook_id:uuid}/switch", webhooks.submit_switch),
    ("POST", "/webhooks/{webhook_id:uuid}/test", webhooks.submit_test),
    ("POST", "/webhooks/{webhook_id:uuid}/rotate", webhooks.submit_rotation),
    ("POST", "/webhooks/{webhook_id:uuid}/delete", webhooks.submit_delete),
    ("GET", "/webhooks/{webhook_id:uuid}/deliveries", deliveries.show_deliveries),
    ("POST", "/webhooks/{webhook_id:uuid}/replay", deliveries.submit_replay),
    ("GET", "/webhooks/{webhook_id:uuid}/deliveries/{event_id:uuid}", deliveries.show_delivery),
    ("POST", "/webhooks/{webhook_id:uuid}/deliveries/{event_id:uuid}/replay", deliveries.submit_again),
    # Aliases
    ("GET", "/aliases", aliases.show_aliases),
    ("POST", "/aliases", aliases.submit_alias),
    ("POST", "/aliases/actions", aliases.submit_action),
    ("POST", "/aliases/undo", aliases.submit_undo),
    ("GET", "/aliases/export", alias_files.show_export),
    ("GET", "/aliases/import", alias_files.show_files),
    ("POST", "/aliases/import", alias_files.submit_file),
    ("GET", "/aliases/import/{import_id:uuid}", alias_files.show_import),
    ("POST", "/aliases/import/{import_id:uuid}", alias_files.submit_import),
    ("GET", "/aliases/{alias_id:uuid}", alias.show_alias),
    ("POST", "/aliases/{alias_id:uuid}", alias.submit_settings),
    ("GET", "/aliases/{alias_id:uuid}/senders", senders.show_senders),
    ("POST", "/aliases/{alias_id:uuid}/senders/{sender_id:uuid}", senders.submit_sender),
    ("GET", "/leaks", senders.show_leaks),
    ("GET", "/categories", categories.show_categories),
    ("POST", "/categories", categories.submit_category),
    ("POST", "/categories/{category_id:uuid}", categories.submit_change),
    # Domains
    ("GET", "/domains", domains.show_domains),
    ("POST", "/domains", domains.submit_domain),
    ("GET", "/domains/{domain:str}", domains.show_domain),
    ("POST", "/domains/{domain:str}/check", domains.submit_check),
    ("POST", "/domains/{domain:str}/catch-all", domains.submit_catch_all),
    ("POST", "/domains/{domain:str}/delete", domains.submit_delete),
    ("POST", "/shared-domains", domains.submit_shared),
    ("POST", "/shared-domains/{domain:str}/default", domains.submit_default),
    ("POST", "/shared-domains/{domain:str}/remove", domains.submit_removal),
)

TOO_LARGE = {"/aliases/import": alias_files.TOO_LARGE, "/rules": rules.TOO_LARGE}
"""What is said of a larger one; it was not read."""
_LARGE = {"/aliases/import": alias_files.MAX_FORM_BYTES, "/rules": rules.MAX_FORM_BYTES}
"""Bytes of the forms that may hold a file or a long list."""


def route_handlers() -> list[HTTPRouteHandler]:
    """The table as Litestar takes it; what can be got can be asked for with HEAD (RFC 9110 section 9.1)."""
    return [
        HTTPRouteHandler(
            path,
            http_method=["GET", "HEAD"] if method == "GET" else method,
            status_code=200,
            request_max_body_size=_LARGE.get(path, forms.MAX_BYTES),
        )(handler)
        for method, path, handler in ROUTES
    ]
