package dev.quern.cuda.kernel;

import dev.quern.cuda.DeviceBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** {@code attention_decode.cu} and {@code attention_prefill.cu} against float64. */
final class AttentionChecks {
  private static final int BLOCK_SIZE = 16;
  private static final int UNUSED_BLOCK = -1_000_000;

  private AttentionChecks() {}

  static void decode(KernelBench bench, ElementType type) {
    decode(bench, new Cache(bench, type, 4, 4, 64, 1, 17, 70), 0, 0, 0);
    decode(bench, new Cache(bench, type, 7, 1, 128, 33, 5), 0, 0, 0);
    decode(bench, new Cache(bench, type, 4, 2, 96, 40, 1), 0, 0, 0);
    decode(bench, new Cache(bench, type, 12, 1, 16, 50), 0, 0, 0);
    decode(bench, new Cache(bench, type, 4, 1, 256, 20), 0, 0, 0);
    decode(bench, new Cache(bench, type, 2, 2, 8, 11, 30), 0, 0, 0);
    decode(bench, new Cache(bench, type, 4, 2, 24, 23), 0, 0, 0);
  }

  static void decodeSplit(KernelBench bench, ElementType type) {
    decode(bench, new Cache(bench, type, 4, 1, 64, 1, 100, 17), 30, 0, 0);
    decode(bench, new Cache(bench, type, 2, 2, 128, 75), 25, 0, 0);
    decode(bench, new Cache(bench, type, 8, 1, 192, 40), 24, 0, 0);
  }

  static void decodeWindowAndCap(KernelBench bench, ElementType type) {
    decode(bench, new Cache(bench, type, 4, 2, 64, 9, 77), 0, 13, 0);
    decode(bench, new Cache(bench, type, 4, 2, 128, 60, 3), 11, 20, 2);
  }

  static void prefill(KernelBench bench, ElementType type) {
    prefill(bench, new Cache(bench, type, 2, 1, 64, 70, 1, 20), new int[] {70, 1, 5}, 0, 0);
    prefill(bench, new Cache(bench, type, 2, 1, 128, 90), new int[] {67}, 0, 0);
    prefill(bench, new Cache(bench, type, 2, 2, 80, 30), new int[] {30}, 0, 0);
    prefill(bench, new Cache(bench, type, 1, 1, 256, 40), new int[] {33}, 0, 0);
  }

  static void prefillWindow(KernelBench bench, ElementType type) {
    prefill(bench, new Cache(bench, type, 2, 1, 64, 150, 30), new int[] {20, 30}, 17, 0);
    prefill(bench, new Cache(bench, type, 2, 1, 64, 90), new int[] {80}, 70, 3);
  }

  private static void decode(
      KernelBench bench, Cache cache, int splitTokens, int window, float softCap) {
    // The last row is padding: it belongs to sequence 0 and sees nothing.
    int sequences = cache.lengths.length;
    int rows = sequences + 1;
    int[] rowSequences = Arrays.copyOf(IntStream.range(0, sequences).toArray(), rows);
    int[] rowLengths = Arrays.copyOf(cache.lengths, rows);
    double[] queries = bench.normal(cache.type, rows * cache.queryHeads * cache.headDim);
    AttentionKernels.Options options = cache.options(window, softCap);
    double[] expected = new double[queries.length];
    for (int row = 0; row < sequences; row++) {
      cache.attend(queries, expected, row, row, rowLengths[row], options);
    }
    DeviceBuffer out = bench.fresh(cache.type, expected.length);
    int longest = Arrays.stream(cache.lengths).max().orElseThrow();
    AttentionKernels.Splits splits =
        AttentionKernels.Splits.of(splitTokens == 0 ? longest : splitTokens, longest);
    int heads = cache.queryHeads;
    DeviceBuffer tickets = bench.upload(new int[rows * heads]);
    AttentionKernels.SplitRoom room =
        new AttentionKernels.SplitRoom(
            bench.fresh(AttentionKernels.splitWeightBytes(rows, heads, splits.count())),
            bench.fresh(AttentionKernels.splitSumBytes(rows, heads, splits.count(), cache.headDim)),
            tickets);
    new AttentionKernels(bench.module)
        .decode(
            bench.stream,
            cache.type,
            out,
            bench.upload(cache.type, queries),
            cache.layout(bench),
            cache.tables(bench),
            bench.upload(rowSequences),
            bench.upload(rowLengths),
            options,
            rows,
            splits,
            room);
    bench.expect(cache + " in " + splits, cache.type, out, expected);
    bench.expect("tickets", tickets, new int[rows * heads]);
  }

