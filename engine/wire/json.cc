#include "engine/wire/json.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <utility>

#include "engine/model/fixed.h"

namespace touchstone {
namespace {

void append_customer(const CustomerName& customer, JsonObject& out) {
  out.text("customer", customer.text);
  if (!customer.key_id.empty()) out.text("customer_key", customer.key_id);
}

void append_shares(const std::vector<Credit>& credits, const Rules& rules, std::string& out) {
  JsonObject shares(out);
  for (const Credit& credit : credits) {
    if (credit.share == 0) continue;
    shares.fixed(rules.touchpoints().id(credit.touchpoint), credit.share, kMillionthDecimals);
  }
}

void append_mean(std::string_view key, const std::optional<Mean>& mean, std::string_view second, JsonObject& out) {
  if (!mean) return;
  JsonObject object(out.member(key));
  object.integer("responses", mean->responses);
  object.fixed(second, mean->millionths, kMillionthDecimals);
}

void append_lengths(std::string_view key, const std::optional<Lengths>& lengths, JsonObject& out) {
  if (!lengths) return;
  JsonObject object(out.member(key));
  object.integer("count", lengths->count);
  object.fixed("p50", lengths->p50_ms, kSecondsDecimals);
  object.fixed("p90", lengths->p90_ms, kSecondsDecimals);
  object.fixed("p99", lengths->p99_ms, kSecondsDecimals);
}

void append_measures(const Measures& measures, const Dictionary<StageNo>& stages, JsonObject& out) {
  out.integer("interactions", measures.interactions);
  out.integer("customers", measures.customers);
  out.integer("conversions", measures.conversions);
  out.fixed("value", measures.value, kMoneyDecimals);
  append_mean("satisfaction", measures.satisfaction, "mean", out);
  for (std::size_t kind = 0; kind < kRatingKinds; ++kind) {
    const bool nps = static_cast<RatingKind>(kind) == RatingKind::kNps;
    append_mean(kRatingNames[kind], measures.ratings[kind], nps ? "score" : "mean", out);
  }
  append_lengths("wait_s", measures.wait, out);
  append_lengths("duration_s", measures.duration, out);
  if (!measures.stages.empty()) {
    JsonObject object(out.member("stages"));
    for (const StageCount& stage : measures.stages) object.integer(stages.id(stage.stage), stage.interactions);
  }
  if (!measures.credit.empty()) {
    JsonObject object(out.member("credit"));
    for (const CreditSum& credit : measures.credit) {
      JsonObject model(object.member(kCreditModelNames[static_cast<std::size_t>(credit.model)]));
      model.fixed("conversions", credit.conversions, kMillionthDecimals);
      model.fixed("value", credit.value, kMoneyDecimals);
    }
  }
}

void append_changes(std::string_view axis, const std::vector<ChangePart>& parts, JsonObject& out) {
  if (parts.empty()) return;
  std::string& list = out.member(axis);
  list.push_back('[');
  for (const ChangePart& part : parts) {
    if (list.back() != '[') list.push_back(',');
    JsonObject each(list);
    each.text("what", kChangePartNames[static_cast<std::size_t>(part.what)]);
    if (!part.id.empty()) each.text("id", part.id);
    each.fixed("change", part.millionths, kMillionthDecimals);
  }
  list.push_back(']');
}

}  // namespace

namespace {

/// Whether one of eight bytes is a quote, a backslash or a control character: all are looked at together (the bit
/// tricks of S. E. Anderson's collection, "Determine if a word has a byte less than n").
bool some_must_be_escaped(std::uint64_t bytes) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  const auto some_below = [](std::uint64_t word, std::uint64_t n) { return (word - kEach * n) & ~word & (kEach << 7); };
  const std::uint64_t quotes = some_below(bytes ^ (kEach * '"'), 1);
  const std::uint64_t backslashes = some_below(bytes ^ (kEach * '\\'), 1);
  return (some_below(bytes, 0x20) | quotes | backslashes) != 0;
}

constexpr bool must_be_escaped(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

/// The first place from `at` on that must be escaped; the end if there is none.
std::size_t next_to_escape(std::string_view text, std::size_t at) {
  std::uint64_t bytes = 0;
  for (; at + sizeof(bytes) <= text.size(); at += sizeof(bytes)) {
    std::memcpy(&bytes, text.data() + at, sizeof(bytes));
    if (some_must_be_escaped(bytes)) break;
  }
  while (at < text.size() && !must_be_escaped(text[at])) ++at;
  return at;
}

/// Whether something in it must be escaped.
bool has_to_be_escaped(std::string_view text) { return next_to_escape(text, 0) != text.size(); }

void append_escaped(std::string_view text, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t done = 0;;) {
    const std::size_t at = next_to_escape(text, done);
    out.append(text, done, at - done);
    if (at == text.size()) return;
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20) {
      out.push_back('\\');
      out.push_back(text[at]);
    } else {
      out.append("\\u00");
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 0x0F]);
    }
    done = at + 1;
  }
}

}  // namespace

