package dev.quern.engine.embed;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.embed.WaitingInputs.Waiting;
import dev.quern.engine.model.TextEncoder;
import dev.quern.engine.tensor.Backend;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One encoder's passes. Everything here happens on the device's thread. */
final class PassLoop implements DeviceThread.Work {
  private static final Logger log = LoggerFactory.getLogger(PassLoop.class);

  /** So many failed passes in a row are no accident. */
  private static final int UNHEALTHY_AFTER = 3;

  private final String name;
  private final TextEncoder encoder;
  private final WaitingInputs queue;
  private final List<PassListener> listeners;
  private final LongSupplier clock;
  private final PassBudget budget;
  private long passes;
  private long inputs;
  private long tokens;
  private long failedPasses;
  private int failuresInRow;
  private volatile boolean dead;
  private volatile Totals totals = new Totals(0, 0, 0, 0, true);

  /** Since the start. */
  record Totals(long passes, long inputs, long tokens, long failedPasses, boolean healthy) {}

  PassLoop(
      String name,
      TextEncoder encoder,
      int maxBatchTokens,
      WaitingInputs queue,
      List<PassListener> listeners,
      LongSupplier clock) {
    this.name = name;
    this.encoder = encoder;
    this.queue = queue;
    this.listeners = listeners;
    this.clock = clock;
    this.budget = new PassBudget(maxBatchTokens);
  }

  /** As of the end of the last pass; any thread. */
  Totals totals() {
    return totals;
  }

  /** Whether the device's thread has died; then there is nothing left to close. */
  boolean isDead() {
    return dead;
  }

  @Override
  public boolean step(long othersNanos) {
    List<EncodingCall> over = new ArrayList<>();
    List<Waiting> pass = queue.take(budget.tokens(othersNanos), over);
    QuernException left =
        new QuernException(ErrorCategory.UNAVAILABLE, "the request was cancelled");
    over.forEach(call -> fail(call, left));
    if (pass.isEmpty()) {
      return false;
    }
    run(pass);
    totals = new Totals(passes, inputs, tokens, failedPasses, failuresInRow < UNHEALTHY_AFTER);
    return true;
  }

  @Override
  public void abandon(Throwable fatal) {
    dead = true;
    totals = new Totals(passes, inputs, tokens, failedPasses + 1, false);
    QuernException error =
        new QuernException(
            ErrorCategory.UNAVAILABLE,
            "the engine of " + name + " has died; restart the server (" + fatal + ")",
            fatal);
    // What is still being tokenised fails when it would be queued.
    failAll(queue.abort(error), error);
    encoder.close();
  }

  /** Encoders run on devices that are never lost; on another, they would end with it. */
  @Override
  public void lose(QuernException error) {
    abandon(error);
  }

  @Override
  public void restore(Backend backend) {}

  @Override
  public void stop(QuernException because) {}

  /** Fails calls that were taken from the queue. On the device's thread, as all ends of calls. */
  void failAll(List<EncodingCall> calls, QuernException error) {
    calls.forEach(call -> fail(call, error));
  }

  private void run(List<Waiting> pass) {
    int passTokens = pass.stream().mapToInt(waiting -> waiting.input().length()).sum();
    long begin = clock.getAsLong();
    float[][] rows;
    try {
      rows = encoder.encode(pass.stream().map(Waiting::input).toList());
    } catch (VirtualMachineError e) {
      throw e;
    } catch (QuernException e) {
      if (e.category() == ErrorCategory.OUT_OF_MEMORY && pass.size() > 1) {
        budget.tooMany(passTokens);
        log.warn(
            "{}: a pass of {} tokens ran out of memory; from now on at most {} ({})",
            name,
            passTokens,
            budget.maxTokens(),
            e.message());
        runHalves(pass);
      } else if (e.category() == ErrorCategory.BAD_REQUEST && pass.size() > 1) {
        // One of the texts is at fault; the others are not to suffer for it.
        runHalves(pass);
      } else {
        failed(pass, e);
      }
      return;
    } catch (Throwable e) {
      failed(pass, e);
      return;
    }
    long end = clock.getAsLong();
    budget.ran(passTokens, end - begin);
    passes++;
    inputs += pass.size();
    tokens += passTokens;
    failuresInRow = 0;
    deliver(pass, rows, begin, end);
    listeners.forEach(listener -> listener.onPass(pass.size(), passTokens, end - begin));
  }

  private void runHalves(List<Waiting> pass) {
    int middle = pass.size() / 2;
    run(pass.subList(0, middle));
    run(pass.subList(middle, pass.size()));
  }

  private void deliver(List<Waiting> pass, float[][] rows, long begin, long end) {
    for (int i = 0; i < rows.length; i++) {
      Waiting waiting = pass.get(i);
      EncodingCall call = waiting.call();
      if (call.fill(waiting.index(), rows[i], waiting.input().length(), begin) && call.end()) {
        queue.leave();
        call.answer(end);
      }
    }
  }

  private void failed(List<Waiting> pass, Throwable cause) {
    QuernException error;
    if (cause instanceof QuernException known && known.category() != ErrorCategory.INTERNAL) {
      error = known;
    } else {
      failedPasses++;
      failuresInRow++;
      log.error("{}: a pass failed; its requests fail", name, cause);
      error =
          new QuernException(
              ErrorCategory.UNAVAILABLE,
              "the engine failed while this request ran; send it again (" + cause + ")",
              cause);
    }
    pass.forEach(waiting -> fail(waiting.call(), error));
  }

  private void fail(EncodingCall call, QuernException error) {
    if (call.end()) {
      queue.leave();
      call.answer(error);
    }
  }
}
