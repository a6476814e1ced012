package dev.quern.supplier.cli;

import dev.quern.engine.generate.FinishReason;
import dev.quern.engine.generate.GenerationHandle;
import dev.quern.engine.generate.GenerationListener;
import dev.quern.engine.generate.GenerationRequest;
import dev.quern.engine.generate.GenerationStats;
import dev.quern.engine.generate.SampledToken;
import dev.quern.engine.generate.SamplingParameters;
import dev.quern.engine.runtime.LoadedLanguageModel;
import dev.quern.engine.text.IncrementalDetokenizer;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;

/**
 * One answer in this process, as text that comes token by token. The step thread only hands tokens
 * over; the thread that calls {@link #stream} turns them into text. Any thread may cancel.
 */
final class StreamedAnswer {
  /** Progress, in order; a {@link Token} is at most max-tokens times there. */
  private sealed interface Event {
    record Token(int id) implements Event {}

    record Finished(FinishReason reason) implements Event {}

    record Failed(QuernException error) implements Event {}
  }

  private final LoadedLanguageModel model;
  private final SamplingParameters sampling;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final GenerationHandle handle;

  /** Asks the engine; the answer begins now. */
  StreamedAnswer(LoadedLanguageModel model, int[] prompt, SamplingParameters sampling) {
    this.model = model;
    this.sampling = sampling;
    this.handle =
        model
            .engine()
            .submit(
                new GenerationRequest(
                    UUID.randomUUID().toString(), prompt, sampling, 0, OptionalLong.empty(), ""),
                new Listener(events));
  }

  /** Ends the answer early; {@link #stream} then returns. */
  void cancel() {
    handle.finish(FinishReason.CANCELLED);
  }

  /**
   * Hands out text as it becomes certain, until the answer ends.
   *
   * @return why it ended
   * @throws QuernException when the engine fails
   */
  FinishReason stream(Consumer<String> text) {
    IncrementalDetokenizer detokenizer = new IncrementalDetokenizer(model.tokenizer(), true);
    while (true) {
      switch (next()) {
        case Event.Token(int id) -> {
          if (!sampling.stopTokens().contains(id)) {
            text.accept(detokenizer.append(id));
          }
        }
        case Event.Finished(FinishReason reason) -> {
          text.accept(detokenizer.finish());
          return reason;
        }
        case Event.Failed(QuernException error) -> throw error;
      }
    }
  }

  private Event next() {
    while (true) {
      try {
        return events.take();
      } catch (InterruptedException e) {
        cancel();
      }
    }
  }

  private record Listener(BlockingQueue<Event> events) implements GenerationListener {
    @Override
    public void onStarted(int cachedTokens) {}

    @Override
    public void onPromptScored(List<SampledToken> tokens) {}

    @Override
    public void onToken(SampledToken token) {
      events.add(new Event.Token(token.tokenId()));
    }

    @Override
    public void onFinished(FinishReason reason, GenerationStats stats) {
      events.add(new Event.Finished(reason));
    }

    @Override
    public void onFailed(QuernException error) {
      events.add(new Event.Failed(error));
    }
  }
}
