package dev.quern.supplier.http;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.generation.GenerationCall;
import dev.quern.supplier.http.openai.AnswerRenderer;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.ChoiceDelta;
import dev.quern.supplier.http.openai.Envelope;
import dev.quern.supplier.http.openai.ErrorAnswer;
import dev.quern.supplier.http.openai.Usage;
import dev.quern.supplier.relay.StreamPieces;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.Optional;

/**
 * A stream of chunks. While the client takes in nothing, what comes is kept as text, which merges
 * into one event later; past a bound of text or of time the request ends, so that a slow client
 * never holds the device for long.
 */
final class EventStreamDelivery implements GenerationCall.Delivery {
  private final Exchange exchange;
  private final AnswerRenderer renderer;
  private final Envelope envelope;
  private final ServerLimits limits;
  private final StreamFraming framing;

  /** Set by the event loop: the client takes in nothing for now. */
  private volatile boolean full;

  // Touched by the call's worker alone.
  private boolean opened;
  private boolean closed;

  EventStreamDelivery(
      Exchange exchange, AnswerRenderer renderer, Envelope envelope, ServerLimits limits) {
    this.exchange = exchange;
    this.renderer = renderer;
    this.envelope = envelope;
    this.limits = limits;
    this.framing = StreamFraming.accepted(exchange.request().getHeader("Accept"));
  }

  @Override
  public void progressed(GenerationCall call) {
    if (closed) {
      return;
    }
    if (full) {
      if (call.backlog() > limits.maxUnsentChars()) {
        giveUp(call);
      }
      return;
    }
    Buffer events = Buffer.buffer();
    Optional<Usage> running =
        envelope.usageInEachChunk() ? Optional.of(call.usage()) : Optional.empty();
    if (!opened) {
      for (int i = 0; i < call.plan().choices(); i++) {
        renderer.opening(i, running).ifPresent(chunk -> append(events, chunk));
      }
    }
    boolean done = call.done();
    for (ChoiceDelta delta : call.takeDeltas()) {
      for (ChoiceDelta piece : call.plan().relay() ? StreamPieces.of(delta) : List.of(delta)) {
        append(events, fitting(call, renderer.chunk(piece, running)));
      }
    }
    if (done) {
      if (envelope.usageInStream()) {
        append(events, renderer.usageOnly(call.usage()));
      }
      framing.appendEnd(events);
    }
    closed = done;
    write(call, events, !opened, done);
    opened = true;
  }

  @Override
  public void failed(QuernException error) {
    if (closed) {
      return;
    }
    closed = true;
    if (!opened) {
      exchange.fail(error);
      return;
    }
    Buffer events = Buffer.buffer();
    ErrorAnswer answer = exchange.errorAnswer(error);
    append(events, answer.body());
    exchange.onEventLoop(
        () -> {
          if (!exchange.isOver()) {
            exchange.failsUnderHead(answer);
            exchange.response().end(events);
          }
        });
  }

  private void write(GenerationCall call, Buffer events, boolean first, boolean last) {
    if (!first && !last && events.length() == 0) {
      return;
    }
    exchange.onEventLoop(
        () -> {
          HttpServerResponse response = exchange.response();
          if (exchange.isOver()) {
            return;
          }
          if (first) {
            framing.prepare(response);
          }
          if (last) {
            response.end(events);
            return;
          }
          response.write(events);
          if (response.writeQueueFull() && !full) {
            waitForClient(call, response);
          }
        });
  }

  /** On the event loop. */
  private void waitForClient(GenerationCall call, HttpServerResponse response) {
    full = true;
    long timer =
        exchange.context().owner().setTimer(limits.stalledStreamMillis(), id -> giveUp(call));
    exchange.whenOver(() -> exchange.context().owner().cancelTimer(timer));
    response.drainHandler(
        nothing -> {
          exchange.context().owner().cancelTimer(timer);
          full = false;
          call.wake();
        });
  }

  /** Ends the request and, since the client reads nothing, its connection. Any thread. */
  private void giveUp(GenerationCall call) {
    call.cancel();
    exchange.onEventLoop(
        () -> {
          if (exchange.isOver()) {
            return;
          }
          Buffer events = Buffer.buffer();
          ErrorAnswer answer =
              exchange.errorAnswer(
                  new QuernException(
                      ErrorCategory.UNAVAILABLE,
                      "The stream was ended: it was not read for too long."));
          append(events, answer.body());
          exchange.failsUnderHead(answer);
          exchange.response().end(events);
          exchange
              .context()
              .owner()
              .setTimer(limits.bodyStallMillis(), id -> exchange.request().connection().close());
        });
  }

  private void append(Buffer events, byte[] data) {
    framing.append(events, data);
  }

  /** What belongs to the whole prompt cannot be cut. */
  private static byte[] fitting(GenerationCall call, byte[] chunk) {
    if (call.plan().relay() && chunk.length > StreamPieces.LONGEST_LINE) {
      throw ApiException.refused(
          400, "line_too_long", "A part of this answer is too long for a stream; ask without one.");
    }
    return chunk;
  }
}