void append_json_text(std::string_view text, std::string& out) {
  out.push_back('"');
  append_escaped(text, out);
  out.push_back('"');
}

std::string& JsonObject::member(std::string_view key) {
  out_.append(first_ ? "\"" : ",\"", first_ ? 1 : 2);
  first_ = false;
  return out_.append(key).append("\":", 2);
}

std::string& JsonObject::member_of_any_name(std::string_view name) {
  std::string key;
  append_escaped(name, key);
  return member(key);
}

void JsonObject::text(std::string_view key, std::string_view value) {
  if (has_to_be_escaped(value)) return append_json_text(value, member(key));
  // Most members are plain texts, so these are put in place at once.
  const std::size_t before = out_.size();
  out_.resize(before + key.size() + value.size() + (first_ ? 5 : 6));
  char* to = out_.data() + before;
  if (!std::exchange(first_, false)) *to++ = ',';
  *to++ = '"';
  to = std::copy(key.begin(), key.end(), to);
  *to++ = '"';
  *to++ = ':';
  *to++ = '"';
  to = std::copy(value.begin(), value.end(), to);
  *to = '"';
}

void JsonObject::time(std::string_view key, EventTime value) {
  std::string& out = member(key);
  out.push_back('"');
  append_rfc3339(value, out);
  out.push_back('"');
}

void JsonObject::integer(std::string_view key, std::int64_t value) { append_fixed(value, 0, member(key)); }

void JsonObject::fixed(std::string_view key, WideInt units, int decimals) {
  append_fixed(units, decimals, member(key));
}

void JsonObject::flag(std::string_view key, bool value) { member(key).append(value ? "true" : "false"); }

std::string interaction_json(const Event& event, const CustomerName& customer, const Observation& seen,
                             const Source& source, const Rules& rules) {
  std::string out;
  out.reserve(384);
  {
    JsonObject object(out);
    if (const std::string_view id = text_of(event[Field::kId]); !id.empty()) object.text("id", id);
    object.time("time", event.time);
    append_customer(customer, object);
    object.text("type", text_of(event[Field::kType]));
    object.text("channel", rules.channels().id(seen.channel));
    object.text("touchpoint", rules.touchpoints().id(seen.touchpoint));
    object.text("segment", rules.segments().id(seen.segment));
    object.text("stage", rules.stages().id(seen.stage));
    if (seen.stage_before) object.text("stage_before", rules.stages().id(*seen.stage_before));
    if (seen.satisfaction) {
      object.fixed("satisfaction", seen.satisfaction->millionths, kMillionthDecimals);
      object.text("rates", rules.touchpoints().id(seen.satisfaction->rates));
    }
    if (seen.value) object.fixed("value", *seen.value, kMoneyDecimals);
    object.flag("late", seen.late);
    JsonObject origin(object.member("source"));
    origin.text("topic", source.topic);
    origin.integer("partition", source.partition.value());
    origin.integer("offset", source.offset.value());
  }
  return out;
}

