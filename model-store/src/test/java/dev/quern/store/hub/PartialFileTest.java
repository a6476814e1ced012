package dev.quern.store.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartialFileTest {
  private static final int SIZE = 1000;
  private static final int JOURNAL_HEAD = 32;
  private static final int JOURNAL_RECORD = 24;

  private @TempDir Path folder;

  private Path path() {
    return folder.resolve("blob");
  }

  private void write(String tag, Chunk... chunks) throws IOException {
    try (PartialFile file = PartialFile.open(path(), SIZE)) {
      assertTrue(file.bind(tag));
      for (Chunk chunk : chunks) {
        file.write(ByteBuffer.allocate(chunk.length()), chunk.start());
        file.add(chunk);
      }
    }
  }

  private List<Segment> missing() throws IOException {
    try (PartialFile file = PartialFile.open(path(), SIZE)) {
      assertEquals(PartialFile.bytesAt(path(), SIZE), file.bytesHere());
      return file.missing(new Segment(0, SIZE), SIZE);
    }
  }

  @Test
  void remembersWhatIsThere() throws IOException {
    write("a", new Chunk(100, 200, 1), new Chunk(500, 700, 2));
    write("a", new Chunk(0, 100, 3));
    assertEquals(List.of(new Segment(200, 500), new Segment(700, SIZE)), missing());
    try (PartialFile file = PartialFile.open(path(), SIZE)) {
      assertEquals(
          List.of(new Segment(250, 400), new Segment(400, 500), new Segment(700, 750)),
          file.missing(new Segment(250, 750), 150));
      assertEquals(new Chunk(500, 700, 2), file.chunkAt(699).orElseThrow());
      assertTrue(file.chunkAt(700).isEmpty());
      assertEquals(500, file.nextChunkAfter(200));
    }
  }

  @Test
  void takesNoOtherContent() throws IOException {
    write("a", new Chunk(0, 100, 1));
    try (PartialFile file = PartialFile.open(path(), SIZE)) {
      assertFalse(file.bind("b"));
      assertTrue(file.bind("a"));
    }
  }

  @Test
  void takesNoChunkTwice() throws IOException {
    write("a", new Chunk(0, 100, 1), new Chunk(50, 150, 2), new Chunk(0, 100, 3));
    try (PartialFile file = PartialFile.open(path(), SIZE)) {
      assertEquals(100, file.bytesHere());
      assertEquals(1, file.chunkAt(50).orElseThrow().crc());
    }
  }

  @Test
  void forgetsWhatIsDamaged() throws IOException {
    write("a", new Chunk(0, 100, 1), new Chunk(100, 200, 2));
    try (PartialFile file = PartialFile.open(path(), SIZE)) {
      file.remove(new Chunk(0, 100, 1));
      file.write(ByteBuffer.allocate(100), 300);
      file.add(new Chunk(300, 400, 4));
    }
    assertEquals(
        List.of(new Segment(0, 100), new Segment(200, 300), new Segment(400, SIZE)), missing());
  }

  @Test
  void ignoresChunksBeyondTheData() throws IOException {
    write("a", new Chunk(0, 100, 1), new Chunk(100, 200, 2));
    try (RandomAccessFile data = new RandomAccessFile(path().toFile(), "rw")) {
      data.setLength(150);
    }
    try (PartialFile file = PartialFile.open(path(), SIZE)) {
      assertEquals(100, file.bytesHere());
    }
  }

  @Test
  void goesOnAfterATornRecord() throws IOException {
    write("a", new Chunk(0, 100, 1), new Chunk(100, 200, 2));
    Path journal = PartialFile.journalOf(path());
    byte[] bytes = Files.readAllBytes(journal);
    assertEquals(JOURNAL_HEAD + 2 * JOURNAL_RECORD, bytes.length);
    Files.write(journal, Arrays.copyOf(bytes, bytes.length - 1));
    assertEquals(List.of(new Segment(100, SIZE)), missing());
    write("a", new Chunk(200, 300, 3));
    assertEquals(List.of(new Segment(100, 200), new Segment(300, SIZE)), missing());
  }

  @Test
  void unitsAreSmallBesideTheFile() {
    assertEquals(4 << 10, Chunk.unit(1));
    assertEquals(256 << 10, Chunk.unit(2L << 30));
    assertEquals(4 << 20, Chunk.unit(1L << 40));
  }

  /** Whatever a journal holds, its chunks lie in the file and do not overlap. */
  @Property(tries = 2000)
  void trustsNoJournal(@ForAll long seed, @ForAll @IntRange(min = 0, max = 5) int damages)
      throws IOException {
    Path temporary = Files.createTempDirectory("journal");
    Path journal = temporary.resolve("journal");
    try {
      Random random = new Random(seed);
      try (ChunkJournal written = ChunkJournal.open(journal, SIZE)) {
        written.rewrite(7, List.of());
        for (int i = 0; i < 10; i++) {
          written.append(new Chunk(i * 100L, i * 100L + 100, i));
        }
      }
      byte[] bytes = Files.readAllBytes(journal);
      for (int i = 0; i < damages; i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      Files.write(journal, bytes);
      List<Chunk> chunks = new ArrayList<>(ChunkJournal.peek(journal, SIZE));
      assertTrue(chunks.size() == 10 || damages > 0);
      for (int i = 0; i < chunks.size(); i++) {
        assertEquals(new Chunk(i * 100L, i * 100L + 100, i), chunks.get(i));
      }
    } finally {
      Files.deleteIfExists(journal);
      Files.delete(temporary);
    }
  }
}
