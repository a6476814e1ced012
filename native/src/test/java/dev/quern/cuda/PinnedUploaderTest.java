package dev.quern.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.emulator.Emulator;
import dev.quern.cuda.emulator.EmulatorBuild;
import dev.quern.cuda.emulator.EmulatorMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Uploads through pinned pieces, on the driver's look-alike. */
class PinnedUploaderTest {
  private static final int PIECE = 256;

  private Emulator emulator;
  private CudaDriver driver;
  private CudaContext context;

  @BeforeEach
  void openContext() {
    EmulatorBuild.missing().ifPresent(why -> Assumptions.abort(why));
    emulator = new Emulator(EmulatorBuild.ofThisModule().library(false));
    emulator.setMode(EmulatorMode.DEFAULT);
    driver = CudaDriver.open(emulator.library());
    context = CudaContext.open(driver, driver.device(0), 0.9);
  }

  @AfterEach
  void closeContext() {
    if (context != null) {
      context.close();
      CudaContext.reset(driver, context.device());
    }
  }

  @ParameterizedTest
  @EnumSource(EmulatorMode.class)
  void sizesAroundThePieceArriveWhole(EmulatorMode mode) {
    emulator.setMode(mode);
    AtomicLong arrived = new AtomicLong();
    long sent = 0;
    for (int pieces : new int[] {2, 3}) {
      try (PinnedUploader uploader =
          new PinnedUploader(context, pieces, PIECE, arrived::addAndGet)) {
        for (int size : new int[] {1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE, 7 * PIECE - 3}) {
          byte[] bytes = random(size);
          sent += size;
          try (DeviceArena arena = context.memory().arena("test", size)) {
            uploader.upload(arena.whole(), MemorySegment.ofArray(bytes));
            uploader.finish();
            assertArrayEquals(bytes, download(arena.whole()), size + " bytes");
          }
          assertEquals(sent, arrived.get());
        }
      }
    }
  }

  @Test
  void uploadsFollowEachOtherWithoutAWaitBetween() {
    byte[] first = random(3 * PIECE + 5);
    byte[] second = random(2 * PIECE);
    try (PinnedUploader uploader = new PinnedUploader(context, 2, PIECE, bytes -> {});
        DeviceArena arena = context.memory().arena("test", 8192)) {
      DeviceBuffer a = arena.take(first.length);
      DeviceBuffer b = arena.take(second.length + 100L);
      uploader.upload(a, MemorySegment.ofArray(first));
      uploader.upload(b, MemorySegment.ofArray(second));
      uploader.finish();
      assertArrayEquals(first, download(a));
      assertArrayEquals(second, download(b.slice(0, second.length)));
    }
  }

