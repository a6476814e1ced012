package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.quern.supplier.cli.CurlLine.Example;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class CurlLineTest {
  @Test
  void aChatModelIsAsked() {
    assertEquals(
        "curl http://127.0.0.1:1/v1/chat/completions -H 'Content-Type: application/json' -d"
            + " '{\"model\":\"demo\",\"messages\":[{\"role\":\"user\",\"content\":\"What is 3 plus"
            + " 4?\"}]}'",
        CurlLine.text("http://127.0.0.1:1", "demo", Example.CHAT, Optional.empty()));
  }

  @Test
  void theKeyIsReadFromTheFileAndNamesAreQuoted() {
    assertEquals(
        "curl http://h:1/v1/completions -H \"Authorization: Bearer $(grep -m1 -vE"
            + " '^[[:space:]]*(#|$)' '/it'\\''s')\" -H 'Content-Type: application/json' -d"
            + " '{\"model\":\"o'\\''m\",\"prompt\":\"Once upon a time\",\"max_tokens\":32}'",
        CurlLine.text("http://h:1", "o'm", Example.COMPLETION, Optional.of("/it's")));
  }

  @Test
  void encodersAreAskedForWhatTheyGive() {
    assertEquals(
        "curl http://h:1/v1/embeddings -H 'Content-Type: application/json' -d"
            + " '{\"model\":\"e\",\"input\":\"A quern grinds grain.\"}'",
        CurlLine.text("http://h:1", "e", Example.EMBEDDING, Optional.empty()));
    assertEquals(
        "curl http://h:1/v1/rerank -H 'Content-Type: application/json' -d"
            + " '{\"model\":\"r\",\"query\":\"What grinds grain?\",\"documents\":[\"A quern"
            + " does.\",\"A lamp gives light.\"]}'",
        CurlLine.text("http://h:1", "r", Example.RERANKING, Optional.empty()));
  }
}