std::string transition_json(const Transition& transition, const CustomerName& customer, const Rules& rules) {
  std::string out;
  {
    JsonObject object(out);
    object.time("time", transition.time);
    append_customer(customer, object);
    object.text("segment", rules.segments().id(transition.segment));
    if (transition.from_lapsed) {
      object.text("from", kLapsedId);
    } else if (transition.from) {
      object.text("from", rules.stages().id(*transition.from));
    }
    object.text("to", transition.to ? std::string_view(rules.stages().id(*transition.to)) : kLapsedId);
    object.text("cause", rules.touchpoints().id(transition.cause));
  }
  return out;
}

std::string conversion_json(const Event& event, const CustomerName& customer, const Observation& seen,
                            const Rules& rules) {
  assert(seen.conversion.has_value());
  std::string out;
  {
    JsonObject object(out);
    object.time("time", event.time);
    append_customer(customer, object);
    object.text("segment", rules.segments().id(seen.segment));
    object.text("touchpoint", rules.touchpoints().id(seen.touchpoint));
    if (seen.value) object.fixed("value", *seen.value, kMoneyDecimals);
    std::string& path = object.member("path");
    path.push_back('[');
    for (const PathTouch& touch : seen.conversion->path) {
      if (path.back() != '[') path.push_back(',');
      JsonObject each(path);
      each.text("touchpoint", rules.touchpoints().id(touch.touchpoint));
      each.time("time", touch.time);
    }
    path.push_back(']');
    JsonObject credit(object.member("credit"));
    for (std::size_t model = 0; model < kCreditModels; ++model) {
      append_shares(seen.conversion->credit[model], rules, credit.member(kCreditModelNames[model]));
    }
  }
  return out;
}

std::string row_json(const Row& row, const WindowSpec& window, const Dictionary<StageNo>& stages) {
  std::string out;
  out.reserve(384);
  {
    JsonObject object(out);
    object.text("window", window.name);
    object.time("start", row.end - window.size);
    object.time("end", row.end);
    object.text("scope", kScopeNames[static_cast<std::size_t>(row.cell.scope)]);
    object.text("id", row.cell.id);
    object.text("segment", row.cell.segment);
    append_measures(row.measures, stages, object);
  }
  return out;
}

std::string row_key(const Row& row, const WindowSpec& window) {
  std::string key = window.name;
  for (const std::string_view part : {kScopeNames[static_cast<std::size_t>(row.cell.scope)],
                                      std::string_view(row.cell.id), std::string_view(row.cell.segment)}) {
    key.push_back('/');
    key.append(part);
  }
  return key;
}

std::string alert_json(const Alert& alert, std::string_view window) {
  std::string out;
  {
    JsonObject object(out);
    object.text("alert", alert.id);
    object.text("state", alert.resolution ? "resolved" : "firing");
    object.text("kind", kAlertKindNames[static_cast<std::size_t>(alert.kind)]);
    object.text("scope", kScopeNames[static_cast<std::size_t>(alert.cell.scope)]);
    object.text("id", alert.cell.id);
    object.text("segment", alert.cell.segment);
    object.text("window", window);
    object.time("at", alert.at);
    object.time("since", alert.since);
    object.fixed("observed", alert.observed, kMillionthDecimals);
    object.fixed("baseline", alert.baseline, kMillionthDecimals);
    object.integer("responses", alert.responses);
    object.fixed("score", alert.score, kMillionthDecimals);
    if (alert.resolution) object.text("reason", kResolutionNames[static_cast<std::size_t>(*alert.resolution)]);
    const Explanation& why = alert.explanation;
    if (!why.by_segment.empty() || !why.by_channel.empty()) {
      JsonObject explanation(object.member("explanation"));
      append_changes("segments", why.by_segment, explanation);
      append_changes("channels", why.by_channel, explanation);
    }
  }
  return out;
}

std::string alert_key(const Alert& alert) {
  std::string key(kAlertKindNames[static_cast<std::size_t>(alert.kind)]);
  for (const std::string_view part : {kScopeNames[static_cast<std::size_t>(alert.cell.scope)],
                                      std::string_view(alert.cell.id), std::string_view(alert.cell.segment)}) {
    key.push_back('/');
    key.append(part);
  }
  return key;
}

}  // namespace touchstone
