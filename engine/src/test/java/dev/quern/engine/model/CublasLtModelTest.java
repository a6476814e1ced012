package dev.quern.engine.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.cuda.emulator.TestLibrary;
import dev.quern.engine.model.GreedyRunner.Sequence;
import dev.quern.engine.model.GreedyRunner.Turn;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.cuda.CudaBackend;
import dev.quern.engine.tensor.cuda.TestGpu;
import dev.quern.store.Checkpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models where the host has a cuBLASLt, which is a look-alike, or one that is of no use. */
class CublasLtModelTest {
  private static final int INVALID_VALUE = 1;

  private Emulator emulator;
  private TestLibrary cublas;

  @BeforeEach
  void openLibraries() {
    emulator = TestGpu.emulator();
    emulator.setMode(EmulatorMode.DEFAULT);
    cublas = new TestLibrary(EmulatorBuild.ofNeighbour().cublasLt());
  }

  private Backend open(Path cublasLt) {
    CudaDriver driver = CudaDriver.open(emulator.library());
    return CudaBackend.open(driver, driver.device(0), 0.9, cublasLt, true);
  }

  private long products() {
    return cublas.get("cublasTestCount", "products");
  }

  /** Of a model without biases, one with them, and a mixture of experts. */
  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "mixtral"})
  void promptsAreMultipliedByItAndTheTokensAreTheGoldenOnes(String name) {
    long before = products();
    try (Backend backend = open(cublas.path())) {
      assertGolden(name, backend);
    }
    assertTrue(products() > before, "cuBLASLt multiplied nothing");
    assertEquals(0, cublas.get("cublasTestCount", "live"));
  }

  @Test
  void oneThatDoesNotStartIsDoneWithoutAndTheLogSaysWhy() {
    long before = products();
    emulator.fail("cublasLtCreate", 0, INVALID_VALUE);
    assertDoneWithout(cublas.path(), "NOT_INITIALIZED");
    assertEquals(before, products());
  }

  @Test
  void aFileThatIsNoneIsDoneWithoutAndTheLogSaysWhy(@TempDir Path folder) throws Exception {
    assertDoneWithout(Files.writeString(folder.resolve("libcublasLt.so.13"), "no"), "no cuBLASLt");
  }

  private void assertDoneWithout(Path library, String why) {
    List<LogRecord> records = new CopyOnWriteArrayList<>();
    Handler handler = new Collector(records);
    Logger logger = Logger.getLogger(CudaBackend.class.getPackageName());
    logger.addHandler(handler);
    try (Backend backend = open(library)) {
      assertGolden("llama", backend);
    } finally {
      logger.removeHandler(handler);
    }
    List<LogRecord> warnings =
        records.stream().filter(record -> record.getLevel().equals(Level.WARNING)).toList();
    assertEquals(1, warnings.size(), warnings::toString);
    String message = warnings.getFirst().getMessage();
    assertTrue(message.startsWith("cuBLASLt is not used, Quern's own kernels multiply"), message);
    assertTrue(message.contains(why), message);
  }

  private static void assertGolden(String name, Backend backend) {
    Golden golden = Golden.read(name);
    LoadOptions options = LoadOptions.defaults().withDtype(DType.BF16);
    try (CausalModel model = Models.load(Checkpoint.open(golden.folder()), backend, options);
        GreedyRunner runner = new GreedyRunner(backend, model)) {
      Sequence sequence = runner.start(golden.prompt());
      runner.step(List.of(new Turn(sequence, golden.prompt().length)), /* allLogits= */ true);
      runner.generate(sequence, golden.bf16Greedy().length);
      FamiliesContract.assertSameWhereClear(golden, sequence, golden.prompt().length - 1);
    }
  }

  private static final class Collector extends Handler {
    private final List<LogRecord> records;

    Collector(List<LogRecord> records) {
      this.records = records;
    }

    @Override
    public void publish(LogRecord record) {
      records.add(record);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
