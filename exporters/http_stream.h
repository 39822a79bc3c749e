// An answer without an end: what a route gives instead of a response where it goes on telling what is new.
#pragma once

#include <cstddef>
#include <string>

namespace touchstone {

/// The server's loop owns it and asks again and again; no call may wait.
class HttpStream {
 public:
  HttpStream() = default;
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;
  virtual ~HttpStream() = default;

  /// What is to be sent next, of about this many bytes; empty: nothing just now.
  [[nodiscard]] virtual std::string next(std::size_t max_bytes) = 0;
  /// Nothing comes any more.
  [[nodiscard]] virtual bool ended() const = 0;
};

}  // namespace touchstone
