package touchstone.peers.flink;

import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * What a window takes in at one closing, by cell: the pane before it, and how many customers more or fewer are present.
 * Satisfaction is summed in millionths: integers add up in any order, and go back to zero.
 */
final class Slot {
  int closing;
  final int[] interactions;
  final int[] responses;
  final int[] customers;
  final long[] satisfaction;

  Slot(int cells) {
    interactions = new int[cells];
    responses = new int[cells];
    customers = new int[cells];
    satisfaction = new long[cells];
  }

  void add(Slot other) {
    for (int cell = 0; cell < interactions.length; ++cell) {
      interactions[cell] += other.interactions[cell];
      responses[cell] += other.responses[cell];
      customers[cell] += other.customers[cell];
      satisfaction[cell] += other.satisfaction[cell];
    }
  }

  void clear() {
    Arrays.fill(interactions, 0);
    Arrays.fill(responses, 0);
    Arrays.fill(customers, 0);
    Arrays.fill(satisfaction, 0);
  }

  /** Only the cells with amounts, each with its distance from the one before. */
  void write(DataOutputView out) throws IOException {
    int before = -1;
    for (int cell = 0; cell < interactions.length; ++cell) {
      if ((interactions[cell] | customers[cell]) == 0) continue;
      Varints.write(cell - before, out);
      before = cell;
      Varints.write(interactions[cell], out);
      Varints.writeSigned(customers[cell], out);
      Varints.write(responses[cell], out);
      if (responses[cell] != 0) Varints.writeSigned(satisfaction[cell], out);
    }
    Varints.write(0, out);
  }

  void read(DataInputView in) throws IOException {
    int cell = -1;
    for (int distance = (int) Varints.read(in); distance != 0; distance = (int) Varints.read(in)) {
      cell += distance;
      interactions[cell] = (int) Varints.read(in);
      customers[cell] = (int) Varints.readSigned(in);
      responses[cell] = (int) Varints.read(in);
      if (responses[cell] != 0) satisfaction[cell] = Varints.readSigned(in);
    }
  }
}
