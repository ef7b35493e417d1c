"""Which requests to replay on the candidate, and the files that replay them."""
