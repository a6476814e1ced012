package dev.quern.engine.tensor.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.engine.tensor.EncoderBatch;
import dev.quern.engine.tensor.EncoderOperations;
import dev.quern.engine.tensor.PackedTokens;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Passes side by side: where they run, what they see, how they end. */
@Timeout(120)
class TorchLanesTest {
  private TorchBackend backend;
  private TorchLanes lanes;

  @BeforeEach
  void open() {
    backend = TorchBackend.open(1);
    lanes = new TorchLanes(backend, 2);
  }

  @AfterEach
  void close() {
    lanes.close();
    backend.close();
  }

  @Test
  void twoPassesComputeAtATimeInWorkspacesOfTheirOwn() {
    EncoderOperations encoders = backend.encoders();
    long before = backend.liveValues();
    CyclicBarrier both = new CyclicBarrier(2);
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    List<Supplier<float[]>> passes = new ArrayList<>();
    for (int pass = 0; pass < 6; pass++) {
      int first = 10 * pass;
      passes.add(
          () -> {
            threads.add(Thread.currentThread());
            try (Workspace _ = backend.openWorkspace()) {
              Tensor ids = batch(encoders, first).tokenIds();
              // Nobody comes through alone, so both have a workspace open here.
              meet(both);
              return backend.toHost(backend.add(ids, ids));
            }
          });
    }
    List<float[]> results = lanes.run(passes);
    for (int pass = 0; pass < 6; pass++) {
      assertArrayEquals(new float[] {20 * pass, 20 * pass + 2}, results.get(pass));
    }
    assertEquals(2, threads.size());
    threads.forEach(thread -> assertNotEquals(Thread.currentThread(), thread));
    assertEquals(before, backend.liveValues());
    // The owner's own workspaces are as they were.
    try (Workspace _ = backend.openWorkspace()) {
      assertArrayEquals(new float[] {5, 6}, backend.toHost(encoders.upload(tokens(5)).tokenIds()));
    }
  }

  @Test
  void aPassThatFailsIsHeardOfWhenAllHaveEnded() {
    AtomicInteger ended = new AtomicInteger();
    Supplier<Boolean> fails =
        () -> {
          try (Workspace _ = backend.openWorkspace()) {
            throw new IllegalArgumentException("this pass fails");
          }
        };
    Supplier<Boolean> works =
        () -> {
          try (Workspace _ = backend.openWorkspace()) {
            backend.encoders();
            batch(backend.encoders(), 1);
          }
          ended.incrementAndGet();
          return true;
        };
    backend.encoders();
    IllegalArgumentException error =
        assertThrows(
            IllegalArgumentException.class, () -> lanes.run(List.of(works, fails, works, works)));
    assertEquals("this pass fails", error.getMessage());
    assertEquals(3, ended.get());
    assertEquals(List.of(true, true), lanes.run(List.of(works, works)));
    assertThrows(
        StackOverflowError.class,
        () ->
            lanes.run(
                List.<Supplier<Boolean>>of(
                    () -> {
                      throw new StackOverflowError();
                    })));
  }

  @Test
  void otherThreadsStayOutside() throws InterruptedException {
    backend.encoders();
    AtomicInteger refused = new AtomicInteger();
    Thread stranger =
        new Thread(
            () -> {
              assertThrows(IllegalStateException.class, () -> backend.openWorkspace());
              refused.incrementAndGet();
            });
    stranger.start();
    stranger.join();
    assertEquals(1, refused.get());
    assertTrue(lanes.count() == 2);
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await(60, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static EncoderBatch batch(EncoderOperations encoders, int first) {
    return encoders.upload(tokens(first));
  }

  private static PackedTokens tokens(int first) {
    return new PackedTokens(
        new int[] {first, first + 1}, new int[2], new int[2], new int[] {0, 2}, new int[1]);
  }
}
