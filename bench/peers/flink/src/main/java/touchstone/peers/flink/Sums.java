package touchstone.peers.flink;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** What a window holds now, by cell, and what was last written of it. */
final class Sums {
  static final int NEVER = Integer.MIN_VALUE;

  int closed = NEVER;
  long highestTime = Times.NONE;
  final int[] interactions;
  final int[] responses;
  final int[] customers;
  private final long[] satisfaction;
  private final int[] writtenInteractions;
  private final int[] writtenResponses;
  private final int[] writtenCustomers;
  private final long[] writtenMean;

  Sums(int cells) {
    interactions = new int[cells];
    responses = new int[cells];
    customers = new int[cells];
    satisfaction = new long[cells];
    writtenInteractions = new int[cells];
    writtenResponses = new int[cells];
    writtenCustomers = new int[cells];
    writtenMean = new long[cells];
  }

  /** True if the cell then reads differently than before; either slot may be absent. */
  boolean move(int cell, Slot entering, Slot leaving) {
    boolean isTouched = false;
    if (entering != null && (entering.interactions[cell] | entering.customers[cell]) != 0) {
      interactions[cell] += entering.interactions[cell];
      responses[cell] += entering.responses[cell];
      customers[cell] += entering.customers[cell];
      satisfaction[cell] += entering.satisfaction[cell];
      isTouched = true;
    }
    if (leaving != null && leaving.interactions[cell] != 0) {
      interactions[cell] -= leaving.interactions[cell];
      responses[cell] -= leaving.responses[cell];
      satisfaction[cell] -= leaving.satisfaction[cell];
      isTouched = true;
    }
    if (!isTouched) return false;
    long mean = mean(cell);
    if (interactions[cell] == writtenInteractions[cell] && customers[cell] == writtenCustomers[cell]
        && responses[cell] == writtenResponses[cell] && mean == writtenMean[cell]) {
      return false;
    }
    writtenInteractions[cell] = interactions[cell];
    writtenCustomers[cell] = customers[cell];
    writtenResponses[cell] = responses[cell];
    writtenMean[cell] = mean;
    return true;
  }

  /** Of satisfaction, in millionths, halves rounded away from zero; 0 without responses. */
  long mean(int cell) {
    int count = responses[cell];
    if (count == 0) return 0;
    long sum = satisfaction[cell];
    return (2 * sum + (sum < 0 ? -count : count)) / (2L * count);
  }

  void write(DataOutputView out) throws IOException {
    out.writeInt(closed);
    out.writeLong(highestTime);
    int before = -1;
    for (int cell = 0; cell < interactions.length; ++cell) {
      if ((interactions[cell] | customers[cell] | writtenInteractions[cell] | writtenCustomers[cell]) == 0) continue;
      Varints.write(cell - before, out);
      before = cell;
      Varints.write(interactions[cell], out);
      Varints.write(responses[cell], out);
      Varints.write(customers[cell], out);
      Varints.writeSigned(satisfaction[cell], out);
      Varints.write(writtenInteractions[cell], out);
      Varints.write(writtenResponses[cell], out);
      Varints.write(writtenCustomers[cell], out);
      Varints.writeSigned(writtenMean[cell], out);
    }
    Varints.write(0, out);
  }

  void read(DataInputView in) throws IOException {
    closed = in.readInt();
    highestTime = in.readLong();
    int cell = -1;
    for (int distance = (int) Varints.read(in); distance != 0; distance = (int) Varints.read(in)) {
      cell += distance;
      interactions[cell] = (int) Varints.read(in);
      responses[cell] = (int) Varints.read(in);
      customers[cell] = (int) Varints.read(in);
      satisfaction[cell] = Varints.readSigned(in);
      writtenInteractions[cell] = (int) Varints.read(in);
      writtenResponses[cell] = (int) Varints.read(in);
      writtenCustomers[cell] = (int) Varints.read(in);
      writtenMean[cell] = Varints.readSigned(in);
    }
  }
}
