package dev.quern.supplier.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.Json;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Takes in JSON bodies: received on the event loop, parsed and handled by the intake workers. */
final class BodyIntake {
  private final Workers workers;
  private final long maxBodyBytes;
  private final ServerLimits limits;
  private final AtomicLong bodiesInFlight = new AtomicLong();

  BodyIntake(Workers workers, long maxBodyBytes, ServerLimits limits) {
    this.workers = workers;
    this.maxBodyBytes = maxBodyBytes;
    this.limits = limits;
  }

  /**
   * Receives a request's body.
   *
   * @param work gets it, on a worker; what it throws answers the request
   */
  void receive(Exchange exchange, Consumer<ObjectNode> work) {
    RequestBody.receive(
        exchange,
        maxBodyBytes,
        limits,
        bodiesInFlight,
        received -> {
          try {
            workers.intake(() -> handle(exchange, received, work));
          } catch (QuernException e) {
            received.release();
            exchange.fail(e);
          }
        });
  }

  private static void handle(
      Exchange exchange, RequestBody.Received received, Consumer<ObjectNode> work) {
    try {
      if (exchange.isOver()) {
        return;
      }
      work.accept(Json.readObject(received.bytes()));
    } catch (RuntimeException | Error e) {
      exchange.fail(e);
    } finally {
      received.release();
    }
  }
}
