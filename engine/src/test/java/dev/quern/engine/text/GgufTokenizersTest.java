package dev.quern.engine.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.quern.store.ModelFiles;
import dev.quern.store.gguf.GgufCheckpoint;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Vocabularies in GGUF against the tokenizers they were made from. */
class GgufTokenizersTest {
  private static Path resource(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(GgufTokenizersTest.class.getResource("/gguf/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ModelFiles files(String name) {
    return GgufCheckpoint.texts(resource("tokenizers/" + name + ".gguf"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"llama-bpe", "qwen2", "tekken", "gpt-4o", "gpt-2", "smollm", "sentencepiece"})
  void encodesAndDecodesLikeTheSource(String name) throws IOException {
    JsonNode goldens = new JsonMapper().readTree(resource("tokenizers/" + name + ".json").toFile());
    assertTrue(goldens.size() > 90);
    try (FastTokenizer tokenizer = FastTokenizer.load(files(name))) {
      for (JsonNode golden : goldens) {
        String text = golden.get("text").textValue();
        int[] ids = ints(golden.get("ids"));
        assertArrayEquals(ids, tokenizer.encode(text, false), text);
        assertArrayEquals(ints(golden.get("ids_with_special")), tokenizer.encode(text, true), text);
        assertEquals(golden.get("decoded").textValue(), tokenizer.decode(ids, false), text);
      }
    }
  }

  @Test
  void specialTokensAndTheChatTemplateComeFromTheMetadata() {
    ModelFiles files = files("sentencepiece");
    try (FastTokenizer tokenizer = FastTokenizer.load(files)) {
      assertEquals(Set.of(0, 1, 2), tokenizer.specialTokens());
    }
    ChatTemplate template = ChatTemplate.load(files).orElseThrow();
    var messages = JsonNodeFactory.instance.arrayNode();
    messages.addObject().put("role", "user").put("content", "hi");
    ChatPrompt prompt = new ChatPrompt(messages, null, null, true, false, Map.of());
    assertEquals("<s>[user]hi</s>[assistant]", template.render(prompt));
  }

  private static int[] ints(JsonNode json) {
    return StreamSupport.stream(json.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }
}
