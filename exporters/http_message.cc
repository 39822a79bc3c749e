#include "exporters/http_message.h"

#include "engine/wire/json.h"

namespace touchstone {
namespace {

std::optional<unsigned> hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A') + 10;
  return std::nullopt;
}

enum class Plus { kIsPlus, kIsSpace };

std::optional<std::string> decoded(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::kIsSpace) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (text.size() - i < 3) return std::nullopt;
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      out.push_back(static_cast<char>(*high * 16 + *low));
      i += 2;
    }
  }
  return out;
}

}  // namespace

std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const {
  for (const auto& [known, value] : parameters) {
    if (known == name) return value;
  }
  return std::nullopt;
}

HttpResponse json_error(unsigned status, std::string_view message) {
  HttpResponse response{.status = status};
  {
    JsonObject object(response.body);
    object.text("error", message);
  }
  response.body.push_back('\n');
  return response;
}

Result<void> read_target(std::string_view target, HttpRequest& request) {
  if (!target.starts_with('/')) return Error(ErrorKind::kReject, "the request target must begin with a slash");
  Error malformed(ErrorKind::kReject, "a percent sign in the request target needs two hexadecimal digits");
  const std::size_t question = target.find('?');
  auto path = decoded(target.substr(0, question), Plus::kIsPlus);
  if (!path) return malformed;
  request.path = std::move(*path);
  request.parameters.clear();
  std::string_view rest = question == std::string_view::npos ? "" : target.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(pair.size() < rest.size() ? pair.size() + 1 : rest.size());
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = decoded(pair.substr(0, equals), Plus::kIsSpace);
    auto value = decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1), Plus::kIsSpace);
    if (!name || !value) return malformed;
    request.parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return {};
}

}  // namespace touchstone
