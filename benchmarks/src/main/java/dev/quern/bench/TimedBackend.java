package dev.quern.bench;

import dev.quern.engine.tensor.Backend;
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
    timed =
        (Backend)
            Proxy.newProxyInstance(
                Backend.class.getClassLoader(),
                new Class<?>[] {Backend.class},
                (proxy, method, arguments) -> {
                  long start = System.nanoTime();
                  try {
                    return method.invoke(real, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  } finally {
                    long nanos = System.nanoTime() - start;
                    costs.merge(
                        method.getName(), new Cost(1, nanos), (old, one) -> old.plus(nanos));
                  }
                });
  }

  Backend backend() {
    return timed;
  }

  /** What was spent since the last call. */
  Map<String, Cost> take() {
    Map<String, Cost> taken = costs;
    costs = new TreeMap<>();
    return taken;
  }
}
