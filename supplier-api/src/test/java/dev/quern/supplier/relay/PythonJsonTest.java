package dev.quern.supplier.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quern.store.QuernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Against what CPython made; see benchmarks/oracle/pocket. */
class PythonJsonTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void documentsAreThoseOfPython() throws IOException {
    List<String> lines = Files.readAllLines(Path.of("src/test/resources/relay/documents.jsonl"));
    assertTrue(lines.size() > 300);
    for (String line : lines) {
      JsonNode golden = JSON.readTree(line);
      JsonNode value = PythonJson.read(golden.path("text").asText(), "text");
      assertEquals(golden.path("dumps").asText(), PythonJson.dumps(value), line);
      assertEquals(golden.path("sha256").asText(), PythonJson.sha256(value), line);
    }
  }

  @Test
  void floatsAreThoseOfPython() throws IOException {
    for (String line : Files.readAllLines(Path.of("src/test/resources/relay/floats.txt"))) {
      int space = line.indexOf(' ');
      long bits = Long.parseUnsignedLong(line.substring(0, space), 16);
      assertEquals(line.substring(space + 1), PythonFloat.repr(Double.longBitsToDouble(bits)));
    }
  }

  @Property
  void everyFloatReadsBackAsItself(@ForAll double value) {
    assertEquals(value, Double.parseDouble(PythonFloat.repr(value)));
  }

  @Test
  void whatHoldsNoObjectIsNamed() {
    for (String text : List.of("[1]", "{\"a\":", "")) {
      QuernException refused =
          assertThrows(QuernException.class, () -> PythonJson.readObject(text, "config.json"));
      assertTrue(refused.message().contains("config.json"));
    }
  }
}
