// Globs as the map writes them: `*` is any run of characters (`/` too), `?` is one code point, everything
// else is itself, case matters, there are no escapes, and the whole text must match.
#pragma once

#include <string_view>

namespace touchstone {

/// True if the text holds a `*` or a `?`, which makes a string of the map a glob.
[[nodiscard]] inline bool is_glob(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

/// Whether the whole of `text` is of the form `pattern`; both are UTF-8. Allocates nothing; linear for
/// patterns with one star, at most |pattern| * |text| steps for any.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace touchstone
