"""The errors every layer below the edges may raise. No HTTP status and no SMTP code lives here: the edges map them."""

from collections.abc import Sequence

import msgspec


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """One invalid input: the field's name as the caller wrote it and a sentence saying what it should be."""

    field: str
    message: str


class RestanteError(Exception):
    """Base of all. `detail` is one sentence for the user: what happened and what to do; never a secret, never mail."""

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


class NotFound(RestanteError):
    """The thing is not there, or not this account's: the two are never told apart."""

    def __init__(self, detail: str = "There is nothing here.", *, code: str = "not_found") -> None:
        super().__init__(detail, code=code)


class Invalid(RestanteError):
    """The input is wrong; `fields` says where."""

    def __init__(self, detail: str, *, code: str = "invalid", fields: Sequence[FieldError] = ()) -> None:
        super().__init__(detail, code=code)
        self.fields = tuple(fields)

    @classmethod
    def field(cls, name: str, message: str) -> "Invalid":
        """One field is wrong."""
        return cls(message, fields=[FieldError(field=name, message=message)])


class Conflict(RestanteError):
    """The input is right, but the state forbids it: a name is taken, a thing has changed meanwhile."""

    def __init__(self, detail: str, *, code: str = "conflict", fields: Sequence[FieldError] = ()) -> None:
        super().__init__(detail, code=code)
        self.fields = tuple(fields)


class PreconditionFailed(RestanteError):
    """The thing is no longer as the caller has seen it."""

    def __init__(self, detail: str = "This has changed meanwhile. Fetch it anew and repeat.") -> None:
        super().__init__(detail, code="precondition_failed")


class Unauthenticated(RestanteError):
    """Nobody is signed in, or the credentials are wrong."""

    def __init__(self, detail: str = "Sign in first.", *, code: str = "unauthenticated") -> None:
        super().__init__(detail, code=code)


class Forbidden(RestanteError):
    """Signed in, but not allowed to do this."""

    def __init__(self, detail: str, *, code: str = "forbidden") -> None:
        super().__init__(detail, code=code)


class LimitReached(RestanteError):
    """Too many, too large or too fast; `retry_after` in seconds where waiting helps."""

    def __init__(self, detail: str, *, code: str = "limit_reached", retry_after: int | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(RestanteError):
    """Something of ours (database, object store, disk) does not answer now; trying again later may help."""

    def __init__(self, detail: str, *, code: str = "unavailable") -> None:
        super().__init__(detail, code=code)


class CannotOpen(RestanteError):
    """A sealed value does not open: wrong key, wrong place, or a changed byte."""

    def __init__(self, detail: str = "This cannot be decrypted: it was changed, or sealed elsewhere.") -> None:
        super().__init__(detail, code="cannot_open")
