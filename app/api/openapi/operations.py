"""One route as OpenAPI writes it: what it takes, what it answers, how it fails, and how a request looks."""

import inspect
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from app.api.body import FORM, JSON, accepted_types
from app.api.errors import PROBLEM_TYPE
from app.api.openapi import examples, headers, samples
from app.api.openapi.failures import FAILURES, Failure, by_status, failures_of
from app.api.openapi.parameters import Parameter, parameters_of, plain_path
from app.api.openapi.schemas import Schema, Schemas, strings_alone
from app.api.openapi.words import TAGS
from app.api.schemas.envelopes import Data, Page, Problem

_JOINED = {"blocks": "block", "allows": "allow"}
"""Routes that serve two lists are named for each of them."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A method of a path, with all that is said about it."""

    operation_id: str
    method: str
    path: str
    handler: HTTPRouteHandler
    parameters: list[Parameter]
    tag: str

    @property
    def failures(self) -> dict[str, Failure]:
        """By code."""
        return failures_of(self.handler, has_path=any(one.is_in_path for one in self.parameters))


def operations_of(handler: HTTPRouteHandler) -> Iterator[Operation]:
    """All that a route serves, in the order of its paths; HEAD goes without saying."""
    for path in sorted(handler.paths, reverse=True):
        for method in sorted(str(one) for one in handler.http_methods if one not in {"HEAD", "OPTIONS"}):
            operation_id = _operation_id(handler, path)
            yield Operation(
                operation_id=operation_id,
                method=method,
                path=plain_path(path),
                handler=handler,
                parameters=parameters_of(handler, path, operation_id),
                tag=_tag(handler),
            )


def types_of(handler: HTTPRouteHandler) -> list[Any]:
    """The types that a route takes and gives as JSON."""
    answered = answer_type(handler)
    return [one for one in (handler.opt.get("body"), answered) if one is not None]


def answer_type(handler: HTTPRouteHandler) -> Any:  # noqa: ANN401 - any type
    """What a route's JSON is; None for bytes and for nothing."""
    told = get_type_hints(handler.fn, include_extras=True)["return"]
    if get_origin(told) is Response:
        (told,) = get_args(told)
    if told in {None, NoneType, Stream} or "answers" in handler.opt:
        return None
    return told


def document(operation: Operation, schemas: Schemas, base: str) -> Schema:
    """The operation as OpenAPI writes it; `base` is where the API is."""
    handler = operation.handler
    told: Schema = {
        "operationId": operation.operation_id,
        "summary": operation.operation_id.replace("_", " ").capitalize(),
        "description": inspect.cleandoc(handler.fn.__doc__ or ""),
        "tags": [operation.tag],
    }
    told["parameters"] = [*(one.document() for one in operation.parameters), *headers.asked(handler)]
    if accepted := accepted_types(handler):
        told["requestBody"] = _body(handler, accepted, schemas)
    told["responses"] = _answers(operation, schemas) | _failures(operation)
    is_public, scope = handler.opt.get("is_public"), handler.opt.get("scope")
    told["security"] = [] if is_public else [{"key": [scope] if scope else []}]
    told["x-codeSamples"] = _samples(operation, base)
    return told


def _operation_id(handler: HTTPRouteHandler, path: str) -> str:
    name = handler.handler_name
    first = path.split("/")[1]
    if len(handler.paths) > 1:
        name = name.replace("rule", _JOINED[first])
    return name


def _tag(handler: HTTPRouteHandler) -> str:
    module = handler.fn.__module__.rpartition(".")[2]
    asked = handler.opt.get("tag")
    for tag in TAGS:
        if tag.slug == asked or (asked is None and module in tag.modules):
            return tag.name
    raise LookupError(f"app/api/openapi/words.py has no group for the routes of app/api/{module}.py")


def _body(handler: HTTPRouteHandler, accepted: tuple[str, ...], schemas: Schemas) -> Schema:
    kind = handler.opt.get("body")
    if kind is None:
        content = {one: {"schema": {"type": "string"}, "example": examples.TEXTS[one]} for one in accepted}
        return {"required": True, "content": content}
    schema, example = schemas.of(kind), examples.request(kind)
    whole = schemas.components[schema["$ref"].rpartition("/")[2]]
    content = {}
    for media_type in accepted:
        if media_type == FORM:
            texts = strings_alone(whole)
            shown = {name: value for name, value in example.items() if name in texts["properties"]}
            content[media_type] = {"schema": texts, "example": shown}
        else:
            content[media_type] = {"schema": schema, "example": example}
    return {"required": bool(whole.get("required")), "content": content}


