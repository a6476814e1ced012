package dev.quern.supplier.http.generation;

import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationHandle;
import dev.quern.engine.generate.GenerationListener;
import dev.quern.engine.generate.GenerationRequest;
import dev.quern.engine.generate.GenerationStats;
import dev.quern.engine.generate.SampledToken;
import dev.quern.engine.generate.SamplingParameters;
import dev.quern.engine.text.StopStrings;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.openai.ChoiceDelta;
import dev.quern.supplier.http.openai.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request at the engine: its sequences, their choices, and what becomes of them.
 *
 * <p>The engine's thread only hands over; all else, the {@link Delivery} too, runs on the workers,
 * one task at a time. {@link #cancel} may be called by any thread.
 */
public final class GenerationCall {
  private static final Logger LOG = LoggerFactory.getLogger(GenerationCall.class);

  /** Where the answer goes. Called by one worker at a time. */
  public interface Delivery {
    /** Something is new: deltas may be taken, or everything is done. */
    void progressed(GenerationCall call);

    /** Nothing more will come; what has not been answered yet is answered by this error. */
    void failed(QuernException error);
  }

  private final GenerationPlan plan;
  private final Delivery delivery;
  private final GenerationObserver observer;
  private final SerialExecutor serial;
  private final AtomicInteger sequencesLeft = new AtomicInteger();
  private final Runnable whenSequencesEnded;

  // Touched by the serial executor's tasks alone.
  private final List<ChoiceProgress> choices = new ArrayList<>();
  private final List<GenerationHandle> handles = new ArrayList<>();
  private boolean ended;
  private @Nullable QuernException failure;
  private boolean cancelled;

  private volatile boolean begun;

  /**
   * A call that has not started.
   *
   * @param workers runs everything; must accept a task for each token
   * @param whenSequencesEnded runs once when the engine is done with every sequence
   */
  public GenerationCall(
      GenerationPlan plan,
      Delivery delivery,
      GenerationObserver observer,
      Executor workers,
      Runnable whenSequencesEnded) {
    this.plan = plan;
    this.delivery = delivery;
    this.observer = observer;
    this.whenSequencesEnded = whenSequencesEnded;
    this.serial = new SerialExecutor(workers, this::deliver);
  }

  public GenerationPlan plan() {
    return plan;
  }

  /** Submits every sequence; a refusal comes to {@link Delivery#failed}. */
  public void start() {
    enqueue(this::submitAll);
  }

  /** Ends every sequence at its next step; nothing is delivered any more. */
  public void cancel() {
    serial.execute(
        () -> {
          cancelled = true;
          ended = true;
          handles.forEach(handle -> handle.finish(FinishReason.CANCELLED));
        });
  }

  /** Ends every sequence at its next step; the request is answered by {@code error}. */
  public void abort(QuernException error) {
    serial.execute(() -> fail(error));
  }

  /** Whether the engine has begun with any of it; any thread. */
  public boolean begun() {
    return begun;
  }

  /** Asks for {@link Delivery#progressed}, by a delivery that can take more again. */
  public void wake() {
    serial.execute(() -> {});
  }

  /** Deltas that wait to be taken; of the delivery's thread. */
  public List<ChoiceDelta> takeDeltas() {
    List<ChoiceDelta> deltas = new ArrayList<>();
    for (ChoiceProgress choice : choices) {
      if (choice.hasDelta()) {
        deltas.add(choice.takeDelta());
      }
    }
    return deltas;
  }

  /** Chars that wait to be taken; of the delivery's thread. */
  public int backlog() {
    return choices.stream().mapToInt(ChoiceProgress::backlog).sum();
  }

  /** Whether every choice has its finish reason; of the delivery's thread. */
  public boolean done() {
    return choices.stream().allMatch(ChoiceProgress::done);
  }

  /** Counts so far; of the delivery's thread. */
  public Usage usage() {
    int cached = 0;
    int completion = 0;
    for (int i = 0; i < choices.size(); i++) {
      completion += choices.get(i).tokens();
      // Choices of one prompt share it: it counts once.
      cached += i % plan.sampling().n() == 0 ? choices.get(i).cachedTokens() : 0;
    }
    return new Usage(plan.promptTokens(), cached, completion);
  }

  /** A task that fails ends the request with an error, never without an answer. */
  private void enqueue(Runnable task) {
    serial.execute(
        () -> {
          try {
            task.run();
          } catch (RuntimeException e) {
            LOG.error("request {} failed", plan.id(), e);
            fail(new QuernException(ErrorCategory.INTERNAL, "Internal error.", e));
          }
        });
  }

  private void submitAll() {
    sequencesLeft.set(plan.choices());
    if (ended) {
      forgetSequences(plan.choices());
      return;
    }
    int submitted = 0;
    try {
      StopStrings stopStrings =
          StopStrings.of(plan.sampling().stop(), plan.sampling().includeStop());
      for (PlannedPrompt prompt : plan.prompts()) {
        for (int i = 0; i < plan.sampling().n(); i++) {
          submit(prompt, i, stopStrings);
          submitted++;
        }
      }
    } catch (RuntimeException e) {
      fail(asQuernException(e));
      forgetSequences(plan.choices() - submitted);
    }
  }

  private void submit(PlannedPrompt prompt, int choiceOfPrompt, StopStrings stopStrings) {
    int index = choices.size();
    SamplingParameters parameters = SamplingPlan.parameters(plan, prompt, choiceOfPrompt);
    ChoiceProgress choice =
        new ChoiceProgress(index, prompt, plan, parameters.stopTokens(), stopStrings);
    choices.add(choice);
    GenerationRequest request =
        new GenerationRequest(
            plan.id() + "-" + index,
            prompt.tokens(),
            parameters,
            plan.priority(),
            OptionalLong.empty(),
            plan.envelope().cacheSalt());
    handles.add(plan.model().engine().submit(request, new ChoiceListener(choice, index)));
  }

  private void forgetSequences(int count) {
    if (count > 0 && sequencesLeft.addAndGet(-count) == 0) {
      whenSequencesEnded.run();
    }
  }

  /** One failed sequence fails the request: half an answer is none. */
  private void fail(QuernException error) {
    if (failure == null && !ended) {
      failure = error;
      handles.forEach(handle -> handle.finish(FinishReason.CANCELLED));
    }
  }

  private void deliver() {
    if (ended) {
      return;
    }
    try {
      if (failure != null) {
        ended = true;
        delivery.failed(failure);
      } else {
        boolean last = done();
        delivery.progressed(this);
        ended |= last && backlog() == 0 && choices.stream().noneMatch(ChoiceProgress::hasDelta);
      }
    } catch (RuntimeException e) {
      LOG.error("request {} could not be answered", plan.id(), e);
      ended = true;
      handles.forEach(handle -> handle.finish(FinishReason.CANCELLED));
      delivery.failed(new QuernException(ErrorCategory.INTERNAL, "Internal error.", e));
    }
  }

  private static QuernException asQuernException(RuntimeException e) {
    return e instanceof QuernException quern
        ? quern
        : new QuernException(ErrorCategory.INTERNAL, "Internal error.", e);
  }

  /** Runs on the engine's thread: it only hands over. */
  private final class ChoiceListener implements GenerationListener {
    private final ChoiceProgress choice;
    private final int index;
    private long lastTokenNanos;

    ChoiceListener(ChoiceProgress choice, int index) {
      this.choice = choice;
      this.index = index;
    }

    @Override
    public void onStarted(int cachedTokens) {
      begun = true;
      enqueue(() -> choice.started(cachedTokens));
    }

    @Override
    public void onPromptScored(List<SampledToken> tokens) {
      enqueue(() -> choice.promptScored(tokens));
    }

    @Override
    public void onToken(SampledToken token) {
      long now = System.nanoTime();
      long before = lastTokenNanos;
      lastTokenNanos = now;
      enqueue(
          () -> {
            if (before != 0) {
              observer.tokenGap(plan.model().metricsName(), (now - before) / 1e9);
            }
            if (!ended && choice.token(token)) {
              handles.get(index).finish(FinishReason.STOP);
            }
          });
    }

    @Override
    public void onFinished(FinishReason reason, GenerationStats stats) {
      enqueue(
          () -> {
            if (reason == FinishReason.CANCELLED && !cancelled && failure == null) {
              fail(
                  new QuernException(
                      ErrorCategory.UNAVAILABLE, "The server stopped before this was finished."));
            } else {
              choice.finished(reason);
            }
            observer.finished(plan.model().metricsName(), choice.finish().orElse(reason), stats);
          });
      enqueue(() -> forgetSequences(1));
    }

    @Override
    public void onFailed(QuernException error) {
      enqueue(
          () -> {
            fail(error);
            forgetSequences(1);
          });
    }
  }
}
