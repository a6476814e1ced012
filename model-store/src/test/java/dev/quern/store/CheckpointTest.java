package dev.quern.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "num_hidden_layers": 3,
       "num_attention_heads": 8, "num_key_value_heads": 2, "max_position_embeddings": 2048,
       "torch_dtype": "bfloat16", "limit": Infinity}
      """;

  private final Path folder;

  CheckpointTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private QuernException refused() {
    return assertThrows(QuernException.class, () -> Checkpoint.open(folder));
  }

  private static void says(QuernException error, String... parts) {
    for (String part : parts) {
      assertTrue(error.message().contains(part), error.message());
    }
  }

  @Test
  void opensASingleFile() throws IOException {
    write("config.json", CONFIG);
    write("generation_config.json", "{\"temperature\": 0.6}");
    new SafetensorsWriter()
        .tensor("a", StoredType.BF16, 2, 3)
        .tensor("b", StoredType.F32, 5)
        .write(folder.resolve("model.safetensors"));
    new SafetensorsWriter()
        .tensor("a", StoredType.BF16, 2, 3)
        .write(folder.resolve("consolidated.safetensors"));
    Checkpoint checkpoint = Checkpoint.open(folder);
    assertEquals("LlamaForCausalLM", checkpoint.architecture());
    assertEquals(64, checkpoint.config().path("hidden_size").intValue());
    assertEquals(
        0.6, checkpoint.generationConfig().orElseThrow().path("temperature").doubleValue());
    assertEquals(11, checkpoint.parameters());
    assertEquals(32, checkpoint.bytes());
    assertEquals(Map.of(StoredType.BF16, 6L, StoredType.F32, 5L), checkpoint.types());
    assertTrue(checkpoint.has("a"));
    assertFalse(checkpoint.has("c"));
    assertEquals(folder.resolve("model.safetensors"), checkpoint.tensor("a").file());
    QuernException missing = assertThrows(QuernException.class, () -> checkpoint.tensor("c"));
    assertEquals(ErrorCategory.BAD_REQUEST, missing.category());
    says(missing, "'c'", "model.safetensors", "download");
  }

  @Test
  void opensShardsByTheirIndex() throws IOException {
    write("config.json", CONFIG);
    new SafetensorsWriter().tensor("a", StoredType.U8, 4).write(folder.resolve("1.safetensors"));
    new SafetensorsWriter()
        .tensor("b", StoredType.U8, 4)
        .tensor("not in the index", StoredType.U8, 4)
        .write(folder.resolve("2.safetensors"));
    index("\"a\": \"1.safetensors\", \"b\": \"2.safetensors\"");
    Checkpoint checkpoint = Checkpoint.open(folder);
    assertEquals(List.of("a", "b"), List.copyOf(checkpoint.tensors().keySet()));
    assertEquals(folder.resolve("2.safetensors"), checkpoint.tensor("b").file());
    assertEquals(Optional.empty(), checkpoint.generationConfig());
  }

  private void index(String entries) throws IOException {
    write("model.safetensors.index.json", "{\"weight_map\": {" + entries + "}}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../outside.safetensors",
        "/outside.safetensors",
        "x/../../outside.safetensors",
        "config.json",
        "nul\\u0000.safetensors",
        ""
      })
  void anIndexMayNotLeadOutOfTheFolder(String shard) throws IOException {
    write("config.json", CONFIG);
    index("\"a\": \"" + shard + "\"");
    says(refused(), "model.safetensors.index.json names", "inside the model's folder");
  }

  @Test
  void anIndexThatDoesNotFitItsShardsIsRefused() throws IOException {
    write("config.json", CONFIG);
    new SafetensorsWriter().tensor("a", StoredType.U8, 4).write(folder.resolve("1.safetensors"));
    index("\"a\": \"1.safetensors\", \"b\": \"2.safetensors\"");
    QuernException absent = refused();
    assertEquals(ErrorCategory.NOT_FOUND, absent.category());
    says(absent, "2.safetensors", "download it");
    index("\"a\": \"1.safetensors\", \"b\": \"1.safetensors\"");
    says(refused(), "tensor 'b' is in 1.safetensors, but it is not");
    index("\"a\": \"1.safetensors\", \"a\": \"1.safetensors\"");
    says(refused(), "not valid JSON (line 1, column", "Duplicate");
    index("\"a\": 1");
    says(refused(), "names no file for 'a'");
    index("");
    says(refused(), "no weight_map");
  }

  @Test
  void opensOtherNamesAndRefusesATensorTwice() throws IOException {
    write("config.json", CONFIG);
    new SafetensorsWriter().tensor("a", StoredType.U8, 4).write(folder.resolve("x.safetensors"));
    assertTrue(Checkpoint.open(folder).has("a"));
    new SafetensorsWriter().tensor("a", StoredType.U8, 4).write(folder.resolve("y.safetensors"));
    says(refused(), "tensor 'a' is both in", "x.safetensors", "y.safetensors");
  }

  @Test
  void anAbsentFolderIsNotFound() {
    QuernException error =
        assertThrows(QuernException.class, () -> Checkpoint.open(folder.resolve("nowhere")));
    assertEquals(ErrorCategory.NOT_FOUND, error.category());
    says(error, "there is no folder", "nowhere");
  }

  @Test
  void anAbsentConfigurationSaysWhatTheFolderHoldsInstead() throws IOException {
    says(refused(), "no config.json", "Hugging Face layout");
    write("model_index.json", "{}");
    says(refused(), "diffusion pipeline");
    write("adapter_config.json", "{}");
    says(refused(), "LoRA adapter");
  }

  @Test
  void brokenConfigurationNamesLineAndColumn() throws IOException {
    write("config.json", "{\n  \"a\": 1,\n  \"b\" 2\n}");
    says(refused(), "config.json is not valid JSON (line 3, column");
    write("config.json", "[1]");
    says(refused(), "does not hold a JSON object");
    write("config.json", "");
    says(refused(), "config.json");
    write("config.json", "{} {}");
    says(refused(), "something follows");
    write("config.json", "{\"a\":".repeat(5000));
    says(refused(), "not valid JSON");
    Files.write(folder.resolve("config.json"), new byte[] {'{', (byte) 0xC0, '}'});
    says(refused(), "not UTF-8");
  }

  @ParameterizedTest
  @ValueSource(strings = {"pytorch_model.bin", "pytorch_model-00001-of-00002.bin", "a.pt", "b.pth"})
  void aPickleIsRefusedBecauseItIsCode(String name) throws IOException {
    write("config.json", CONFIG);
    write(name, "pickle");
    QuernException error = refused();
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    says(error, name, "is a pickle", "runs code", "safetensors revision");
  }

  @Test
  void aGgufIsReadWhereThereAreNoSafetensors() throws IOException {
    write("m.gguf", "GGUF");
    says(refused(), "m.gguf is not a sound GGUF file");
    write("config.json", CONFIG);
    says(refused(), "m.gguf is not a sound GGUF file");
    write("n.gguf", "GGUF");
    says(refused(), "holds several GGUF models: name one of", "m.gguf, ", "n.gguf");
    new SafetensorsWriter()
        .tensor("a", StoredType.F32, 1)
        .write(folder.resolve("model.safetensors"));
    assertTrue(Checkpoint.open(folder).has("a"));
  }

  @Test
  void noTensorsAtAllIsNotFound() throws IOException {
    write("config.json", CONFIG);
    QuernException error = refused();
    assertEquals(ErrorCategory.NOT_FOUND, error.category());
    says(error, "no model.safetensors");
  }

  @Test
  void aTruncatedShardSaysHowMuchIsThere() throws IOException {
    write("config.json", CONFIG);
    byte[] whole = new SafetensorsWriter().tensor("a", StoredType.F32, 100).bytes();
    Path file = folder.resolve("model.safetensors");
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 10));
    says(
        refused(),
        file + " is truncated: " + whole.length + " bytes expected, " + (whole.length - 10),
        "Download it again");
  }

  @Test
  void summarises() throws IOException {
    write("config.json", CONFIG);
    new SafetensorsWriter().tensor("a", StoredType.BF16, 6).write(folder.resolve("m.safetensors"));
    CheckpointSummary bare = CheckpointSummary.of(Checkpoint.open(folder));
    assertEquals(OptionalLong.of(2048), bare.contextLength());
    assertEquals(OptionalLong.of(2 * 3 * 2 * 8 * 2), bare.kvBytesPerToken());
    assertFalse(bare.chatTemplate());
    assertEquals(Optional.empty(), bare.licence());

    write("tokenizer_config.json", "{\"chat_template\": \"{{ messages }}\"}");
    write("README.md", "---\nlicense: other\nlicense_name: \"llama3.2\"\n---\n# Model\n");
    CheckpointSummary full = CheckpointSummary.of(Checkpoint.open(folder));
    assertTrue(full.chatTemplate());
    assertEquals(Optional.of("llama3.2"), full.licence());
    write("README.md", "---\nlicense: apache-2.0\n---\n");
    assertEquals(
        Optional.of("apache-2.0"), CheckpointSummary.of(Checkpoint.open(folder)).licence());
    write("README.md", "license: not front matter");
    assertEquals(Optional.empty(), CheckpointSummary.of(Checkpoint.open(folder)).licence());
  }

  @Test
  void digestsEveryFile() throws IOException {
    write("b.txt", "abc");
    write("a.txt", "");
    assertEquals(
        List.of(
            new FileDigest(
                "a.txt", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            new FileDigest(
                "b.txt", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")),
        FileDigest.of(folder));
  }
}
