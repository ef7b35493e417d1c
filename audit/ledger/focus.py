"""Charges as rows of FOCUS, the FinOps Open Cost and Usage Specification (https://focus.finops.org), version 1.2.

FOCUS describes what a provider billed. These rows are recomputed from logged tokens and dated prices instead, so the
four costs of a row are one and the same, and what no log knows (region, account name, invoice) is null. The account
is the export that the requests come from. Columns of our own start with x_, as the specification asks.
"""

VERSION = "1.2"

STRING, TIME = "cast(null as varchar)", "cast({} as timestamp)"

COLUMNS: dict[str, str] = {
    "AvailabilityZone": STRING,
    "BilledCost": "list_cost",
    "BillingAccountId": "source_format",
    "BillingAccountName": STRING,
    "BillingCurrency": "'USD'",
    "BillingPeriodEnd": TIME.format("date_trunc('month', usage_date) + interval 1 month"),
    "BillingPeriodStart": TIME.format("date_trunc('month', usage_date)"),
    "ChargeCategory": "'Usage'",
    "ChargeClass": STRING,
    "ChargeDescription": "model || ', ' || replace(token_class, '_', ' ') || ' tokens, ' || endpoint",
    "ChargeFrequency": "'Usage-Based'",
    "ChargePeriodEnd": TIME.format("usage_date + interval 1 day"),
    "ChargePeriodStart": TIME.format("usage_date"),
    "CommitmentDiscountCategory": STRING,
    "CommitmentDiscountId": STRING,
    "CommitmentDiscountName": STRING,
    "CommitmentDiscountStatus": STRING,
    "CommitmentDiscountType": STRING,
    "ConsumedQuantity": "cast(consumed_quantity as decimal(19, 1))",
    "ConsumedUnit": "'Tokens'",
    "ContractedCost": "list_cost",
    "ContractedUnitPrice": "usd_per_million",
    "EffectiveCost": "list_cost",
    "InvoiceId": STRING,
    "InvoiceIssuerName": "provider_name",
    "ListCost": "list_cost",
    "ListUnitPrice": "usd_per_million",
    "PricingCategory": "'Standard'",
    "PricingCurrency": "'USD'",
    "PricingCurrencyContractedUnitPrice": "usd_per_million",
    "PricingCurrencyEffectiveCost": "list_cost",
    "PricingCurrencyListUnitPrice": "usd_per_million",
    "PricingQuantity": "pricing_quantity",
    "PricingUnit": "'1000000 Tokens'",
    "ProviderName": "provider_name",
    "PublisherName": "provider_name",
    "RegionId": STRING,
    "RegionName": STRING,
    "ResourceId": "model",
    "ResourceName": "model",
    "ResourceType": "'Model'",
    "ServiceCategory": "'AI and Machine Learning'",
    "ServiceName": "provider_name || ' API'",
    "ServiceSubcategory": "'Generative AI'",
    "SkuId": "concat_ws('/', provider_name, model, service_tier)",
    "SkuMeter": "replace(token_class, '_', ' ') || ' tokens'",
    "SkuPriceDetails": "cast(json_object('x_ServiceTier', service_tier, 'x_InputTokensAbove', length_band) as varchar)",
    "SkuPriceId": "concat_ws('/', provider_name, model, service_tier, token_class, length_band, valid_from)",
    "SubAccountId": STRING,
    "SubAccountName": STRING,
    "Tags": "cast(json_object('endpoint', endpoint) as varchar)",
    "x_Endpoint": "endpoint",
    "x_FocusVersion": f"'{VERSION}'",
    "x_InputTokensAbove": "length_band",
    "x_Model": "model",
    "x_RequestCount": "request_count",
    "x_ServiceTier": "service_tier",
    "x_TokenClass": "token_class",
    "x_TokenCount": "consumed_quantity",
}
"""Column -> its expression over `focus_charges`. Of a group, x_RequestCount is on the first charge: it adds up."""


def focus_select() -> str:
    """The SELECT that gives the rows, in the order of days."""
    columns = ", ".join(f'{expression} as "{name}"' for name, expression in COLUMNS.items())
    order = "usage_date, source_format, endpoint, provider_name, model, service_tier, length_band, token_class"
    return f"select {columns} from focus_charges order by {order}"
