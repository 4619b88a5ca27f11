"""How each request looks in a shell and in Python. The key is in RESTANTE_KEY; a test runs every line of the shell."""

import json
import shlex
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from app.api.openapi.parameters import Parameter

Body = Mapping[str, object] | str | None
"""JSON, a text of some other type, or nothing."""

_INDENT = " " * 4
_WIDTH = 100


def target(path: str, parameters: Sequence[Parameter]) -> str:
    """The path with its examples in it, and the query of those that have one."""
    for one in parameters:
        if one.is_in_path:
            path = path.replace(f"{{{one.name}}}", quote(str(one.example), safe=""))
    asked = query(parameters)
    return f"{path}?{urlencode(asked)}" if asked else path


def query(parameters: Sequence[Parameter]) -> dict[str, str]:
    """The examples of a query, as text."""
    asked = {one.name: one.example for one in parameters if not one.is_in_path and one.example is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in asked.items()}


def shell(
    base: str,
    method: str,
    path: str,
    parameters: Sequence[Parameter],
    *,
    body: Body,
    media_type: str,
    has_key: bool,
    is_stream: bool,
) -> str:
    """The request as a line of curl; a `body` that is text goes as it is, all else as JSON."""
    flags = ["--no-buffer"] if is_stream else []
    words = ["curl", *flags, *_METHODS.get(method, ["-X", method]), shlex.quote(base + target(path, parameters))]
    lines = [" ".join(words)]
    if has_key:
        lines.append('-H "Authorization: Bearer $RESTANTE_KEY"')
    if media_type and body is not None:
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        flag = "--data-binary" if isinstance(body, str) else "-d"
        lines += [f"-H {shlex.quote(f'Content-Type: {media_type}')}", f"{flag} {shlex.quote(text)}"]
    return " \\\n  ".join(lines)


def python(
    method: str, path: str, parameters: Sequence[Parameter], *, body: Body, media_type: str, is_stream: bool
) -> str:
    """The request with httpx, by the `client` that the first page makes."""
    plain = target(path, [one for one in parameters if one.is_in_path])
    arguments = [json.dumps(plain)]
    if asked := query(parameters):
        arguments.append(f"params={_literal(asked)}")
    if media_type and body is not None:
        if isinstance(body, str):
            arguments.append(f"content={body!r}")
            arguments.append(f'headers={{"Content-Type": "{media_type}"}}')
        else:
            arguments.append(f"json={_literal(body)}")
    if is_stream:
        begun = ", ".join([json.dumps(method), *arguments, "timeout=None"])
        lines = [
            f"with client.stream({begun}) as answer:",
            "    for line in answer.iter_lines():",
            "        print(line)",
        ]
        return "\n".join(lines)
    return f"answer = client.{method.lower()}({', '.join(arguments)})"


def _literal(value: Mapping[str, object]) -> str:
    """A value as Python writes it, over several lines where it is long."""
    line = _python(value)
    if len(line) <= _WIDTH:
        return line
    inner = "".join(f"\n{_INDENT}{json.dumps(name)}: {_python(one)}," for name, one in value.items())
    return f"{{{inner}\n}}"


def _python(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)}: {_python(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_python(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


_METHODS: Mapping[str, list[str]] = {"GET": []}
"""What curl does by itself."""
