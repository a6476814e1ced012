package dev.quern.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A host with two devices, each on its own thread: what happens on one leaves the other alone. */
class TwoDevicesTest {
  private static final long MEBI = 1L << 20;

  private Emulator emulator;
  private CudaDriver driver;
  private final ExecutorService[] threads = {
    Executors.newSingleThreadExecutor(Thread.ofPlatform().factory()),
    Executors.newSingleThreadExecutor(Thread.ofPlatform().factory())
  };

  @BeforeEach
  void openDriver() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    emulator = new Emulator(EmulatorBuild.ofThisModule().library(false));
    emulator.setMode(EmulatorMode.DEFAULT);
    emulator.set("devices", 2);
    emulator.set("totalMemory", 64 * MEBI);
    emulator.set("totalMemory@1", 32 * MEBI);
    driver = CudaDriver.open(emulator.library());
  }

  @AfterEach
  void restoreMachine() {
    for (ExecutorService thread : threads) {
      thread.close();
    }
    if (emulator != null) {
      CudaContext.reset(driver, driver.device(0));
      CudaContext.reset(driver, driver.device(1));
      emulator.set("devices", 1);
      emulator.set("totalMemory", 1L << 30);
      emulator.set("totalMemory@1", 0);
    }
  }

  private <T> T on(int device, Supplier<T> work) {
    try {
      return CompletableFuture.supplyAsync(work, threads[device]).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private CudaContext open(int device) {
    return on(device, () -> CudaContext.open(driver, driver.device(device), 1.0));
  }

  @Test
  void eachHasItsOwnMemory() {
    assertEquals(64 * MEBI, driver.device(0).totalBytes());
    assertEquals(32 * MEBI, driver.device(1).totalBytes());
    CudaContext first = open(0);
    CudaContext second = open(1);
    on(1, () -> second.memory().arena("all of it", 32 * MEBI));
    CudaException full =
        assertThrows(CudaException.class, () -> on(1, () -> second.memory().arena("more", 1)));
    assertTrue(String.valueOf(full.getMessage()).startsWith("cuda:1 ("), full.toString());
    assertEquals(
        64 * MEBI, on(0, () -> first.memory().arena("all of it", 64 * MEBI).whole().bytes()));
  }

  @Test
  void aFaultOfOneLeavesTheOtherWhatItHolds() {
    CudaContext first = open(0);
    CudaContext second = open(1);
    CudaStream stream = on(0, first::newStream);
    DeviceBuffer buffer = on(0, () -> first.memory().arena("kept", 16).whole());
    on(
        0,
        () -> {
          stream.fill(buffer, (byte) 7);
          return null;
        });
    emulator.fail("cuCtxSynchronize@1", 0, cudart.CUDA_ERROR_ILLEGAL_ADDRESS);
    for (int i = 0; i < 2; i++) {
      CudaException lost = assertThrows(CudaException.class, () -> synchronize(1, second));
      assertTrue(lost.losesContext(), lost.toString());
    }
    synchronize(0, first);
    CudaContext.reset(driver, driver.device(1));
    CudaContext again = open(1);
    synchronize(1, again);
    byte kept =
        on(
            0,
            () -> {
              try (PinnedArena host = first.memory().pinned("test", 16)) {
                stream.copyToHost(host.whole(), buffer);
                stream.synchronize();
                return host.whole().get(ValueLayout.JAVA_BYTE, 15);
              }
            });
    assertEquals(7, kept);
  }

  private void synchronize(int device, CudaContext context) {
    on(
        device,
        () -> {
          context.synchronize();
          return null;
        });
  }

  @Test
  void memoryAndStreamsOfTheOtherAreRefused() {
    CudaContext first = open(0);
    CudaContext second = open(1);
    CudaStream here = on(0, first::newStream);
    DeviceBuffer mine = on(0, () -> first.memory().arena("here", 16).whole());
    DeviceBuffer foreign = on(1, () -> second.memory().arena("there", 16).whole());
    CudaException copied = assertThrows(CudaException.class, () -> copy(here, mine, foreign));
    assertTrue(String.valueOf(copied.getMessage()).contains("INVALID_VALUE"), copied.toString());
    // The driver would take the foreign stream for one of a context that is not current.
    CudaStream there = on(1, second::newStream);
    for (Runnable use :
        List.<Runnable>of(() -> there.copy(mine, mine), there::synchronize, there::handle)) {
      IllegalStateException refused =
          assertThrows(IllegalStateException.class, () -> on(0, () -> done(use)));
      assertTrue(String.valueOf(refused.getMessage()).startsWith("cuda:1 ("), refused.toString());
    }
    on(0, () -> done(() -> here.copy(mine, mine)));
    synchronize(0, first);
    synchronize(1, second);
  }

  private static boolean done(Runnable work) {
    work.run();
    return true;
  }

  private void copy(CudaStream stream, DeviceBuffer to, DeviceBuffer from) {
    on(
        0,
        () -> {
          stream.copy(to, from);
          return null;
        });
  }
}
