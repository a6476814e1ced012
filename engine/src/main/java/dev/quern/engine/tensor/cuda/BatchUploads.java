package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.DeviceBuffer;
import dev.quern.engine.tensor.DrawnTokens;
import dev.quern.engine.tensor.ForwardBatch;

/**
 * Brings batches to the device by one copy each, and puts tokens that are drawn there in their
 * places. Nothing waits.
 */
final class BatchUploads {
  private final CudaSession session;
  private final DrawOperations drawing;

  BatchUploads(CudaSession session, DrawOperations drawing) {
    this.session = session;
    this.drawing = drawing;
  }

  CudaBatch bring(ForwardBatch batch) {
    return CudaErrors.named(
        "bringing a batch",
        () -> {
          BatchNumbers numbers = BatchNumbers.of(batch);
          return withDrawn(CudaBatch.of(numbers, upload(numbers)));
        });
  }

  /** Brings {@code batch} padded to {@code shape}. */
  CudaBatch bring(ForwardBatch batch, DecodeShape shape, int blockSize) {
    return CudaErrors.named(
        "bringing a decode batch",
        () -> {
          BatchNumbers numbers = BatchNumbers.of(shape.pad(batch), shape.tableWidth(blockSize));
          return withDrawn(CudaBatch.of(numbers, upload(numbers), shape));
        });
  }

  private DeviceBuffer upload(BatchNumbers numbers) {
    int[] packed = numbers.packed();
    DeviceBuffer buffer = session.buffer((long) packed.length * Integer.BYTES);
    session.inputs().upload(buffer, packed);
    return buffer;
  }

  private CudaBatch withDrawn(CudaBatch batch) {
    DrawnTokens drawn = batch.host().drawn();
    if (drawn != null) {
      drawing.takeDrawn(batch.tokenIds(), drawn);
    }
    return batch;
  }
}
