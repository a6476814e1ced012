package dev.quern.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Driver, memory, streams, events, graphs and faults, on the driver's look-alike. */
class EmulatedDriverTest {
  private static final byte[] NO_IMAGE = new byte[16];
  private static final long GIBI = 1L << 30;

  private Emulator emulator;

  @BeforeEach
  void openEmulator() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    emulator = new Emulator(EmulatorBuild.ofThisModule().library(false));
    emulator.setMode(EmulatorMode.DEFAULT);
  }

  @AfterEach
  void restoreMachine() {
    if (emulator != null) {
      emulator.set("driverVersion", 13000);
      emulator.set("devices", 1);
      emulator.set("totalMemory", GIBI);
      emulator.set("major", 8);
    }
  }

  private CudaDriver driver() {
    return CudaDriver.open(emulator.library());
  }

  private CudaContext context() {
    CudaDriver driver = driver();
    return CudaContext.open(driver, driver.device(0), 0.9);
  }

  private CudaReport probe() {
    return CudaProbe.probe(new CudaSettings(emulator.library(), List.of()));
  }

  private static String message(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  @Test
  void aProbeTellsDriverAndDevices() {
    CudaReport report = probe();
    assertNull(report.problem());
    assertEquals("13.0", report.driverCuda());
    assertEquals(86, report.devices().getFirst().device().computeCapability());
    assertTrue(report.usable());
  }

  @Test
  void aProbeSaysWhatIsMissing(@TempDir Path folder) throws Exception {
    CudaReport none =
        CudaProbe.probe(new CudaSettings(folder.resolve("libcuda.so.1"), List.of(folder)));
    assertTrue(String.valueOf(none.problem()).contains("no NVIDIA driver"), none.toString());
    assertFalse(none.usable());

    Path text = Files.writeString(folder.resolve("not-a-library.so"), "text");
    assertNotNull(CudaProbe.probe(new CudaSettings(text, List.of())).problem());

    emulator.set("driverVersion", 11040);
    assertTrue(String.valueOf(probe().problem()).contains("too old: it serves CUDA 11.4"));
    emulator.set("driverVersion", 13000);

    emulator.set("devices", 0);
    assertTrue(String.valueOf(probe().problem()).contains("sees no GPU"));
    emulator.set("devices", 1);

    emulator.set("major", 6);
    assertTrue(String.valueOf(probe().devices().getFirst().refusal()).contains("too old"));
    assertFalse(probe().usable());
  }

  @Test
  void aLibraryThatIsNoDriverIsAnOrdinaryError() {
    CudaException e = assertThrows(CudaException.class, () -> CudaDriver.open(libc()));
    assertTrue(message(e).contains("has no function cuDriverGetVersion"), message(e));
  }

  /** Some library that certainly is loadable: the JVM's own. */
  private static Path libc() {
    return Path.of(System.getProperty("java.home"), "lib", "libjava.so");
  }

  @Test
  void anUnknownDeviceIsRefusedWithThoseThatAreThere() {
    CudaException e = assertThrows(CudaException.class, () -> driver().device(3));
    assertTrue(message(e).contains("no cuda:3") && message(e).contains("cuda:0"), message(e));
  }

  @Test
  void anotherThreadIsRefused() throws Exception {
    try (CudaContext context = context()) {
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      Thread other =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      context.synchronize();
                    } catch (IllegalStateException e) {
                      thrown.set(e);
                    }
                  });
      other.join();
      assertTrue(message(thrown.get()).contains("belongs to thread"));
    }
  }

  @Test
  void memoryThatDoesNotFitIsRefusedWithWhoHoldsWhat() {
    try (CudaContext context = context();
        DeviceArena weights = context.memory().arena("weights", 600L << 20);
        DeviceArena cache = context.memory().arena("kv-cache", 200L << 20)) {
      CudaException e =
          assertThrows(CudaException.class, () -> context.memory().arena("workspace", 200L << 20));
      assertTrue(e.isOutOfMemory());
      assertTrue(message(e).contains("workspace wants 200.0 MiB"), message(e));
      assertTrue(message(e).contains("held: weights 600.0 MiB, kv-cache 200.0 MiB"), message(e));
      assertTrue(message(e).contains("--gpu-memory-utilization"), message(e));
      assertEquals(
          Map.of(weights.tag(), 600L << 20, cache.tag(), 200L << 20), context.memory().held());
    }
  }

  @Test
  void closedArenasGiveTheirMemoryBack() {
    try (CudaContext context = context()) {
      long before = context.memory().freeBytes();
      DeviceArena arena = context.memory().arena("weights", 1 << 20);
      assertEquals(before - (1 << 20), context.memory().freeBytes());
      arena.close();
      arena.close();
      assertEquals(before, context.memory().freeBytes());
      assertEquals(Map.of(), context.memory().held());
      assertThrows(IllegalStateException.class, () -> arena.take(1));
    }
  }

  @Test
  void whatTheDriverCannotGiveIsOutOfMemoryToo() {
    try (CudaContext context = context()) {
      emulator.fail("cuMemAlloc_v2", 0, cudart.CUDA_ERROR_OUT_OF_MEMORY);
      CudaException e =
          assertThrows(CudaException.class, () -> context.memory().arena("weights", 256));
      assertTrue(e.isOutOfMemory());
      assertTrue(message(e).contains("other processes"), message(e));
      assertEquals(0, context.memory().heldBytes());
    }
  }

  @Test
  void anArenaHandsOutAlignedStretchesAndTakesThemBack() {
    try (CudaContext context = context();
        DeviceArena arena = context.memory().arena("workspace", 1024)) {
      DeviceBuffer first = arena.take(10);
      long mark = arena.usedBytes();
      DeviceBuffer second = arena.take(256);
      assertEquals(256, second.address() - first.address());
      assertThrows(CudaException.class, () -> arena.take(1024));
      arena.resetTo(mark);
      assertEquals(second, arena.take(256));
      assertThrows(IndexOutOfBoundsException.class, () -> second.slice(200, 100));
    }
  }

  @Test
  void aPinnedArenaHandsOutAlignedStretchesUntilItIsClosed() {
    try (CudaContext context = context()) {
      PinnedArena pinned = context.memory().pinned("test", 256);
      MemorySegment first = pinned.take(10);
      assertEquals(64, pinned.take(192).address() - first.address());
      CudaException e = assertThrows(CudaException.class, () -> pinned.take(1));
      assertTrue(e.isOutOfMemory());
      assertTrue(message(e).contains("pinned arena test of 256 bytes holds 256 bytes"), message(e));
      pinned.reset();
      assertEquals(first.address(), pinned.take(256).address());
      pinned.close();
      assertThrows(IllegalStateException.class, () -> pinned.take(1));
    }
  }

  @Test
  void copiesArriveOnceTheStreamHasBeenWaitedFor() {
    try (CudaContext context = context();
        CudaStream stream = context.newStream();
        DeviceArena arena = context.memory().arena("test", 4096);
        PinnedArena pinned = context.memory().pinned("test", 4096)) {
      MemorySegment from = pinned.take(64);
      MemorySegment to = pinned.take(64);
      DeviceBuffer a = arena.take(64);
      DeviceBuffer b = arena.take(64);
      for (int i = 0; i < 16; i++) {
        from.setAtIndex(ValueLayout.JAVA_INT, i, i * i);
      }
      stream.copyToDevice(a, from);
      stream.copy(b, a);
      stream.fill(b.slice(60, 4), (byte) 0);
      stream.copyToHost(to, b);
      stream.synchronize();
      for (int i = 0; i < 15; i++) {
        assertEquals(i * i, to.getAtIndex(ValueLayout.JAVA_INT, i));
      }
      assertEquals(0, to.getAtIndex(ValueLayout.JAVA_INT, 15));
      assertThrows(IndexOutOfBoundsException.class, () -> stream.copyToDevice(a, pinned.whole()));
    }
  }

  @Test
  void aGraphReplaysWhatWasCapturedOverNewContents() {
    try (CudaContext context = context();
        CudaStream stream = context.newStream();
        CudaModule module = context.load(NO_IMAGE);
        DeviceArena arena = context.memory().arena("test", 4096);
        PinnedArena pinned = context.memory().pinned("test", 4096)) {
      DeviceBuffer x = arena.take(32);
      MemorySegment host = pinned.take(32);
      CudaKernel kernel = module.kernel("pointwise_fp32", 6);
      CudaGraph graph =
          stream.capture(
              () -> {
                stream.copyToDevice(x, host);
                kernel.arguments().buffer(x).buffer(x).buffer(x).integer(0).number(0).integer(8);
                kernel.launch(stream, LaunchShape.of(1, 32));
                stream.copyToHost(host, x);
              });
      for (float value : new float[] {1, 5}) {
        host.set(ValueLayout.JAVA_FLOAT, 28, value);
        stream.launch(graph);
        stream.synchronize();
        assertEquals(2 * value, host.get(ValueLayout.JAVA_FLOAT, 28));
      }
      graph.close();
    }
  }

  @Test
  void aFailedCaptureLeavesTheStreamAsItWas() {
    try (CudaContext context = context();
        CudaStream stream = context.newStream();
        CudaEvent event = context.newEvent(false);
        DeviceArena arena = context.memory().arena("test", 256)) {
      stream.record(event);
      List<Runnable> refused =
          List.of(
              stream::synchronize,
              context::synchronize,
              event::synchronize,
              () -> context.memory().arena("more", 256),
              () -> context.memory().pinned("more", 256),
              () -> context.load(NO_IMAGE));
      for (Runnable work : refused) {
        assertThrows(CudaException.class, () -> stream.capture(work));
        stream.synchronize();
      }
      // Also where nobody hears of it at once.
      CudaException invalid =
          assertThrows(
              CudaException.class,
              () ->
                  stream.capture(
                      () -> {
                        assertThrows(CudaException.class, context::synchronize);
                        stream.fill(arena.whole(), (byte) 1);
                      }));
      assertTrue(message(invalid).contains("INVALIDATED"), message(invalid));
      assertThrows(
          IllegalStateException.class,
          () ->
              stream.capture(
                  () -> {
                    throw new IllegalStateException("the caller's own");
                  }));
      stream.synchronize();
      assertEquals(Map.of("test", 256L), context.memory().held());
    }
  }

  @Test
  void aGraphsMemoryIsToldAndIsNotOfTheBudget() {
    try (CudaContext context = context();
        CudaStream stream = context.newStream();
        DeviceArena arena = context.memory().arena("test", 256)) {
      long free = context.memory().freeBytes();
      CudaGraph graph = stream.capture(() -> stream.fill(arena.whole(), (byte) 1));
      assertTrue(context.memory().held().getOrDefault("graphs", 0L) > 0);
      assertEquals(free, context.memory().freeBytes());
      graph.close();
      assertEquals(Map.of("test", 256L), context.memory().held());
    }
  }

  @Test
  void eventsOrderStreamsAndMeasureThem() {
    try (CudaContext context = context();
        CudaStream first = context.newStream();
        CudaStream second = context.newStream();
        CudaEvent start = context.newEvent(true);
        CudaEvent end = context.newEvent(true);
        CudaEvent untimed = context.newEvent(false)) {
      first.record(start);
      second.waitFor(start);
      second.record(end);
      end.synchronize();
      assertTrue(end.millisecondsSince(start) >= 0);
      assertThrows(IllegalStateException.class, () -> end.millisecondsSince(untimed));
    }
  }

  @Test
  void wrongLaunchesAreRefusedByName() {
    try (CudaContext context = context();
        CudaStream stream = context.newStream();
        CudaModule module = context.load(NO_IMAGE)) {
      assertThrows(CudaException.class, () -> module.kernel("no_such_kernel", 1));
      CudaKernel kernel = module.kernel("argmax_fp32", 3);
      kernel.arguments().integer(1);
      assertThrows(IllegalStateException.class, () -> kernel.launch(stream, LaunchShape.of(1, 32)));
      kernel.arguments().nothing().nothing().integer(0);
      CudaException threads =
          assertThrows(CudaException.class, () -> kernel.launch(stream, LaunchShape.of(1, 2048)));
      assertTrue(message(threads).contains("launch of argmax_fp32"), message(threads));
      CudaException shared =
          assertThrows(
              CudaException.class,
              () -> kernel.launch(stream, new LaunchShape(1, 1, 1, 32, 1 << 20)));
      assertTrue(message(shared).contains("shared memory"), message(shared));
    }
  }

  @Test
  void aLostContextIsKnownAndAFreshOneServesAgain() {
    CudaDriver driver = driver();
    CudaDevice device = driver.device(0);
    CudaContext lost = CudaContext.open(driver, device, 0.9);
    CudaStream stream = lost.newStream();
    emulator.fail("cuStreamSynchronize", 0, cudart.CUDA_ERROR_ILLEGAL_ADDRESS);
    CudaException e = assertThrows(CudaException.class, stream::synchronize);
    assertTrue(e.losesContext());
    assertTrue(message(e).contains("CUDA_ERROR_ILLEGAL_ADDRESS"), message(e));
    CudaException again =
        assertThrows(CudaException.class, () -> lost.memory().arena("weights", 256));
    assertTrue(again.losesContext());
    lost.close();
    CudaContext.reset(driver, device);
    try (CudaContext fresh = CudaContext.open(driver, device, 0.9);
        CudaStream works = fresh.newStream()) {
      works.synchronize();
    }
  }
}
