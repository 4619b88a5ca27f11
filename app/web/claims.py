"""What the pages for anybody promise, sentence by sentence, each with the tests that show it.

A test looks for every one of them: a promise whose test is gone, or called otherwise, is not made.
"""

from collections.abc import Sequence

import msgspec


class Claim(msgspec.Struct, frozen=True):
    """A promise, and what shows it: `tests` as FILE::TEST below tests/, and where anybody may see it for himself."""

    text: str
    tests: tuple[str, ...]
    page: str = ""
    """A path of ours."""


class Chapter(msgspec.Struct, frozen=True):
    """Promises of one subject."""

    title: str
    claims: Sequence[Claim]

    @property
    def slug(self) -> str:
        """For links to it."""
        return self.title.lower().replace(" ", "-")


SECURITY: tuple[Chapter, ...] = (
    Chapter(
        "Reading mail",
        (
            Claim(
                "Opening a message loads nothing from anywhere but this site, whatever its HTML holds.",
                ("web/test_browser.py::test_hostile_mail_loads_nothing_and_pages_fit_a_phone",),
            ),
            Claim(
                "HTML of mail is made anew from what is known to be harmless, and shown in a frame without scripts, "
                "forms and cookies. Either of the two walls holds alone.",
                (
                    "web/test_tricks.py::test_tricks_reach_nobody_and_run_nothing",
                    "web/test_tricks.py::test_the_sanitiser_stands_without_the_walls_around_it",
                ),
            ),
            Claim(
                "The only pictures that are shown are those that came with the message.",
                ("web/test_pictures.py::test_the_sandboxed_frame_shows_pictures_of_the_message_alone",),
            ),
            Claim(
                "There are no scripts on any page: the browser is told to run none.",
                ("web/test_public.py::test_public_pages_run_and_load_nothing",),
                "/",
            ),
        ),
    ),
    Chapter(
        "Taking mail",
        (
            Claim(
                "Nothing is forwarded. The program has no part that sends mail.",
                ("web/test_claims.py::test_no_part_of_the_program_sends_mail",),
            ),
            Claim(
                "What was acknowledged to the sender is stored, also when the program is killed at that moment.",
                ("flows/test_kill.py::test_what_was_acknowledged_is_there_exactly_once",),
            ),
            Claim(
                "A message cannot be made to look like two, or hide another in itself (SMTP smuggling).",
                ("smtp/test_data.py::test_a_bare_cr_or_lf_is_refused_and_ends_nothing",),
            ),
            Claim(
                "An address that was yours is never given to anybody else, not even after you have left.",
                ("core/privacy/test_deletion.py::test_nobody_is_ever_given_an_address_of_a_deleted_account",),
            ),
        ),
    ),
    Chapter(
        "Keeping mail",
        (
            Claim(
                "Neither the database nor the files beside it, nor the logs, hold a readable word of a message, or of "
                "what you write about aliases and senders.",
                ("flows/test_privacy.py::test_nothing_readable_is_left_behind",),
                "/threat-model",
            ),
            Claim(
                "A sealed account is opened by its owner's password, recovery code, sessions and keys, and by nothing "
                "that the service holds.",
                (
                    "core/auth/test_passwords.py::test_a_sealed_account_is_held_by_its_owner_alone",
                    "core/auth/test_passwords.py::test_sealing_destroys_what_the_instance_holds",
                    "flows/test_sealed.py::test_who_has_database_objects_and_secret_opens_nothing_of_a_sealed_account",
                ),
                "/threat-model",
            ),
            Claim(
                "What one account holds, no other can reach: an id of somebody else's is as if it were not there.",
                (
                    "api/test_filing.py::test_anothers_message_is_not_found_and_stays_as_it_is",
                    "api/test_aliases.py::test_another_accounts_alias_is_not_found",
                    "test_house.py::test_tables_of_an_account_begin_with_its_id",
                ),
            ),
            Claim(
                "Whoever deletes an account leaves nothing of it in the database and the object store but digests of "
                "its addresses, and the keys go first.",
                ("core/privacy/test_deletion.py::test_nothing_is_left_of_a_deleted_account",),
                "/privacy",
            ),
        ),
    ),
    Chapter(
        "Signing in",
        (
            Claim(
                "Passwords are hashed by Argon2id with 64 MiB of memory, then bcrypt; nothing of a long one is cut.",
                (
                    "vault/test_passwords.py::test_what_people_get_is_what_was_decided",
                    "vault/test_passwords.py::test_nothing_is_cut_at_72_bytes",
                ),
            ),
            Claim(
                "Ten thousand guesses, from one network or from many, neither get in nor keep the owner's browser out.",
                (
                    "core/auth/test_guessing.py::test_ten_thousand_guesses_from_one_network_come_to_ten",
                    "core/auth/test_guessing.py::test_ten_thousand_guesses_from_many_networks_leave_the_owners_browser_alone",
                ),
            ),
            Claim(
                "Whether a login exists is not told: a wrong password and an unknown login look alike and cost alike.",
                (
                    "web/test_entry.py::test_a_wrong_password_and_an_unknown_login_look_alike",
                    "core/auth/test_service.py::test_an_unknown_login_costs_what_a_wrong_password_costs",
                ),
                "/login",
            ),
            Claim(
                "A form of another site cannot act in your name.",
                (
                    "web/test_csrf.py::test_a_form_without_the_sessions_token_is_refused",
                    "web/test_csrf.py::test_a_form_from_elsewhere_is_refused_even_with_the_token",
                ),
            ),
            Claim(
                "Sessions end after seven days, and the cookie is bound to this site and to TLS.",
                (
                    "core/auth/test_service.py::test_a_session_lasts_to_the_end_of_its_seventh_day",
                    "web/test_public.py::test_over_tls_the_cookie_is_bound_to_the_host",
                ),
            ),
            Claim(
                "A code of the second factor is taken once.",
                ("core/auth/test_second_factor.py::test_no_code_is_taken_twice",),
            ),
        ),
    ),
    Chapter(
        "Programs",
        (
            Claim(
                "API keys are stored as hashes, do what their scopes say and no more, and never make a stronger one.",
                (
                    "core/auth/test_service.py::test_only_hashes_of_secrets_are_stored",
                    "core/auth/test_strength.py::test_nothing_stronger_is_ever_given",
                ),
                "/docs/api/keys",
            ),
            Claim(
                "Webhooks are signed, and lead to no address that is not public, however its name resolves.",
                (
                    "smtp/test_webhooks.py::test_what_comes_is_held_and_refused_is_told",
                    "lib/outbound/test_outbound.py::test_a_name_that_turns_inside_is_met_as_what_it_is_then",
                ),
                "/docs/api/webhooks",
            ),
            Claim(
                "An event reaches its webhook, also when the program that sends it is killed on the way.",
                ("flows/test_webhook_kill.py::test_every_event_arrives_whenever_the_worker_dies",),
            ),
        ),
    ),
)

