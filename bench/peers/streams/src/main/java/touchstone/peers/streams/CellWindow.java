package touchstone.peers.streams;

/** One window of one cell: its steps to come and within, and the sums of those within at the last closing. */
final class CellWindow {
  private final Window window;

  // Rings over steps and closings, by their numbers since 1970. What is behind is zero again.
  private int mask;
  private int[] interactionsOf;
  private int[] responsesOf;
  private long[] satisfactionOf;
  private int[] changeOfCustomers;

  int interactions;
  int customers;
  int responses;
  private long satisfaction;

  private int writtenInteractions;
  private int writtenCustomers;
  private int writtenResponses;
  private long writtenMean;

  CellWindow(Window window) {
    this.window = window;
    allocate(Integer.highestOneBit(window.stepsInSize + 8) * 2);
  }

  /** `closed` is the window's last closing. */
  void addStep(int closed, int step, int events, int rated, long millionths) {
    reserve(closed, step);
    int at = step & mask;
    interactionsOf[at] += events;
    responsesOf[at] += rated;
    satisfactionOf[at] += millionths;
  }

  void addEdge(int closed, int closing, int change) {
    reserve(closed, closing);
    changeOfCustomers[closing & mask] += change;
  }

  /** Closings come one after the other. Whether there is a row to write. */
  boolean close(int closing) {
    int entering = closing - 1 & mask;
    int leaving = closing - 1 - window.stepsInSize & mask;
    interactions += interactionsOf[entering] - interactionsOf[leaving];
    responses += responsesOf[entering] - responsesOf[leaving];
    satisfaction += satisfactionOf[entering] - satisfactionOf[leaving];
    interactionsOf[leaving] = 0;
    responsesOf[leaving] = 0;
    satisfactionOf[leaving] = 0;
    customers += changeOfCustomers[closing & mask];
    changeOfCustomers[closing & mask] = 0;

    long mean = mean();
    if (interactions == writtenInteractions && customers == writtenCustomers && responses == writtenResponses
        && mean == writtenMean) {
      return false;
    }
    writtenInteractions = interactions;
    writtenCustomers = customers;
    writtenResponses = responses;
    writtenMean = mean;
    return true;
  }

  /** Of the satisfaction, in millionths, halves away from zero. */
  long mean() {
    return responses == 0 ? 0 : Satisfaction.divide(satisfaction, responses);
  }

  private void allocate(int size) {
    mask = size - 1;
    interactionsOf = new int[size];
    responsesOf = new int[size];
    satisfactionOf = new long[size];
    changeOfCustomers = new int[size];
  }

  /** Room for all from the steps in the window at its last closing to the given one. */
  private void reserve(int closed, int newest) {
    int oldest = closed - window.stepsInSize - 1;
    if (newest - oldest <= mask) return;
    int[] interactionsBefore = interactionsOf;
    int[] responsesBefore = responsesOf;
    long[] satisfactionBefore = satisfactionOf;
    int[] changeBefore = changeOfCustomers;
    int maskBefore = mask;
    allocate(Integer.highestOneBit(newest - oldest) * 2);
    for (int number = oldest; number <= oldest + maskBefore; number++) {
      interactionsOf[number & mask] = interactionsBefore[number & maskBefore];
      responsesOf[number & mask] = responsesBefore[number & maskBefore];
      satisfactionOf[number & mask] = satisfactionBefore[number & maskBefore];
      changeOfCustomers[number & mask] = changeBefore[number & maskBefore];
    }
  }
}
