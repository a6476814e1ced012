package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.kernel.AttentionKernels.BlockTables;
import dev.quern.engine.tensor.DType;
import dev.quern.engine.tensor.DeviceBatch;
import dev.quern.engine.tensor.ForwardBatch;
import java.util.List;

/**
 * A batch's numbers on the device; see {@link BatchNumbers} for their sizes.
 *
 * @param runs what attention launches where single tokens and several take different kernels
 * @param singleTokens what it launches where they do not
 */
record CudaBatch(
    ForwardBatch host,
    CudaTensor tokenIds,
    CudaTensor logitRows,
    DeviceBuffer positions,
    DeviceBuffer slots,
    DeviceBuffer rowSequences,
    DeviceBuffer rowLengths,
    DeviceBuffer queryStarts,
    DeviceBuffer contextLengths,
    BlockTables tables,
    List<AttentionRun> runs,
    AttentionRun singleTokens)
    implements DeviceBatch {

  /** Of numbers that lie packed in {@code buffer}. */
  static CudaBatch of(BatchNumbers numbers, DeviceBuffer buffer) {
    ForwardBatch batch = numbers.batch();
    return of(numbers, buffer, AttentionRun.of(batch), AttentionRun.ofSingleTokens(batch));
  }

  /** Of numbers of a padded batch, for contexts of any length that its shape has room for. */
  static CudaBatch of(BatchNumbers numbers, DeviceBuffer buffer, DecodeShape shape) {
    AttentionRun run =
        AttentionRun.ofSingleTokens(numbers.batch()).withLongestContext(shape.context());
    return of(numbers, buffer, List.of(run), run);
  }

  private static CudaBatch of(
      BatchNumbers numbers,
      DeviceBuffer buffer,
      List<AttentionRun> runs,
      AttentionRun singleTokens) {
    ForwardBatch batch = numbers.batch();
    int tokens = batch.tokens();
    int sequences = batch.sequences();
    Parts parts = new Parts(buffer);
    return new CudaBatch(
        batch,
        ints(parts.next(tokens)),
        ints(parts.last(batch.logitRows().length)),
        parts.next(tokens),
        parts.next(tokens),
        parts.next(tokens),
        parts.next(tokens),
        parts.next(sequences + 1),
        parts.next(sequences),
        new BlockTables(parts.next(sequences * numbers.width()), numbers.width()),
        runs,
        singleTokens);
  }

  private static CudaTensor ints(DeviceBuffer buffer) {
    return new CudaTensor(buffer, DType.I32, new long[] {buffer.bytes() / Integer.BYTES});
  }

  /** Cuts a buffer of integers. */
  private static final class Parts {
    private final DeviceBuffer buffer;
    private long at;

    Parts(DeviceBuffer buffer) {
      this.buffer = buffer;
    }

    DeviceBuffer next(int count) {
      DeviceBuffer part = buffer.slice(at, (long) count * Integer.BYTES);
      at += part.bytes();
      return part;
    }

    DeviceBuffer last(int count) {
      long bytes = (long) count * Integer.BYTES;
      return buffer.slice(buffer.bytes() - bytes, bytes);
    }
  }
}
