package dev.quern.supplier.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quern.engine.embed.EncodingListener;
import dev.quern.engine.embed.EncodingResult;
import dev.quern.engine.embed.InputTooLongException;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.encoder.Classes;
import dev.quern.supplier.http.encoder.EncoderObserver;
import dev.quern.supplier.http.encoder.EncoderPlan;
import dev.quern.supplier.http.encoder.OpenAiEmbeddings;
import dev.quern.supplier.http.encoder.Rerank;
import dev.quern.supplier.http.encoder.Scores;
import dev.quern.supplier.http.encoder.ServedEncoders;
import dev.quern.supplier.http.encoder.TeiEmbed;
import dev.quern.supplier.http.encoder.TeiPredict;
import dev.quern.supplier.http.encoder.TeiSimilarity;
import dev.quern.supplier.http.metrics.RelayMetrics;
import dev.quern.supplier.http.openai.ApiException;
import dev.quern.supplier.http.openai.ErrorShape;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;

/**
 * The routes that encoders answer. Bodies arrive on the event loop, are read and tokenised by the
 * intake workers, and answers are written by the output workers.
 */
final class EncoderRoutes {
  private final ServedEncoders models;
  private final EncoderObserver observer;
  private final RelayMetrics relays;
  private final BodyIntake bodies;
  private final Executor output;
  private final InFlight inFlight;

  EncoderRoutes(
      ServedEncoders models,
      EncoderObserver observer,
      RelayMetrics relays,
      BodyIntake bodies,
      Executor output,
      InFlight inFlight) {
    this.models = models;
    this.observer = observer;
    this.relays = relays;
    this.bodies = bodies;
    this.output = output;
    this.inFlight = inFlight;
  }

  void embeddings(Exchange exchange) {
    answer(exchange, OpenAiEmbeddings::plan);
  }

  void rerank(Exchange exchange) {
    answer(
        exchange,
        (body, served) -> {
          if (Rerank.isTei(body)) {
            exchange.errorShape(ErrorShape.TEI);
          }
          return Rerank.plan(body, served);
        });
  }

  void score(Exchange exchange) {
    answer(exchange, Scores::plan);
  }

  void classify(Exchange exchange) {
    answer(exchange, Classes::plan);
  }

  void embed(Exchange exchange) {
    answer(exchange, TeiEmbed::plan);
  }

  void predict(Exchange exchange) {
    answer(exchange, TeiPredict::plan);
  }

  void similarity(Exchange exchange) {
    answer(exchange, TeiSimilarity::plan);
  }

  private void answer(
      Exchange exchange, BiFunction<ObjectNode, ServedEncoders, EncoderPlan> planner) {
    // From the event loop on, so that a client that leaves while it waits is known to have left.
    AtomicBoolean left = new AtomicBoolean();
    exchange.whenDisconnected(() -> left.set(true));
    bodies.receive(
        exchange,
        body -> {
          String model = "";
          try {
            EncoderPlan plan = planner.apply(body, models);
            model = plan.model().metricsName();
            run(exchange, plan, left);
          } catch (QuernException e) {
            failed(model, e, left);
            throw e;
          }
        });
  }

  private void failed(String model, QuernException error, AtomicBoolean left) {
    if (left.get()) {
      observer.cancelled(model);
    } else {
      observer.failed(model, error);
    }
  }

  private void run(Exchange exchange, EncoderPlan plan, AtomicBoolean left) {
    observer.began(plan);
    inFlight.enter();
    try {
      plan.model()
          .engine()
          .submit(
              plan.request(exchange.relay().isPresent(), left::get),
              new Delivery(exchange, plan, left));
    } catch (InputTooLongException e) {
      inFlight.leave();
      throw ApiException.contextExceeded(plan.field(), e.message());
    } catch (RuntimeException | Error e) {
      inFlight.leave();
      throw e;
    }
  }

  /** Hands over from the device's thread to the output workers. */
  private final class Delivery implements EncodingListener {
    private final Exchange exchange;
    private final EncoderPlan plan;
    private final AtomicBoolean left;

    Delivery(Exchange exchange, EncoderPlan plan, AtomicBoolean left) {
      this.exchange = exchange;
      this.plan = plan;
      this.left = left;
    }

    @Override
    public void onFinished(EncodingResult result) {
      output.execute(() -> deliver(result));
    }

    @Override
    public void onFailed(QuernException error) {
      output.execute(
          () -> {
            failed(plan.model().metricsName(), error, left);
            exchange.fail(error);
            inFlight.leave();
          });
    }

    private void deliver(EncodingResult result) {
      try {
        exchange.answer(200, Exchange.JSON, plan.renderer().render(result));
        observer.finished(plan, result);
        exchange.relay().ifPresent(relay -> relays.encoded(relay, result.totalTokens()));
      } catch (RuntimeException e) {
        QuernException error =
            new QuernException(ErrorCategory.INTERNAL, "an answer could not be written", e);
        observer.failed(plan.model().metricsName(), error);
        exchange.fail(error);
      } finally {
        inFlight.leave();
      }
    }
  }
}
