package touchstone.peers.flink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.flink.api.common.state.ValueState;

/** The customers' keyed state. What is got from here may be changed where it is, and is then told of. */
abstract class Customers {
  enum Kind {
    /** The heap's objects are the state: HashMapStateBackend copies one that a checkpoint still writes before it is got. */
    IN_PLACE,
    /** So, but each change must be written for a log: once for all changes between two checkpoints. */
    LOGGED,
    /** The state is bytes elsewhere: the latest customers are kept here, and written once between two checkpoints. */
    CACHED
  }

  final ValueState<CustomerState> state;

  private Customers(ValueState<CustomerState> state) {
    this.state = state;
  }

  static Customers of(Kind kind, ValueState<CustomerState> state, Consumer<Customer> setCurrentKey) {
    return switch (kind) {
      case IN_PLACE -> new InPlace(state);
      case LOGGED -> new Logged(state, setCurrentKey);
      case CACHED -> new Cached(state, setCurrentKey);
    };
  }

  /** Of the customer whose key is the current one; null if there is none yet. */
  abstract CustomerState get(Customer customer) throws IOException;

  abstract void changed(Customer customer, CustomerState now, boolean isNew) throws IOException;

  /** Before a checkpoint: the keyed state then has every change. */
  abstract void flush() throws IOException;

  private static final class InPlace extends Customers {
    InPlace(ValueState<CustomerState> state) {
      super(state);
    }

    @Override
    CustomerState get(Customer customer) throws IOException {
      return state.value();
    }

    @Override
    void changed(Customer customer, CustomerState now, boolean isNew) throws IOException {
      if (isNew) state.update(now);
    }

    @Override
    void flush() {}
  }

  private static final class Logged extends Customers {
    private final Consumer<Customer> setCurrentKey;
    private final List<Customer> changed = new ArrayList<>();

    Logged(ValueState<CustomerState> state, Consumer<Customer> setCurrentKey) {
      super(state);
      this.setCurrentKey = setCurrentKey;
    }

    @Override
    CustomerState get(Customer customer) throws IOException {
      return state.value();
    }

    @Override
    void changed(Customer customer, CustomerState now, boolean isNew) throws IOException {
      if (isNew) {
        // Is got from there from now on.
        state.update(now);
      } else if (!now.isChanged) {
        now.isChanged = true;
        changed.add(customer);
      }
    }

    @Override
    void flush() throws IOException {
      for (Customer customer : changed) {
        setCurrentKey.accept(customer);
        CustomerState now = state.value();
        now.isChanged = false;
        state.update(now);
      }
      changed.clear();
    }
  }

  private static final class Cached extends Customers {
    /** Of one generation; there are two, and what was not asked for during one is forgotten. */
    private static final int MOST = 100_000;

    private static final class Entry {
      final Customer customer;
      final CustomerState state;

      Entry(Customer customer, CustomerState state) {
        this.customer = customer;
        this.state = state;
      }
    }

    private final Consumer<Customer> setCurrentKey;
    private final List<Entry> changed = new ArrayList<>();
    private Map<Customer, Entry> recent = new HashMap<>();
    private Map<Customer, Entry> older = new HashMap<>();
    private Entry latest;

    Cached(ValueState<CustomerState> state, Consumer<Customer> setCurrentKey) {
      super(state);
      this.setCurrentKey = setCurrentKey;
    }

    @Override
    CustomerState get(Customer customer) throws IOException {
      latest = recent.get(customer);
      if (latest == null) {
        latest = older.get(customer);
        if (latest == null) {
          CustomerState saved = state.value();
          if (saved == null) return null;
          latest = new Entry(customer, saved);
        }
        remember();
      }
      return latest.state;
    }

    private void remember() throws IOException {
      if (recent.size() == MOST) {
        flush();
        setCurrentKey.accept(latest.customer);
        older = recent;
        recent = new HashMap<>();
      }
      recent.put(latest.customer, latest);
    }

    @Override
    void changed(Customer customer, CustomerState now, boolean isNew) throws IOException {
      if (isNew) {
        latest = new Entry(customer, now);
        remember();
      }
      if (now.isChanged) return;
      now.isChanged = true;
      changed.add(latest);
    }

    @Override
    void flush() throws IOException {
      for (Entry entry : changed) {
        setCurrentKey.accept(entry.customer);
        state.update(entry.state);
        entry.state.isChanged = false;
      }
      changed.clear();
    }
  }
}
