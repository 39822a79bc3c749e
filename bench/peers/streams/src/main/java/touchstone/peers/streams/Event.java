package touchstone.peers.streams;

/** An event as the job needs it: numbers of the words the rules know, and where in the record the rest stands. */
final class Event {
  byte[] json;
  long time;

  // From the first byte to after the last, without quotes; an end of 0: absent.
  int idStart;
  int idEnd;
  int typeStart;
  int typeEnd;
  int channelStart;
  int channelEnd;
  int valueStart;
  int valueEnd;

  // As it stands in the record, and with its escapes resolved.
  int rawCustomerStart;
  int rawCustomerEnd;
  byte[] customer;
  int customerStart;
  int customerEnd;

  int type; // ByteDictionary.UNKNOWN as may be
  int channel;
  int path;
  int segment; // as the event says
  int segmentByRule;
  long satisfaction; // Satisfaction.INVALID: none
}
