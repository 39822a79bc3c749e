package touchstone.peers.flink;

import java.time.LocalDate;

/** RFC 3339 times as milliseconds since 1970. By hand: java.time takes many times as long. */
final class Times {
  static final long DAY = 86_400_000;
  static final long NONE = Long.MIN_VALUE;
  /** The year 2101: what lies beyond is a mistake. */
  private static final long LATEST = 4_133_980_800_000L;
  private static final int[] MONTH_DAYS = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

  private Times() {}

  /** NONE where the text is not a time. */
  static long parse(char[] text, int from, int length) {
    int end = from + length;
    if (length < 20 || text[from + 4] != '-' || text[from + 7] != '-' || text[from + 13] != ':'
        || text[from + 16] != ':') {
      return NONE;
    }
    if (text[from + 10] != 'T' && text[from + 10] != 't') return NONE;
    int year = two(text, from) * 100 + two(text, from + 2);
    int month = two(text, from + 5);
    int day = two(text, from + 8);
    int hour = two(text, from + 11);
    int minute = two(text, from + 14);
    int second = two(text, from + 17);
    if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month) || hour < 0 || hour > 23
        || minute < 0 || minute > 59 || second < 0 || second > 60) {
      return NONE;
    }
    int at = from + 19;
    int fraction = 0;
    if (text[at] == '.') {
      int first = ++at;
      for (int unit = 100; at < end && isDigit(text[at]); ++at, unit /= 10) fraction += unit * (text[at] - '0');
      if (at == first) return NONE;
    }
    int offset = offsetMinutes(text, at, end);
    if (offset == Integer.MIN_VALUE) return NONE;
    long seconds = hour * 3600L + (minute - offset) * 60L + second;
    return ofMillis(daysSince1970(year, month, day) * DAY + seconds * 1000 + fraction);
  }

  /** NONE where it cannot be meant. */
  static long ofMillis(long millis) {
    return millis >= 0 && millis < LATEST ? millis : NONE;
  }

  private static int daysOf(int year, int month) {
    boolean isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && isLeapYear ? 29 : MONTH_DAYS[month - 1];
  }

  private static int offsetMinutes(char[] text, int at, int end) {
    if (at == end - 1 && (text[at] == 'Z' || text[at] == 'z')) return 0;
    if (at != end - 6 || text[at] != '+' && text[at] != '-' || text[at + 3] != ':') return Integer.MIN_VALUE;
    int hours = two(text, at + 1);
    int minutes = two(text, at + 4);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Integer.MIN_VALUE;
    return (text[at] == '-' ? -1 : 1) * (hours * 60 + minutes);
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** Two digits; far below zero where there are none. */
  private static int two(char[] text, int at) {
    return isDigit(text[at]) && isDigit(text[at + 1]) ? (text[at] - '0') * 10 + text[at + 1] - '0' : -1_000_000;
  }

  /** H. Hinnant's days_from_civil. */
  private static long daysSince1970(int year, int month, int day) {
    int shifted = month <= 2 ? year - 1 : year;
    int era = Math.floorDiv(shifted, 400);
    int yearOfEra = shifted - era * 400;
    int dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
    return era * 146_097L + dayOfEra - 719_468;
  }

  /** YYYY-MM-DDT */
  static void writeDate(long day, byte[] out) {
    LocalDate date = LocalDate.ofEpochDay(day);
    int year = date.getYear();
    out[0] = (byte) ('0' + year / 1000 % 10);
    out[1] = (byte) ('0' + year / 100 % 10);
    out[2] = (byte) ('0' + year / 10 % 10);
    out[3] = (byte) ('0' + year % 10);
    out[4] = '-';
    out[5] = (byte) ('0' + date.getMonthValue() / 10);
    out[6] = (byte) ('0' + date.getMonthValue() % 10);
    out[7] = '-';
    out[8] = (byte) ('0' + date.getDayOfMonth() / 10);
    out[9] = (byte) ('0' + date.getDayOfMonth() % 10);
    out[10] = 'T';
  }
}
