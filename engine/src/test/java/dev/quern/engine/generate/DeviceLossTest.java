package dev.quern.engine.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.device.DeviceThread;
import dev.quern.engine.model.CausalModel;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of models and requests when the device under them is lost. */
@Timeout(120)
class DeviceLossTest {
  private static final int BLOCKS = 100;
  private static final long BLOCK_BYTES = 2 * 4 * 16;

  private final LosableDevice machine = new LosableDevice();
  private final DeviceThread device = DeviceThread.start("test", machine);
  private final List<ScheduledEngine> engines = new ArrayList<>();

  @AfterEach
  void nothingIsLeftOnTheDevice() {
    engines.forEach(ScheduledEngine::close);
    device.close();
    assertEquals(0, machine.openCaches());
    assertTrue(machine.backends.getLast().closed);
  }

  @Test
  void runningRequestsFailAndThoseThatWaitAreAnsweredByTheModelLoadedAnew() throws Exception {
    Loader loader = new Loader();
    ScheduledEngine engine = engine("lost", loader, 1);
    int[] expected = submit(engine, prompt(2), 20).await().ids();
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    loader.before =
        batch -> {
          inStep.countDown();
          awaitLatch(goOn);
          throw new LosableDevice.Fault();
        };
    Recorder running = submit(engine, prompt(1), 20);
    inStep.await();
    Recorder waiting = submit(engine, prompt(2), 20);
    loader.before = batch -> {};
    goOn.countDown();

    QuernException error = running.await().error();
    assertEquals(ErrorCategory.UNAVAILABLE, error.category());
    assertTrue(error.message().contains("send it again"), error.message());
    assertTrue(error.message().contains("illegal address"), error.message());
    assertArrayEquals(expected, waiting.await().ids());
    assertEquals(0, waiting.stats().cachedTokens(), "the prefix cache went with the device");
    assertEquals(1, running.terminals());

    assertEquals(2, loader.models.size());
    assertTrue(loader.models.getFirst().closed);
    assertEquals(2, machine.backends.size());
    assertTrue(machine.backends.getFirst().closed);
    assertEquals(Optional.empty(), settled(engine).fault());
    assertEquals(1, settled(engine).engineFailures());
    assertEquals(0, settled(engine).kvBlocksUsed());
  }

  @Test
  void otherModelsOfTheDeviceAreLoadedAnewToo() throws Exception {
    Loader faulty = new Loader();
    Loader other = new Loader();
    ScheduledEngine first = engine("faulty", faulty, 4);
    ScheduledEngine second = engine("other", other, 4);
    int[] expected = submit(second, prompt(3), 20).await().ids();
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch lost = new CountDownLatch(1);
    other.before =
        batch -> {
          if (batch.logitRows().length == 1 && begun.getCount() > 0) {
            begun.countDown();
            awaitLatch(lost);
          }
        };
    Recorder bystander = submit(second, prompt(3), 200);
    begun.await();
    faulty.before = failing(new AtomicInteger(1));
    Recorder victim = submit(first, prompt(1), 20);
    lost.countDown();
    assertTrue(victim.await().error().message().contains("illegal address"));
    assertTrue(bystander.await().error().message().contains("illegal address"));
    assertArrayEquals(expected, submit(second, prompt(3), 20).await().ids());
    assertArrayEquals(expected, submit(first, prompt(3), 20).await().ids());
    assertEquals(2, other.models.size());
  }

  @Test
  void aModelThatKeepsLosingItsDeviceIsStoppedAndTheOthersGoOn() {
    Loader faulty = new Loader();
    Loader other = new Loader();
    ScheduledEngine first = engine("faulty", faulty, 4);
    ScheduledEngine second = engine("other", other, 4);
    faulty.before = failing(new AtomicInteger(Integer.MAX_VALUE));
    for (int fault = 1; fault <= 3; fault++) {
      assertEquals(Optional.empty(), settled(first).fault(), "before fault " + fault);
      assertTrue(
          submit(first, prompt(fault), 20).await().error().message().contains("illegal address"));
    }
    String why = settled(first).fault().orElseThrow();
    assertTrue(why.contains("3 times within 10 minutes"), why);
    assertTrue(why.contains("illegal address"), why);
    QuernException refused =
        assertThrows(QuernException.class, () -> submit(first, prompt(4), 20).await());
    assertEquals(ErrorCategory.UNAVAILABLE, refused.category());
    assertTrue(refused.message().contains("3 times"), refused.message());
    assertTrue(refused.message().contains("restart the server"), refused.message());
    assertEquals(3, faulty.models.size(), "not loaded again once it is stopped");
    assertEquals(20, submit(second, prompt(5), 20).await().ids().length);
    assertEquals(Optional.empty(), settled(second).fault());
  }

  @Test
  void whatWaitsForAStoppedModelFailsWithTheReason() throws Exception {
    Loader faulty = new Loader();
    ScheduledEngine engine = engine("faulty", faulty, 1);
    CountDownLatch inStep = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger faults = new AtomicInteger();
    faulty.before =
        batch -> {
          if (faults.incrementAndGet() == 3) {
            inStep.countDown();
            awaitLatch(goOn);
          }
          throw new LosableDevice.Fault();
        };
    submit(engine, prompt(1), 20).await();
    submit(engine, prompt(2), 20).await();
    Recorder last = submit(engine, prompt(3), 20);
    inStep.await();
    Recorder waiting = submit(engine, prompt(4), 20);
    goOn.countDown();
    assertTrue(last.await().error().message().contains("send it again"));
    assertTrue(waiting.await().error().message().contains("3 times"));
  }

