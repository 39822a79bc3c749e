package touchstone.peers.streams;

import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Times of RFC 3339 as milliseconds since 1970 and back. It remembers the day it read last and the minute it wrote last. */
final class Rfc3339 {
  static final int LENGTH = "2026-11-22T17:00:41.130Z".length();
  static final long INVALID = Long.MIN_VALUE;

  private static final long DAY_MS = 86_400_000;
  private static final long MINUTE_MS = 60_000;
  private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:");
  private static final int MINUTE_LENGTH = "2026-11-22T17:00:".length();

  private int lastDate = -1;
  private long lastDateMs;
  private long lastMinute = Long.MIN_VALUE;
  private byte[] lastMinuteText;

  long read(byte[] text, int start, int end) {
    if (end - start < LENGTH - 4 || text[start + 4] != '-' || text[start + 7] != '-' || (text[start + 10] | 0x20) != 't'
        || text[start + 13] != ':' || text[start + 16] != ':') {
      return INVALID;
    }
    int year = two(text, start) * 100 + two(text, start + 2);
    int month = two(text, start + 5);
    int day = two(text, start + 8);
    int hour = two(text, start + 11);
    int minute = two(text, start + 14);
    int second = two(text, start + 17);
    if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0
        || second > 60) {
      return INVALID;
    }
    int at = start + 19;
    int millis = 0;
    if (text[at] == '.') {
      int weight = 100;
      int digits = at + 1;
      for (at = digits; at < end && isDigit(text[at]); at++) {
        millis += weight * (text[at] - '0');
        weight /= 10;
      }
      if (at == digits) return INVALID;
    }
    if (at == end) return INVALID;
    int offset = 0;
    byte zone = text[at++];
    if (zone == '+' || zone == '-') {
      if (end - at != 5 || text[at + 2] != ':') return INVALID;
      int hours = two(text, at);
      int minutes = two(text, at + 3);
      if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return INVALID;
      offset = zone == '+' ? hours * 60 + minutes : -(hours * 60 + minutes);
      at += 5;
    } else if ((zone | 0x20) != 'z') {
      return INVALID;
    }
    if (at != end) return INVALID;
    int date = (year << 4 | month) << 5 | day;
    if (date != lastDate) {
      if (day > 28 && day > LocalDate.of(year, month, 1).lengthOfMonth()) return INVALID;
      lastDateMs = LocalDate.of(year, month, day).toEpochDay() * DAY_MS;
      lastDate = date;
    }
    return lastDateMs + (hour * 60L + minute - offset) * MINUTE_MS + second * 1_000L + millis;
  }

  void write(long time, byte[] out, int at) {
    long minute = Math.floorDiv(time, MINUTE_MS);
    if (minute != lastMinute) {
      lastMinuteText = LocalDateTime.ofEpochSecond(minute * 60, 0, ZoneOffset.UTC).format(MINUTE).getBytes(StandardCharsets.US_ASCII);
      lastMinute = minute;
    }
    System.arraycopy(lastMinuteText, 0, out, at, MINUTE_LENGTH);
    int rest = (int) (time - minute * MINUTE_MS);
    int second = rest / 1_000;
    int millis = rest % 1_000;
    out[at + 17] = (byte) ('0' + second / 10);
    out[at + 18] = (byte) ('0' + second % 10);
    out[at + 19] = '.';
    out[at + 20] = (byte) ('0' + millis / 100);
    out[at + 21] = (byte) ('0' + millis / 10 % 10);
    out[at + 22] = (byte) ('0' + millis % 10);
    out[at + 23] = 'Z';
  }

  private static int two(byte[] text, int at) {
    byte tens = text[at];
    byte ones = text[at + 1];
    return isDigit(tens) && isDigit(ones) ? (tens - '0') * 10 + ones - '0' : -1_000;
  }

  private static boolean isDigit(byte one) {
    return one >= '0' && one <= '9';
  }
}
