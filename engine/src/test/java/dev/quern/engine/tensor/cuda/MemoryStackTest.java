package dev.quern.engine.tensor.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import dev.quern.cuda.emulator.Emulator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Memory of steps, where the emulated GPU has none left. */
class MemoryStackTest {
  private static final int OUT_OF_MEMORY = 2;
  private static final int ILLEGAL_ADDRESS = 700;
  private static final long MEBI = 1L << 20;

  private Emulator emulator;
  private CudaDriver driver;
  private CudaContext context;
  private MemoryStack stack;

  @BeforeEach
  void open() {
    emulator = TestGpu.emulator();
    driver = CudaDriver.open(emulator.library());
    context = CudaContext.open(driver, driver.device(0), 1.0);
    stack = new MemoryStack(context.memory());
  }

  @AfterEach
  void closeAndRepair() {
    context.close();
    CudaContext.reset(driver, driver.device(0));
  }

  @Test
  void givingBackIsNeverOutOfMemory() {
    stack.take(MEBI);
    stack.take(MEBI);
    emulator.fail("cuMemAlloc_v2", 0, OUT_OF_MEMORY);
    stack.reset();
    assertEquals(0, stack.usedBytes());
    assertEquals(0, context.memory().heldBytes());
    stack.take(MEBI);
    assertEquals(MEBI, context.memory().heldBytes());
    stack.close();
  }

  @Test
  void whoTakesHearsThatThereIsNoMemory() {
    emulator.fail("cuMemAlloc_v2", 0, OUT_OF_MEMORY);
    CudaException full = assertThrows(CudaException.class, () -> stack.take(MEBI));
    assertTrue(full.isOutOfMemory(), full.toString());
  }

  @Test
  void givingBackTellsOfALostDevice() {
    stack.take(MEBI);
    stack.take(MEBI);
    emulator.fail("cuMemAlloc_v2", 0, ILLEGAL_ADDRESS);
    CudaException lost = assertThrows(CudaException.class, stack::reset);
    assertTrue(lost.losesContext(), lost.toString());
  }
}
