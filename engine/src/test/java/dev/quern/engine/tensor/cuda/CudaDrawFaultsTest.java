package dev.quern.engine.tensor.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.Draw;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.Draws;
import dev.quern.engine.tensor.ForwardBatch;
import dev.quern.engine.tensor.LogitChanges;
import dev.quern.engine.tensor.Tensor;
import dev.quern.engine.tensor.TestCheckpoint;
import dev.quern.engine.tensor.WeightLoader;
import dev.quern.engine.tensor.WeightSource;
import dev.quern.engine.tensor.Workspace;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.StoredType;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of drawn tokens when the emulated GPU fails, or has no memory. */
class CudaDrawFaultsTest {
  private static final int ILLEGAL_ADDRESS = 700;
  private static final int OUT_OF_MEMORY = 2;
  private static final int VOCABULARY = 64;

  /** Row 0 is the largest at 5, row 1 at 40. */
  private static final int[] LARGEST = {5, 40};

  private static final LogitChanges CHANGES =
      new LogitChanges(
          new int[0], new int[] {5}, new int[0], new float[0], LogitChanges.Penalties.NONE);

  private final Path folder;
  private Emulator emulator;
  private CudaDriver driver;
  private CudaBackend backend;
  private WeightLoader weights;
  private Tensor table;

  CudaDrawFaultsTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @BeforeEach
  void open() {
    emulator = TestGpu.emulator();
    // On a failed device not even this opens any more.
    driver = CudaDriver.open(emulator.library());
    backend = TestGpu.open(EmulatorMode.DEFAULT);
    weights = backend.weights(DType.F32);
    double[] values = new double[2 * VOCABULARY];
    values[LARGEST[0]] = 2;
    values[VOCABULARY + LARGEST[1]] = 1;
    TestCheckpoint checkpoint = new TestCheckpoint(folder.resolve("logits.safetensors"), 0);
    checkpoint.add("tensor", StoredType.F32, values, 2, VOCABULARY);
    table = weights.tensor(WeightSource.of(checkpoint.write().getFirst()));
  }

  @AfterEach
  void closeAndRepair() {
    weights.close();
    backend.close();
    CudaContext.reset(driver, driver.device(0));
  }

  @Test
  void bothQueuedStepsFailWhenTheirTokensAreRead() {
    DrawnTokens first = draw(null, Draw.Choice.LARGEST);
    DrawnTokens second = draw(first, Draw.Choice.LARGEST);
    emulator.fail("cuEventSynchronize", 0, ILLEGAL_ADDRESS);
    for (DrawnTokens drawn : List.of(first, second, second)) {
      QuernException error = assertThrows(QuernException.class, drawn::ids);
      assertEquals(ErrorCategory.INTERNAL, error.category());
      assertTrue(error.message().contains("CUDA_ERROR_ILLEGAL_ADDRESS"), error.message());
      assertTrue(cause(error).losesContext());
    }
    first.close();
    second.close();
  }

  @Test
  void afterAFaultNothingIsQueued() {
    DrawnTokens first = draw(null, Draw.Choice.LARGEST);
    emulator.fail("cuLaunchKernel", 0, ILLEGAL_ADDRESS);
    assertThrows(QuernException.class, () -> draw(first, Draw.Choice.LARGEST));
    assertThrows(QuernException.class, first::ids);
    first.close();
  }

  @Test
  void withoutMemoryADrawFailsAloneAndTheOneBeforeIsRead() {
    DrawnTokens first = draw(null, Draw.Choice.LARGEST);
    QuernException error;
    try (Workspace _ = backend.openWorkspace()) {
      // Results of more rows than a place has room for.
      int rows = 1 << 14;
      Tensor logits = logits(null, new int[rows]);
      Draw scored = new Draw.Choice(CHANGES, 0, 0, 1, 0, 0, 20);
      Draws draws = new Draws(Collections.nCopies(rows, scored));
      emulator.set("totalMemory", 1 << 20);
      try {
        error = assertThrows(QuernException.class, () -> backend.draw(logits, draws));
      } finally {
        emulator.set("totalMemory", 1L << 30);
      }
    }
    assertEquals(ErrorCategory.OUT_OF_MEMORY, error.category());
    assertTrue(error.message().contains("held: "), error.message());
    assertFalse(cause(error).losesContext());
    assertArrayEquals(LARGEST, first.ids());
    first.close();
    try (DrawnTokens again = draw(null, Draw.Choice.LARGEST)) {
      assertArrayEquals(LARGEST, again.ids());
    }
  }

  @Test
  void aDriverWithoutMemoryForADrawSaysSo() {
    emulator.fail("cuMemAlloc_v2", 0, OUT_OF_MEMORY);
    try (Workspace _ = backend.openWorkspace()) {
      QuernException error = assertThrows(QuernException.class, () -> logits(null, 0, 1));
      assertEquals(ErrorCategory.OUT_OF_MEMORY, error.category());
    }
    try (DrawnTokens again = draw(null, Draw.Choice.LARGEST)) {
      assertArrayEquals(LARGEST, again.ids());
    }
  }

  @Test
  void moreAlternativesThanTheKernelHasAreRefused() {
    QuernException error =
        assertThrows(QuernException.class, () -> draw(null, new Draw.Score(1, 21)));
    assertEquals(ErrorCategory.INTERNAL, error.category());
    assertTrue(error.message().contains("21 alternatives"), error.message());
  }

  @Test
  void closedTokensAreNamedNoMore() {
    DrawnTokens first = draw(null, Draw.Choice.LARGEST);
    first.close();
    assertThrows(IllegalStateException.class, first::ids);
    assertThrows(IllegalStateException.class, () -> draw(first, Draw.Choice.LARGEST));
  }

  /** More rows than fit what a place begins with, and more than can be changed at once. */
  @Test
  void placesGrowWhileDrawsAreOpen() {
    DrawnTokens first = draw(null, Draw.Choice.LARGEST);
    try (Workspace _ = backend.openWorkspace()) {
      int rows = 3000;
      Tensor logits = logits(null, new int[rows]);
      Draw scored = new Draw.Choice(CHANGES, 0, 0, 1, 0, 0, 20);
      try (DrawnTokens many = backend.draw(logits, new Draws(Collections.nCopies(rows, scored)))) {
        assertArrayEquals(LARGEST, first.ids());
        assertEquals(rows, many.ids().length);
        assertEquals(0, many.ids()[rows - 1], "the lowest of those that are left");
        assertEquals(20, many.scores(rows - 1).top().length);
        assertEquals(5, many.scores(rows - 1).top()[0]);
      }
    }
    first.close();
  }

  private static CudaException cause(QuernException error) {
    return assertInstanceOf(CudaException.class, error.getCause());
  }

  /** A step of the table's two rows, or of the tokens drawn before in them. */
  private DrawnTokens draw(@Nullable DrawnTokens before, Draw draw) {
    try (Workspace _ = backend.openWorkspace()) {
      Tensor logits = before == null ? logits(null, 0, 1) : logits(before, -1, -2);
      return backend.draw(logits, new Draws(List.of(draw, draw)));
    }
  }

  private Tensor logits(@Nullable DrawnTokens drawn, int... ids) {
    ForwardBatch batch =
        new ForwardBatch(
            ids,
            new int[ids.length],
            new int[ids.length],
            new int[] {0, ids.length},
            new int[] {ids.length},
            new int[][] {{0}},
            new int[0],
            drawn);
    return backend.embedding(table, backend.upload(batch).tokenIds());
  }
}
