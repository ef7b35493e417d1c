-- grain: load_id, source_format, endpoint, model, template_hash
-- The prompt templates of the traffic, where the logs know them.
select distinct
    load_id,
    source_format,
    endpoint,
    model,
    template_hash
from requests
where outcome = 'billed' and template_hash <> ''
