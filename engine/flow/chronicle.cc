#include "engine/flow/chronicle.h"

namespace touchstone {
namespace {

/// The text after `"name":"`, where the value begins. Values hold no quotes before the members looked for here: ids,
/// times and names of windows cannot.
std::optional<std::string_view> text_member(std::string_view json, std::string_view name_and_colon) {
  const std::size_t at = json.find(name_and_colon);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = json.substr(at + name_and_colon.size());
  const std::size_t end = rest.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  return rest.substr(0, end);
}

constexpr std::string_view kEnd = R"("end":")";
constexpr std::string_view kAt = R"("at":")";

}  // namespace

std::optional<ChronicleParts> parts_of_key(std::string_view key) {
  ChronicleParts parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t slash = key.find('/');
    if ((slash == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = key.substr(0, slash);
    if (parts[i].empty() || parts[i].find('\0') != std::string_view::npos) return std::nullopt;
    if (slash != std::string_view::npos) key.remove_prefix(slash + 1);
  }
  return parts;
}

std::optional<ChronicleEntry> read_chronicle_entry(ChronicleKind kind, const Record& record) {
  if (!record.key || !record.value || record.value->size() > kLargestChronicleValue) return std::nullopt;
  ChronicleEntry entry{.kind = kind, .key = *record.key, .parts = {}, .value = *record.value};
  if (!entry.value.starts_with('{') || !entry.value.ends_with('}')) return std::nullopt;
  if (entry.value.find_first_of("\r\n") != std::string_view::npos) return std::nullopt;
  const auto parts = parts_of_key(entry.key);
  const auto text = text_member(entry.value, kind == ChronicleKind::kRow ? kEnd : kAt);
  if (!parts || !text) return std::nullopt;
  const auto at = parse_rfc3339(*text);
  if (!at || *at < kEarliestEventTime) return std::nullopt;
  entry.parts = *parts;
  entry.at = *at;
  return entry;
}

bool is_firing(std::string_view alert) { return text_member(alert, R"("state":")") == "firing"; }

}  // namespace touchstone
