package touchstone.peers.streams;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * The customers of a task: objects in a cache over the store. The store's own record cache would keep bytes, to be read and
 * written again for each event; here an event finds the object, by the bytes of its record, and the objects that changed are
 * written to the store (and its changelog) once for each commit, as one batch. Without a store they all stay in the heap.
 */
final class Customers {
  private final KeyValueStore<Bytes, byte[]> store; // null: none
  private final long capacity;

  private Customer[] buckets = new Customer[1 << 12];
  private int count;
  private long size; // of the objects
  private int hand; // where the search for what to drop goes on
  private final List<Customer> changed = new ArrayList<>();

  Customers(KeyValueStore<Bytes, byte[]> store, long capacity) {
    this.store = store;
    this.capacity = capacity;
  }

  Customer find(byte[] bytes, int start, int end) {
    int hash = ByteDictionary.hash(bytes, start, end);
    for (Customer each = buckets[hash & (buckets.length - 1)]; each != null; each = each.next) {
      if (each.hash != hash) continue;
      byte[] key = each.key.get();
      if (Arrays.equals(key, 0, key.length, bytes, start, end)) {
        each.used = true;
        return each;
      }
    }
    return takeIn(new Customer(Arrays.copyOfRange(bytes, start, end), hash));
  }

  void changed(Customer customer) {
    if (customer.changed) return;
    customer.changed = true;
    changed.add(customer);
  }

  int changedCount() {
    return changed.size();
  }

  /** Appends what is to be put into the store. Visits before the pane matter no more. */
  void writeChanged(int oldestPane, List<KeyValue<Bytes, byte[]>> entries) {
    for (Customer customer : changed) {
      customer.visits.dropBefore(oldestPane);
      account(customer);
      if (store != null) entries.add(KeyValue.pair(customer.key, customer.write()));
      customer.changed = false;
    }
    changed.clear();
    if (store != null && size > capacity) drop();
  }

  private Customer takeIn(Customer customer) {
    if (store != null) {
      byte[] stored = store.get(customer.key);
      if (stored != null) customer.read(stored);
    }
    customer.used = true;
    account(customer);
    if (++count > buckets.length) grow();
    int bucket = customer.hash & (buckets.length - 1);
    customer.next = buckets[bucket];
    buckets[bucket] = customer;
    return customer;
  }

  private void account(Customer customer) {
    size -= customer.size;
    customer.size = customer.sizeNow();
    size += customer.size;
  }

  /** The clock algorithm: those not used since the hand came by last. All of them are in the store. */
  private void drop() {
    while (size > capacity - capacity / 8 && count > 0) {
      Customer previous = null;
      for (Customer each = buckets[hand]; each != null; each = each.next) {
        if (each.used) {
          each.used = false;
          previous = each;
        } else {
          if (previous == null) buckets[hand] = each.next;
          else previous.next = each.next;
          size -= each.size;
          count--;
        }
      }
      hand = (hand + 1) & (buckets.length - 1);
    }
  }

  private void grow() {
    Customer[] old = buckets;
    buckets = new Customer[2 * old.length];
    for (Customer head : old) {
      for (Customer each = head; each != null; ) {
        Customer next = each.next;
        int bucket = each.hash & (buckets.length - 1);
        each.next = buckets[bucket];
        buckets[bucket] = each;
        each = next;
      }
    }
  }
}
