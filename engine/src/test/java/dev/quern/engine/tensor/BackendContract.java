package dev.quern.engine.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.store.StoredForm;
import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;
import dev.quern.store.elements.TensorReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every backend must compute, whatever it is made of: random inputs against a float64
 * reference. An error is measured against the largest expected magnitude and may be {@link
 * #tolerance}: a few roundings of the type, since inputs are exact and sums run in fp32.
 */
public abstract class BackendContract {
  private final Random random = new Random(7);
  private Path folder;
  private int files;
  protected Backend backend;
  protected WeightLoader weights;

  protected abstract Backend open();

  @BeforeEach
  final void openBackend(@TempDir Path temporary) {
    folder = temporary;
    backend = open();
    weights = backend.weights(DType.F32);
  }

  @AfterEach
  final void closeBackend() {
    weights.close();
    backend.close();
  }

  /** fp32 2e-6, fp16 and bf16 three times the rounding of one value. */
  protected static double tolerance(DType dtype) {
    return dtype == DType.F32 ? 2e-6 : 3 * Rounding.unit(dtype);
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void embeddingPicksRows(DType dtype) {
    use(dtype);
    Stored table = stored(dtype, 1, 50, 24);
    try (Workspace _ = backend.openWorkspace()) {
      DeviceBatch batch = backend.upload(tokens(3, 49, 0, 3));
      Tensor rows = backend.embedding(weights.tensor(table.source()), batch.tokenIds());
      assertArrayEquals(new long[] {4, 24}, rows.shape());
      assertClose(dtype, table.rows(24, 3, 49, 0, 3), rows, 0);
      assertClose(
          dtype,
          table.rows(24, 3, 3),
          backend.rows(rows, backend.upload(picking(4, 0, 3)).logitRows()),
          0);
    }
  }

  /** Every stored type becomes every model type, from any offset. */
  @ParameterizedTest
  @CsvSource({"0", "1", "2"})
  void storedTypesConvert(int padding) {
    for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
      for (StoredType type :
          new StoredType[] {StoredType.F64, StoredType.F32, StoredType.F16, StoredType.BF16}) {
        use(dtype);
        Stored table = stored(type, padding, 1, 6, 16);
        try (Workspace _ = backend.openWorkspace()) {
          Tensor all =
              backend.embedding(
                  weights.tensor(table.source()),
                  backend.upload(tokens(0, 1, 2, 3, 4, 5)).tokenIds());
          assertClose(dtype, table.values, all, Rounding.unit(dtype));
        }
      }
    }
  }

  @Test
  void typesThatAreNotFloatingAreRefusedByName() {
    use(DType.F32);
    for (StoredType type : StoredType.values()) {
      if (TensorReader.canRead(type)) {
        continue;
      }
      Stored quantised = stored(type, 0, 1, 4, 4);
      QuernException error =
          assertThrows(
              QuernException.class,
              () -> weights.linear(List.of(quantised.source()), null),
              type.name());
      assertEquals(ErrorCategory.BAD_REQUEST, error.category());
      assertTrue(error.message().contains(type.name()), error.message());
      assertTrue(error.message().contains("tensor"), error.message());
    }
  }

  /** Quantised, eight-bit, scaled, reordered and shifted tensors, whole and in part. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void whatIsNotStoredAsItIsUsedIsDecoded(DType dtype) {
    use(dtype);
    for (TensorEntry entry : decodable()) {
      double[] all = doubles(TensorReader.readAll(entry));
      int columns = Math.toIntExact(entry.shape().get(1));
      double[] part = slice(all, 2 * columns, 5 * columns);
      WeightSource rows = new WeightSource(entry, 2, 5);
      Tensor whole = weights.tensor(WeightSource.of(entry));
      Tensor cut = weights.tensor(rows);
      LinearWeight linear = weights.linear(List.of(rows), null);
      Stored x = stored(dtype, 1, 3, columns);
      try (Workspace _ = backend.openWorkspace()) {
        double unit = Rounding.unit(dtype);
        Tensor ids = backend.upload(tokens(0, 1, 2, 3, 4, 5, 6, 7)).tokenIds();
        assertClose(dtype, all, backend.embedding(whole, ids), unit);
        Tensor fewer = backend.upload(tokens(0, 1, 2, 3, 4)).tokenIds();
        assertClose(dtype, part, backend.embedding(cut, fewer), unit);
        assertClose(
            dtype,
            Reference.linear(x.values, rounded(dtype, part), new double[0], columns),
            backend.linear(activations(x, 3), linear));
      }
    }
  }

  private List<TensorEntry> decodable() {
    TestCheckpoint file = new TestCheckpoint(folder.resolve("decodable.safetensors"), 1);
    file.addBytes("q8", StoredType.Q8_0, quantised(StoredType.Q8_0, 8 * 64), 8, 64);
    file.addBytes("q4", StoredType.Q4_0, quantised(StoredType.Q4_0, 8 * 64), 8, 64);
    byte[] codes = new byte[8 * 64];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) random.nextInt(0x60);
    }
    file.addBytes("f8", StoredType.F8_E4M3, codes, 8, 64);
    double[] numbers = random.doubles(8 * 64, -1, 1).toArray();
    file.add("f32", StoredType.F32, numbers, 8, 64);
    file.add("scales", StoredType.F32, new double[] {0.5, 2, 1, 0.25, 1.5, 1, 3, 0.75, 1}, 3, 3);
    List<TensorEntry> entries = file.write();
    StoredForm scaled = new StoredForm.Scaled(entries.get(4), 3, 24);
    return List.of(
        entries.get(0),
        entries.get(1),
        entries.get(2),
        entries.get(2).in(scaled),
        entries.get(3).in(new StoredForm.InterleavedHeads(2)),
        entries.get(3).in(new StoredForm.Shifted(-1)));
  }

  /** Blocks of an fp16 scale and integers; the scale is about 2^-7. */
  private byte[] quantised(StoredType type, int elements) {
    byte[] bytes = new byte[(int) type.bytesOf(elements)];
    random.nextBytes(bytes);
    for (int block = 0; block < bytes.length; block += type.groupBytes()) {
      bytes[block + 1] = 0x20;
    }
    return bytes;
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  /** A table of more elements than go from Java to the device at once. */
  @Test
  void aLargeQuantisedTableIsDecodedPieceByPiece() {
    use(DType.F32);
    int rows = 2200;
    int columns = 2048;
    byte[] bytes = quantised(StoredType.Q8_0, rows * columns);
    TestCheckpoint file = new TestCheckpoint(folder.resolve("large.safetensors"), 0);
    file.addBytes("q8", StoredType.Q8_0, bytes, rows, columns);
    TensorEntry entry = file.write().get(0);
    double[] all = doubles(TensorReader.readAll(entry));
    Tensor table = weights.tensor(WeightSource.of(entry));
    try (Workspace _ = backend.openWorkspace()) {
      for (int row : new int[] {0, 2047, 2048, rows - 1}) {
        Tensor read = backend.embedding(table, backend.upload(tokens(row)).tokenIds());
        assertClose(DType.F32, slice(all, row * columns, columns), read, 0);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void linearStacksPartsAndAddsBiases(DType dtype) {
    use(dtype);
    for (int rows : new int[] {1, 2, 7, 16, 33, 70}) {
      Stored x = stored(dtype, 1, rows, 48);
      Stored first = stored(dtype, 0.2, 40, 48);
      Stored second = stored(StoredType.F32, 1, 0.2, 24, 48);
      Stored firstBias = stored(dtype, 1, 40);
      Stored secondBias = stored(dtype, 1, 24);
      // Part of a fused tensor: rows 8 to 31 of the second.
      List<WeightSource> parts = List.of(first.source(), second.source(8, 16));
      double[] matrix =
          joined(
              rounded(dtype, first.values), rounded(dtype, slice(second.values, 8 * 48, 16 * 48)));
      double[] bias = joined(firstBias.values, slice(secondBias.values, 8, 16));
      LinearWeight plain = weights.linear(parts, null);
      LinearWeight biased =
          weights.linear(parts, List.of(firstBias.source(), secondBias.source(8, 16)));
      assertEquals(56, plain.outFeatures());
      assertEquals(48, plain.inFeatures());
      try (Workspace _ = backend.openWorkspace()) {
        Tensor input = activations(x, rows);
        assertClose(
            dtype,
            Reference.linear(x.values, matrix, new double[0], 48),
            backend.linear(input, plain));
        Tensor output = backend.linear(input, biased);
        assertArrayEquals(new long[] {rows, 56}, output.shape());
        assertEquals(dtype, output.dtype());
        assertClose(dtype, Reference.linear(x.values, matrix, bias, 48), output);
      }
    }
  }

  /**
   * Weights stored in 16 bits lose nothing in an fp32 model, however they are held: rows that end
   * inside a register, fewer outputs than are computed together, every number of rows up to three
   * tiles.
   */
  @ParameterizedTest
  @CsvSource({"BF16, 40, 59", "BF16, 304, 270", "F16, 40, 59", "F16, 304, 270", "BF16, 8, 2"})
  void weightsOfSixteenBitsComputeInFullPrecision(StoredType type, int features, int outputs) {
    use(DType.F32);
    Stored matrix = stored(type, 0, 1, outputs, features);
    Stored odd = stored(type, 1, 1, outputs, features);
    Stored wide = stored(StoredType.F32, 0, 1, outputs, features);
    Stored bias = stored(type, 0, 1, outputs);
    LinearWeight plain = weights.linear(List.of(matrix.source()), null);
    LinearWeight biased = weights.linear(List.of(odd.source()), List.of(bias.source()));
    LinearWeight mixed = weights.linear(List.of(matrix.source(), wide.source()), null);
    LinearWeight tied = weights.tied(weights.tensor(matrix.source()));
    for (int rows : new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 70}) {
      Stored x = stored(DType.F32, 1, rows, features);
      double[] expected = Reference.linear(x.values, matrix.values, new double[0], features);
      try (Workspace _ = backend.openWorkspace()) {
        Tensor input = activations(x, rows);
        assertClose(DType.F32, expected, backend.linear(input, plain));
        assertClose(DType.F32, expected, backend.linear(input, tied));
        assertClose(
            DType.F32,
            Reference.linear(x.values, odd.values, bias.values, features),
            backend.linear(input, biased));
        assertClose(
            DType.F32,
            Reference.linear(x.values, joined(matrix.values, wide.values), new double[0], features),
            backend.linear(input, mixed));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void tiedTablesMultiply(DType dtype) {
    use(dtype);
    Stored table = stored(dtype, 0.3, 64, 32);
    Stored x = stored(dtype, 1, 3, 32);
    LinearWeight tied = weights.tied(weights.tensor(table.source()));
    try (Workspace _ = backend.openWorkspace()) {
      assertClose(
          dtype,
          Reference.linear(x.values, table.values, new double[0], 32),
          backend.linear(activations(x, 3), tied));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void normsComputeInFullPrecision(DType dtype) {
    use(dtype);
    Stored a = stored(dtype, 3, 5, 64);
    Stored b = stored(dtype, 3, 5, 64);
    Stored weight = stored(dtype, 0.1, 64);
    double[] shifted = Arrays.stream(weight.values).map(w -> w + 1).toArray();
    Tensor norm = weights.norm(weight.source(), 1);
    assertEquals(DType.F32, norm.dtype());
    try (Workspace _ = backend.openWorkspace()) {
      Tensor left = activations(a, 5);
      Tensor right = activations(b, 5);
      assertClose(
          dtype, Reference.rmsNorm(a.values, shifted, 1e-5), backend.rmsNorm(left, norm, 1e-5f));
      double[] sum = new double[a.values.length];
      Arrays.setAll(sum, i -> a.values[i] + b.values[i]);
      Backend.Residual residual = backend.addRmsNorm(left, right, norm, 1e-5f);
      assertClose(dtype, sum, residual.sum());
      assertClose(dtype, Reference.rmsNorm(sum, shifted, 1e-5), residual.normed());
      assertClose(dtype, sum, backend.add(left, right));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void elementwiseOperations(DType dtype) {
    use(dtype);
    Stored x = stored(dtype, 2, 6, 64);
    try (Workspace _ = backend.openWorkspace()) {
      Tensor input = activations(x, 6);
      for (Activation activation : Activation.values()) {
        Tensor gated = backend.gated(input, activation);
        assertArrayEquals(new long[] {6, 32}, gated.shape());
        assertClose(dtype, Reference.gated(x.values, 32, activation), gated);
      }
      assertClose(
          dtype, Arrays.stream(x.values).map(v -> v * 27.5).toArray(), backend.scale(input, 27.5f));
      assertClose(
          dtype,
          Arrays.stream(x.values).map(v -> 3 * Math.tanh(v / 3)).toArray(),
          backend.softCap(input, 3));
    }
  }

  /** A layer may throw away what the layers before made, but not its state nor what is outside. */
  @Test
  void layersReadWhatTheLayerBeforeMade() {
    use(DType.F32);
    Stored x = stored(DType.F32, 1, 3, 64);
    Tensor norm = weights.norm(stored(DType.F32, 1, 64).source(), 0);
    UnaryOperator<Backend.Residual> layer =
        state -> {
          Tensor more = backend.add(backend.scale(state.normed(), 0.5f), state.sum());
          return backend.addRmsNorm(state.sum(), more, norm, 1e-5f);
        };
    try (Workspace _ = backend.openWorkspace()) {
      Tensor outside = activations(x, 3);
      Backend.Residual expected = new Backend.Residual(outside, outside);
      Backend.Residual state = expected;
      for (int i = 0; i < 7; i++) {
        expected = layer.apply(expected);
        state = backend.throughLayer(state, layer);
      }
      assertArrayEquals(backend.toHost(expected.sum()), backend.toHost(state.sum()));
      assertArrayEquals(backend.toHost(expected.normed()), backend.toHost(state.normed()));
      assertClose(DType.F32, x.values, outside, 0);
    }
  }

  /** A gated product is a product and its gate, whatever the number of rows. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void gatedProductsAreProductsAndTheirGate(DType dtype) {
    use(dtype);
    LinearWeight gateUp =
        weights.linear(
            List.of(stored(dtype, 0.3, 32, 48).source(), stored(dtype, 0.3, 32, 48).source()),
            List.of(stored(dtype, 1, 32).source(), stored(dtype, 1, 32).source()));
    for (int rows : new int[] {1, 3, 8, 9, 33}) {
      Stored x = stored(dtype, 1, rows, 48);
      try (Workspace _ = backend.openWorkspace()) {
        Tensor input = activations(x, rows);
        for (Activation activation : Activation.values()) {
          Tensor apart = backend.gated(backend.linear(input, gateUp), activation);
          Tensor together = backend.gatedLinear(input, gateUp, activation);
          assertArrayEquals(apart.shape(), together.shape());
          assertArrayEquals(backend.toHost(apart), backend.toHost(together));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void argmaxPrefersTheLowestIndex(DType dtype) {
    use(dtype);
    double[] values = new double[3 * 1000];
    Arrays.fill(values, -2);
    values[10] = 5;
    values[700] = 5;
    values[1000 + 999] = 1;
    Stored x = stored(StoredType.F32, 0, values, 3, 1000);
    try (Workspace _ = backend.openWorkspace()) {
      assertArrayEquals(new int[] {10, 999, 0}, backend.argmax(activations(x, 3)));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void argmaxOfWhatIsNoNumberIsNone(DType dtype) {
    use(dtype);
    double[] values = new double[4 * 10];
    values[3] = Double.NaN;
    values[12] = Double.POSITIVE_INFINITY;
    values[23] = Double.NEGATIVE_INFINITY;
    values[35] = 1;
    Stored x = stored(StoredType.F32, 0, values, 4, 10);
    try (Workspace _ = backend.openWorkspace()) {
      assertArrayEquals(new int[] {-1, -1, 0, 5}, backend.argmax(activations(x, 4)));
    }
  }

  @ParameterizedTest
  @CsvSource({"F32,true", "F32,false", "BF16,true", "F16,true"})
  void expertsRouteEachTokenToItsBest(DType dtype, boolean normalise) {
    use(dtype);
    int experts = 6;
    int hidden = 32;
    int size = 16;
    int topK = 2;
    int rows = 9;
    Stored x = stored(dtype, 1, rows, hidden);
    Stored logits = stored(dtype, 2, rows, experts);
    Stored gateUp = stored(dtype, 0.3, experts, 2L * size, hidden);
    List<List<WeightSource>> gateUps = new ArrayList<>();
    List<Stored> downs = new ArrayList<>();
    for (int e = 0; e < experts; e++) {
      gateUps.add(List.of(gateUp.source(e, 1)));
      downs.add(stored(dtype, 0.3, hidden, size));
    }
    double[] expected = new double[rows * hidden];
    for (int r = 0; r < rows; r++) {
      double[] scores = softmax(slice(logits.values, r * experts, experts));
      Integer[] order = new Integer[experts];
      Arrays.setAll(order, i -> i);
      Arrays.sort(order, (a, b) -> Double.compare(scores[b], scores[a]));
      double chosen = scores[order[0]] + scores[order[1]];
      double[] input = slice(x.values, r * hidden, hidden);
      for (int k = 0; k < topK; k++) {
        int e = order[k];
        double[] up =
            Reference.linear(
                input,
                slice(gateUp.values, e * 2 * size * hidden, 2 * size * hidden),
                new double[0],
                hidden);
        double[] inner = Reference.gated(up, size, Activation.SILU);
        double[] out = Reference.linear(inner, downs.get(e).values, new double[0], size);
        for (int i = 0; i < hidden; i++) {
          expected[r * hidden + i] += out[i] * scores[e] / (normalise ? chosen : 1);
        }
      }
    }
    ExpertWeights mixture = weights.experts(gateUps, downs.stream().map(Stored::source).toList());
    assertEquals(experts, mixture.experts());
    try (Workspace _ = backend.openWorkspace()) {
      Tensor out =
          backend.experts(
              activations(x, rows),
              activations(logits, rows),
              mixture,
              topK,
              normalise,
              Activation.SILU);
      assertArrayEquals(new long[] {rows, hidden}, out.shape());
      assertClose(dtype, expected, out);
    }
  }

  /** Multi-head, grouped and multi-query heads; whole and partial rotation; head norms. */
  @ParameterizedTest
  @CsvSource({
    "F32,4,4,16,16,false",
    "F32,6,2,32,32,false",
    "F32,4,1,16,8,true",
    "F32,4,2,64,64,true",
    "BF16,6,2,32,32,false",
    "BF16,4,1,64,32,true",
    "F16,6,2,32,32,false",
  })
  void attentionOverRaggedSteps(
      DType dtype, int queryHeads, int kvHeads, int headDim, int rotaryDim, boolean norms) {
    for (boolean neighbours : new boolean[] {true, false}) {
      HeadLayout heads = new HeadLayout(queryHeads, kvHeads, headDim);
      AttentionOptions plain = new AttentionOptions((float) (1 / Math.sqrt(headDim)), 0, 0);
      runAttention(dtype, heads, rotaryDim, norms, plain, neighbours, 16);
    }
  }

  @ParameterizedTest
  @CsvSource({"F32,8,0", "F32,0,2", "F32,20,1.5", "BF16,8,0", "BF16,17,2", "F16,8,2", "F32,1,0"})
  void attentionWithWindowsAndCaps(DType dtype, int window, float cap) {
    for (boolean neighbours : new boolean[] {true, false}) {
      HeadLayout heads = new HeadLayout(4, 2, 32);
      AttentionOptions options = new AttentionOptions(0.3f, window, cap);
      runAttention(dtype, heads, 32, false, options, neighbours, 4);
    }
  }

  /** Prompts longer than a backend may take at once, and decodes of unlike lengths together. */
  @ParameterizedTest
  @CsvSource({"F32,0,0", "F32,90,0", "F32,0,2", "BF16,0,0", "BF16,70,0", "BF16,33,2", "F16,0,0"})
  void attentionOverLongPrompts(DType dtype, int window, float cap) {
    HeadLayout heads = new HeadLayout(4, 2, 32);
    AttentionOptions options = new AttentionOptions(0.3f, window, cap);
    for (boolean neighbours : new boolean[] {true, false}) {
      runAttention(dtype, heads, 32, false, options, neighbours, 16, 240, LONG_SCHEDULE);
    }
  }

  /** Two layers of one cache do not touch each other. */
  @Test
  void layersKeepTheirOwnKeys() {
    use(DType.F32);
    HeadLayout heads = new HeadLayout(2, 2, 16);
    AttentionOptions options = new AttentionOptions(1, 0, 0);
    Stored qkv = stored(DType.F32, 1, 8, 96);
    try (KvCache cache = backend.kvCache(new KvCacheShape(2, 2, 16, DType.F32, 16), 2);
        RopeFixture rope = new RopeFixture(16, 16)) {
      float[] before;
      try (Workspace _ = backend.openWorkspace()) {
        Tensor input = activations(qkv, 8);
        DeviceBatch batch = backend.upload(prefill(4, 1));
        Tensor first = backend.rows(input, backend.upload(picking(8, 0, 1, 2, 3)).logitRows());
        Tensor second = backend.rows(input, backend.upload(picking(8, 4, 5, 6, 7)).logitRows());
        Tensor q = backend.rotateAndCache(first, heads, null, rope.table, cache, 0, batch);
        before = backend.toHost(backend.pagedAttention(q, heads, options, cache, 0, batch));
        backend.rotateAndCache(second, heads, null, rope.table, cache, 1, batch);
        assertArrayEquals(
            before, backend.toHost(backend.pagedAttention(q, heads, options, cache, 0, batch)));
      }
    }
  }

  /**
   * In fp32 a token's numbers are the same bits alone and among any others, so that greedy output
   * does not depend on the batch.
   */
  @ParameterizedTest
  @CsvSource({
    "2, F32",
    "3, F32",
    "8, F32",
    "17, F32",
    "64, F32",
    "130, F32",
    "2, BF16",
    "5, BF16",
    "130, BF16"
  })
  void rowsDoNotDependOnTheBatch(int rows, DType type) {
    use(DType.F32);
    Stored x = stored(DType.F32, 1, rows, 96);
    LinearWeight up = weights.linear(List.of(stored(type, 1, 256, 96).source()), null);
    LinearWeight down = weights.linear(List.of(stored(type, 1, 96, 128).source()), null);
    LinearWeight router = weights.linear(List.of(stored(type, 1, 4, 96).source()), null);
    Tensor norm = weights.norm(stored(DType.F32, 1, 96).source(), 0);
    List<List<WeightSource>> gateUps = new ArrayList<>();
    List<WeightSource> downs = new ArrayList<>();
    for (int e = 0; e < 4; e++) {
      gateUps.add(List.of(stored(type, 1, 64, 96).source()));
      downs.add(stored(type, 1, 96, 32).source());
    }
    ExpertWeights experts = weights.experts(gateUps, downs);
    UnaryOperator<Tensor> layer =
        input -> {
          Tensor normed = backend.rmsNorm(input, norm, 1e-5f);
          Tensor gated = backend.gated(backend.linear(normed, up), Activation.SILU);
          Backend.Residual residual =
              backend.addRmsNorm(input, backend.linear(gated, down), norm, 1e-5f);
          Tensor routed = backend.linear(residual.normed(), router);
          return backend.experts(residual.normed(), routed, experts, 2, true, Activation.GELU_TANH);
        };
    try (Workspace _ = backend.openWorkspace()) {
      Tensor all = activations(x, rows);
      float[] together = backend.toHost(layer.apply(all));
      for (int r = 0; r < rows; r++) {
        Tensor one = backend.rows(all, backend.upload(picking(rows, r)).logitRows());
        assertArrayEquals(
            Arrays.copyOfRange(together, r * 96, (r + 1) * 96),
            backend.toHost(layer.apply(one)),
            "row " + r);
      }
    }
  }

  /** The same for attention: a decoded token alone, and between a prefill and another decode. */
  @Test
  void decodedAttentionDoesNotDependOnTheBatch() {
    use(DType.F32);
    HeadLayout heads = new HeadLayout(4, 2, 32);
    AttentionOptions options = new AttentionOptions(0.2f, 0, 0);
    Tensor table = weights.tensor(stored(DType.F32, 1, 3 * 40, 256).source());
    int[][] blocks = {{1, 2, 3}, {6, 4, 5}, {9, 8, 7}};
    int[][] filling = {{0, 20}, {1, 31}};
    int[][] mixed = {{2, 12}, {0, 1}, {1, 1}};
    int[] done = {20, 31, 0};
    try (KvCache cache = backend.kvCache(new KvCacheShape(2, 2, 32, DType.F32, 16), 10);
        RopeFixture rope = new RopeFixture(40, 32)) {
      Function<ForwardBatch, float[]> attend =
          host -> {
            DeviceBatch batch = backend.upload(host);
            Tensor qkv = backend.embedding(table, batch.tokenIds());
            Tensor q = backend.rotateAndCache(qkv, heads, null, rope.table, cache, 1, batch);
            return backend.toHost(backend.pagedAttention(q, heads, options, cache, 1, batch));
          };
      try (Workspace _ = backend.openWorkspace()) {
        float[] filled = attend.apply(batch(filling, new int[3], blocks, 16, 40));
        assertEquals(51 * 128, filled.length);
        float[] together = attend.apply(batch(mixed, done, blocks, 16, 40));
        for (int s = 0; s < 2; s++) {
          float[] alone = attend.apply(batch(new int[][] {{s, 1}}, done, blocks, 16, 40));
          assertArrayEquals(
              Arrays.copyOfRange(together, (12 + s) * 128, (13 + s) * 128), alone, "sequence " + s);
        }
      }
    }
  }

  @Test
  void aCacheThatDoesNotFitSaysSo() {
    long block = new KvCacheShape(32, 32, 128, DType.F32, 1 << 16).bytesPerBlock();
    int blocks = Math.toIntExact(backend.freeMemoryBytes() / block + 2);
    QuernException error =
        assertThrows(
            QuernException.class,
            () -> backend.kvCache(new KvCacheShape(32, 32, 128, DType.F32, 1 << 16), blocks));
    assertEquals(ErrorCategory.OUT_OF_MEMORY, error.category());
    assertTrue(error.message().contains(Long.toString(block * blocks)), error.message());
  }

  @Test
  void memoryIsCounted() {
    use(DType.BF16);
    assertEquals(MemoryUse.NONE, weights.memoryUse());
    weights.tensor(stored(StoredType.F32, 0, 1, 10, 8).source());
    assertEquals(new MemoryUse(160, 0), weights.memoryUse());
    weights.norm(stored(StoredType.BF16, 0, 1, 8).source(), 0);
    assertEquals(new MemoryUse(192, 0), weights.memoryUse());
  }

  @Test
  void operationsNeedAWorkspace() {
    use(DType.F32);
    Stored table = stored(DType.F32, 1, 4, 4);
    Tensor tensor = weights.tensor(table.source());
    assertThrows(IllegalStateException.class, () -> backend.add(tensor, tensor));
  }

  // A schedule of three sequences: prefill whole and in chunks, decode, and all of them mixed.
  private static final int[][][] SCHEDULE = {
    {{0, 21}, {1, 5}},
    {{0, 13}, {2, 18}},
    {{1, 1}, {0, 1}, {2, 1}},
    {{2, 7}, {1, 1}, {0, 2}},
    {{0, 1}},
    {{1, 30}},
    {{2, 1}, {1, 1}},
  };

  private static final int[][][] LONG_SCHEDULE = {
    {{0, 150}, {1, 64}},
    {{1, 65}, {0, 1}, {2, 17}},
    {{0, 1}, {1, 1}, {2, 1}},
    {{2, 70}, {1, 1}, {0, 2}},
    {{2, 1}, {1, 1}, {0, 1}},
  };

  private void runAttention(
      DType dtype,
      HeadLayout heads,
      int rotaryDim,
      boolean normed,
      AttentionOptions options,
      boolean neighbours,
      int blockSize) {
    runAttention(dtype, heads, rotaryDim, normed, options, neighbours, blockSize, 40, SCHEDULE);
  }

  private void runAttention(
      DType dtype,
      HeadLayout heads,
      int rotaryDim,
      boolean normed,
      AttentionOptions options,
      boolean neighbours,
      int blockSize,
      int longest,
      int[][][] schedule) {
    use(dtype);
    int width = (heads.queryHeads() + 2 * heads.kvHeads()) * heads.headDim();
    Stored all = stored(dtype, 1, 3L * longest, width);
    Stored queryNorm = stored(dtype, 1, heads.headDim());
    Stored keyNorm = stored(dtype, 1, heads.headDim());
    Backend.HeadNorms norms =
        normed
            ? new Backend.HeadNorms(
                weights.norm(queryNorm.source(), 1), weights.norm(keyNorm.source(), 1), 1e-6f)
            : null;
    Tensor table = weights.tensor(all.source());
    int[][] blocks = blockTables(3, longest, blockSize, neighbours);
    KvCacheShape shape = new KvCacheShape(2, heads.kvHeads(), heads.headDim(), dtype, blockSize);
    AttentionReference reference =
        new AttentionReference(
            heads,
            options,
            all.values,
            longest,
            normed ? plusOne(queryNorm.values) : new double[0],
            normed ? plusOne(keyNorm.values) : new double[0]);
    try (KvCache cache = backend.kvCache(shape, 3 * blocks[0].length + 1);
        RopeFixture rope = new RopeFixture(longest, rotaryDim)) {
      reference.fill(rope.cosines, rope.sines);
      int[] done = new int[3];
      for (int[][] step : schedule) {
        try (Workspace _ = backend.openWorkspace()) {
          ForwardBatch host = batch(step, done, blocks, blockSize, longest);
          DeviceBatch batch = backend.upload(host);
          Tensor qkv = backend.embedding(table, batch.tokenIds());
          Tensor q = backend.rotateAndCache(qkv, heads, norms, rope.table, cache, 1, batch);
          assertArrayEquals(
              new long[] {host.tokens(), heads.queryHeads(), heads.headDim()}, q.shape());
          Tensor out = backend.pagedAttention(q, heads, options, cache, 1, batch);
          assertArrayEquals(
              new long[] {host.tokens(), (long) heads.queryHeads() * heads.headDim()}, out.shape());
          assertClose(dtype, reference.expected(step, done), out);
        }
        for (int[] chunk : step) {
          done[chunk[0]] += chunk[1];
        }
      }
    }
  }

  private static double[] plusOne(double[] values) {
    return Arrays.stream(values).map(v -> v + 1).toArray();
  }

  private int[][] blockTables(int sequences, int longest, int blockSize, boolean neighbours) {
    int each = (longest + blockSize - 1) / blockSize;
    List<Integer> numbers = new ArrayList<>();
    for (int b = 0; b < sequences * each; b++) {
      numbers.add(b + 1);
    }
    if (!neighbours) {
      Collections.shuffle(numbers, random);
    }
    int[][] tables = new int[sequences][each];
    for (int s = 0; s < sequences; s++) {
      for (int b = 0; b < each; b++) {
        tables[s][b] = numbers.get(s * each + b);
      }
    }
    return tables;
  }

  /**
   * The next tokens of the step's sequences; token ids are rows of {@code [sequence, position]}.
   */
  private static ForwardBatch batch(
      int[][] step, int[] done, int[][] blocks, int blockSize, int longest) {
    int tokens = Arrays.stream(step).mapToInt(chunk -> chunk[1]).sum();
    int[] ids = new int[tokens];
    int[] positions = new int[tokens];
    int[] slots = new int[tokens];
    int[] starts = new int[step.length + 1];
    int[] contexts = new int[step.length];
    int[][] tables = new int[step.length][];
    int row = 0;
    for (int s = 0; s < step.length; s++) {
      int sequence = step[s][0];
      for (int i = 0; i < step[s][1]; i++, row++) {
        int position = done[sequence] + i;
        ids[row] = sequence * longest + position;
        positions[row] = position;
        slots[row] = blocks[sequence][position / blockSize] * blockSize + position % blockSize;
      }
      starts[s + 1] = row;
      contexts[s] = done[sequence] + step[s][1];
      tables[s] = blocks[sequence];
    }
    return new ForwardBatch(ids, positions, slots, starts, contexts, tables, new int[0]);
  }

  /** Cosines and sines of the usual frequencies, on the host and on the device. */
  private final class RopeFixture implements AutoCloseable {
    final float[][] cosines;
    final float[][] sines;
    final RopeTable table;

    RopeFixture(int positions, int rotaryDim) {
      cosines = new float[positions][rotaryDim / 2];
      sines = new float[positions][rotaryDim / 2];
      for (int p = 0; p < positions; p++) {
        for (int i = 0; i < rotaryDim / 2; i++) {
          double angle = p * Math.pow(10000, -2.0 * i / rotaryDim);
          cosines[p][i] = (float) Math.cos(angle);
          sines[p][i] = (float) Math.sin(angle);
        }
      }
      table = backend.ropeTable(cosines, sines);
      assertEquals(positions, table.positions());
      assertEquals(rotaryDim, table.rotaryDim());
    }

    @Override
    public void close() {
      table.close();
    }
  }

  /** Values in a checkpoint of their own, as the file holds them. */
  public static final class Stored {
    final double[] values;
    private final WeightSource whole;

    Stored(double[] values, WeightSource whole) {
      this.values = values;
      this.whole = whole;
    }

    public WeightSource source() {
      return whole;
    }

    WeightSource source(long firstRow, long rows) {
      return new WeightSource(whole.entry(), firstRow, rows);
    }

    double[] rows(int width, int... rows) {
      double[] picked = new double[0];
      for (int row : rows) {
        picked = joined(picked, slice(values, row * width, width));
      }
      return picked;
    }
  }

  /** Starts a loader of {@code dtype}, and ends the one before. */
  protected final void use(DType dtype) {
    weights.close();
    weights = backend.weights(dtype);
  }

  protected final Stored stored(DType dtype, double scale, long... shape) {
    return stored(StoredType.valueOf(dtype.name()), 0, scale, shape);
  }

  private Stored stored(StoredType type, int padding, double scale, long... shape) {
    int size = Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b));
    double[] values = random.doubles(size, -scale, scale).toArray();
    return stored(type, padding, values, shape);
  }

  private Stored stored(StoredType type, int padding, double[] values, long... shape) {
    Path file = folder.resolve("checkpoint-" + files++ + ".safetensors");
    TestCheckpoint checkpoint = new TestCheckpoint(file, padding);
    double[] held = checkpoint.add("tensor", type, values, shape);
    return new Stored(held, WeightSource.of(checkpoint.write().get(0)));
  }

  /** Brings the values to the device as activations, through a lookup of every row. */
  protected final Tensor activations(Stored stored, int rows) {
    int[] ids = new int[rows];
    Arrays.setAll(ids, i -> i);
    return backend.embedding(
        weights.tensor(stored.source()), backend.upload(tokens(ids)).tokenIds());
  }

  protected static ForwardBatch tokens(int... ids) {
    return new ForwardBatch(
        ids,
        new int[ids.length],
        new int[ids.length],
        new int[] {0, ids.length},
        new int[] {ids.length},
        new int[][] {{0}},
        new int[0]);
  }

  private static ForwardBatch picking(int tokens, int... rows) {
    ForwardBatch plain = tokens(new int[tokens]);
    return new ForwardBatch(
        plain.tokenIds(),
        plain.positions(),
        plain.slots(),
        plain.queryStarts(),
        plain.contextLengths(),
        plain.blockTables(),
        rows);
  }

  /** One sequence of {@code tokens} whose keys lie in {@code block} of 16. */
  private static ForwardBatch prefill(int tokens, int block) {
    int[] positions = new int[tokens];
    Arrays.setAll(positions, i -> i);
    return new ForwardBatch(
        new int[tokens],
        positions,
        Arrays.stream(positions).map(p -> block * 16 + p).toArray(),
        new int[] {0, tokens},
        new int[] {tokens},
        new int[][] {{block}},
        new int[0]);
  }

  private void assertClose(DType dtype, double[] expected, Tensor actual) {
    assertClose(dtype, expected, actual, tolerance(dtype));
  }

  private void assertClose(DType dtype, double[] expected, Tensor actual, double tolerance) {
    assertEquals(dtype, actual.dtype());
    float[] values = backend.toHost(actual);
    assertEquals(expected.length, values.length);
    double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
    for (int i = 0; i < values.length; i++) {
      double error = Math.abs(values[i] - expected[i]);
      if (!(error <= tolerance * largest)) {
        throw new AssertionError(
            "%s element %d: %s instead of %s, %.2g of the largest %s, allowed %.2g"
                .formatted(dtype, i, values[i], expected[i], error / largest, largest, tolerance));
      }
    }
  }

  private static double[] softmax(double[] logits) {
    double[] weights = Arrays.stream(logits).map(Math::exp).toArray();
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).map(w -> w / sum).toArray();
  }

  static double[] slice(double[] values, int first, int count) {
    return Arrays.copyOfRange(values, first, first + count);
  }

  private static double[] joined(double[] a, double[] b) {
    double[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  private static double[] rounded(DType dtype, double[] values) {
    return Arrays.stream(values)
        .map(
            v ->
                switch (dtype) {
                  case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) v));
                  case BF16 -> Rounding.bf16((float) v);
                  default -> (float) v;
                })
        .toArray();
  }
}
