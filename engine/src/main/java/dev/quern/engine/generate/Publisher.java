package dev.quern.engine.generate;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells listeners what became of their sequences, and ends those that are through. A listener hears
 * of one end, whatever happens, and one that throws costs its own request alone.
 */
final class Publisher {
  private static final Logger log = LoggerFactory.getLogger(Publisher.class);

  private final String name;
  private final Scheduler scheduler;
  private final Inbox inbox;
  private long promptTokens;
  private long generationTokens;

  Publisher(String name, Scheduler scheduler, Inbox inbox) {
    this.name = name;
    this.scheduler = scheduler;
    this.inbox = inbox;
  }

  /** Tokens of all prompts that were started. */
  long promptTokens() {
    return promptTokens;
  }

  /** Tokens of all outputs. */
  long generationTokens() {
    return generationTokens;
  }

  /** Tells of a fresh plan's news. */
  void announce(StepPlan plan) {
    for (Sequence sequence : plan.expired) {
      fail(
          sequence,
          new QuernException(
              ErrorCategory.OVERLOADED,
              "the request was not started before its deadline; try again later"));
    }
    for (Sequence sequence : plan.started) {
      inbox.started(sequence);
      promptTokens += sequence.promptLength();
      tell(sequence, listener -> listener.onStarted(sequence.cachedTokens));
    }
  }

  /** Tells of a sequence's outcome of one step, unless it ended before that was known. */
  void publish(StepOutcome outcome, long nowNanos) {
    Sequence sequence = outcome.sequence();
    if (sequence.state == Sequence.State.ENDED) {
      return;
    }
    QuernException failure = outcome.failure();
    if (failure != null) {
      fail(sequence, failure);
      return;
    }
    if (sequence.scoresPrompt()
        && !sequence.promptScoresTold
        && sequence.promptScores().size() == sequence.promptLength() - 1) {
      sequence.promptScoresTold = true;
      List<SampledToken> scores = List.copyOf(sequence.promptScores());
      tell(sequence, listener -> listener.onPromptScored(scores));
    }
    SampledToken next = outcome.next();
    if (next != null) {
      publishToken(sequence, next, nowNanos);
    } else if (sequence.maxTokens() == 0 && outcome.computed() == sequence.promptLength()) {
      finishRunning(sequence, FinishReason.LENGTH);
    }
  }

  private void publishToken(Sequence sequence, SampledToken next, long nowNanos) {
    if (sequence.generated() == 0) {
      sequence.firstTokenNanos = nowNanos;
    }
    sequence.append(next.tokenId());
    generationTokens++;
    tell(sequence, listener -> listener.onToken(next));
    if (sequence.sampling().stopTokens().contains(next.tokenId())) {
      sequence.stopToken = next.tokenId();
      finishRunning(sequence, FinishReason.STOP);
    } else if (sequence.generated() == sequence.maxTokens()) {
      finishRunning(sequence, FinishReason.LENGTH);
    }
  }

  private void finishRunning(Sequence sequence, FinishReason reason) {
    // A listener that threw has ended it already.
    if (sequence.state == Sequence.State.RUNNING) {
      finish(sequence, reason);
    }
  }

  /** Ends a sequence that is not ended yet. */
  void finish(Sequence sequence, FinishReason reason) {
    end(sequence);
    GenerationStats stats = sequence.stats(System.nanoTime());
    tellLast(sequence, listener -> listener.onFinished(reason, stats));
  }

  /** Ends a sequence that is not ended yet with an error. */
  void fail(Sequence sequence, QuernException error) {
    end(sequence);
    tellFailed(sequence, error);
  }

  private void end(Sequence sequence) {
    scheduler.remove(sequence);
    inbox.ended(sequence);
  }

  /** Tells of progress; a listener that throws ends its own request. */
  private void tell(Sequence sequence, Consumer<GenerationListener> news) {
    if (sequence.state == Sequence.State.ENDED) {
      return;
    }
    try {
      news.accept(sequence.listener());
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      log.warn("{}: the listener of request {} failed", name, sequence.request().id(), e);
      fail(
          sequence,
          new QuernException(ErrorCategory.INTERNAL, "the receiver of the tokens failed: " + e, e));
    }
  }

  private void tellFailed(Sequence sequence, QuernException error) {
    tellLast(sequence, listener -> listener.onFailed(error));
  }

  private void tellLast(Sequence sequence, Consumer<GenerationListener> news) {
    try {
      news.accept(sequence.listener());
    } catch (VirtualMachineError e) {
      throw e;
    } catch (Throwable e) {
      log.warn("{}: the listener of request {} failed", name, sequence.request().id(), e);
    }
  }
}
