package touchstone.peers.streams;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;

/** The kinds of ratings, the first that is there counting first, and how each becomes a satisfaction of 0 to 1. */
enum Satisfaction {
  CSAT(-1, 4),
  STARS(-1, 4),
  NPS(0, 10),
  CES(-1, 6),
  SENTIMENT(1, 2);

  static final Satisfaction[] ALL = values();
  static final long INVALID = Long.MIN_VALUE;

  private static final long MILLION = 1_000_000;
  private static final int SIMPLE_DIGITS = 9;

  private final int shift;
  private final int range;

  Satisfaction(int shift, int range) {
    this.shift = shift;
    this.range = range;
  }

  /** (rating + shift) / range in millionths, halves away from zero. */
  long millionths(byte[] text, int start, int end) {
    boolean negative = text[start] == '-';
    long digits = 0;
    long one = 1; // as many digits as the number has behind its point
    int count = 0;
    boolean fraction = false;
    for (int at = negative ? start + 1 : start; at < end; at++) {
      byte next = text[at];
      if (next >= '0' && next <= '9' && count < SIMPLE_DIGITS) {
        digits = 10 * digits + next - '0';
        count++;
        if (fraction) one *= 10;
      } else if (next == '.' && !fraction) {
        fraction = true;
      } else {
        return millionthsOf(new String(text, start, end - start, StandardCharsets.ISO_8859_1));
      }
    }
    if (count == 0) return INVALID;
    return divide(((negative ? -digits : digits) + shift * one) * MILLION, range * one);
  }

  private long millionthsOf(String number) {
    try {
      return new BigDecimal(number).add(BigDecimal.valueOf(shift)).multiply(BigDecimal.valueOf(MILLION))
          .divide(BigDecimal.valueOf(range), 0, RoundingMode.HALF_UP).longValueExact();
    } catch (ArithmeticException | NumberFormatException notANumber) {
      return INVALID;
    }
  }

  static long divide(long numerator, long denominator) {
    long magnitude = (2 * Math.abs(numerator) + denominator) / (2 * denominator);
    return numerator < 0 ? -magnitude : magnitude;
  }
}
