package dev.quern.engine.generate;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.model.CausalModel;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.KvCacheShape;
import dev.quern.engine.tensor.MemoryUse;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model with its queue and its steps on a {@link DeviceThread}. This class is the side that other
 * threads see; {@link StepLoop} is the device's.
 */
public final class ScheduledEngine implements GenerationEngine {
  private static final Logger log = LoggerFactory.getLogger(ScheduledEngine.class);

  /** Longest wait for the step in progress when running requests are cancelled. */
  private static final long LAST_STEP_MILLIS = 60_000;

  private final DeviceThread device;
  private final Inbox inbox;
  private final RequestCheck check;
  private final List<StepListener> stepListeners;
  private final StepLoop loop;
  private final ModelFacts facts;
  private final AtomicLong arrivals = new AtomicLong();
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * What is known of the loaded model.
   *
   * @param dtype what it computes in
   * @param weights bytes of its weights
   * @param kvCache bytes of its KV cache
   */
  public record ModelFacts(
      String architecture, DType dtype, long parameters, MemoryUse weights, MemoryUse kvCache) {}

  private ScheduledEngine(
      DeviceThread device,
      Inbox inbox,
      RequestCheck check,
      List<StepListener> stepListeners,
      StepLoop loop,
      ModelFacts facts) {
    this.device = device;
    this.inbox = inbox;
    this.check = check;
    this.stepListeners = stepListeners;
    this.loop = loop;
    this.facts = facts;
  }

  /**
   * Loads a model and takes its KV cache on the device's thread, and starts serving.
   *
   * @param loader makes the model, and makes it again when the device was lost; the engine closes
   *     it
   * @throws QuernException what the loader threw, or OUT_OF_MEMORY when the cache would be too
   *     small
   */
  public static ScheduledEngine start(
      DeviceThread device, Function<Backend, CausalModel> loader, EngineSettings settings) {
    Function<Backend, CausalModel> ready = backend -> load(backend, loader, settings);
    return device.call(
        backend -> {
          CausalModel model = ready.apply(backend);
          try {
            return start(device, ready, backend, model, settings);
          } catch (RuntimeException | Error e) {
            model.close();
            throw e;
          }
        });
  }

  /** The model, with the memory of its steps taken where the cache is to get all that is left. */
  private static CausalModel load(
      Backend backend, Function<Backend, CausalModel> loader, EngineSettings settings) {
    CausalModel model = loader.apply(backend);
    if (backend.hasMemoryBudget()) {
      try {
        StepRehearsal.run(backend, model, settings);
      } catch (RuntimeException | Error e) {
        model.close();
        throw e;
      }
    }
    return model;
  }

  private static ScheduledEngine start(
      DeviceThread device,
      Function<Backend, CausalModel> loader,
      Backend backend,
      CausalModel model,
      EngineSettings settings) {
    KvCacheShape shape = model.kvCacheShape(BlockManager.BLOCK_SIZE);
    double share =
        backend.hasMemoryBudget() ? KvBudget.SHARE_OF_OWN_BUDGET : KvBudget.SHARE_OF_COMMON_MEMORY;
    KvBudget budget =
        KvBudget.plan(settings, shape, model.maxContextLength(), backend.freeMemoryBytes(), share);
    if (settings.maxModelLength().isEmpty() && budget.maxModelLength() < model.maxContextLength()) {
      log.warn(
          "{}: the context is reduced from {} to {} tokens, which is what fits the KV cache; raise"
              + " --kv-cache-memory for more",
          settings.name(),
          model.maxContextLength(),
          budget.maxModelLength());
    }
    long kvBytes = budget.blocks() * shape.bytesPerBlock();
    Inbox inbox = new Inbox(settings.maxWaiting());
    List<StepListener> listeners = new CopyOnWriteArrayList<>();
    StepLoop loop =
        new StepLoop(
            new ResidentModel(loader, backend, model, budget.blocks()),
            budget,
            settings,
            inbox,
            listeners,
            device::isLost);
    log.info(
        "{}: context {} tokens, KV cache {} blocks of {} tokens, {} MiB",
        settings.name(),
        budget.maxModelLength(),
        budget.blocks(),
        BlockManager.BLOCK_SIZE,
        kvBytes >> 20);
    device.register(loop);
    return new ScheduledEngine(
        device,
        inbox,
        new RequestCheck(budget.maxModelLength(), model.vocabularySize()),
        listeners,
        loop,
        new ModelFacts(
            model.architecture(),
            model.dtype(),
            model.parameters(),
            model.memoryUse(),
            new MemoryUse(kvBytes, 0)));
  }

  @Override
  public GenerationHandle submit(GenerationRequest request, GenerationListener listener) {
    check.check(request);
    long seed = request.sampling().seed().orElseGet(() -> ThreadLocalRandom.current().nextLong());
    Sequence sequence =
        new Sequence(request, listener, arrivals.getAndIncrement(), seed, System.nanoTime());
    inbox.submit(sequence);
    device.wake();
    AtomicBoolean ordered = new AtomicBoolean();
    return reason -> {
      if (!ordered.getAndSet(true)) {
        inbox.order(new Inbox.FinishOrder(sequence, reason));
        device.wake();
      }
    };
  }

  @Override
  public EngineSnapshot snapshot() {
    EngineSnapshot last = loop.snapshot();
    return last.withWaiting(
        Math.max(last.waiting(), inbox.waiting()),
        Math.max(last.relaysWaiting(), inbox.relaysWaiting()));
  }

  @Override
  public int maxModelLength() {
    return check.maxModelLength();
  }

  @Override
  public int vocabularySize() {
    return check.vocabularySize();
  }

  @Override
  public void addStepListener(StepListener listener) {
    stepListeners.add(listener);
  }

  @Override
  public void relayShare(RelayShare share) {
    inbox.maxRelaysWaiting(share.maxWaiting());
    onDevice(() -> loop.relayShare(share));
  }

  public ModelFacts facts() {
    return facts;
  }

  @Override
  public void drain(long millis) {
    String because = "the server is shutting down and takes no new requests";
    inbox.close(because);
    if (inbox.awaitIdle(0)) {
      return;
    }
    // A dead device has ended all of its requests itself: then nothing here finds work.
    QuernException error = new QuernException(ErrorCategory.UNAVAILABLE, because);
    onDevice(() -> loop.failWaiting(error));
    if (!inbox.awaitIdle(millis)) {
      onDevice(loop::cancelAll);
      inbox.awaitIdle(LAST_STEP_MILLIS);
    }
  }

  @Override
  public void close() {
    if (closed.getAndSet(true)) {
      return;
    }
    drain(0);
    if (loop.isDead()) {
      return;
    }
    onDevice(
        () -> {
          device.unregister(loop);
          loop.close();
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
