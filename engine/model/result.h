// What a function that may fail returns, and the four things a caller can do about a failure.
//
// Every boundary of a room returns Result<T>; no exception crosses a folder.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/system/result.hpp>

namespace touchstone {

/// What the caller has to do; each kind is a different reaction, not a different cause.
enum class ErrorKind {
  kReject,  ///< this input is wrong: report it, go on with the next
  kRetry,   ///< nothing happened: the same call may succeed later
  kAbort,   ///< the transaction in progress is lost: drop what is staged, restore, go on
  kFatal,   ///< this object cannot go on: rebuild it or end the process
};
inline constexpr std::size_t kErrorKinds = 4;

/// Why, as far as a person who watches the engine wants it counted. Nothing is decided by it.
enum class ErrorCause {
  kOther,
  kUnreachable,  ///< a broker does not answer, or not in time
  kFenced,       ///< another client took over this one's identity
  kRebalance,    ///< the group has given the partitions out anew
  kConnection,   ///< a connection was lost at a moment that leaves something in doubt
  kStalled,      ///< a watchdog has lost its patience
};
inline constexpr std::size_t kErrorCauses = 6;

/// A failure with its reaction and one sentence for a person. The sentence never contains a secret.
class Error {
 public:
  Error() = default;  ///< only for Boost's Result::error(), which makes one where there is no error
  Error(ErrorKind kind, std::string message, ErrorCause cause = ErrorCause::kOther)
      : kind_(kind), cause_(cause), message_(std::move(message)) {}

  [[nodiscard]] ErrorKind kind() const { return kind_; }
  [[nodiscard]] ErrorCause cause() const { return cause_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  /// The same failure, where it asks for another reaction.
  [[nodiscard]] Error as(ErrorKind kind) const { return {kind, message_, cause_}; }

 private:
  ErrorKind kind_ = ErrorKind::kFatal;
  ErrorCause cause_ = ErrorCause::kOther;
  std::string message_;
};

/// Called by Result::value() on an error, which only a bug can do: callers test first.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error(error.message());
}

template <typename T>
using Result = boost::system::result<T, Error>;

}  // namespace touchstone

/// Returns the error of `expression` from the enclosing function, if it has one.
#define TOUCHSTONE_TRY(expression)                                           \
  do {                                                                       \
    if (auto touchstone_try_result = (expression); !touchstone_try_result) { \
      return std::move(touchstone_try_result).error();                       \
    }                                                                        \
  } while (false)
