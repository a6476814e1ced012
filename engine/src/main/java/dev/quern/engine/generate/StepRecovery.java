package dev.quern.engine.generate;

import dev.quern.engine.device.DeviceLostException;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a failed step costs. Out of memory: nothing, the steps become smaller. The device: all
 * running requests, and the device's thread has to open it anew. Anything else: the running
 * requests and the content of the cache. Requests that wait are kept in every case.
 */
final class StepRecovery {
  private static final Logger log = LoggerFactory.getLogger(StepRecovery.class);

  /** So many failed steps in a row are no accident. */
  private static final int UNHEALTHY_AFTER = 3;

  private final String name;
  private final ResidentModel resident;
  private final Scheduler scheduler;
  private final BlockManager blocks;
  private final Publisher publisher;
  private final Predicate<Throwable> losesDevice;
  private long failures;
  private int failuresInRow;
  private @Nullable Throwable last;
  private @Nullable String ended;

  /**
   * For one model's loop.
   *
   * @param losesDevice whether what a step threw has cost the device
   */
  StepRecovery(
      String name,
      ResidentModel resident,
      Scheduler scheduler,
      BlockManager blocks,
      Publisher publisher,
      Predicate<Throwable> losesDevice) {
    this.name = name;
    this.resident = resident;
    this.scheduler = scheduler;
    this.blocks = blocks;
    this.publisher = publisher;
    this.losesDevice = losesDevice;
  }

  /** Steps that failed since the start. */
  long failures() {
    return failures;
  }

  /** Why the model does not serve, or not well; empty when it does. */
  Optional<String> fault() {
    if (ended != null) {
      return Optional.of(ended);
    }
    return failuresInRow < UNHEALTHY_AFTER
        ? Optional.empty()
        : Optional.of("the last " + failuresInRow + " steps failed: " + last);
  }

  void stepWorked() {
    failuresInRow = 0;
  }

  /**
   * Makes the next step possible.
   *
   * @throws DeviceLostException when only opening the device anew can
   */
  void stepFailed(Throwable cause) {
    failures++;
    if (losesDevice.test(cause)) {
      throw new DeviceLostException(cause);
    }
    failuresInRow++;
    last = cause;
    if (cause instanceof QuernException known
        && known.category() == ErrorCategory.OUT_OF_MEMORY
        && shrink(known)) {
      return;
    }
    log.error("{}: a step failed; its requests fail and the KV cache is taken anew", name, cause);
    failRunning(
        new QuernException(
            ErrorCategory.UNAVAILABLE,
            "the engine failed while this request ran and has been reset; send it again ("
                + cause
                + ")",
            cause));
    resident.dropCache();
  }

  /** Gives up what lay on the lost device; running requests fail with {@code error}. */
  void lose(QuernException error) {
    ended = "its device failed and is being opened anew";
    failRunning(error);
    resident.lose();
  }

  /** The model is back on its device. */
  void restored() {
    ended = null;
    failuresInRow = 0;
  }

  /** Nothing more will run, for {@code reason}. */
  void end(String reason) {
    ended = reason;
  }

  private void failRunning(QuernException error) {
    scheduler.runningSequences().forEach(sequence -> publisher.fail(sequence, error));
    blocks.reset();
  }

  /** Makes steps smaller, down to one token a sequence; returns whether that was possible. */
  private boolean shrink(QuernException cause) {
    SchedulerLimits limits = scheduler.limits();
    int tokens = limits.maxNumBatchedTokens() / 2;
    if (tokens < BlockManager.BLOCK_SIZE) {
      return false;
    }
    int sequences = Math.min(limits.maxNumSequences(), tokens);
    log.warn(
        "{}: a step ran out of memory; from now on at most {} tokens of {} sequences a step ({})",
        name,
        tokens,
        sequences,
        cause.message());
    scheduler.shrink(
        new SchedulerLimits(sequences, tokens, Math.max(1, limits.maxScoredRows() / 2)));
    return true;
  }
}
