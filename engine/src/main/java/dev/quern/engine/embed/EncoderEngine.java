package dev.quern.engine.embed;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.model.EncoderDescription;
import dev.quern.engine.model.EncoderInput;
import dev.quern.engine.model.TextEncoder;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.engine.text.Tokenizer;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * An encoder with its tokenizer, its queue and its passes on a {@link DeviceThread}. Texts are
 * tokenised by the threads that submit them, ahead of the device; {@link PassLoop} is the device's
 * side. Safe for use by any thread.
 */
public final class EncoderEngine implements AutoCloseable {
  /** Tokens that may wait, in full passes: minutes of work on a slow device. */
  private static final long MOST_WAITING_PASSES = 64;

  /** Longest wait for the pass in progress when everything else is failed. */
  private static final long LAST_PASS_MILLIS = 60_000;

  private final DeviceThread device;
  private final EncoderSettings settings;
  private final Facts facts;
  private final InputPreparer preparer;
  private final TokenizerThreads tokenizers;
  private final WaitingInputs queue;
  private final PassLoop loop;
  private final TextEncoder encoder;
  private final List<PassListener> listeners;
  private final LongSupplier clock;
  private final AtomicLong arrivals = new AtomicLong();
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * What is known of the loaded model.
   *
   * @param weights bytes of its weights
   */
  public record Facts(
      EncoderDescription description, DType dtype, long parameters, MemoryUse weights) {}

  private EncoderEngine(
      DeviceThread device,
      TextEncoder encoder,
      Tokenizer tokenizer,
      EncoderSettings settings,
      LongSupplier clock) {
    this.device = device;
    this.encoder = encoder;
    this.settings = settings;
    this.clock = clock;
    this.facts =
        new Facts(
            encoder.description(), encoder.dtype(), encoder.parameters(), encoder.memoryUse());
    this.preparer = new InputPreparer(encoder.description(), tokenizer);
    this.tokenizers = new TokenizerThreads(settings.name(), settings.tokenizerThreads());
    // A single text may be longer than a pass.
    long passTokens = Math.max(settings.maxBatchTokens(), encoder.description().maxTokens());
    this.queue = new WaitingInputs(settings.maxWaiting(), MOST_WAITING_PASSES * passTokens, clock);
    this.listeners = new CopyOnWriteArrayList<>();
    this.loop =
        new PassLoop(settings.name(), encoder, settings.maxBatchTokens(), queue, listeners, clock);
  }

  /**
   * Loads a model on the device's thread and starts serving.
   *
   * @param loader makes the model; the engine closes it
   * @param tokenizer the model's; the caller closes it, after the engine
   * @throws QuernException what the loader threw
   */
  public static EncoderEngine start(
      DeviceThread device,
      Function<Backend, TextEncoder> loader,
      Tokenizer tokenizer,
      EncoderSettings settings) {
    return start(device, loader, tokenizer, settings, System::nanoTime);
  }

  /**
   * As above.
   *
   * @param clock nanoseconds, by which passes are timed
   */
  static EncoderEngine start(
      DeviceThread device,
      Function<Backend, TextEncoder> loader,
      Tokenizer tokenizer,
      EncoderSettings settings,
      LongSupplier clock) {
    return device.call(
        backend -> {
          EncoderEngine engine =
              new EncoderEngine(device, loader.apply(backend), tokenizer, settings, clock);
          device.register(engine.loop);
          return engine;
        });
  }

  /**
   * Tokenises a request on the calling thread (with help where it has many texts) and queues it;
   * the first texts may be computed while the last are being tokenised.
   *
   * @throws QuernException OVERLOADED when too much waits, BAD_REQUEST for a text that the model
   *     cannot take ({@link InputTooLongException} among them) or an unknown prompt, UNAVAILABLE
   *     when draining, closed or cancelled; the listener then hears nothing
   */
  public void submit(EncodingRequest request, EncodingListener listener) {
    preparer.check(request);
    queue.enter();
    EncodingCall call =
        new EncodingCall(request, listener, arrivals.getAndIncrement(), clock.getAsLong());
    try {
      tokenizers.run(request.texts().size(), (from, to) -> prepare(call, from, to));
      call.tokenised(clock.getAsLong());
    } catch (RuntimeException | Error e) {
      // If the device has ended the call meanwhile, the listener has had its answer.
      if (call.end()) {
        queue.leave();
        throw e;
      }
    }
  }

  private void prepare(EncodingCall call, int from, int to) {
    List<EncoderInput> inputs = new ArrayList<>(to - from);
    for (int i = from; i < to; i++) {
      if (call.isOver()) {
        throw new QuernException(ErrorCategory.UNAVAILABLE, "the request was cancelled");
      }
      inputs.add(preparer.prepare(call.request(), call.request().texts().get(i)));
    }
    queue.add(call, from, inputs);
    device.wake();
  }

  public Facts facts() {
    return facts;
  }

  public EncoderSettings settings() {
    return settings;
  }

  public EncoderSnapshot snapshot() {
    WaitingInputs.Counts waiting = queue.counts();
    PassLoop.Totals totals = loop.totals();
    return new EncoderSnapshot(
        waiting.calls(),
        waiting.inputs(),
        waiting.tokens(),
        totals.passes(),
        totals.inputs(),
        totals.tokens(),
        totals.failedPasses(),
        totals.healthy());
  }

  /** Tells {@code listener} of every pass from now on. */
  public void addPassListener(PassListener listener) {
    listeners.add(listener);
  }

  /** Takes no new requests, lets those that are here finish for at most {@code millis}. */
  public void drain(long millis) {
    String because = "the server is shutting down and takes no new requests";
    if (millis > 0) {
      queue.close(because);
    }
    if (millis <= 0 || !queue.awaitIdle(millis)) {
      QuernException error = new QuernException(ErrorCategory.UNAVAILABLE, because);
      // Before the device's thread gets to it: the next pass would take what waits.
      List<EncodingCall> left = queue.abort(error);
      if (!left.isEmpty()) {
        onDevice(() -> loop.failAll(left, error));
      }
      queue.awaitIdle(LAST_PASS_MILLIS);
    }
  }

  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    drain(0);
    tokenizers.close();
    if (loop.isDead()) {
      return;
    }
    onDevice(
        () -> {
          device.unregister(loop);
          encoder.close();
        });
  }

  private void onDevice(Runnable task) {
    device.call(
        backend -> {
          task.run();
          return true;
        });
  }
}
