"""The API's reference page, made from its OpenAPI document: plain HTML, readable without any network."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} API</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }}
code {{ font-family: ui-monospace, monospace }} h2 {{ margin: 2rem 0 .25rem; font-size: 1.1rem }}
table {{ border-collapse: collapse; width: 100% }} td, th {{ text-align: left; padding: .2rem .75rem .2rem 0;
vertical-align: top; border-bottom: 1px solid #8884 }}
</style></head><body><h1>{title} API</h1>
<p>OpenAPI document: <a href="/api/v1/openapi.json"><code>/api/v1/openapi.json</code></a></p>
{operations}<h1>Answers</h1>{models}</body></html>
"""


def reference_page(document: Mapping[str, Any]) -> str:
    """Give the page for an OpenAPI document."""
    return _PAGE.format(
        title=escape(document["info"]["title"]),
        operations="".join(_operations(document["paths"])),
        models="".join(_models(document.get("components", {}).get("schemas", {}))),
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in paths.items():
        for method, operation in methods.items():
            yield f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
            yield f"<p>{escape(operation.get('summary', ''))}</p>"
            yield _table(_parameter_rows(operation.get("parameters", ())))
            yield _table(_answer_rows(operation["responses"]))


def _parameter_rows(parameters: Any) -> Iterator[tuple[str, str, str]]:
    for parameter in parameters:
        schema = parameter["schema"]
        default = f"default {schema['default']}" if "default" in schema else ""
        words = [text for text in (parameter.get("description", ""), default) if text]
        yield parameter["name"], _kind(schema), "; ".join(words)


def _answer_rows(responses: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for status, response in responses.items():
        content = response.get("content", {}).get("application/json", {})
        yield status, _kind(content.get("schema", {})), response.get("description", "")


def _models(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        yield f'<h2 id="{escape(name)}"><code>{escape(name)}</code></h2>'
        yield f"<p>{escape(schema.get('description', ''))}</p>"
        yield _table(
            (field, _kind(inner), inner.get("description", ""))
            for field, inner in schema.get("properties", {}).items()
        )


def _kind(schema: Mapping[str, Any]) -> str:
    """Give a schema in words: its name, its closed set, or its type with its bounds."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_kind(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    bounds = [f"{word} {schema[key]}" for key, word in _BOUNDS.items() if key in schema]
    return " ".join([str(schema.get("format", schema.get("type", "any"))), *bounds])


_BOUNDS = {"minimum": "from", "maximum": "to", "maxLength": "of length to"}


def _table(rows: Iterator[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{escape(words)}</td></tr>"
        for name, kind, words in rows
    )
    return f"<table>{cells}</table>" if cells else ""
