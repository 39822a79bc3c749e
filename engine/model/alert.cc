#include "engine/model/alert.h"

#include <xxhash.h>

namespace touchstone {

std::string alert_id(AlertKind kind, const CellKey& cell, EventTime since) {
  std::string text(kAlertKindNames[static_cast<std::size_t>(kind)]);
  for (const std::string_view part :
       {kScopeNames[static_cast<std::size_t>(cell.scope)], std::string_view(cell.id), std::string_view(cell.segment)}) {
    text.push_back('/');
    text.append(part);
  }
  text += '/' + std::to_string(millis_of(since));
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
  std::string id;
  for (int shift = 60; shift >= 0; shift -= 4) id.push_back(kDigits[(hash >> shift) & 0xF]);
  return id;
}

}  // namespace touchstone
