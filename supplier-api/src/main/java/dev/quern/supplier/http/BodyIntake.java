package dev.quern.supplier.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.Json;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes in JSON bodies: received on the event loop, parsed and handled by the intake workers. From
 * then on a relay's miner waits for a head, and is promised one.
 */
final class BodyIntake {
  private final Workers workers;
  private final long maxBodyBytes;
  private final ServerLimits limits;
  private final int headMillis;
  private final AtomicLong bodiesInFlight = new AtomicLong();

  /**
   * An intake.
   *
   * @param headMillis in which a relay gets a head, whatever becomes of it
   */
  BodyIntake(Workers workers, long maxBodyBytes, ServerLimits limits, int headMillis) {
    this.workers = workers;
    this.maxBodyBytes = maxBodyBytes;
    this.limits = limits;
    this.headMillis = headMillis;
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
          @Nullable EarlyHead head = promisedHead(exchange, received.bytes());
          try {
            workers.intake(() -> handle(exchange, received, head, work));
          } catch (QuernException e) {
            received.release();
            exchange.fail(e);
          }
        });
  }

  private @Nullable EarlyHead promisedHead(Exchange exchange, byte[] body) {
    return exchange.relay().isPresent() ? EarlyHead.promise(exchange, body, headMillis) : null;
  }

  private static void handle(
      Exchange exchange,
      RequestBody.Received received,
      @Nullable EarlyHead head,
      Consumer<ObjectNode> work) {
    try {
      if (exchange.isOver()) {
        return;
      }
      ObjectNode body = Json.readObject(received.bytes());
      if (head != null) {
        head.read(body);
      }
      work.accept(body);
    } catch (RuntimeException | Error e) {
      exchange.fail(e);
    } finally {
      received.release();
    }
  }
}
