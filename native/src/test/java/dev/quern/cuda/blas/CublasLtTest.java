package dev.quern.cuda.blas;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaDriver;
import dev.quern.cuda.CudaException;
import dev.quern.cuda.CudaGraph;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import dev.quern.cuda.emulator.TestLibrary;
import dev.quern.cuda.kernel.ElementType;
import dev.quern.cuda.kernel.LinearKernels;
import dev.quern.cuda.kernel.ProductBench;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** cuBLASLt's binding, on a look-alike that refuses what the real one would. */
class CublasLtTest {
  private static final long WORKSPACE = 1 << 16;
  private static final int MOST_PLANS = 3;

  private Emulator emulator;
  private TestLibrary lookAlike;
  private CudaDriver driver;
  private CudaContext context;
  private ProductBench bench;
  private CublasLt cublas;

  @BeforeEach
  void open() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    EmulatorBuild build = EmulatorBuild.ofThisModule();
    emulator = new Emulator(build.library(false));
    emulator.setMode(EmulatorMode.NAN_FILLED);
    lookAlike = new TestLibrary(build.cublasLt());
    driver = CudaDriver.open(emulator.library());
    context = CudaContext.open(driver, driver.device(0), 0.9);
    bench = new ProductBench(context);
    cublas = CublasLt.open(context, lookAlike.path(), WORKSPACE, MOST_PLANS);
  }

  @AfterEach
  void close() {
    if (cublas != null) {
      lookAlike.set("cublasTestSet", "refuse", 0);
      cublas.close();
      bench.close();
      context.close();
      CudaContext.reset(driver, context.device());
      assertEquals(0, count("live"));
      assertEquals(Map.of(), context.memory().held());
    }
  }

  private long count(String what) {
    return lookAlike.get("cublasTestCount", what);
  }

  private boolean run(ProductBench.Product product) {
    return cublas.linear(
        bench.stream(),
        product.type(),
        product.out(),
        product.x(),
        product.weight(),
        product.bias(),
        product.rows(),
        product.outFeatures(),
        product.inFeatures());
  }

  @Test
  void theVersionIsTold() {
    assertEquals("13.2.3", cublas.version());
    assertEquals("13.2.3", CublasLt.version(lookAlike.path()));
    assertEquals(lookAlike.path().toString(), cublas.place());
  }

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void productsAgreeWithFloat64(ElementType type) {
    for (EmulatorMode mode : new EmulatorMode[] {EmulatorMode.NAN_FILLED, EmulatorMode.EAGER}) {
      emulator.setMode(mode);
      for (boolean biased : new boolean[] {false, true}) {
        for (int[] sizes : new int[][] {{1, 8, 8}, {9, 40, 24}, {33, 17, 72}}) {
          ProductBench.Product product = bench.product(type, sizes[0], sizes[1], sizes[2], biased);
          assertTrue(run(product));
          bench.expectRight(product);
        }
      }
    }
  }

  @Test
  void anAlgorithmIsChosenOnceForAShape() {
    long before = count("heuristics");
    for (int i = 0; i < 3; i++) {
      assertTrue(run(bench.product(ElementType.BF16, 16, 24, 32, true)));
    }
    assertEquals(before + 1, count("heuristics"));
    assertTrue(run(bench.product(ElementType.BF16, 16, 24, 32, false)));
    assertEquals(before + 2, count("heuristics"));
  }

  @Test
  void onePlanServesManyBiases() {
    ProductBench.Product first = bench.product(ElementType.FP32, 4, 8, 8, true);
    ProductBench.Product second = bench.product(ElementType.FP32, 4, 8, 8, true);
    assertTrue(run(first) && run(second));
    bench.expectRight(first);
    bench.expectRight(second);
  }

  @Test
  void oldPlansAreFreed() {
    long empty = count("live");
    for (int rows = 1; rows <= 2 * MOST_PLANS; rows++) {
      assertTrue(run(bench.product(ElementType.FP16, rows, 8, 8, false)));
    }
    assertEquals(empty + 4L * MOST_PLANS, count("live"));
    long before = count("heuristics");
    assertTrue(run(bench.product(ElementType.FP16, 2 * MOST_PLANS, 8, 8, false)));
    assertEquals(before, count("heuristics"), "the latest is remembered");
    assertTrue(run(bench.product(ElementType.FP16, 1, 8, 8, false)));
    assertEquals(before + 1, count("heuristics"), "the oldest is not");
  }

  @Test
  void addressesThatAreLessAlignedAreTold() {
    ProductBench.Product product = bench.product(ElementType.BF16, 5, 16, 24, true);
    ProductBench.Product shifted = bench.shifted(product, 32);
    assertTrue(run(product) && run(shifted));
    bench.expectRight(product);
    bench.expectRight(shifted);
  }

  @Test
  void productsAreCapturedInGraphs() {
    ProductBench.Product product = bench.product(ElementType.FP32, 6, 8, 16, true);
    assertTrue(run(product));
    Map<String, Long> held = withoutGraphs();
    try (CudaGraph graph = bench.stream().capture(() -> run(product))) {
      assertEquals(held, withoutGraphs());
      bench.clear(product);
      bench.stream().launch(graph);
      bench.expectRight(product);
    }
  }

  /** The graph itself holds memory of the driver's; what is in it must have been there before. */
  private Map<String, Long> withoutGraphs() {
    Map<String, Long> held = new HashMap<>(context.memory().held());
    held.remove("graphs");
    return held;
  }

  @Test
  void aShapeWithoutAnAlgorithmIsLeftToTheCaller() {
    lookAlike.set("cublasTestSet", "refuse", 1);
    long before = count("products");
    assertFalse(run(bench.product(ElementType.BF16, 16, 24, 32, true)));
    assertEquals(before, count("products"));
  }

  @Test
  void buffersTooSmallAreRefused() {
    ProductBench.Product product = bench.product(ElementType.FP32, 6, 8, 16, true);
    DeviceBuffer x = product.x().slice(0, product.x().bytes() - 4);
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () ->
                cublas.linear(
                    bench.stream(),
                    ElementType.FP32,
                    product.out(),
                    x,
                    product.weight(),
                    null,
                    6,
                    8,
                    16));
    assertTrue(String.valueOf(e.getMessage()).contains("x holds"), e.toString());
  }

  @Test
  void aFailedProductSaysWhichAndWhy() {
    ProductBench.Product product = bench.product(ElementType.FP32, 6, 8, 16, false);
    emulator.fail("cublasLtMatmul", 0, cudart.CUDA_ERROR_INVALID_VALUE);
    CudaException e = assertThrows(CudaException.class, () -> run(product));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("rows=6"), message);
    assertTrue(message.contains("CUBLAS_STATUS_EXECUTION_FAILED (13)"), message);
    assertFalse(e.losesContext());
    assertTrue(run(product));
    bench.expectRight(product);
  }

  @Test
  void aProductThatFindsTheDeviceBrokenSaysSo() {
    ProductBench.Product product = bench.product(ElementType.FP32, 6, 8, 16, false);
    assertTrue(run(product));
    emulator.fail("cublasLtMatmul", 0, cudart.CUDA_ERROR_ILLEGAL_ADDRESS);
    CudaException e = assertThrows(CudaException.class, () -> run(product));
    assertTrue(e.losesContext(), e.toString());
    assertThrows(CudaException.class, cublas::close);
    context.close();
    CudaContext.reset(driver, context.device());
    assertEquals(0, count("live"), "what was on the host is freed all the same");

    open();
    ProductBench.Product again = bench.product(ElementType.FP32, 6, 8, 16, false);
    assertTrue(run(again));
    bench.expectRight(again);
  }

  @Test
  void aLibraryThatDoesNotStartLeavesNoMemoryBehind() {
    Map<String, Long> held = context.memory().held();
    emulator.fail("cublasLtCreate", 0, cudart.CUDA_ERROR_INVALID_VALUE);
    CudaException e =
        assertThrows(
            CudaException.class,
            () -> CublasLt.open(context, lookAlike.path(), WORKSPACE, MOST_PLANS));
    assertTrue(String.valueOf(e.getMessage()).contains("NOT_INITIALIZED"), e.toString());
    assertEquals(held, context.memory().held());
  }

  @Test
  void whatIsNoCublasIsAnOrdinaryError(@TempDir Path folder) throws Exception {
    Path text = Files.writeString(folder.resolve("libcublasLt.so.13"), "text");
    CudaException none = assertThrows(CudaException.class, () -> CublasLt.version(text));
    assertTrue(String.valueOf(none.getMessage()).contains("no cuBLASLt"), none.toString());
    Path other = Path.of(System.getProperty("java.home"), "lib", "libjava.so");
    CudaException lacking = assertThrows(CudaException.class, () -> CublasLt.version(other));
    assertTrue(
        String.valueOf(lacking.getMessage()).contains("has no function cublasLtGetVersion"),
        lacking.toString());
  }

  @Test
  void fewRowsGoToTheMatrixVectorKernelsAndManyToCublas() {
    MatrixProducts products = new MatrixProducts(bench.kernels(), cublas);
    MatrixProducts alone = new MatrixProducts(bench.kernels(), null);
    for (int rows : new int[] {1, LinearKernels.MOST_VECTOR_ROWS, 9, 20}) {
      long before = count("products");
      checkChosen(products, ElementType.FP32, rows);
      assertEquals(before, count("products"), "fp32 stays");
      checkChosen(products, ElementType.BF16, rows);
      boolean many = rows > LinearKernels.MOST_VECTOR_ROWS;
      assertEquals(many ? before + 1 : before, count("products"), rows + " rows");
      checkChosen(alone, ElementType.BF16, rows);
      assertEquals(many ? before + 1 : before, count("products"), rows + " rows");
    }
    lookAlike.set("cublasTestSet", "refuse", 1);
    long before = count("products");
    checkChosen(products, ElementType.BF16, 21);
    assertEquals(before, count("products"));
  }

  private void checkChosen(MatrixProducts products, ElementType type, int rows) {
    ProductBench.Product product = bench.product(type, rows, 24, 32, true);
    products.linear(
        bench.stream(),
        product.type(),
        product.out(),
        product.x(),
        product.weight(),
        product.bias(),
        rows,
        24,
        32);
    bench.expectRight(product);
  }
}
