package dev.quern.store.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.store.StoredType;
import dev.quern.store.TensorEntry;
import dev.quern.store.elements.TensorReader;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Random blocks of every type against what the gguf package of Python makes of them. */
class GgufTypesTest {
  static Path resource(String name) {
    try {
      return Path.of(GgufTypesTest.class.getResource("/gguf/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void everyTypeIsGgufPysBitForBit() throws IOException {
    GgufFile file = GgufFile.read(resource("types.gguf"));
    FloatBuffer expected =
        ByteBuffer.wrap(Files.readAllBytes(resource("types.f32")))
            .order(ByteOrder.LITTLE_ENDIAN)
            .asFloatBuffer();
    for (TensorEntry entry : file.tensors()) {
      assertEquals(entry.type().name().toLowerCase(java.util.Locale.ROOT), entry.name());
      float[] values = TensorReader.readAll(entry);
      for (int i = 0; i < values.length; i++) {
        assertEquals(
            Float.floatToRawIntBits(expected.get()),
            Float.floatToRawIntBits(values[i]),
            entry.name() + " element " + i);
      }
    }
    assertEquals(0, expected.remaining());
  }

  @Test
  void theFileHasEveryTypeThatHoldsWeights() throws IOException {
    List<StoredType> types =
        GgufFile.read(resource("types.gguf")).tensors().stream().map(TensorEntry::type).toList();
    for (StoredType type : StoredType.values()) {
      boolean ofGgml = type.compareTo(StoredType.Q4_0) >= 0;
      assertEquals(ofGgml, ofGgml && types.contains(type), type.name());
    }
  }
}
