"""Tools, the choice among them and the form of the answer, of any vendor, as chat completions say it."""

from collections.abc import Mapping

from audit.conversations.values import (
    Json,
    UnavailableError,
    first,
    is_list,
    is_object,
    kept,
    listed,
    parsed,
    record,
    text,
)

FUNCTION = ("name", "description", "parameters", "strict")
CHOICES = {"auto": "auto", "none": "none", "required": "required", "any": "required", "validated": "auto"}
"""Choice in any vendor's words, in small letters -> in those of chat completions."""
JSON_TYPE = "application/json"


def tools_of(given: Mapping[str, object]) -> list[Json]:
    """The tools of a request; UnavailableError where one of them is run by the vendor itself."""
    found = parsed(given.get("tools")) or record(first(given, "toolConfig", "tool_config")).get("tools")
    if is_object(found):  # Langfuse keeps definitions by name, a single tool may stand alone
        by_name = found
        is_single = bool(by_name.keys() & {"type", "function", "functionDeclarations", "toolSpec"})
        found = [by_name] if is_single else [{**record(value), "name": name} for name, value in by_name.items()]
    return [tool for each in listed(found) for tool in _tools(record(each))]


def _tools(found: Json) -> list[Json]:
    declared = listed(first(found, "functionDeclarations", "function_declarations"))
    if declared:
        return [tool for each in declared for tool in _tools(record(each))]
    if {"cachePoint", "cache_point"} & found.keys():
        return []
    inner = record(first(found, "function", "toolSpec")) or found
    kind = found.get("type", "function")
    schema = first(inner, "parameters", "input_schema", "inputSchema", "parametersJsonSchema", "parameters_json_schema")
    inside = record(schema)
    if kind not in ("function", "custom") or (kind == "custom" and schema is None) or not text(inner.get("name")):
        raise UnavailableError(f"uses a tool that the vendor runs: {_hosted(found)}")
    described = kept(inner, ("name", "description", "strict"))
    if schema is not None:
        described["parameters"] = plain_schema(inside.get("json") or inside.get("jsonSchema") or inside)
    return [{"type": "function", "function": {name: described[name] for name in FUNCTION if name in described}}]


def _hosted(found: Json) -> str:
    return str(found.get("type") or next(iter(found), "unnamed"))


def tool_choice(given: Mapping[str, object]) -> Json:
    """What to do with the tools, as the parameters of chat completions; none where the vendor decides."""
    config = record(first(given, "toolConfig", "tool_config"))
    calling = record(first(config, "functionCallingConfig", "function_calling_config"))
    choice = parsed(first(given, "tool_choice", "toolChoice") or config.get("toolChoice"))
    allowed = [str(name) for name in listed(first(calling, "allowedFunctionNames", "allowed_function_names"))]
    if len(allowed) > 1:
        mode = CHOICES.get(str(calling.get("mode")).lower(), "required")
        few = {"mode": mode, "tools": [_named({"name": name}) for name in allowed]}
        return {"tool_choice": {"type": "allowed_tools", "allowed_tools": few}}
    if calling:
        choice = {"name": allowed[0]} if allowed else calling.get("mode")
    if isinstance(choice, str):
        known = CHOICES.get(choice.lower())
        return {"tool_choice": known} if known else {}
    found = record(choice)
    parallel = Json()
    if found.get("disable_parallel_tool_use") is True:
        parallel["parallel_tool_calls"] = False
    inner = record(first(found, "function", "tool")) or found
    if found.get("type") == "allowed_tools":
        few = record(found.get("allowed_tools")) or kept(found, ("mode", "tools"))
        tools = [_named(record(tool)) for tool in listed(few.get("tools"))]
        return {"tool_choice": {"type": "allowed_tools", "allowed_tools": {**few, "tools": tools}}}
    if name := text(first(inner, "name", "toolName")):
        return parallel | {"tool_choice": {"type": "function", "function": {"name": name}}}
    word = str(found.get("type") or next(iter(found), "")).lower()
    if word in CHOICES:
        parallel["tool_choice"] = CHOICES[word]
    return parallel


def _named(found: Json) -> Json:
    inner = record(found.get("function")) or found
    return {"type": "function", "function": kept(inner, ("name",))}


def response_format(given: Mapping[str, object]) -> Json:
    """The form that the answer has to have; nothing where it is free text."""
    form = record(given.get("response_format")) or record(record(given.get("text")).get("format"))
    if form.get("type") == "json_schema" and "json_schema" not in form:
        form = Json(type="json_schema", json_schema=kept(form, ("name", "description", "schema", "strict")))
    if form.get("type") == "json_schema" and not record(record(form["json_schema"]).get("schema")):
        raise UnavailableError("the JSON schema of its answer was not logged")
    if form:
        return form if record(given.get("response_format")) or form.get("type") != "text" else {}
    if given.get("response_format") not in (None, "", "text") and not is_object(given.get("response_format")):
        raise UnavailableError("the JSON schema of its answer was not logged")
    schema = record(first(given, "responseJsonSchema", "responseSchema", "response_schema"))
    if schema:
        return schema_format(record(plain_schema(schema)))
    media = first(given, "responseMimeType", "response_mime_type")
    return {"type": "json_object"} if media == JSON_TYPE else {}


def plain_schema(schema: object) -> object:
    """A JSON schema as OpenAI reads it: Gemini's own dialect writes its types in capitals."""
    if is_list(schema):
        return [plain_schema(part) for part in listed(schema)]
    if not is_object(schema):
        return schema
    return {
        name: value.lower() if name == "type" and isinstance(value, str) and value.isupper() else plain_schema(value)
        for name, value in record(schema).items()
    }


def schema_format(schema: Json) -> Json:
    """A JSON schema as a response format; its name, which chat completions ask for, is its title."""
    name = "".join(letter if letter.isalnum() else "_" for letter in str(schema.get("title") or "answer"))[:64]
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema}}
