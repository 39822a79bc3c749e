// The JSON of the derived records, field by field in the order that the topics promise; what is not known is
// left out. Numbers are written from integers, so they are exact and never NaN.
#pragma once

#include <string>
#include <string_view>

#include "engine/model/alert.h"
#include "engine/model/event.h"
#include "engine/model/journey.h"
#include "engine/model/log_position.h"
#include "engine/model/row.h"
#include "engine/model/rules.h"

namespace touchstone {

/// Appends a JSON string with its quotes. The text must be UTF-8.
void append_json_text(std::string_view text, std::string& out);

/// Writes one JSON object into a string; the caller sees to the order of keys. These are names of fields, windows and
/// topics, ids and languages of maps: nothing in them has to be escaped.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_.push_back('{'); }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;
  ~JsonObject() { out_.push_back('}'); }

  void text(std::string_view key, std::string_view value);
  void time(std::string_view key, EventTime value);
  void integer(std::string_view key, std::int64_t value);
  void fixed(std::string_view key, WideInt units, int decimals);
  void flag(std::string_view key, bool value);
  /// Begins a member whose value the caller appends to the string.
  std::string& member(std::string_view key);
  /// The same where the name may be any text.
  std::string& member_of_any_name(std::string_view name);

 private:
  std::string& out_;
  bool first_ = true;
};

/// Whom a record is about, as the record says it.
struct CustomerName {
  std::string text;         ///< the id, or the pseudonym in its place
  std::string_view key_id;  ///< borrowed; names the key of the pseudonym; empty: it is the id
};

[[nodiscard]] std::string interaction_json(const Event& event, const CustomerName& customer, const Observation& seen,
                                           const Source& source, const Rules& rules);
[[nodiscard]] std::string transition_json(const Transition& transition, const CustomerName& customer,
                                          const Rules& rules);
/// `seen.conversion` must be there.
[[nodiscard]] std::string conversion_json(const Event& event, const CustomerName& customer, const Observation& seen,
                                          const Rules& rules);

[[nodiscard]] std::string row_json(const Row& row, const WindowSpec& window, const Dictionary<StageNo>& stages);
/// `window/scope/id/segment`
[[nodiscard]] std::string row_key(const Row& row, const WindowSpec& window);

/// A record of an alert; `window` is the name of the finest window, at whose closings alerts are decided.
[[nodiscard]] std::string alert_json(const Alert& alert, std::string_view window);
/// `kind/scope/id/segment`
[[nodiscard]] std::string alert_key(const Alert& alert);

}  // namespace touchstone
