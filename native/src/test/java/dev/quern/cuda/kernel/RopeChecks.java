package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;
import java.util.Arrays;

/** {@code rope.cu} against float64. */
final class RopeChecks {
  private static final float EPSILON = 1e-6f;
  private static final int BLOCKS = 5;
  private static final int BLOCK_SIZE = 4;
  private static final int POSITIONS = 32;

  private RopeChecks() {}

  static void rotateAndCache(KernelBench bench, ElementType type) {
    check(bench, type, 6, 2, 64, 64, true);
    check(bench, type, 3, 1, 80, 32, false);
    check(bench, type, 2, 2, 256, 256, true);
    check(bench, type, 4, 2, 24, 12, true);
    check(bench, type, 1, 1, 8, 2, false);
  }

  private static void check(
      KernelBench bench,
      ElementType type,
      int queryHeads,
      int kvHeads,
      int headDim,
      int rotaryDim,
      boolean normed) {
    int[] positions = {0, 7, 31, 5};
    int[] slots = {13, 0, -1, 19};
    int tokens = slots.length;
    int heads = queryHeads + 2 * kvHeads;
    int half = rotaryDim / 2;
    double[] qkv = bench.normal(type, tokens * heads * headDim);
    double[] queryNorm = bench.normal(ElementType.FP32, headDim);
    double[] keyNorm = bench.normal(ElementType.FP32, headDim);
    double[] cosines = new double[POSITIONS * half];
    double[] sines = new double[POSITIONS * half];
    for (int i = 0; i < cosines.length; i++) {
      int position = i / half;
      double angle = position * Math.pow(10000, -(i % half) / (double) half);
      cosines[i] = Numbers.round(ElementType.FP32, Math.cos(angle));
      sines[i] = Numbers.round(ElementType.FP32, Math.sin(angle));
    }
    double[] queries = new double[tokens * queryHeads * headDim];
    double[] keys = new double[BLOCKS * kvHeads * BLOCK_SIZE * headDim];
    double[] values = new double[keys.length];
    for (int token = 0; token < tokens; token++) {
      for (int head = 0; head < heads && slots[token] >= 0; head++) {
        int from = (token * heads + head) * headDim;
        double[] x = Arrays.copyOfRange(qkv, from, from + headDim);
        boolean isValue = head >= queryHeads + kvHeads;
        if (normed && !isValue) {
          norm(x, head < queryHeads ? queryNorm : keyNorm);
        }
        if (!isValue) {
          rotate(x, cosines, sines, positions[token], half);
        }
        if (head < queryHeads) {
          System.arraycopy(x, 0, queries, (token * queryHeads + head) * headDim, headDim);
        } else {
          int kvHead = (head - queryHeads) % kvHeads;
          int block = slots[token] / BLOCK_SIZE;
          int place = (block * kvHeads + kvHead) * BLOCK_SIZE + slots[token] % BLOCK_SIZE;
          System.arraycopy(x, 0, isValue ? values : keys, place * headDim, headDim);
        }
      }
    }

    DeviceBuffer deviceKeys = bench.upload(type, new double[keys.length]);
    DeviceBuffer deviceValues = bench.upload(type, new double[keys.length]);
    DeviceBuffer deviceQueries = bench.fresh(type, queries.length);
    new RopeKernels(bench.module)
        .rotateAndCache(
            bench.stream,
            type,
            deviceQueries,
            bench.upload(type, qkv),
            new CacheLayout(
                deviceKeys, deviceValues, queryHeads, kvHeads, headDim, BLOCKS, BLOCK_SIZE),
            normed
                ? new RopeKernels.HeadNorms(
                    bench.upload(ElementType.FP32, queryNorm),
                    bench.upload(ElementType.FP32, keyNorm),
                    EPSILON)
                : null,
            new RopeKernels.Rotary(
                bench.upload(ElementType.FP32, cosines),
                bench.upload(ElementType.FP32, sines),
                rotaryDim),
            bench.upload(positions),
            bench.upload(slots),
            tokens);
    bench.expect("queries", type, deviceQueries, queries);
    bench.expect("keys", type, deviceKeys, keys);
    bench.expect("values", type, deviceValues, values, 1e-9);
  }

  private static void norm(double[] x, double[] weight) {
    double squares = 0;
    for (double v : x) {
      squares += v * v;
    }
    double factor = 1 / Math.sqrt(squares / x.length + EPSILON);
    for (int i = 0; i < x.length; i++) {
      x[i] *= factor * weight[i];
    }
  }

  private static void rotate(double[] x, double[] cosines, double[] sines, int position, int half) {
    for (int i = 0; i < half; i++) {
      double cosine = cosines[position * half + i];
      double sine = sines[position * half + i];
      double first = x[i];
      double second = x[i + half];
      x[i] = first * cosine - second * sine;
      x[i + half] = second * cosine + first * sine;
    }
  }
}
