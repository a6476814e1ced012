package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.AttentionKernels;
import dev.quern.cuda.kernel.AttentionKernels.BlockTables;
import dev.quern.cuda.kernel.AttentionKernels.SplitRoom;
import dev.quern.cuda.kernel.AttentionKernels.Splits;
import dev.quern.cuda.kernel.CacheLayout;
import dev.quern.cuda.kernel.ElementType;
import dev.quern.cuda.kernel.RopeKernels;
import dev.quern.engine.tensor.AttentionOptions;
import dev.quern.engine.tensor.Backend;
import dev.quern.engine.tensor.HeadLayout;
import org.jspecify.annotations.Nullable;

/** Rotation into a paged cache, and attention over it. */
final class AttentionOperations {
  /** Tokens of a split in fp32, whatever the batch: so a token's numbers do not depend on it. */
  private static final int FP32_SPLIT_TOKENS = 256;

  private static final DeviceBuffer NOTHING = new DeviceBuffer(0, 0);
  private static final SplitRoom NO_ROOM = new SplitRoom(NOTHING, NOTHING, NOTHING);

  private final CudaSession session;
  private final AttentionKernels attention;

  AttentionOperations(CudaSession session) {
    this.session = session;
    this.attention = session.kernels().attention();
  }

  CudaTensor rotateAndCache(
      CudaTensor qkv,
      HeadLayout heads,
      Backend.@Nullable HeadNorms norms,
      CudaRope rope,
      CudaKvCache cache,
      int layer,
      CudaBatch batch) {
    CudaTensor queries =
        session.tensor(qkv.dtype(), qkv.rows(), heads.queryHeads(), heads.headDim());
    session
        .kernels()
        .rope()
        .rotateAndCache(
            session.stream(),
            qkv.type(),
            queries.buffer(),
            qkv.buffer(),
            cache.layer(layer, heads),
            norms == null ? null : headNorms(norms),
            rope.tables(),
            batch.positions(),
            batch.slots(),
            qkv.rows());
    return queries;
  }

  private static RopeKernels.HeadNorms headNorms(Backend.HeadNorms norms) {
    return new RopeKernels.HeadNorms(
        CudaTensor.of(norms.query()).buffer(),
        CudaTensor.of(norms.key()).buffer(),
        norms.epsilon());
  }

  CudaTensor pagedAttention(
      CudaTensor queries,
      HeadLayout heads,
      AttentionOptions options,
      CudaKvCache cache,
      int layer,
      CudaBatch batch) {
    CudaTensor out =
        session.tensor(
            queries.dtype(), queries.rows(), (long) heads.queryHeads() * heads.headDim());
    Call call =
        new Call(
            out,
            queries,
            cache.layer(layer, heads),
            new AttentionKernels.Options(
                options.scale(), options.slidingWindow(), options.softCap()),
            batch);
    if (attention.hasPrefill(queries.type())) {
      for (AttentionRun run : batch.runs()) {
        if (run.decode()) {
          decode(call, run);
        } else {
          prefill(call, run);
        }
      }
    } else {
      decode(call, batch.singleTokens());
    }
    return out;
  }

  /** One layer's attention. */
  private record Call(
      CudaTensor out,
      CudaTensor queries,
      CacheLayout cache,
      AttentionKernels.Options options,
      CudaBatch batch) {
    ElementType type() {
      return queries.type();
    }

    DeviceBuffer outOf(AttentionRun run) {
      return rows(out, run);
    }

    DeviceBuffer queriesOf(AttentionRun run) {
      return rows(queries, run);
    }

    private static DeviceBuffer rows(CudaTensor tensor, AttentionRun run) {
      long rowBytes = tensor.buffer().bytes() / tensor.rows();
      return tensor.buffer().slice(run.firstRow() * rowBytes, run.rows() * rowBytes);
    }
  }

  /** Rows are numbered from the run's first; their sequences are the batch's. */
  private void decode(Call call, AttentionRun run) {
    Splits splits = splits(call, run);
    attention.decode(
        session.stream(),
        call.type(),
        call.outOf(run),
        call.queriesOf(run),
        call.cache(),
        call.batch().tables(),
        ints(call.batch().rowSequences(), run.firstRow(), run.rows()),
        ints(call.batch().rowLengths(), run.firstRow(), run.rows()),
        call.options(),
        run.rows(),
        splits,
        splitRoom(call.cache(), run.rows(), splits));
  }

  private Splits splits(Call call, AttentionRun run) {
    return call.type() == ElementType.FP32
        ? Splits.of(FP32_SPLIT_TOKENS, run.longestContext())
        : attention.splits(call.cache(), run.rows(), run.longestContext());
  }

  private SplitRoom splitRoom(CacheLayout cache, int rows, Splits splits) {
    if (splits.count() == 1) {
      return NO_ROOM;
    }
    int heads = cache.queryHeads();
    int count = splits.count();
    return new SplitRoom(
        session.buffer(AttentionKernels.splitWeightBytes(rows, heads, count)),
        session.buffer(AttentionKernels.splitSumBytes(rows, heads, count, cache.headDim())),
        session.tickets().zeros(AttentionKernels.splitTicketBytes(rows, heads)));
  }

  /**
   * {@code queryStarts} count from the batch's first row, so queries are those of all rows; tables
   * and lengths begin with the run's first sequence.
   */
  private void prefill(Call call, AttentionRun run) {
    CudaBatch batch = call.batch();
    int width = batch.tables().width();
    DeviceBuffer tables =
        ints(batch.tables().entries(), run.firstSequence() * width, run.sequences() * width);
    attention.prefill(
        session.stream(),
        call.type(),
        call.out().buffer(),
        call.queries().buffer(),
        call.cache(),
        new BlockTables(tables, width),
        ints(batch.queryStarts(), run.firstSequence(), run.sequences() + 1),
        ints(batch.contextLengths(), run.firstSequence(), run.sequences()),
        call.options(),
        run.rows(),
        run.sequences(),
        run.longestQuery());
  }

  private static DeviceBuffer ints(DeviceBuffer buffer, int first, int count) {
    return buffer.slice((long) first * Integer.BYTES, (long) count * Integer.BYTES);
  }
}
