package touchstone.peers.streams;

import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.processor.internals.ProcessorNode;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.internals.CacheFlushListener;
import org.apache.kafka.streams.state.internals.CachedStateStore;

import java.util.Map;

/**
 * A place in a task's commit, before its records are flushed and its offsets are committed: where Streams flushes its own
 * record caches. What a processor holds back until then (changed state, records to send) belongs to the same transaction as
 * the input it comes from, and after a crash it is made again from that input. It is a store without content, as only stores
 * are asked; the interface is the one of Streams' caching stores.
 */
final class BeforeCommit implements StateStore, CachedStateStore<Object, Object> {
  static final String NAME_SUFFIX = "-before-commit";

  private final String name;
  private boolean open;
  private Runnable action = () -> {};

  private BeforeCommit(String name) {
    this.name = name;
  }

  static StoreBuilder<BeforeCommit> builder(String processor) {
    return new Builder(processor + NAME_SUFFIX);
  }

  /** To be called from the processor's init: the action is run as if by that processor, and may forward. */
  static void run(ProcessorContext<?, ?> context, String processor, Runnable action) {
    InternalProcessorContext<?, ?> internal = (InternalProcessorContext<?, ?>) context;
    ProcessorNode<?, ?, ?, ?> node = internal.currentNode();
    BeforeCommit hook = context.getStateStore(processor + NAME_SUFFIX);
    hook.action = () -> {
      ProcessorNode<?, ?, ?, ?> previous = internal.currentNode();
      internal.setCurrentNode(node);
      try {
        action.run();
      } finally {
        internal.setCurrentNode(previous);
      }
    };
  }

  @Override
  public void flushCache() {
    action.run();
  }

  @Override
  public void clearCache() {}

  @Override
  public boolean setFlushListener(CacheFlushListener<Object, Object> listener, boolean sendOldValues) {
    return false;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void init(StateStoreContext context, StateStore root) {
    context.register(root, (key, value) -> {});
    open = true;
  }

  @Override
  public void close() {
    open = false;
  }

  @Override
  public boolean persistent() {
    return false;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  private record Builder(String name) implements StoreBuilder<BeforeCommit> {
    @Override
    public BeforeCommit build() {
      return new BeforeCommit(name);
    }

    @Override
    public StoreBuilder<BeforeCommit> withCachingEnabled() {
      return this;
    }

    @Override
    public StoreBuilder<BeforeCommit> withCachingDisabled() {
      return this;
    }

    @Override
    public StoreBuilder<BeforeCommit> withLoggingEnabled(Map<String, String> config) {
      throw new UnsupportedOperationException();
    }

    @Override
    public StoreBuilder<BeforeCommit> withLoggingDisabled() {
      return this;
    }

    @Override
    public Map<String, String> logConfig() {
      return Map.of();
    }

    @Override
    public boolean loggingEnabled() {
      return false;
    }
  }
}