  @Test
  void aMappedFileIsUploaded(@TempDir Path folder) throws Exception {
    byte[] bytes = random(4 * PIECE + 77);
    Path file = Files.write(folder.resolve("weights"), bytes);
    try (Arena mapping = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file);
        PinnedUploader uploader = new PinnedUploader(context, 2, PIECE, n -> {});
        DeviceArena arena = context.memory().arena("test", bytes.length)) {
      MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), mapping);
      uploader.upload(arena.whole(), mapped);
      uploader.finish();
      assertArrayEquals(bytes, download(arena.whole()));
    }
  }

  @Test
  void aPieceIsFilledWhileTheOneBeforeIsOnItsWay() {
    AtomicLong arrived = new AtomicLong();
    List<Long> arrivedBefore = new ArrayList<>();
    try (PinnedUploader uploader = new PinnedUploader(context, 2, PIECE, arrived::addAndGet);
        DeviceArena arena = context.memory().arena("test", 4 * PIECE)) {
      uploader.upload(
          arena.whole(),
          (piece, offset) -> {
            assertEquals((long) PIECE * arrivedBefore.size(), offset);
            arrivedBefore.add(arrived.get());
            piece.fill((byte) offset);
          });
    }
    assertEquals(List.of(0L, 0L, 256L, 512L), arrivedBefore);
  }

  @Test
  void typesAreConvertedPieceByPiece() {
    float[] values = {1, -2, 0.5f, 3};
    int count = 300;
    try (PinnedUploader uploader = new PinnedUploader(context, 2, PIECE, bytes -> {});
        DeviceArena arena = context.memory().arena("test", 2L * count)) {
      uploader.upload(
          arena.whole(),
          (piece, offset) -> {
            for (long i = 0; i < piece.byteSize() / 2; i++) {
              float value = values[(int) ((offset / 2 + i) % values.length)];
              piece.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
            }
          });
      uploader.finish();
      MemorySegment halves = MemorySegment.ofArray(download(arena.whole()));
      for (int i = 0; i < count; i++) {
        short half = halves.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i);
        assertEquals(values[i % values.length], Float.float16ToFloat(half));
      }
    }
  }

  @Test
  void theHostHoldsThePiecesAlone() {
    try (PinnedUploader uploader = new PinnedUploader(context, 3, PIECE, bytes -> {});
        DeviceArena arena = context.memory().arena("test", 100 * PIECE)) {
      uploader.upload(arena.whole(), MemorySegment.ofArray(random(100 * PIECE)));
      assertEquals(Map.of("uploads", 3L * PIECE), context.memory().pinned());
    }
    assertEquals(Map.of(), context.memory().pinned());
  }

  @Test
  void aSourceThatFailsLeavesTheUploaderAtWork() {
    byte[] bytes = random(3 * PIECE);
    try (PinnedUploader uploader = new PinnedUploader(context, 2, PIECE, n -> {});
        DeviceArena arena = context.memory().arena("test", bytes.length)) {
      assertThrows(
          ArithmeticException.class,
          () ->
              uploader.upload(
                  arena.whole(),
                  (piece, offset) -> {
                    if (offset > 0) {
                      throw new ArithmeticException("no such number");
                    }
                  }));
      uploader.upload(arena.whole(), MemorySegment.ofArray(bytes));
      uploader.finish();
      assertArrayEquals(bytes, download(arena.whole()));
    }
  }

  @Test
  void aTargetTooSmallIsRefusedBeforeAnyCopy() {
    try (PinnedUploader uploader = new PinnedUploader(context, 2, PIECE, bytes -> {});
        DeviceArena arena = context.memory().arena("test", PIECE)) {
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> uploader.upload(arena.whole(), MemorySegment.ofArray(random(PIECE + 1))));
    }
  }

  @Test
  void piecesThatCannotServeAreRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> new PinnedUploader(context, 1, PIECE, n -> {}));
    assertThrows(
        IllegalArgumentException.class, () -> new PinnedUploader(context, 2, 100, n -> {}));
    emulator.fail("cuMemHostAlloc", 0, cudart.CUDA_ERROR_OUT_OF_MEMORY);
    CudaException e =
        assertThrows(CudaException.class, () -> new PinnedUploader(context, 2, PIECE, n -> {}));
    assertTrue(String.valueOf(e.getMessage()).contains("ulimit -l"), e.toString());
  }

  @Test
  void aCopyThatFailsIsToldAndNoByteOfItCounted() {
    for (String call : List.of("cuMemcpyHtoDAsync_v2", "cuEventSynchronize")) {
      AtomicLong arrived = new AtomicLong();
      try (DeviceArena arena = context.memory().arena("test", 4 * PIECE);
          PinnedUploader uploader = new PinnedUploader(context, 2, PIECE, arrived::addAndGet)) {
        emulator.fail(call, 1, cudart.CUDA_ERROR_INVALID_VALUE);
        CudaException e =
            assertThrows(
                CudaException.class,
                () -> {
                  uploader.upload(arena.whole(), MemorySegment.ofArray(random(4 * PIECE)));
                  uploader.finish();
                });
        assertTrue(String.valueOf(e.getMessage()).contains(call), e.toString());
        assertTrue(arrived.get() <= PIECE, arrived + " bytes");
      }
    }
  }

  @Test
  void aLostDeviceEndsTheUploadAndTheNextContextUploadsAgain() {
    DeviceArena arena = context.memory().arena("test", PIECE);
    PinnedUploader uploader = new PinnedUploader(context, 2, PIECE, bytes -> {});
    emulator.fail("cuEventSynchronize", 0, cudart.CUDA_ERROR_ILLEGAL_ADDRESS);
    uploader.upload(arena.whole(), MemorySegment.ofArray(random(PIECE)));
    assertTrue(assertThrows(CudaException.class, uploader::finish).losesContext());
    assertThrows(CudaException.class, uploader::close);
    assertEquals(Map.of(), context.memory().pinned());

    closeContext();
    openContext();
    sizesAroundThePieceArriveWhole(EmulatorMode.DEFAULT);
  }

  private byte[] download(DeviceBuffer buffer) {
    try (CudaStream stream = context.newStream();
        PinnedArena pinned = context.memory().pinned("test", buffer.bytes())) {
      stream.copyToHost(pinned.whole(), buffer);
      stream.synchronize();
      return pinned.whole().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }
}
