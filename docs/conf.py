"""How Sphinx builds the pages of this folder: ``make docs`` writes them to ``docs/_build/html``."""

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterator
from enum import Enum
from importlib.metadata import version as version_of

import attrs
from sphinx.application import Sphinx

project = "campaignkit"
author = "the authors of campaignkit"
version = release = version_of("campaignkit")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinxcontrib.mermaid"]
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = "campaignkit"
html_show_copyright = False
html_copy_source = False  # pytest would take the copy of reference/testing.md for a test

myst_heading_anchors = 3
myst_enable_extensions: list[str] = []  # plain Markdown, as code hosts show it
myst_fence_as_directive = ["mermaid"]  # so the fence is the one that code hosts draw as well

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
maximum_signature_line_length = 88


def setup(app: Sphinx) -> None:
    """Let the reference show what stands beside a field in the source: its unit, its range, when it is None."""
    app.connect("autodoc-process-docstring", _add_comments, priority=900)  # after napoleon
    app.connect("autodoc-process-signature", _show_defaults)


def _add_comments(_app: Sphinx, what: str, _name: str, thing: object, _options: object, lines: list[str]) -> None:
    if what != "class" or not isinstance(thing, type):
        return
    if issubclass(thing, Enum):
        comments = dict(_trailing_comments(thing))
        told = [f"- ``{one.value or repr('')}``" + _after_colon(comments.get(one.name)) for one in thing]
    elif attrs.has(thing):
        known = "\n".join(lines)
        told = [f":param {name}: {text}" for name, text in _trailing_comments(thing) if f":param {name}:" not in known]
    else:
        return
    if told:
        lines += ["", *told, ""]


def _trailing_comments(thing: type) -> Iterator[tuple[str, str]]:
    """Yield each field or member of a class that has a comment at the end of its line, and that comment."""
    source = inspect.getsource(thing)
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT and "noqa" not in token.string
    }
    for statement in ast.parse(source).body[0].body:  # type: ignore[attr-defined]
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if isinstance(targets[0], ast.Name) and statement.end_lineno in comments:
            yield targets[0].id, comments[statement.end_lineno]


def _after_colon(comment: str | None) -> str:
    return f": {comment}" if comment else ""


def _show_defaults(
    _app: Sphinx, _what: str, _name: str, thing: object, _options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Put real values where attrs' own code names its dictionary of fields; a Protocol is not called at all."""
    if getattr(thing, "_is_protocol", False) and isinstance(thing, type):
        return "", returns
    if not signature or not isinstance(thing, type) or not attrs.has(thing):
        return signature, returns
    fields = attrs.fields_dict(thing)
    return re.sub(r"attr_dict\['(\w+)'\]\.default", lambda found: _shown(fields[found[1]].default), signature), returns


def _shown(default: object) -> str:
    return str(default) if isinstance(default, Enum) else repr(default)
