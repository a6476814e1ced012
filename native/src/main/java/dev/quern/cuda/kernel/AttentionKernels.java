package dev.quern.cuda.kernel;

import dev.quern.cuda.CudaKernel;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.LaunchShape;

/** {@code attention_decode.cu} and {@code attention_prefill.cu}: attention over a paged cache. */
public final class AttentionKernels {
  private static final int THREADS = 128;
  private static final int WARPS = 4;
  private static final int QUERY_TILE = 64;

  /** Fewer tokens than this are not worth a block of their own. */
  private static final int LEAST_SPLIT_TOKENS = 128;

  private static final int MOST_SPLITS = 64;

  private final KernelModule module;

  public AttentionKernels(KernelModule module) {
    this.module = module;
  }

  /**
   * How a layer weighs its context.
   *
   * @param slidingWindow a token sees itself and the {@code slidingWindow - 1} before it; 0: all
   * @param softCap {@code cap * tanh(score / cap)} on scaled scores; 0: none
   */
  public record Options(float scale, int slidingWindow, float softCap) {}

  /**
   * Blocks of the sequences' contexts.
   *
   * @param entries {@code [sequences, width]} int32
   */
  public record BlockTables(DeviceBuffer entries, int width) {}

  /**
   * How contexts are cut for blocks that share a row. With the same {@code tokens} a row's result
   * has the same bits in any batch.
   *
   * @param tokens tokens of a split
   * @param count splits of the longest context; shorter ones have fewer
   */
  public record Splits(int tokens, int count) {
    public Splits {
      if (tokens < 1 || count < 1) {
        throw new IllegalArgumentException(count + " splits of " + tokens + " tokens");
      }
    }

    /** As many as a context of {@code longest} tokens needs. */
    public static Splits of(int tokens, int longest) {
      return new Splits(tokens, Math.max(1, Shapes.ceilDiv(longest, tokens)));
    }
  }

  /**
   * Room for the parts of split contexts. Launches that may run at once need rooms of their own.
   *
   * @param weights {@link #splitWeightBytes} bytes
   * @param sums {@link #splitSumBytes} bytes
   * @param tickets {@link #splitTicketBytes} bytes, zeroed before the first launch; every launch
   *     leaves zeros
   */
  public record SplitRoom(DeviceBuffer weights, DeviceBuffer sums, DeviceBuffer tickets) {}

  public static long splitWeightBytes(int rows, int queryHeads, int splits) {
    return 2L * Float.BYTES * rows * queryHeads * splits;
  }

  public static long splitSumBytes(int rows, int queryHeads, int splits, int headDim) {
    return (long) Float.BYTES * rows * queryHeads * splits * headDim;
  }

  public static long splitTicketBytes(int rows, int queryHeads) {
    return (long) Integer.BYTES * rows * queryHeads;
  }

  /** Splits that fill the device with {@code rows} query tokens over contexts of this length. */
  public Splits splits(CacheLayout cache, int rows, int longestContext) {
    int blocks = rows * cache.kvHeads() * Shapes.ceilDiv(cache.group(), groupTile(cache.group()));
    int wanted = Shapes.ceilDiv(2 * module.multiprocessors(), Math.max(1, blocks));
    int tokens = Shapes.ceilDiv(longestContext, Math.min(wanted, MOST_SPLITS));
    return Splits.of(Math.max(LEAST_SPLIT_TOKENS, tokens), longestContext);
  }

