"""The description of the API (OpenAPI 3.1) as the pages below /docs/api show it. No I/O."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec
from markupsafe import Markup, escape

Document = Mapping[str, Any]
"""JSON values, as the API serves them."""

_CODE = re.compile(r"`([^`\n]+)`")
_REF = "#/components/schemas/"
_FAILED = 400


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter or a field: what it is called, what it can be, and what it means."""

    name: str
    kind: str
    words: str
    is_required: bool = False


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A schema of an object."""

    name: str
    words: str
    rows: list[Row]


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a request carries."""

    media_types: list[str]
    thing: Thing | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A good answer; `example` is empty where it was shown before, under `shown_at`."""

    status: str
    words: str
    media_type: str
    kind: str
    example: str
    shown_at: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One operation."""

    id: str
    title: str
    method: str
    path: str
    words: str
    scope: str
    is_public: bool
    parameters: list[Row]
    body: Body | None
    answers: list[Answer]
    failures: list[tuple[str, list[str]]]
    shell: str
    python: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook is sent."""

    name: str
    words: str
    kind: str
    example: str


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A page: the calls of one group and the things that they speak of."""

    slug: str
    name: str
    words: str
    calls: list[Call]
    events: list[Event]
    things: list[Thing]


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A code of problem documents."""

    code: str
    status: int
    says: str


class Reference:
    """The document, read when a page is asked for first."""

    def __init__(self, describe: Callable[[], Document]) -> None:
        self._describe = describe

    @cached_property
    def document(self) -> Document:
        """The description itself."""
        return self._describe()

    @property
    def base(self) -> str:
        """Where the API is."""
        return str(self.document["servers"][0]["url"])

    @cached_property
    def groups(self) -> list[tuple[str, str, str]]:
        """(slug, name, words) of each page."""
        return [(tag["x-slug"], tag["name"], tag["description"]) for tag in self.document["tags"]]

    @cached_property
    def failures(self) -> list[Failure]:
        """All codes, by status."""
        found: dict[str, Failure] = {}
        for response in self.document["components"]["responses"].values():
            for code, shown in response["content"]["application/problem+json"]["examples"].items():
                problem = shown["value"]
                found[code] = Failure(code=code, status=problem["status"], says=problem["detail"])
        return sorted(found.values(), key=lambda one: (one.status, one.code))

    @cached_property
    def everywhere(self) -> frozenset[str]:
        """Codes that any call with a key can fail with."""
        calls = [told for methods in self.document["paths"].values() for told in methods.values() if told["security"]]
        codes = [
            {code for status, one in told["responses"].items() if int(status) >= _FAILED for code in self._codes(one)}
            for told in calls
        ]
        return frozenset(set.intersection(*codes))

    def chapter(self, slug: str) -> Chapter | None:
        """The page of a group."""
        for group, name, words in self.groups:
            if group == slug:
                calls = list(self._calls(name))
                events = list(self._events(name))
                things = self._things(calls, events)
                return Chapter(slug=slug, name=name, words=words, calls=calls, events=events, things=things)
        return None

    def _calls(self, group: str) -> Iterator[Call]:
        shown: dict[str, str] = {}
        for path, methods in self.document["paths"].items():
            for method, told in methods.items():
                if told["tags"] == [group]:
                    yield self._call(method.upper(), path, told, shown)

    def _events(self, group: str) -> Iterator[Event]:
        for name, methods in self.document["webhooks"].items():
            told = methods["post"]
            (media,) = told["requestBody"]["content"].values()
            if told["tags"] == [group]:
                yield Event(
                    name=name,
                    words=told["description"].partition(" Signed ")[0],
                    kind=_kind(media["schema"]["properties"]["data"]),
                    example=json.dumps(media["example"], indent=2, ensure_ascii=False),
                )

    def _call(self, method: str, path: str, told: Document, shown: dict[str, str]) -> Call:
        responses, common = told["responses"], self.everywhere
        samples = {one["lang"]: one["source"] for one in told["x-codeSamples"]}
        return Call(
            id=told["operationId"],
            title=told["summary"],
            method=method,
            path=path,
            words=told["description"],
            scope=next((name for one in told["security"] for name in one["key"]), ""),
            is_public=not told["security"],
            parameters=[_parameter(one) for one in told["parameters"] if "name" in one],
            body=self._body(told["requestBody"]) if "requestBody" in told else None,
            answers=[
                self._answer(status, told["operationId"], one, shown)
                for status, one in responses.items()
                if int(status) < _FAILED
            ],
            failures=[
                (status, particular)
                for status, one in responses.items()
                if int(status) >= _FAILED and (particular := [code for code in self._codes(one) if code not in common])
            ],
            shell=samples["Shell"],
            python=samples["Python"],
        )

    def _response(self, told: Document) -> Document:
        if "$ref" not in told:
            return told
        found: Document = self.document["components"]["responses"][told["$ref"].rpartition("/")[2]]
        return found

    def _codes(self, told: Document) -> list[str]:
        return list(self._response(told)["content"]["application/problem+json"]["examples"])

    def _body(self, told: Document) -> Body:
        content = told["content"]
        schema = next(iter(content.values()))["schema"]
        thing = self._thing(schema["$ref"].removeprefix(_REF)) if "$ref" in schema else None
        return Body(media_types=list(content), thing=thing)

    def _answer(self, status: str, call_id: str, told: Document, shown: dict[str, str]) -> Answer:
        content: Document = told.get("content", {"": {}})
        media_type, media = next(iter(content.items()))
        text = json.dumps(media["example"], indent=2, ensure_ascii=False) if "example" in media else ""
        before = shown.setdefault(text, call_id) if text else call_id
        return Answer(
            status=status,
            words=told["description"],
            media_type=media_type,
            kind=_kind(media["schema"]) if media else "",
            example="" if before != call_id else text,
            shown_at=before if before != call_id else "",
        )

    def _things(self, calls: list[Call], events: list[Event]) -> list[Thing]:
        """What the answers and events are made of, from the outside in."""
        waiting = [answer.kind for call in calls for answer in call.answers if answer.media_type]
        # Messages and refusals are on their own pages.
        waiting += [event.kind for event in events if event.kind.endswith("Event")]
        found: dict[str, Thing] = {}
        while waiting:
            name = waiting.pop(0)
            if name in found or name not in self.document["components"]["schemas"]:
                continue
            found[name] = self._thing(name)
            waiting += _names(self.document["components"]["schemas"][name])
        return [thing for name, thing in found.items() if not name.endswith(("Answer", "Page"))]

    def _thing(self, name: str) -> Thing:
        schema = self.document["components"]["schemas"][name]
        required = set(schema.get("required", ()))
        rows = [
            Row(name=field, kind=_kind(one), words=one.get("description", ""), is_required=field in required)
            for field, one in schema.get("properties", {}).items()
        ]
        return Thing(name=name, words=schema.get("description", ""), rows=rows)


def prose(text: str) -> Markup:
    """Paragraphs of a docstring, with `code` in it as code."""
    parts = [escape(part.strip()) for part in text.split("\n\n") if part.strip()]
    return Markup().join(Markup("<p>{}</p>\n").format(_coded(part)) for part in parts)


def inline(text: str) -> Markup:
    """A sentence or two, with `code` in it as code."""
    return _coded(escape(text))


def _coded(escaped: Markup) -> Markup:
    # As a plain string: joining the pieces of a Markup would escape the tags.
    return Markup(_CODE.sub(r"<code>\1</code>", str(escaped)))  # noqa: S704 - escaped before, and only tags are added


def _parameter(told: Document) -> Row:
    place = {"path": "in the path", "query": "in the query", "header": "a header field"}[told["in"]]
    default = told["schema"].get("default")
    words = told["description"]
    if default is not None:
        words += f" `{json.dumps(default).strip(chr(34))}` unless given."
    kind = _kind({key: value for key, value in told["schema"].items() if key != "default"})
    return Row(name=told["name"], kind=f"{kind}, {place}", words=words, is_required=told.get("required", False))


def _kind(schema: Document) -> str:
    """What a value can be, in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REF)
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    kind = schema.get("type", "any value")
    if kind == "array":
        return f"list of {_kind(schema['items']) if 'items' in schema else 'values'}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    if "minimum" in schema and "maximum" in schema:
        return f"{kind}, {schema['minimum']} to {schema['maximum']}"
    return str(schema.get("format", kind))


def _names(value: object) -> Iterator[str]:
    """Every schema that another names."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].removeprefix(_REF)
        for one in value.values():
            yield from _names(one)
    elif isinstance(value, list):
        for one in value:
            yield from _names(one)
