-- grain: input_bin, output_bin
-- The incumbent's billed requests on the half-octave grid of input and output tokens: the map of the report.
select
    input_bin,
    output_bin,
    cast(sum(request_count) as bigint) as request_count,
    sum(list_cost) as list_cost
from cell_costs
where
    cell_disposition in ('eligible', 'gated')
    and request_grain = 'request'
group by
    input_bin,
    output_bin
