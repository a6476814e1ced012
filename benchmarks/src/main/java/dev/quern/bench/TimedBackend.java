package dev.quern.bench;

import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.EncoderOperations;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;

/** A backend that adds up the time spent in each of its operations. */
final class TimedBackend {
  /** Calls and nanoseconds of one operation. */
  record Cost(int calls, long nanos) {
    Cost plus(long more) {
      return new Cost(calls + 1, nanos + more);
    }
  }

  private final Backend timed;
  private Map<String, Cost> costs = new TreeMap<>();

  TimedBackend(Backend real) {
    timed = timed(Backend.class, real);
  }

  private <T> T timed(Class<T> type, T real) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              long start = System.nanoTime();
              try {
                Object result = method.invoke(real, arguments);
                return result instanceof EncoderOperations operations
                    ? timed(EncoderOperations.class, operations)
                    : result;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              } finally {
                // Of a run its operations are counted, each by itself.
                if (!method.getName().equals("run")) {
                  long nanos = System.nanoTime() - start;
                  add(method.getName(), nanos);
                }
              }
            }));
  }

  Backend backend() {
    return timed;
  }

  /** Passes side by side have threads of their own: their sum may be more than what passed. */
  private synchronized void add(String operation, long nanos) {
    costs.merge(operation, new Cost(1, nanos), (old, one) -> old.plus(nanos));
  }

  /** What was spent since the last call. */
  synchronized Map<String, Cost> take() {
    Map<String, Cost> taken = costs;
    costs = new TreeMap<>();
    return taken;
  }
}
