"""The retail map with more touchpoints: one for each product page, in the web shop and in the app, of those that the load generator's
customers look at. All of them have traffic, so that a map of hundreds of touchpoints is a live one."""

import pathlib

RETAIL = pathlib.Path(__file__).resolve().parent.parent / "deploy" / "maps" / "retail.yaml"
PRODUCTS = 400  # as many as app/shopping.cc knows
FIRST_PAGE = "  - id: app.shopping "  # the rules of pages begin here; what is more special has to stand before


def touchpoints_of(text):
    return text.count("\n  - id: ", text.index("\ntouchpoints:"))


def family(channel, number, products):
    paths = ", ".join(f'"/product/{product}"' for product in products)
    return (f"  - id: {channel}.product-{number}\n    channel: {channel}\n    stages: [knowledge, consideration]\n"
            f"    match: {{type: page_view, channel: {channel}, attributes.path: [{paths}]}}\n"
            f"    expect: {{satisfaction: 0.75, wait_s: 3}}\n    moves: [{{to: consideration}}]\n")


def widened(touchpoints):
    """The map's YAML with so many touchpoints, from those of the retail map to 800 more."""
    text = RETAIL.read_text(encoding="utf-8")
    more = touchpoints - touchpoints_of(text)
    if not 0 <= more <= 2 * PRODUCTS:
        raise ValueError(f"from {touchpoints_of(text)} to {touchpoints_of(text) + 2 * PRODUCTS} touchpoints")
    added = []
    for channel, families in (("web", min(more, PRODUCTS)), ("app", max(0, more - PRODUCTS))):
        added += [family(channel, number, range(number, PRODUCTS, families)) for number in range(families)]
    at = text.index(FIRST_PAGE)
    return text[:at] + "".join(added) + text[at:]