  /**
   * Attention of single query tokens. Row {@code r} is of sequence {@code rowSequences[r]} and sees
   * its first {@code rowLengths[r]} tokens; with 0 it is padding and gives zeros.
   *
   * @param out {@code [rows, queryHeads, headDim]}, likewise queries
   * @param rowSequences {@code [rows]} int32, likewise rowLengths
   * @param splits enough for the longest of {@code rowLengths}
   * @param room used when there is more than one split
   */
  public void decode(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer queries,
      CacheLayout cache,
      BlockTables tables,
      DeviceBuffer rowSequences,
      DeviceBuffer rowLengths,
      Options options,
      int rows,
      Splits splits,
      SplitRoom room) {
    checkQueries(type, out, queries, cache, rows);
    Shapes.requireBytes("rowSequences", rowSequences, rows, Integer.BYTES);
    Shapes.requireBytes("rowLengths", rowLengths, rows, Integer.BYTES);
    if (splits.count() > 1) {
      int heads = cache.queryHeads();
      long weightBytes = splitWeightBytes(rows, heads, splits.count());
      long sumBytes = splitSumBytes(rows, heads, splits.count(), cache.headDim());
      Shapes.requireBytes("split weights", room.weights(), weightBytes, 1);
      Shapes.requireBytes("split sums", room.sums(), sumBytes, 1);
      Shapes.requireBytes("split tickets", room.tickets(), splitTicketBytes(rows, heads), 1);
    }
    int lanes = cache.headDim() <= 64 ? 8 : cache.headDim() <= 128 ? 16 : 32;
    int group = groupTile(cache.group());
    CudaKernel kernel =
        module.kernel("decode_attention_" + type.suffix() + "_" + lanes + "_" + group, 19);
    CudaKernel.Arguments arguments =
        kernel
            .arguments()
            .buffer(out)
            .buffer(room.weights())
            .buffer(room.sums())
            .buffer(room.tickets())
            .buffer(queries)
            .buffer(cache.keys())
            .buffer(cache.values())
            .buffer(tables.entries())
            .buffer(rowSequences)
            .buffer(rowLengths)
            .integer(splits.tokens());
    shape(arguments, cache, tables, options);
    kernel.launch(
        stream,
        new LaunchShape(
            cache.kvHeads() * Shapes.ceilDiv(cache.group(), group),
            rows,
            splits.count(),
            THREADS,
            Float.BYTES * WARPS * group * (8 * lanes + 2)));
  }

  /** Whether {@link #prefill} takes this type on this device; else every token is a decode row. */
  public boolean hasPrefill(ElementType type) {
    return module.hasTensorCores(type);
  }

  /**
   * Causal attention of many query tokens: sequence {@code s} owns rows {@code [queryStarts[s],
   * queryStarts[s + 1])}, the last of its {@code contextLengths[s]} cached tokens.
   *
   * @param out {@code [rows, queryHeads, headDim]}, likewise queries
   * @param queryStarts {@code [sequences + 1]} int32
   * @param contextLengths {@code [sequences]} int32
   * @param longestQuery most query rows that one sequence has
   */
  public void prefill(
      CudaStream stream,
      ElementType type,
      DeviceBuffer out,
      DeviceBuffer queries,
      CacheLayout cache,
      BlockTables tables,
      DeviceBuffer queryStarts,
      DeviceBuffer contextLengths,
      Options options,
      int rows,
      int sequences,
      int longestQuery) {
    if (!hasPrefill(type)) {
      throw new IllegalArgumentException("no prefill of " + type + " on this device");
    }
    checkQueries(type, out, queries, cache, rows);
    Shapes.requireBytes("queryStarts", queryStarts, sequences + 1L, Integer.BYTES);
    Shapes.requireBytes("contextLengths", contextLengths, sequences, Integer.BYTES);
    int width = cache.headDim() <= 64 ? 64 : cache.headDim() <= 128 ? 128 : 256;
    int keyTile = width == 256 ? 32 : 64;
    CudaKernel kernel = module.kernel("prefill_attention_" + type.suffix() + "_" + width, 15);
    CudaKernel.Arguments arguments =
        kernel
            .arguments()
            .buffer(out)
            .buffer(queries)
            .buffer(cache.keys())
            .buffer(cache.values())
            .buffer(tables.entries())
            .buffer(queryStarts)
            .buffer(contextLengths);
    shape(arguments, cache, tables, options);
    kernel.launch(
        stream,
        new LaunchShape(
            Shapes.ceilDiv(longestQuery, QUERY_TILE),
            cache.queryHeads(),
            sequences,
            THREADS,
            type.bytes() * (QUERY_TILE + 2 * keyTile) * (width + 8)));
  }

  /** Query heads of one key head that a block serves together. */
  private static int groupTile(int group) {
    return group == 1 ? 1 : group <= 4 ? 4 : 8;
  }

  private static void shape(
      CudaKernel.Arguments arguments, CacheLayout cache, BlockTables tables, Options options) {
    arguments
        .integer(cache.queryHeads())
        .integer(cache.kvHeads())
        .integer(cache.headDim())
        .integer(cache.blockSize())
        .integer(tables.width())
        .number(options.scale())
        .integer(options.slidingWindow())
        .number(options.softCap());
  }

  private static void checkQueries(
      ElementType type, DeviceBuffer out, DeviceBuffer queries, CacheLayout cache, int rows) {
    cache.requireBytes(type);
    long elements = (long) rows * cache.queryHeads() * cache.headDim();
    Shapes.requireBytes("out", out, elements, type.bytes());
    Shapes.requireBytes("queries", queries, elements, type.bytes());
  }
}
