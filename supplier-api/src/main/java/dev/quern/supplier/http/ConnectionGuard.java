package dev.quern.supplier.http;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Bounds the open connections, and closes those on which nobody asks anything: kept alive for too
 * long, or sending half of a request's head, however slowly.
 */
final class ConnectionGuard {
  private static final long SWEEP_MILLIS = 1000;

  private final int maxConnections;
  private final long idleNanos;
  private final Map<HttpConnection, State> states = new ConcurrentHashMap<>();

  /** Of one connection; touched on its event loop, but for the sweep's reading. */
  private static final class State {
    volatile int active;
    volatile long idleSinceNanos = System.nanoTime();
  }

  ConnectionGuard(int maxConnections, long idleMillis) {
    this.maxConnections = maxConnections;
    this.idleNanos = idleMillis * 1_000_000;
  }

  void startSweeping(Vertx vertx) {
    vertx.setPeriodic(Math.min(SWEEP_MILLIS, idleNanos / 1_000_000), timer -> sweep());
  }

  void opened(HttpConnection connection) {
    if (states.size() >= maxConnections) {
      connection.close();
      return;
    }
    states.put(connection, new State());
    connection.closeHandler(nothing -> states.remove(connection));
  }

  /** A request's head has come. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one event loop writes
  void began(Exchange exchange) {
    State state = states.get(exchange.request().connection());
    if (state == null) {
      return;
    }
    state.active++;
    exchange.whenOver(
        () -> {
          state.active--;
          state.idleSinceNanos = System.nanoTime();
        });
  }

  int open() {
    return states.size();
  }

  private void sweep() {
    long now = System.nanoTime();
    states.forEach(
        (connection, state) -> {
          if (state.active == 0 && now - state.idleSinceNanos > idleNanos) {
            connection.close();
          }
        });
  }
}
