package dev.quern.engine.tensor.cuda;

import dev.quern.cuda.CudaContext;
import dev.quern.cuda.CudaStream;
import dev.quern.cuda.DeviceBuffer;
import dev.quern.cuda.PinnedArena;
import dev.quern.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Reads numbers back from the device, piece by piece through pinned memory. Waits for them. */
final class StepOutputs implements AutoCloseable {
  private static final String TAG = "step outputs";
  private static final int PIECE_BYTES = 1 << 20;

  private final CudaStream stream;
  private final PinnedArena pinned;

  StepOutputs(CudaContext context, CudaStream stream) {
    this.stream = stream;
    this.pinned = context.memory().pinned(TAG, PIECE_BYTES);
  }

  float[] floats(DeviceBuffer from, DType dtype, int count) {
    float[] values = new float[count];
    int pieceElements = PIECE_BYTES / dtype.bytes();
    for (int first = 0; first < count; first += pieceElements) {
      int elements = Math.min(pieceElements, count - first);
      MemorySegment piece =
          read(from, (long) first * dtype.bytes(), (long) elements * dtype.bytes());
      FloatCodec.decode(piece, dtype, values, first, elements);
    }
    return values;
  }

  int[] ints(DeviceBuffer from, int count) {
    int[] values = new int[count];
    int pieceElements = PIECE_BYTES / Integer.BYTES;
    for (int first = 0; first < count; first += pieceElements) {
      int elements = Math.min(pieceElements, count - first);
      MemorySegment piece =
          read(from, (long) first * Integer.BYTES, (long) elements * Integer.BYTES);
      MemorySegment.copy(piece, ValueLayout.JAVA_INT, 0, values, first, elements);
    }
    return values;
  }

  private MemorySegment read(DeviceBuffer from, long offset, long bytes) {
    MemorySegment piece = pinned.whole().asSlice(0, bytes);
    stream.copyToHost(piece, from.slice(offset, bytes));
    stream.synchronize();
    return piece;
  }

  @Override
  public void close() {
    pinned.close();
  }
}
