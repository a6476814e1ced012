package dev.quern.supplier.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.quern.cuda.CudaDevice;
import dev.quern.cuda.CudaReport;
import dev.quern.store.hub.CheckpointManifest;
import dev.quern.store.hub.testing.HubRepository;
import dev.quern.store.hub.testing.TestHub;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands about models on disk, by the real command line, against a hub on loopback. */
final class StoreCommandsTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2, "num_attention_heads": 4,
       "num_key_value_heads": 2, "hidden_size": 32, "max_position_embeddings": 100,
       "torch_dtype": "bfloat16"}
      """;

  private final TestHub hub = TestHub.start();
  private final HubRepository repository = hub.repository("org/tiny", COMMIT);
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final Map<String, String> environment = new HashMap<>();
  private final Path cache;
  private final Path model;
  private String typed = "";
  private boolean interactive;
  private List<Command> commands = Quern.commands();

  StoreCommandsTest(@TempDir Path folder) {
    cache = folder.resolve("hub");
    model = cache.resolve("models--org--tiny");
    environment.put("HF_HUB_CACHE", cache.toString());
    environment.put("HF_ENDPOINT", hub.uri().toString());
    environment.put("HOME", folder.toString());
    environment.put("QUERN_CACHE", folder.resolve("quern").toString());
    repository.file("config.json", CONFIG);
    repository.file("README.md", "---\nlicense: apache-2.0\n---\n");
    repository.file("tokenizer_config.json", "{\"chat_template\": \"{{ messages }}\"}");
    repository.large("model.safetensors", weights());
    repository.large("pytorch_model.bin", new byte[] {1});
  }

  @AfterEach
  void stopHub() {
    hub.close();
  }

  /** One tensor of 4 x 8 in bf16. */
  private static byte[] weights() {
    String head = "{\"w\":{\"dtype\":\"BF16\",\"shape\":[4,8],\"data_offsets\":[0,64]}}";
    byte[] text = (head + " ".repeat(64 - head.length())).getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(8 + 64 + 64)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(64)
        .put(text)
        .array();
  }

  private int quern(String... line) {
    out.reset();
    err.reset();
    Console console =
        new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            new BufferedReader(new StringReader(typed)),
            environment,
            interactive,
            Optional::empty);
    return new CommandLine(commands, console).run(List.of(line));
  }

  private void succeed(String... line) {
    assertEquals(0, quern(line), this::streams);
  }

  private String output() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String error() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private String streams() {
    return output() + "\n" + error();
  }

  private JsonNode json() throws IOException {
    return new JsonMapper().readTree(output());
  }

  private List<JsonNode> events() throws IOException {
    List<JsonNode> events = new ArrayList<>();
    for (String line : output().lines().toList()) {
      events.add(new JsonMapper().readTree(line));
    }
    return events;
  }

  private Path snapshot() {
    return model.resolve("snapshots").resolve(COMMIT);
  }

  /** Turns a pulled model into what a Python tool would have left. */
  private void forgetWhatQuernNoted() throws IOException {
    try (Stream<Path> files = Files.walk(model.resolve(".quern"))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private Path blob(String file) {
    return model.resolve("blobs").resolve(repository.digest(file));
  }

  @Test
  void aPulledModelIsListedAndShown() throws IOException {
    succeed("pull", "org/tiny");
    assertEquals(snapshot() + "\n", output());
    assertTrue(error().contains("org/tiny@main is commit " + COMMIT + ": 4 files, "), error());
    assertTrue(error().contains("  model.safetensors  136 B  verified\n"), error());
    assertTrue(error().contains("Pulled org/tiny@main: "), error());
    assertTrue(error().contains("memory free: they fit"), error());
    assertFalse(error().replace("\n", "").chars().anyMatch(Character::isISOControl), error());

    succeed("list");
    assertTrue(
        output().lines().anyMatch(l -> l.matches("org/tiny +main +chat +BF16 +32 +\\d+ B .*")),
        output());
    succeed("list", "--json");
    JsonNode row = json().path(1);
    assertEquals("org/tiny", row.path("model").asText());
    assertEquals(COMMIT, row.path("commit").asText());
    assertEquals("chat", row.path("kind").asText());
    assertEquals("BF16", row.path("dtype").asText());
    assertEquals(32, row.path("parameters").asLong());

    succeed("show", "org/tiny");
    assertTrue(output().contains("licence        apache-2.0\n"), output());
    assertTrue(output().contains("context        100 tokens\n"), output());
  }

  @Test
  void memoryIsThatOfTheContextAndTheBatch() throws IOException {
    succeed("pull", "org/tiny");
    succeed("show", "org/tiny", "--json", "--context", "33", "--batch", "5");
    JsonNode memory = json().path("memory");
    assertEquals(64, memory.path("weight_bytes").asLong());
    // 2 (K and V) x 2 layers x 2 heads x 8 wide x 2 bytes, 33 tokens in blocks of 16, 5 sequences.
    assertEquals(128L * 48 * 5, memory.path("kv_cache_bytes").asLong());
    assertEquals(64 + 128L * 48 * 5, memory.path("total_bytes").asLong());
    assertTrue(memory.path("fits").asBoolean());
    succeed("show", "org/tiny", "--json", "--context", "16777216", "--batch", "65536");
    assertFalse(json().path("memory").path("fits").asBoolean());
    succeed("show", "org/tiny", "--json");
    assertEquals(100, json().path("memory").path("context").asLong());
  }

  /** A host with three GPUs: one with room, one that is too small, and one that is too old. */
  private static CudaReport gpus() {
    return new CudaReport(
        "libcuda.so.1",
        "13.0",
        null,
        List.of(
            new CudaReport.Device(gpu(0, 9, 80L << 30), null, "bf16", null),
            new CudaReport.Device(gpu(1, 9, 63), null, "bf16", null),
            new CudaReport.Device(gpu(2, 6, 80L << 30), "too old", "fp32", null)),
        List.of());
  }

  private static CudaDevice gpu(int ordinal, int computeMajor, long bytes) {
    return new CudaDevice(ordinal, "Test GPU", computeMajor, 0, 132, 232_448, bytes);
  }

  @Test
  void eachGpuIsJudgedBesideTheMemory() throws IOException {
    commands =
        List.of(new PullCommand(StoreCommandsTest::gpus), new ShowCommand(StoreCommandsTest::gpus));
    succeed("pull", "org/tiny");
    assertTrue(error().contains("  cuda:0 (86 GB, Test GPU): they fit\n"), error());
    assertTrue(error().contains("  cuda:1 (63 B, Test GPU): they do not fit it\n"), error());
    assertTrue(error().contains("  cuda:2 (86 GB, Test GPU): it cannot be used"), error());
    succeed("show", "org/tiny");
    assertTrue(output().contains("cuda:0         86 GB, Test GPU (it fits)\n"), output());
    assertTrue(output().contains("cuda:1         63 B, Test GPU (it does not fit)\n"), output());
    succeed("pull", "org/tiny", "--json", "--dry-run");
    assertEquals(List.of(true, false, false), fits(json()));
    succeed("show", "org/tiny", "--json");
    assertEquals(List.of(true, false, false), fits(json().path("memory")));
    assertFalse(json().path("memory").path("gpus").path(2).path("usable").asBoolean());
  }

  private static List<Boolean> fits(JsonNode verdicts) {
    List<Boolean> fits = new ArrayList<>();
    verdicts.path("gpus").forEach(gpu -> fits.add(gpu.path("fits").asBoolean()));
    return fits;
  }

  @Test
  void showHasTheChatTemplateAndTheDigests() throws IOException {
    succeed("pull", "org/tiny");
    succeed("show", "org/tiny", "--template");
    assertEquals("{{ messages }}\n", output());
    String digest = CheckpointManifest.compute(snapshot()).digest();
    succeed("show", "org/tiny", "--json");
    assertEquals("{{ messages }}", json().path("chat_templates").path("default").asText());
    assertEquals("pull", json().path("digests").path("source").asText());
    assertEquals(digest, json().path("digests").path("digest").asText());
    forgetWhatQuernNoted();
    succeed("show", "org/tiny", "--json");
    assertEquals("cache", json().path("digests").path("source").asText());
    assertEquals(digest, json().path("digests").path("digest").asText());
    assertEquals(4, json().path("digests").path("files").size());
    succeed("show", snapshot().toString(), "--json");
    assertTrue(json().path("digests").isMissingNode());
    succeed("show", snapshot().toString(), "--json", "--digests");
    assertEquals(digest, json().path("digests").path("digest").asText());
  }

  @Test
  void aDiffusionPipelineIsDescribedByItsComponents() throws IOException {
    hub.repository("org/paint", COMMIT)
        .file(
            "model_index.json",
            "{\"_class_name\": \"StableDiffusionPipeline\", \"unet\": [\"diffusers\", \"UNet\"],"
                + " \"safety_checker\": [null, null]}")
        .file("unet/config.json", "{}")
        .large("unet/diffusion_pytorch_model.safetensors", weights());
    succeed("pull", "org/paint");
    succeed("list", "--json");
    assertEquals("diffusion", json().path(1).path("kind").asText(), output());
    assertEquals(32, json().path(1).path("parameters").asLong());
    succeed("show", "org/paint");
    assertTrue(output().contains("StableDiffusionPipeline"), output());
    assertTrue(output().contains("component      unet (UNet)\n"), output());
  }

  @Test
  void jsonTellsTheWholePull() throws IOException {
    succeed("pull", "org/tiny", "--json");
    List<JsonNode> events = events();
    JsonNode plan = events.getFirst();
    assertEquals("plan", plan.path("event").asText());
    assertEquals(4, plan.path("files").size());
    assertEquals("missing", plan.path("files").path(0).path("state").asText());
    assertEquals("pytorch_model.bin", plan.path("skipped").path(0).path("path").asText());
    assertEquals(
        4, events.stream().filter(e -> e.path("event").asText().equals("file_finished")).count());
    JsonNode done = events.getLast();
    assertEquals("done", done.path("event").asText());
    assertEquals(snapshot().toString(), done.path("folder").asText());
    assertEquals(CheckpointManifest.compute(snapshot()).digest(), done.path("digest").asText());
    assertEquals(plan.path("total_bytes").asLong(), done.path("fetched_bytes").asLong());
    assertEquals("", error());
    succeed("pull", "org/tiny", "--json");
    assertEquals(0, events().getLast().path("fetched_bytes").asLong());
  }

  @Test
  void aDryRunWritesNothing() {
    succeed("pull", "org/tiny", "--dry-run");
    assertTrue(output().contains("model.safetensors      missing  136 B"), output());
    assertTrue(output().contains("pytorch_model.bin"), output());
    assertFalse(Files.exists(cache));
  }

  @Test
  void patternsChooseFiles() {
    succeed("pull", "org/tiny", "--include", "*.json", "--exclude", "tokenizer*");
    assertTrue(Files.exists(snapshot().resolve("config.json")));
    assertFalse(Files.exists(snapshot().resolve("tokenizer_config.json")));
    assertFalse(Files.exists(snapshot().resolve("model.safetensors"), LinkOption.NOFOLLOW_LINKS));
  }

  @Test
  void errorsOfTheHubAreOneLineAnEventAndACode() throws IOException {
    assertEquals(3, quern("pull", "org/nothing", "--json"));
    assertEquals(1, error().lines().count(), error());
    JsonNode event = events().getLast();
    assertEquals("error", event.path("event").asText());
    assertEquals("repository_not_found", event.path("reason").asText());
    assertEquals("quern: " + event.path("message").asText() + "\n", error());
    assertEquals(3, quern("pull", "org/tiny@nowhere"));
    assertEquals(1, error().lines().count(), error());
    repository.gatedFor("hf_secret");
    assertEquals(2, quern("pull", "org/tiny"));
    assertTrue(error().contains("HF_TOKEN"), error());
    environment.put("HF_TOKEN", "hf_secret");
    succeed("pull", "org/tiny");
    environment.put("HF_HUB_OFFLINE", "1");
    assertEquals(6, quern("pull", "org/other"));
    assertTrue(error().contains("HF_HUB_OFFLINE"), error());
    succeed("pull", "org/tiny");
    assertFalse(streams().contains("hf_secret"), this::streams);
  }

  @Test
  void aModelThatIsNotHereIsPulledBeforeItIsRun() {
    // The tiny model cannot speak, which is found after the pull and before any device opens.
    assertTrue(quern("run", "org/tiny", "Hello") != 0);
    assertTrue(Files.exists(snapshot().resolve("model.safetensors")), this::streams);
    assertTrue(error().contains("Looking for org/tiny@main at " + hub.uri()), error());
    assertTrue(error().contains("Loading org/tiny from " + snapshot()), error());
    environment.put("HF_HUB_OFFLINE", "1");
    assertEquals(6, quern("run", "org/other", "Hello"));
    assertEquals(1, error().lines().filter(line -> line.startsWith("quern: ")).count(), error());
    assertTrue(error().contains("HF_HUB_OFFLINE forbids"), error());
  }

  @Test
  void removingAsksAndSaysHowMuchItFrees() throws IOException {
    succeed("pull", "org/tiny");
    assertEquals(2, quern("rm", "org/tiny"));
    assertTrue(error().endsWith("here is nobody to answer: add --yes\n"), error());
    interactive = true;
    typed = "n\n";
    succeed("rm", "org/tiny");
    assertTrue(error().endsWith("Remove? [y/N] Nothing was removed\n"), error());
    assertTrue(Files.exists(snapshot()));
    succeed("rm", "org/tiny", "--dry-run");
    assertTrue(Files.exists(snapshot()));
    typed = "Yes\n";
    succeed("rm", "org/tiny", "--json");
    assertFalse(Files.exists(model));
    assertEquals(repository.bytes() - 1, json().path(0).path("freed_bytes").asLong());
    assertTrue(error().contains("Removed org/tiny@main: "), error());
    assertEquals(3, quern("rm", "org/tiny", "--yes"));
    assertEquals(1, error().lines().count(), error());
  }

  @Test
  void aMistypedNameRemovesNothing() {
    succeed("pull", "org/tiny");
    assertEquals(3, quern("rm", "org/tiny", "org/tny", "--yes"));
    assertEquals(3, quern("rm", "org/tiny@v2", "--yes"));
    assertTrue(error().contains("which has main"), error());
    assertTrue(Files.exists(snapshot().resolve("config.json")));
    succeed("rm", "org/tiny@" + COMMIT.substring(0, 8), "--yes");
    assertFalse(Files.exists(model));
  }

  @Test
  void verifyFindsAFlippedBitAndPullRepairsIt() throws IOException {
    succeed("pull", "org/tiny");
    succeed("verify");
    assertTrue(error().contains("Verified 4 files of 1 revision, "), error());
    assertTrue(error().contains(": none is bad\n"), error());
    byte[] bytes = Files.readAllBytes(blob("model.safetensors"));
    bytes[100] ^= 1;
    var modified = Files.getLastModifiedTime(blob("model.safetensors"));
    Files.write(blob("model.safetensors"), bytes);
    Files.setLastModifiedTime(blob("model.safetensors"), modified);
    assertEquals(1, quern("verify", "org/tiny"));
    assertTrue(
        output().startsWith("corrupt: org/tiny@main/model.safetensors: its hash is "), output());
    assertEquals(1, quern("verify", "--json"));
    assertEquals(1, json().path("bad").asLong());
    assertEquals("", error());
    succeed("pull", "org/tiny");
    succeed("verify", "org/tiny@main");
  }

  @Test
  void pythonsCachesAreVerifiedByTheNamesOfTheirBlobs() throws IOException {
    succeed("pull", "org/tiny");
    forgetWhatQuernNoted();
    succeed("verify");
    Files.writeString(blob("config.json"), CONFIG.replace('2', '3'));
    assertEquals(1, quern("verify"));
    assertTrue(output().startsWith("corrupt: org/tiny@main/config.json: "), output());
  }

  @Test
  void pruningFreesWhatNothingNeeds() throws IOException {
    succeed("pull", "org/tiny");
    Files.writeString(model.resolve("blobs").resolve("e".repeat(64)), "unused");
    Files.writeString(model.resolve("blobs").resolve("f".repeat(64) + ".incomplete"), "part");
    succeed("prune");
    assertTrue(error().startsWith("Freed 0 B\n2 files stay: "), error());
    succeed("prune", "--older-than", "0", "--dry-run", "--json");
    assertEquals(10, json().path("freed_bytes").asLong());
    assertEquals(2, json().path("items").size());
    succeed("prune", "--older-than", "0");
    assertEquals("Freed 10 B\n", error());
    assertTrue(output().contains("unused blob"), output());
    succeed("prune", "--older-than", "0");
    assertEquals("Freed 0 B\n", error());
    succeed("verify");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "pull | quern: pull takes one model: quern pull ORG/NAME[@REVISION]",
        "pull a/b c/d | quern: pull takes one model: quern pull ORG/NAME[@REVISION]",
        "pull ../x | quern: '../x' names no model on a hub: write ORG/NAME[@REVISION]",
        "pull a/b --inclued x | quern: --inclued: no such flag here; did you mean --include?",
        "pull a/b --include | quern: --include: a value is missing; give a pattern of file names,"
            + " such as '*.gguf'",
        "rm | quern: rm takes models: quern rm ORG/NAME[@REVISION]",
        "rm a/../b --yes | quern: 'a/../b' names no model on a hub: write ORG/NAME[@REVISION]",
        "verify x/y/z | quern: 'x/y/z' names no model on a hub: write ORG/NAME[@REVISION]",
        "list x | quern: list takes no model, and 'x' is one too many; quern show tells about a"
            + " model",
        "prune x | quern: prune takes flags alone, and 'x' is none; quern rm removes a model",
        "prune --older-than -1 | quern: --older-than: '-1' is not accepted; give a whole number"
            + " from 0 to 100000",
        "show | quern: show takes one model: quern show MODEL",
        "completion | quern: completion takes a shell: bash, zsh, fish",
        "completion tcsh | quern: completion takes a shell: bash, zsh, fish"
      })
  void badArgumentsEndWithTwoAndOneLine(String line, String message) {
    assertEquals(2, quern(line.split(" ", -1)), this::streams);
    assertEquals(message + "\n", error());
    assertEquals("", output());
  }

  @ParameterizedTest
  @ValueSource(strings = {"verify org/none", "rm org/none --yes", "show org/none"})
  void aModelThatIsNowhereEndsWithThree(String line) {
    assertEquals(3, quern(line.split(" ", -1)), this::streams);
    assertEquals(1, error().lines().count(), error());
    assertTrue(error().contains("'org/none'"), error());
  }
}
