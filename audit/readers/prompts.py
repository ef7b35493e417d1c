"""What may be known of a prompt without keeping its text: how many messages, which template, which images.

The text itself never reaches the database. Hashes are salted per database, and masked before hashing where the point
is to recognise the same template behind different values.
"""

from audit.readers.reader import Context, literal

NO_PROMPT = ", ".join(
    f"cast(null as varchar) as {name}" for name in ("message_count", "prompt_hash", "template_hash", "image_count")
)
"""The same columns where a file has no messages at all: constants, so that nothing is computed or stored for them."""


def prompt_columns(messages: str, tools: str, context: Context, instructions: str | None = None) -> str:
    """Four columns over the JSON text of a chat's messages and tools, as the text of SELECT items.

    `messages` and `tools` are SQL expressions of type VARCHAR that may be NULL, empty or malformed. The columns are
    message_count, prompt_hash, template_hash (the system prompt with numbers and ids masked, plus the tool names) and
    image_count; all are NULL where the export carries no messages. `instructions` is a system prompt that stands
    beside the messages, as in the Responses API.
    """
    salt = literal(context.salt)
    present = f"length({messages}) > 4 and json_valid({messages})"
    system = (
        f"case when json_extract_string({messages}, '$[0].role') in ('system', 'developer') "
        f"then json_extract_string({messages}, '$[0].content') end"
    )
    has_system = present
    if instructions is not None:
        system = f"coalesce({instructions}, case when {present} then {system} end)"
        has_system = f"({present} or {instructions} is not null)"
    masked = f"regexp_replace(coalesce({system}, ''), '[0-9a-fA-F]{{8}}[0-9a-fA-F-]*|[0-9]+', '#', 'g')"
    names = f"coalesce(cast(try(json_extract_string({tools}, '$[*].function.name')) as varchar), '')"
    return f"""
        case when {present} then cast(json_array_length({messages}) as varchar) end as message_count,
        case when {present} then md5({salt} || {messages}) end as prompt_hash,
        case when {has_system} and {masked} || {names} not in ('', '[]')
             then substr(md5({salt} || {masked} || {names}), 1, 12) end as template_hash,
        case when {present} and contains({messages}, 'image')
             then cast(len(regexp_extract_all({messages}, '"type"\\s*:\\s*"(image_url|input_image|image)"')) as varchar)
        end as image_count"""
