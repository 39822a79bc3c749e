#include "engine/model/time.h"

#include <array>
#include <charconv>

namespace touchstone {
namespace {

/// Walks over the text of a date-time; every step says whether it could be taken.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool digits(int count, int& out) {
    if (text_.size() < static_cast<std::size_t>(count)) return false;
    out = 0;
    for (int i = 0; i < count; ++i) {
      const char c = text_[static_cast<std::size_t>(i)];
      if (c < '0' || c > '9') return false;
      out = out * 10 + (c - '0');
    }
    text_.remove_prefix(static_cast<std::size_t>(count));
    return true;
  }

  bool one_of(std::string_view accepted, char& out) {
    if (text_.empty() || accepted.find(text_.front()) == std::string_view::npos) return false;
    out = text_.front();
    text_.remove_prefix(1);
    return true;
  }

  bool literal(char expected) {
    char ignored = 0;
    return one_of(std::string_view(&expected, 1), ignored);
  }

  /// Reads ".ddd…" if it is there; keeps milliseconds, cuts off what is finer.
  bool fraction(int& ms) {
    ms = 0;
    if (text_.empty() || text_.front() != '.') return true;
    text_.remove_prefix(1);
    int seen = 0;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      if (seen < 3) ms = ms * 10 + (text_.front() - '0');
      ++seen;
      text_.remove_prefix(1);
    }
    for (int i = seen; i < 3; ++i) ms *= 10;
    return seen > 0;
  }

  [[nodiscard]] bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

struct Offset {
  int sign = 0;
  int hours = 0;
  int minutes = 0;
};

bool read_offset(Cursor& cursor, Offset& offset) {
  char mark = 0;
  if (!cursor.one_of("Zz+-", mark)) return false;
  if (mark == 'Z' || mark == 'z') return true;
  offset.sign = mark == '+' ? 1 : -1;
  return cursor.digits(2, offset.hours) && cursor.literal(':') && cursor.digits(2, offset.minutes) &&
         offset.hours <= 23 && offset.minutes <= 59;
}

}  // namespace

EventTime floor_to(EventTime time, Millis step) {
  const std::int64_t ms = millis_of(time);
  const std::int64_t width = step.count();
  std::int64_t quotient = ms / width;
  if (ms % width < 0) --quotient;
  return time_from_millis(quotient * width);
}

std::optional<EventTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Cursor cursor(text);
  int y = 0;
  int mo = 0;
  int d = 0;
  int h = 0;
  int mi = 0;
  int s = 0;
  int ms = 0;
  char t = 0;
  Offset offset;
  const bool readable = cursor.digits(4, y) && cursor.literal('-') && cursor.digits(2, mo) && cursor.literal('-') &&
                        cursor.digits(2, d) && cursor.one_of("Tt", t) && cursor.digits(2, h) && cursor.literal(':') &&
                        cursor.digits(2, mi) && cursor.literal(':') && cursor.digits(2, s) && cursor.fraction(ms) &&
                        read_offset(cursor, offset) && cursor.at_end();
  if (!readable) return std::nullopt;
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;

  const auto shift = minutes{offset.sign * (offset.hours * 60 + offset.minutes)};
  const sys_time<minutes> minute_utc = sys_days{date} + hours{h} + minutes{mi} - shift;
  if (s == 60) {
    // A leap second is the last of a UTC day, whatever the offset it is written in.
    const auto of_day = minute_utc - floor<days>(minute_utc);
    if (of_day != hours{23} + minutes{59}) return std::nullopt;
  }
  return EventTime{minute_utc} + seconds{s} + Millis{ms};
}

void append_rfc3339(EventTime time, std::string& out) {
  using namespace std::chrono;
  const auto day_point = floor<days>(time);
  const year_month_day date{day_point};
  const hh_mm_ss clock{time - day_point};
  // By hand, as every derived record has times in it: the C library's printf takes ten times as long.
  std::array<char, 24> text{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0',
                            '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'};
  const auto write = [&](std::size_t begin, std::size_t end, std::int64_t value) {
    for (; value > 0 && end > begin; value /= 10) text[--end] = static_cast<char>('0' + value % 10);
  };
  write(0, 4, static_cast<int>(date.year()));
  write(5, 7, static_cast<unsigned>(date.month()));
  write(8, 10, static_cast<unsigned>(date.day()));
  write(11, 13, clock.hours().count());
  write(14, 16, clock.minutes().count());
  write(17, 19, clock.seconds().count());
  write(20, 23, clock.subseconds().count());
  out.append(text.data(), text.size());
}

std::string to_rfc3339(EventTime time) {
  std::string out;
  append_rfc3339(time, out);
  return out;
}

std::optional<Millis> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count < 0) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  struct Unit {
    std::string_view name;
    Millis length;
  };
  constexpr std::array<Unit, 6> kUnits{{{"ms", Millis{1}},
                                        {"s", std::chrono::seconds{1}},
                                        {"m", std::chrono::minutes{1}},
                                        {"h", std::chrono::hours{1}},
                                        {"d", std::chrono::days{1}},
                                        {"w", std::chrono::weeks{1}}}};
  constexpr Millis kLongest = std::chrono::days{36'500};
  for (const Unit& known : kUnits) {
    if (unit != known.name) continue;
    if (count > kLongest / known.length) return std::nullopt;
    return count * known.length;
  }
  return std::nullopt;
}

}  // namespace touchstone