  private static void prefill(
      KernelBench bench, Cache cache, int[] queryCounts, int window, float softCap) {
    int sequences = queryCounts.length;
    int[] starts = new int[sequences + 1];
    for (int s = 0; s < sequences; s++) {
      starts[s + 1] = starts[s] + queryCounts[s];
    }
    int rows = starts[sequences];
    double[] queries = bench.normal(cache.type, rows * cache.queryHeads * cache.headDim);
    AttentionKernels.Options options = cache.options(window, softCap);
    double[] expected = new double[queries.length];
    for (int s = 0; s < sequences; s++) {
      for (int i = 0; i < queryCounts[s]; i++) {
        int sees = cache.lengths[s] - queryCounts[s] + i + 1;
        cache.attend(queries, expected, starts[s] + i, s, sees, options);
      }
    }
    DeviceBuffer out = bench.fresh(cache.type, expected.length);
    new AttentionKernels(bench.module)
        .prefill(
            bench.stream,
            cache.type,
            out,
            bench.upload(cache.type, queries),
            cache.layout(bench),
            cache.tables(bench),
            bench.upload(starts),
            bench.upload(cache.lengths),
            options,
            rows,
            sequences,
            Arrays.stream(queryCounts).max().orElseThrow());
    // Probabilities are rounded to the type before they meet the values.
    bench.expect(
        cache + " prefill", cache.type, out, expected, 1.5 * Numbers.tolerance(cache.type));
  }

  /** Sequences of the given lengths over shuffled blocks; whatever no sequence owns is NaN. */
  private static final class Cache {
    final ElementType type;
    final int queryHeads;
    final int kvHeads;
    final int headDim;
    final int[] lengths;
    final int width;
    final int blocks;
    final int[] table;
    final double[] keys;
    final double[] values;

    Cache(
        KernelBench bench,
        ElementType type,
        int queryHeads,
        int kvHeads,
        int headDim,
        int... lengths) {
      this.type = type;
      this.queryHeads = queryHeads;
      this.kvHeads = kvHeads;
      this.headDim = headDim;
      this.lengths = lengths;
      this.width = (Arrays.stream(lengths).max().orElseThrow() + BLOCK_SIZE - 1) / BLOCK_SIZE;
      this.blocks = lengths.length * width + 2;
      this.table = new int[lengths.length * width];
      Arrays.fill(table, UNUSED_BLOCK);
      this.keys = new double[blocks * kvHeads * BLOCK_SIZE * headDim];
      this.values = new double[keys.length];
      Arrays.fill(keys, Double.NaN);
      Arrays.fill(values, Double.NaN);
      List<Integer> shuffled = IntStream.range(0, blocks).boxed().collect(Collectors.toList());
      Collections.shuffle(shuffled, bench.random);
      int next = 0;
      for (int s = 0; s < lengths.length; s++) {
        for (int t = 0; t < lengths[s]; t++) {
          if (t % BLOCK_SIZE == 0) {
            table[s * width + t / BLOCK_SIZE] = shuffled.get(next++);
          }
          for (int head = 0; head < kvHeads; head++) {
            fill(bench, keys, place(s, head, t));
            fill(bench, values, place(s, head, t));
          }
        }
      }
    }

    private void fill(KernelBench bench, double[] cache, int place) {
      System.arraycopy(bench.normal(type, headDim), 0, cache, place, headDim);
    }

    private int place(int sequence, int kvHead, int token) {
      int block = table[sequence * width + token / BLOCK_SIZE];
      return ((block * kvHeads + kvHead) * BLOCK_SIZE + token % BLOCK_SIZE) * headDim;
    }

    AttentionKernels.Options options(int window, float softCap) {
      return new AttentionKernels.Options((float) (1 / Math.sqrt(headDim)), window, softCap);
    }

    CacheLayout layout(KernelBench bench) {
      return new CacheLayout(
          bench.upload(type, keys),
          bench.upload(type, values),
          queryHeads,
          kvHeads,
          headDim,
          blocks,
          BLOCK_SIZE);
    }

    AttentionKernels.BlockTables tables(KernelBench bench) {
      return new AttentionKernels.BlockTables(bench.upload(table), width);
    }

    /** Row {@code row} of {@code queries} over the first {@code sees} tokens of a sequence. */
    void attend(
        double[] queries,
        double[] out,
        int row,
        int sequence,
        int sees,
        AttentionKernels.Options options) {
      int first = options.slidingWindow() > 0 ? Math.max(0, sees - options.slidingWindow()) : 0;
      for (int head = 0; head < queryHeads; head++) {
        int query = (row * queryHeads + head) * headDim;
        int kvHead = head / (queryHeads / kvHeads);
        double[] p = new double[sees];
        double highest = Double.NEGATIVE_INFINITY;
        for (int t = first; t < sees; t++) {
          double dot = 0;
          for (int i = 0; i < headDim; i++) {
            dot += queries[query + i] * keys[place(sequence, kvHead, t) + i];
          }
          p[t] = dot * options.scale();
          if (options.softCap() > 0) {
            p[t] = options.softCap() * Math.tanh(p[t] / options.softCap());
          }
          highest = Math.max(highest, p[t]);
        }
        double sum = 0;
        for (int t = first; t < sees; t++) {
          p[t] = Math.exp(p[t] - highest);
          sum += p[t];
        }
        for (int t = first; t < sees; t++) {
          for (int i = 0; i < headDim; i++) {
            out[query + i] += p[t] / sum * values[place(sequence, kvHead, t) + i];
          }
        }
      }
    }

    @Override
    public String toString() {
      return queryHeads
          + " heads over "
          + kvHeads
          + " of "
          + headDim
          + ", contexts "
          + Arrays.toString(lengths);
    }
  }
}
