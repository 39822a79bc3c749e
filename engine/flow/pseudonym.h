// What stands in derived records in the place of a customer's id, where ids are not to be seen there. The engine only
// asks for it; how it is made, and with which key, is decided where the stages are put together.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace touchstone {

/// A value that a stage owns; called by the stage's one thread.
struct Pseudonym {
  /// The same text for the same id, always, and never an empty one. Nothing here: ids stand in the records themselves.
  std::function<std::string(std::string_view id)> of;
  std::string key_id;  ///< names the key it is made with; stands beside it
};

}  // namespace touchstone