def _answers(operation: Operation, schemas: Schemas) -> Schema:
    handler, kind = operation.handler, answer_type(operation.handler)
    media_type = handler.opt.get("answers")
    status = HTTPStatus(handler.status_code)
    if media_type is not None:
        return _of_bytes(operation, media_type, status)
    told: Schema = {"description": status.phrase}
    if answered := headers.answered(handler, status):
        told["headers"] = answered
    if kind is not None:
        told["content"] = {JSON: {"schema": schemas.of(kind), "example": _example(kind)}}
    found = {str(status.value): told}
    for other in handler.opt.get("also", ()):
        phrase = {"description": HTTPStatus(other).phrase}
        found[str(int(other))] = phrase if other == HTTPStatus.NO_CONTENT else told | phrase
    if "ETag" in answered:
        found[str(HTTPStatus.NOT_MODIFIED.value)] = {"description": "What `If-None-Match` names is still so."}
    return found


def _of_bytes(operation: Operation, media_type: str, status: HTTPStatus) -> Schema:
    schema = {"type": "object" if media_type == JSON else "string"}
    content: Schema = {"content": {media_type: {"schema": schema}}}
    if answered := headers.answered(operation.handler, status):
        content["headers"] = answered
    found = {str(status.value): {"description": status.phrase} | content}
    if operation.handler.opt.get("has_ranges"):
        partial = HTTPStatus.PARTIAL_CONTENT
        found[str(partial.value)] = {"description": "The range that was asked for."} | content
    if "ETag" in answered:
        found[str(HTTPStatus.NOT_MODIFIED.value)] = {"description": "What `If-None-Match` names is still so."}
    return found


def _example(kind: Any) -> Schema:  # noqa: ANN401 - any type
    origin = get_origin(kind)
    (inner,) = get_args(kind) if origin in {Data, Page} else (kind,)
    item = [examples.answer(get_args(inner)[0])] if get_origin(inner) is list else None
    if origin is Page:
        return {"data": [examples.answer(inner)], "next": None}
    return {"data": item or examples.answer(inner)} if origin is Data else examples.answer(inner)


def _failures(operation: Operation) -> Schema:
    return {
        str(status.value): {"$ref": f"#/components/responses/{_failure_name(status, failures)}"}
        for status, failures in by_status(operation.failures).items()
    }


def failure_components(operations: list[Operation]) -> Schema:
    """The answers of failures, each combination of codes once."""
    found: Schema = {}
    for operation in operations:
        for status, failures in by_status(operation.failures).items():
            found[_failure_name(status, failures)] = _failure(status, failures)
    return dict(sorted(found.items()))


def _failure_name(status: HTTPStatus, failures: Mapping[str, Failure]) -> str:
    is_all = len(failures) == sum(one.status == status for one in FAILURES.values())
    return str(status.value) if is_all else f"{status.value}_{'_'.join(sorted(failures))}"


def _failure(status: HTTPStatus, failures: Mapping[str, Failure]) -> Schema:
    shown = {code: {"summary": code, "value": problem(code, failure)} for code, failure in failures.items()}
    schema = {"$ref": "#/components/schemas/Problem"}
    told: Schema = {
        "description": f"{status.phrase}: " + ", ".join(f"`{code}`" for code in failures) + ".",
        "content": {PROBLEM_TYPE: {"schema": schema, "examples": shown}},
    }
    if failed := headers.failed(status):
        told["headers"] = failed
    return told


def problem(code: str, failure: Failure) -> Any:  # noqa: ANN401 - JSON
    """The document of a failure."""
    status = failure.status
    return msgspec.to_builtins(Problem(title=status.phrase, status=status.value, detail=failure.says, code=code))


def _samples(operation: Operation, base: str) -> list[Schema]:
    handler, accepted = operation.handler, accepted_types(operation.handler)
    media_type = JSON if JSON in accepted else (accepted[0] if accepted else "")
    kind = handler.opt.get("body")
    body = examples.request(kind) if kind is not None else examples.TEXTS.get(media_type)
    request = (operation.method, operation.path, operation.parameters)
    is_stream = handler.opt.get("answers") == "text/event-stream"
    has_key = not handler.opt.get("is_public")
    shell = samples.shell(base, *request, body=body, media_type=media_type, has_key=has_key, is_stream=is_stream)
    python = samples.python(*request, body=body, media_type=media_type, is_stream=is_stream)
    return [{"lang": "Shell", "source": shell}, {"lang": "Python", "source": python}]