PRIVACY: tuple[Chapter, ...] = (
    Chapter(
        "Coming here",
        (
            Claim(
                "The pages for anybody set no cookie, and load nothing from anywhere else.",
                (
                    "web/test_public.py::test_public_pages_set_no_cookie",
                    "web/test_public.py::test_public_pages_run_and_load_nothing",
                ),
                "/",
            ),
            Claim(
                "An account is a login name and a password. No mail address, no name and no phone number is asked "
                "for; of when it was made the day is kept.",
                ("web/test_claims.py::test_of_joining_the_database_keeps_a_login_a_hash_and_a_day",),
            ),
        ),
    ),
    Chapter(
        "Being here",
        (
            Claim(
                "Logs hold events, numbers, sizes, codes and reasons: no address, no subject, no word of a message.",
                (
                    "flows/test_privacy.py::test_nothing_readable_is_left_behind",
                    "lib/test_logs.py::test_an_error_is_its_type_and_place_and_never_its_text",
                ),
            ),
            Claim(
                "What happened to your password, keys and sessions, you alone can read; of when, the day is kept.",
                (
                    "core/security/test_events.py::test_the_owner_reads_what_was_noted_newest_first",
                    "core/security/test_events.py::test_what_is_stored_tells_the_day_alone",
                ),
            ),
            Claim(
                "Administrators see an account's number, login, day, plan and use. What they do is written down where "
                "nobody can change it.",
                ("core/administration/test_audit.py::test_nothing_is_changed_or_taken_out",),
            ),
        ),
    ),
    Chapter(
        "Paying",
        (
            Claim(
                "A purchase cannot be joined with an account by anything that is stored: it gives a voucher, whose "
                "line is deleted when it is redeemed.",
                ("core/billing/test_purchases.py::test_nothing_that_is_stored_joins_a_purchase_with_an_account",),
            ),
            Claim(
                "Stripe, where it is used, learns that a plan is paid, and from us nothing about whom for.",
                ("core/billing/test_purchases.py::test_stripe_is_asked_for_one_payment_and_told_nothing_else",),
            ),
        ),
    ),
    Chapter(
        "Leaving",
        (
            Claim(
                "You may leave at any time. For 30 days you can come back, unless you choose to go at once; then "
                "nothing is left but digests of your addresses.",
                (
                    "core/privacy/test_deletion.py::test_until_the_day_mail_is_put_off_and_the_owner_can_come_back",
                    "core/privacy/test_deletion.py::test_nothing_is_left_of_a_deleted_account",
                ),
            ),
        ),
    ),
)