  @Test
  void aDeviceThatCannotBeOpenedAgainStopsItsModels() {
    Loader loader = new Loader();
    ScheduledEngine engine = engine("lost", loader, 4);
    machine.reopening = new QuernException(ErrorCategory.UNAVAILABLE, "the GPU fell off the bus");
    loader.before = failing(new AtomicInteger(1));
    submit(engine, prompt(1), 20).await().error();
    String why = settled(engine).fault().orElseThrow();
    assertTrue(why.contains("lost for good") && why.contains("fell off the bus"), why);
    assertThrows(QuernException.class, () -> submit(engine, prompt(2), 20));
  }

  @Test
  void aModelThatCannotBeLoadedAgainIsStoppedAlone() {
    Loader loader = new Loader();
    Loader other = new Loader();
    ScheduledEngine engine = engine("large", loader, 4);
    ScheduledEngine second = engine("other", other, 4);
    loader.before = failing(new AtomicInteger(1));
    loader.loading = () -> new QuernException(ErrorCategory.OUT_OF_MEMORY, "no room, injected");
    submit(engine, prompt(1), 20).await().error();
    String why = settled(engine).fault().orElseThrow();
    assertTrue(why.contains("could not be loaded again") && why.contains("no room"), why);
    assertEquals(20, submit(second, prompt(5), 20).await().ids().length);
  }

  @Test
  void aFaultWhileLoadingAnewCountsAsAnother() {
    Loader loader = new Loader();
    ScheduledEngine engine = engine("faulty", loader, 4);
    loader.before = failing(new AtomicInteger(1));
    loader.loading = LosableDevice.Fault::new;
    submit(engine, prompt(1), 20).await().error();
    assertTrue(settled(engine).fault().orElseThrow().contains("3 times"));
    assertEquals(4, machine.backends.size(), "opened, and anew after each of three faults");
  }

  @Test
  void whileADeviceIsOpenedAnewItsModelsSaySo() {
    Loader loader = new Loader();
    ScheduledEngine engine = engine("lost", loader, 4);
    loader.before = failing(new AtomicInteger(1));
    List<String> meanwhile = new CopyOnWriteArrayList<>();
    loader.loading =
        () -> {
          meanwhile.add(engine.snapshot().fault().orElse("none"));
          return null;
        };
    submit(engine, prompt(1), 20).await().error();
    assertEquals(Optional.empty(), settled(engine).fault());
    assertEquals(List.of("its device failed and is being opened anew"), meanwhile);
  }

  @Test
  void aDeviceLostByATaskIsOpenedAnewForTheModelsThatAreThere() {
    Loader loader = new Loader();
    ScheduledEngine engine = engine("there", loader, 4);
    int[] expected = submit(engine, prompt(1), 20).await().ids();
    LosableDevice.Fault fault = new LosableDevice.Fault();
    QuernException error =
        assertThrows(
            QuernException.class,
            () ->
                device.call(
                    backend -> {
                      throw fault;
                    }));
    assertSame(fault, error.getCause());
    assertArrayEquals(expected, submit(engine, prompt(1), 20).await().ids());
    assertEquals(2, loader.models.size());
  }

  @Test
  void aSmallerStepAfterOutOfMemoryLosesNoDevice() {
    Loader loader = new Loader();
    ScheduledEngine engine = engine("tight", loader, 4);
    loader.before =
        batch -> {
          if (batch.tokens() > 20) {
            throw new QuernException(ErrorCategory.OUT_OF_MEMORY, "injected");
          }
        };
    assertEquals(20, submit(engine, prompt(1), 20).await().ids().length);
    assertEquals(1, machine.backends.size());
    assertFalse(loader.models.getFirst().closed);
  }

  /** Makes a model each time it is asked to. */
  private static final class Loader implements Function<Backend, CausalModel> {
    final List<ContextHashModel> models = new CopyOnWriteArrayList<>();

    /** Runs before each step of each model. */
    volatile Consumer<ForwardBatch> before = batch -> {};

    /** What loading again throws, or null. */
    volatile Supplier<@Nullable RuntimeException> loading = () -> null;

    @Override
    public CausalModel apply(Backend backend) {
      RuntimeException failure = models.isEmpty() ? null : loading.get();
      if (failure != null) {
        throw failure;
      }
      ContextHashModel model = new ContextHashModel(512);
      model.before(batch -> before.accept(batch));
      models.add(model);
      return model;
    }
  }

  /** Loses the device in so many steps. */
  private static Consumer<ForwardBatch> failing(AtomicInteger times) {
    return batch -> {
      if (times.getAndDecrement() > 0) {
        throw new LosableDevice.Fault();
      }
    };
  }

  private ScheduledEngine engine(String name, Loader loader, int sequences) {
    ScheduledEngine engine =
        ScheduledEngine.start(
            device,
            loader,
            new EngineSettings(
                name,
                OptionalInt.empty(),
                sequences,
                64,
                OptionalLong.of(BLOCKS * BLOCK_BYTES),
                100));
    engines.add(engine);
    return engine;
  }

  /** The snapshot follows the step's last call to a listener: look between two steps. */
  private EngineSnapshot settled(ScheduledEngine engine) {
    return device.call(opened -> engine.snapshot());
  }

  private static Recorder submit(ScheduledEngine engine, int[] prompt, int maxTokens) {
    Recorder recorder = new Recorder();
    engine.submit(Requests.of(prompt, Requests.greedy(maxTokens)), recorder);
    return recorder;
  }

  private static int[] prompt(int seed) {
    return new Random(seed).ints(40, 0, ContextHashModel.VOCABULARY).toArray();
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
