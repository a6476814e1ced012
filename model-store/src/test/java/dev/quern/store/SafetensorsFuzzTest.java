package dev.quern.store;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class SafetensorsFuzzTest {
  /** 300 tries of 100 files each, by seed, because a file's bytes say little to a shrinker. */
  @Property(tries = 300)
  void aChangedFileIsReadOrRefusedNeverAnythingElse(@ForAll long seed) throws IOException {
    Path file = Path.of("/models/fuzzed.safetensors");
    Random random = new Random(seed);
    byte[] sound =
        new SafetensorsWriter()
            .metadata("format", "pt")
            .tensor("model.embed.weight", StoredType.BF16, 3, 4)
            .tensor("model.norm.weight", StoredType.F32, 4)
            .tensor("e", StoredType.U8, 0)
            .bytes();
    for (int i = 0; i < 100; i++) {
      byte[] changed = mutated(sound, random);
      ReadableByteChannel channel = Channels.newChannel(new ByteArrayInputStream(changed));
      try {
        for (TensorEntry entry : SafetensorsFile.read(file, changed.length, channel).tensors()) {
          assertTrue(entry.offset() >= 8 && entry.offset() + entry.bytes() <= changed.length);
        }
      } catch (QuernException e) {
        assertTrue(e.message().contains(file.toString()), e.message());
      }
    }
  }

  private static byte[] mutated(byte[] sound, Random random) {
    byte[] bytes = sound.clone();
    int changes = 1 + random.nextInt(4);
    for (int change = 0; change < changes && bytes.length > 0; change++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt(256);
        case 2 -> bytes[at] = (byte) "0123456789-{}[]\",:.eE".charAt(random.nextInt(21));
        case 3 -> bytes = Arrays.copyOf(bytes, at);
        case 4 -> bytes[random.nextInt(Math.min(8, bytes.length))] = (byte) random.nextInt(256);
        default -> {
          int from = random.nextInt(bytes.length);
          int length = Math.min(random.nextInt(40), bytes.length - Math.max(at, from));
          System.arraycopy(bytes.clone(), from, bytes, at, length);
        }
      }
    }
    return bytes;
  }
}
