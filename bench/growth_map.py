"""Maps of so many touchpoints and rules. Nine touchpoints, of a rule each, take what is no product page; the others share the rules that are
left: product pages that the load generator's customers look at, as long as there are any, so that all of them have traffic."""

import json

PRODUCTS = 400  # as many as app/shopping.cc knows
LOOKS = [(channel, tiers) for tiers in (["platinum", "gold"], ["basic"]) for channel in ("web", "app")]
SEGMENTS = (("business", "account", "business"), ("platinum", "tier", "platinum"), ("gold", "tier", "gold"), ("member", "tier", "basic"))
OTHERS = (
    ("page", ["page_view", "search", "app_open", "push_open"], "knowledge"), ("ad", ["ad_impression", "ad_click"], None),
    ("email", ["email_open", "email_click"], None), ("store", ["store_visit"], "consideration"), ("purchase", ["purchase"], "selection"),
    ("billing", ["invoice", "payment"], None), ("delivery", ["delivery", "product_use"], "satisfaction"),
    ("help", ["call", "chat", "complaint", "return"], None), ("voice", ["survey_response", "review", "social_mention", "referral"], None),
)


def pages(count):
    """So many conditions, each of other product pages."""
    looked_at = [{"type": "page_view", "channel": channel, "attributes.path": f"/product/{product}", "attributes.tier": tiers}
                 for channel, tiers in LOOKS for product in range(PRODUCTS)]
    never = [{"type": "page_view", "attributes.path": f"/product/{number}"} for number in range(PRODUCTS, PRODUCTS + max(0, count - len(looked_at)))]
    return (looked_at + never)[:count]


def as_map(touchpoints, rules):
    """YAML, which JSON is."""
    families = touchpoints - len(OTHERS)
    if families < 1 or rules < touchpoints:
        raise ValueError(f"more than {len(OTHERS)} touchpoints, and a rule for each")
    conditions = pages(rules - len(OTHERS))
    listed = [{"id": f"product-{number}", "match": conditions[number::families], "moves": [{"to": "consideration"}]} for number in range(families)]
    listed += [{"id": name, "match": {"type": types}, **({"moves": [{"to": move}]} if move else {}), "conversion": name == "purchase"}
               for name, types, move in OTHERS]
    segments = [{"id": name, "when": {f"attributes.{attribute}": value}} for name, attribute, value in SEGMENTS]
    return json.dumps({"version": 1, "name": f"{touchpoints} touchpoints, {rules} rules", "segments": segments, "touchpoints": listed}, indent=1)
