"""The core job's rules, of which both sides know only what this file says: a map for Touchstone, and the same as JSON for the peers.

    python3 core_map.py map 100 > map.yaml
    python3 core_map.py rules 100 > rules.json

Rules are what every stream processor can do too: the type, the channel, and lists of paths. Families of product pages fill up to the
wanted number; the load generator's customers look at 400 products.
"""

import json
import sys

STAGES = ("awareness", "knowledge", "consideration", "selection", "satisfaction", "loyalty", "advocacy")
SEGMENTS = (("business", "account", "business"), ("platinum", "tier", "platinum"), ("gold", "tier", "gold"), ("member", "tier", "basic"),
            ("guest", "guest", True), ("marketplace", None, None))
PRODUCTS = 400
BASKET = ("/basket", "/checkout/address", "/checkout/delivery", "/checkout/payment")

# Touchpoint, channel, types, channels of the event, paths, move. From top to bottom, the first that holds.
BEFORE_PRODUCTS = (
    ("ad.seen", "ad", ("ad_impression",), None, None, None),
    ("ad.clicked", "ad", ("ad_click",), None, None, "knowledge"),
    ("social.mention", "social", ("social_mention",), None, None, None),
    ("app.opened", "app", ("app_open", "push_open"), None, None, "knowledge"),
    ("web.checkout", "web", ("page_view",), ("web",), BASKET, "selection"),
)
AFTER_PRODUCTS = (
    ("app.page", "app", ("page_view",), ("app",), None, "knowledge"),
    ("web.page", "web", ("page_view",), None, None, "knowledge"),
    ("app.search", "app", ("search",), ("app",), None, "knowledge"),
    ("web.search", "web", ("search",), None, None, "knowledge"),
    ("store.visit", "store", ("store_visit",), None, None, "consideration"),
    ("email.opened", "email", ("email_open",), None, None, None),
    ("email.clicked", "email", ("email_click",), None, None, "knowledge"),
    ("store.purchase", "store", ("purchase",), ("store",), None, "selection"),
    ("online.purchase", None, ("purchase",), None, None, "selection"),
    ("billing", "billing", ("invoice", "payment"), None, None, None),
    ("delivery", "delivery", ("delivery",), None, None, "satisfaction"),
    ("product.use", "product", ("product_use",), None, None, "satisfaction"),
    ("help.call", "phone", ("call",), None, None, None),
    ("help.chat", "chat", ("chat",), None, None, None),
    ("complaint", None, ("complaint",), None, None, None),
    ("return", None, ("return",), None, None, None),
    ("survey", "survey", ("survey_response",), None, None, None),
    ("review", None, ("review",), None, None, None),
    ("club", None, ("club_join", "reward_redeemed"), None, None, "loyalty"),
    ("referral", None, ("referral",), None, None, "advocacy"),
)


def rules(count):
    families = count - len(BEFORE_PRODUCTS) - len(AFTER_PRODUCTS)
    if not 0 <= families <= PRODUCTS:
        raise ValueError(f"from {count - families} to {count - families + PRODUCTS} rules")
    products = tuple((f"web.product-{family}", "web", ("page_view",), ("web",), tuple(f"/product/{number}" for number in range(family, PRODUCTS, families)),
                      "consideration") for family in range(families))
    names = ("touchpoint", "channel", "types", "channels", "paths", "move")
    return [dict(zip(names, rule)) for rule in BEFORE_PRODUCTS + products + AFTER_PRODUCTS]


def as_rules(count):
    segments = [{"id": name, **({"attribute": attribute, "value": value} if attribute else {})} for name, attribute, value in SEGMENTS]
    given = [{name: value for name, value in rule.items() if value is not None} for rule in rules(count)]
    return json.dumps({"stages": STAGES, "segments": segments, "rules": given}, indent=1)


def as_map(count):
    """YAML; JSON's texts and lists are YAML's too."""
    lines = ["version: 1", "name: The core job", f"lifecycle: {{stages: {json.dumps(STAGES)}}}", "segments:"]
    for name, attribute, value in SEGMENTS:
        when = f", when: {{attributes.{attribute}: {json.dumps(value)}}}" if attribute else ""
        lines.append(f"  - {{id: {name}{when}}}")
    lines.append("touchpoints:")
    for rule in rules(count):
        match = {"type": rule["types"]}
        if rule["channels"]:
            match["channel"] = rule["channels"]
        if rule["paths"]:
            match["attributes.path"] = rule["paths"]
        parts = [f"id: {rule['touchpoint']}", f"match: {json.dumps(match)}"]
        if rule["channel"]:
            parts.append(f"channel: {rule['channel']}")
        if rule["move"]:
            parts.append(f"moves: [{{to: {rule['move']}}}]")
        lines.append("  - {" + ", ".join(parts) + "}")
    return "\n".join(lines)


if __name__ == "__main__":
    what, number = sys.argv[1], int(sys.argv[2])
    print({"map": as_map, "rules": as_rules}[what](number))
