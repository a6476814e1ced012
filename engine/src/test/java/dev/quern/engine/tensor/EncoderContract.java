package dev.quern.engine.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.quern.engine.tensor.EncoderOperations.AttentionPositions;
import dev.quern.engine.tensor.EncoderOperations.LayerNorm;
import dev.quern.engine.tensor.EncoderOperations.Visibility;
import dev.quern.store.StoredType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every backend must compute for encoders: random inputs against a float64 reference, by the
 * measure of {@link BackendContract}.
 */
public abstract class EncoderContract {
  /** Runs of one length, one of a length of its own, and a long one. */
  private static final int[] LENGTHS = {1, 1, 5, 5, 5, 9, 300};

  private static final int TOKENS = Arrays.stream(LENGTHS).sum();

  private final Random random = new Random(11);
  private Path folder;
  private int files;
  protected Backend backend;
  private EncoderOperations encoders;
  private WeightLoader weights;

  protected abstract Backend open();

  @BeforeEach
  final void openBackend(@TempDir Path temporary) {
    folder = temporary;
    backend = open();
    encoders = backend.encoders();
    weights = backend.weights(DType.F32);
  }

  @AfterEach
  final void closeBackend() {
    weights.close();
    backend.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void layerNormCentresAndScales(DType dtype) {
    use(dtype);
    Stored x = stored(dtype, 2, 7, 24);
    Stored weight = stored(DType.F32, 1, 24);
    Stored bias = stored(DType.F32, 1, 24);
    LayerNorm full = new LayerNorm(norm(weight), norm(bias), 1e-5f);
    LayerNorm plain = new LayerNorm(norm(weight), null, 1e-12f);
    try (Workspace _ = backend.openWorkspace()) {
      Tensor input = activations(x, 7);
      assertClose(
          dtype,
          layerNorm(x.values, weight.values, bias.values, 1e-5),
          encoders.layerNorm(input, full));
      assertClose(
          dtype,
          layerNorm(x.values, weight.values, new double[24], 1e-12),
          encoders.layerNorm(input, plain));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16"})
  void productsAreAddedAndNormed(DType dtype) {
    use(dtype);
    for (int rows : new int[] {1, 6, 40}) {
      Stored x = stored(dtype, 1, rows, 32);
      Stored residual = stored(dtype, 1, rows, 24);
      Stored w = stored(dtype, 0.3, 24, 32);
      Stored b = stored(dtype, 1, 24);
      Stored factors = stored(DType.F32, 1, 24);
      Stored summands = stored(DType.F32, 1, 24);
      LinearWeight linear = weights.linear(List.of(w.source()), List.of(b.source()));
      LayerNorm norm = new LayerNorm(norm(factors), norm(summands), 1e-6f);
      double[] product = Reference.linear(x.values, w.values, b.values, 32);
      double[] sum =
          IntStream.range(0, product.length)
              .mapToDouble(i -> product[i] + residual.values[i])
              .toArray();
      try (Workspace _ = backend.openWorkspace()) {
        Tensor input = activations(x, rows);
        Tensor other = activations(residual, rows);
        Tensor added = encoders.linearAdd(input, linear, other);
        assertArrayEquals(new long[] {rows, 24}, added.shape());
        assertClose(dtype, sum, added);
        assertClose(
            dtype,
            layerNorm(sum, factors.values, summands.values, 1e-6),
            encoders.linearAddNorm(input, linear, other, norm));
        // What was added is as it was: layers use it again.
        assertClose(dtype, residual.values, other);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(PointwiseFunction.class)
  void functionsFollowProducts(PointwiseFunction function) {
    for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
      use(dtype);
      Stored x = stored(dtype, 1, 9, 16);
      Stored w = stored(dtype, 0.6, 24, 16);
      Stored b = stored(dtype, 1, 24);
      LinearWeight linear = weights.linear(List.of(w.source()), List.of(b.source()));
      double[] product = Reference.linear(x.values, w.values, b.values, 16);
      DoubleUnaryOperator reference = reference(function);
      try (Workspace _ = backend.openWorkspace()) {
        Tensor input = activations(x, 9);
        assertClose(
            dtype,
            Arrays.stream(product).map(reference).toArray(),
            encoders.linear(input, linear, function));
        assertClose(
            dtype,
            Arrays.stream(x.values).map(reference).toArray(),
            encoders.pointwise(input, function));
      }
    }
  }

  private static DoubleUnaryOperator reference(PointwiseFunction function) {
    return switch (function) {
      case IDENTITY -> x -> x;
      case RELU -> x -> Math.max(0, x);
      case TANH -> Math::tanh;
      case SIGMOID -> x -> 1 / (1 + Math.exp(-x));
      case SILU -> x -> Reference.activate(x, Activation.SILU);
      case GELU -> x -> Reference.activate(x, Activation.GELU);
      case GELU_TANH -> x -> Reference.activate(x, Activation.GELU_TANH);
    };
  }

  /** Windows shorter and longer than a block of queries, causal or not, heads shared or not. */
  @ParameterizedTest
  @CsvSource({
    "4, 4, ALL, ALL",
    "4, 2, ALL, ALL",
    "6, 2, ALL, 0",
    "4, 4, 3, 3",
    "4, 2, 140, 140",
    "4, 1, 7, 0",
    "2, 2, 0, 2"
  })
  void attentionStaysInsideItsTextAndWindow(int heads, int kvHeads, String before, String after) {
    HeadLayout layout = new HeadLayout(heads, kvHeads, 8);
    Visibility visibility = new Visibility(0.4f, reach(before), reach(after));
    int width = (heads + 2 * kvHeads) * 8;
    for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
      use(dtype);
      Stored qkv = stored(dtype, 1, TOKENS, width);
      try (Workspace _ = backend.openWorkspace()) {
        Tensor attended =
            encoders.attention(
                activations(qkv, TOKENS), layout, visibility, AttentionPositions.NONE, batch());
        assertArrayEquals(new long[] {TOKENS, heads * 8L}, attended.shape());
        assertClose(
            dtype, attention(qkv.values, layout, visibility, (head, distance) -> 0), attended);
      }
    }
  }

  private static int reach(String text) {
    return text.equals("ALL") ? Visibility.ALL : Integer.parseInt(text);
  }

  @Test
  void attentionNormsHeadsAndRotates() {
    HeadLayout layout = new HeadLayout(4, 2, 8);
    Stored qkv = stored(DType.F32, 1, TOKENS, 64);
    Stored queryNorm = stored(DType.F32, 1, 8);
    Stored keyNorm = stored(DType.F32, 1, 8);
    float[][] cosines = new float[300][3];
    float[][] sines = new float[300][3];
    for (int position = 0; position < 300; position++) {
      for (int i = 0; i < 3; i++) {
        cosines[position][i] = (float) Math.cos(position * Math.pow(10, -i));
        sines[position][i] = (float) Math.sin(position * Math.pow(10, -i));
      }
    }
    Backend.HeadNorms norms = new Backend.HeadNorms(norm(queryNorm), norm(keyNorm), 1e-6f);
    double[] turned = qkv.values.clone();
    int[] positions = batchTokens().positions();
    for (int token = 0; token < TOKENS; token++) {
      for (int head = 0; head < 6; head++) {
        int at = token * 64 + head * 8;
        double[] weight = head < 4 ? queryNorm.values : keyNorm.values;
        double[] normed = Reference.rmsNorm(Arrays.copyOfRange(turned, at, at + 8), weight, 1e-6);
        System.arraycopy(normed, 0, turned, at, 8);
        Reference.rotate(turned, at, cosines[positions[token]], sines[positions[token]]);
      }
    }
    try (RopeTable rope = backend.ropeTable(cosines, sines);
        Workspace _ = backend.openWorkspace()) {
      Tensor attended =
          encoders.attention(
              activations(qkv, TOKENS),
              layout,
              Visibility.full(0.5f),
              new AttentionPositions(norms, rope, null),
              batch());
      double[] expected = attention(turned, layout, Visibility.full(0.5f), (h, d) -> 0);
      // Six roundings of what is rotated lie before the scores.
      assertClose(DType.F32, expected, attended, 1e-5);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F32", "BF16"})
  void attentionAddsABiasByDistance(DType dtype) {
    use(dtype);
    HeadLayout layout = new HeadLayout(2, 2, 8);
    Stored qkv = stored(dtype, 1, TOKENS, 48);
    Stored table = stored(dtype, 2, 5, 2);
    int[] buckets = new int[2 * 310 - 1];
    Arrays.setAll(buckets, i -> Math.floorMod(i * 7, 5));
    Tensor onDevice = weights.tensor(table.source());
    try (RelativeBias bias = encoders.relativeBias(onDevice, buckets)) {
      assertEquals(310, bias.maxTokens());
      try (Workspace _ = backend.openWorkspace()) {
        AttentionPositions positions = new AttentionPositions(null, null, bias);
        Tensor input = activations(qkv, TOKENS);
        double[] expected =
            attention(
                qkv.values,
                layout,
                Visibility.full(0.3f),
                (head, distance) -> table.values[buckets[distance + 309] * 2 + head]);
        EncoderBatch batch = batch();
        for (int layer = 0; layer < 2; layer++) {
          assertClose(
              dtype,
              expected,
              encoders.attention(input, layout, Visibility.full(0.3f), positions, batch));
        }
        assertThrows(
            IllegalArgumentException.class,
            () -> encoders.attention(input, layout, new Visibility(1, 3, 3), positions, batch));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Pooling.class)
  void poolingLeavesPromptsOut(Pooling pooling) {
    for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
      use(dtype);
      int[] prompts = {0, 0, 0, 2, 2, 8, 130};
      Stored x = stored(dtype, 1, TOKENS, 16);
      double[] expected = new double[LENGTHS.length * 16];
      int start = 0;
      for (int text = 0; text < LENGTHS.length; text++) {
        double[] pooled = pool(x.values, start, LENGTHS[text], prompts[text], pooling);
        System.arraycopy(pooled, 0, expected, text * 16, 16);
        start += LENGTHS[text];
      }
      try (Workspace _ = backend.openWorkspace()) {
        PackedTokens plain = batchTokens();
        EncoderBatch batch =
            encoders.upload(
                new PackedTokens(
                    plain.tokenIds(),
                    plain.positions(),
                    plain.tokenTypeIds(),
                    plain.starts(),
                    prompts));
        Tensor pooled = encoders.pool(activations(x, TOKENS), pooling, batch);
        assertArrayEquals(new long[] {LENGTHS.length, 16}, pooled.shape());
        // Sums of 300 in fp32.
        assertClose(DType.F32, expected, pooled, 1e-5);
      }
    }
  }

  private static double[] pool(double[] x, int start, int length, int prompt, Pooling pooling) {
    double[] pooled = new double[16];
    for (int i = 0; i < 16; i++) {
      double sum = 0;
      double weighted = 0;
      double weights = 0;
      double largest = Double.NEGATIVE_INFINITY;
      for (int token = prompt; token < length; token++) {
        double value = x[(start + token) * 16 + i];
        sum += value;
        weighted += value * (token + 1);
        weights += token + 1;
        largest = Math.max(largest, value);
      }
      pooled[i] =
          switch (pooling) {
            case CLS -> x[(start + prompt) * 16 + i];
            case LAST_TOKEN -> x[(start + length - 1) * 16 + i];
            case MAX -> largest;
            case MEAN -> sum / (length - prompt);
            case MEAN_SQRT_LENGTH -> sum / Math.sqrt(length - prompt);
            case WEIGHTED_MEAN -> weighted / weights;
          };
    }
    return pooled;
  }

  @Test
  void rowsAreJoinedConvertedAndScaledToLengthOne() {
    Stored x = stored(DType.F32, 1, 3, 4);
    Stored y = stored(DType.F32, 1, 3, 2);
    Stored zeros = stored(DType.F32, 0, 1, 4);
    try (Workspace _ = backend.openWorkspace()) {
      Tensor joined = encoders.concatenated(activations(x, 3), activations(y, 3));
      double[] expected = new double[18];
      for (int row = 0; row < 3; row++) {
        System.arraycopy(x.values, row * 4, expected, row * 6, 4);
        System.arraycopy(y.values, row * 2, expected, row * 6 + 4, 2);
      }
      assertClose(DType.F32, expected, joined, 0);
      assertClose(
          DType.BF16, expected, encoders.converted(joined, DType.BF16), Rounding.unit(DType.BF16));
      double[] unit = expected.clone();
      for (int row = 0; row < 3; row++) {
        double squares = 0;
        for (int i = 0; i < 6; i++) {
          squares += expected[row * 6 + i] * expected[row * 6 + i];
        }
        for (int i = 0; i < 6; i++) {
          unit[row * 6 + i] /= Math.sqrt(squares);
        }
      }
      assertClose(DType.F32, unit, encoders.normalised(joined));
      assertClose(DType.F32, new double[4], encoders.normalised(activations(zeros, 1)), 0);
    }
  }

  // Helpers -------------------------------------------------------------------------------------

  private static double[] layerNorm(double[] x, double[] weight, double[] bias, double epsilon) {
    int size = weight.length;
    double[] y = new double[x.length];
    for (int first = 0; first < x.length; first += size) {
      double mean = Arrays.stream(x, first, first + size).average().getAsDouble();
      double variance =
          Arrays.stream(x, first, first + size)
              .map(v -> (v - mean) * (v - mean))
              .average()
              .getAsDouble();
      for (int i = 0; i < size; i++) {
        y[first + i] = (x[first + i] - mean) / Math.sqrt(variance + epsilon) * weight[i] + bias[i];
      }
    }
    return y;
  }

  /** What is added to a score. */
  @FunctionalInterface
  private interface Bias {
    /**
     * Of one head's score.
     *
     * @param distance key's position less query's
     */
    double of(int head, int distance);
  }

  private static double[] attention(
      double[] qkv, HeadLayout heads, Visibility visibility, Bias bias) {
    int size = heads.headDim();
    int stride = (heads.queryHeads() + 2 * heads.kvHeads()) * size;
    double[] out = new double[TOKENS * heads.queryHeads() * size];
    int start = 0;
    for (int length : LENGTHS) {
      for (int query = 0; query < length; query++) {
        int first = (int) Math.max(0, query - (long) visibility.before());
        int last = (int) Math.min(length - 1, query + (long) visibility.after());
        for (int head = 0; head < heads.queryHeads(); head++) {
          int keyHead = heads.queryHeads() + head / heads.group();
          double sum = 0;
          double[] mixed = new double[size];
          for (int key = first; key <= last; key++) {
            double score = 0;
            for (int i = 0; i < size; i++) {
              score +=
                  qkv[(start + query) * stride + head * size + i]
                      * qkv[(start + key) * stride + keyHead * size + i];
            }
            double weight = Math.exp(score * visibility.scale() + bias.of(head, key - query));
            sum += weight;
            int valueAt = (start + key) * stride + (keyHead + heads.kvHeads()) * size;
            for (int i = 0; i < size; i++) {
              mixed[i] += weight * qkv[valueAt + i];
            }
          }
          for (int i = 0; i < size; i++) {
            out[((start + query) * heads.queryHeads() + head) * size + i] = mixed[i] / sum;
          }
        }
      }
      start += length;
    }
    return out;
  }

  private EncoderBatch batch() {
    return encoders.upload(batchTokens());
  }

  private static PackedTokens batchTokens() {
    int[] positions = new int[TOKENS];
    int[] starts = new int[LENGTHS.length + 1];
    for (int text = 0; text < LENGTHS.length; text++) {
      starts[text + 1] = starts[text] + LENGTHS[text];
      for (int i = 0; i < LENGTHS[text]; i++) {
        positions[starts[text] + i] = i;
      }
    }
    return new PackedTokens(
        new int[TOKENS], positions, new int[TOKENS], starts, new int[LENGTHS.length]);
  }

  /** Values in a checkpoint of their own, as the file holds them. */
  protected record Stored(double[] values, WeightSource source) {}

  private void use(DType dtype) {
    weights.close();
    weights = backend.weights(dtype);
  }

  protected final Stored stored(DType dtype, double scale, long... shape) {
    int size = Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b));
    double[] values = random.doubles(size).map(v -> (2 * v - 1) * scale).toArray();
    TestCheckpoint checkpoint =
        new TestCheckpoint(folder.resolve("checkpoint-" + files++ + ".safetensors"), 0);
    double[] held = checkpoint.add("tensor", StoredType.valueOf(dtype.name()), values, shape);
    return new Stored(held, WeightSource.of(checkpoint.write().get(0)));
  }

  private Tensor norm(Stored stored) {
    return weights.norm(stored.source(), 0);
  }

  private Tensor activations(Stored stored, int rows) {
    int[] ids = new int[rows];
    Arrays.setAll(ids, i -> i);
    return backend.embedding(
        weights.tensor(stored.source()), backend.upload(BackendContract.tokens(ids)).tokenIds());
  }

  private void assertClose(DType dtype, double[] expected, Tensor actual) {
    assertClose(dtype, expected, actual, BackendContract.tolerance(dtype));
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
}
