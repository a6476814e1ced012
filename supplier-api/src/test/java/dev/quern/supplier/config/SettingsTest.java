package dev.quern.supplier.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quern.cuda.CudaSettings;
import dev.quern.engine.runtime.GpuSettings;
import dev.quern.engine.runtime.ModelSettings;
import dev.quern.engine.tensor.DType;
import dev.quern.store.ErrorCategory;
import dev.quern.store.QuernException;
import dev.quern.supplier.http.ServerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where settings come from, what they default to, and every line that refuses one. */
final class SettingsTest {
  @TempDir private Path folder;

  private static QuernConfiguration resolve(Map<String, String> environment, String... flags) {
    return QuernConfiguration.resolve(
        Arguments.parse(List.of(flags), QuernSettings.ALL).flags(), environment);
  }

  private static String refusal(Map<String, String> environment, String... flags) {
    QuernException error = assertThrows(QuernException.class, () -> resolve(environment, flags));
    assertEquals(ErrorCategory.BAD_REQUEST, error.category());
    assertFalse(error.message().contains("\n"), error.message());
    return error.message();
  }

  private Path yaml(String text) {
    return file("quern.yaml", text);
  }

  private Path file(String name, String text) {
    try {
      return Files.writeString(folder.resolve(name), text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void defaultsAreThoseOfTheRoomsThatUseThem() {
    QuernConfiguration configuration = resolve(Map.of());

    assertEquals(List.of("demo"), configuration.models());
    assertEquals(List.of(), configuration.aliases());
    assertEquals(ModelSettings.defaults(), configuration.loading());
    assertEquals(GpuSettings.defaults(), configuration.gpus());
    assertEquals(ServerSettings.defaults(), configuration.server());
    assertEquals(Optional.empty(), configuration.keyFile());
    assertFalse(configuration.debug());
  }

  @Test
  void everyFlagIsRead() {
    Path keys = file("keys", "# ours\nsecret-1\n\n  secret-2  \n");
    QuernConfiguration configuration =
        resolve(
            Map.of(),
            ("--model a --model b --alias x=a --device cuda:1 --dtype bf16 --max-model-len 4096"
                    + " --max-num-seqs 8 --max-num-batched-tokens 512 --kv-cache-memory 2GiB"
                    + " --gpu-memory-utilization 0.5 --cuda-graphs off --cuda-libraries /l"
                    + " --cuda-libraries /m"
                    + " --max-waiting 9 --threads 3 --host ::1 --port 0 --metrics-need-key"
                    + " --max-body-size 512MB --max-connections 7 --drain-seconds 0 --cache /c"
                    + " --log=debug --api-key-file "
                    + keys)
                .split(" "));

    assertEquals(List.of("a", "b"), configuration.models());
    assertEquals(List.of(new Alias("x", "a")), configuration.aliases());
    ModelSettings loading = configuration.loading();
    assertEquals("cuda:1", loading.device());
    assertEquals(Optional.of(DType.BF16), loading.dtype());
    assertEquals(4096, loading.maxModelLength().getAsInt());
    assertEquals(8, loading.maxNumSequences());
    assertEquals(512, loading.maxNumBatchedTokens());
    assertEquals(2L << 30, loading.kvCacheBytes().getAsLong());
    assertEquals(
        new GpuSettings(0.5, false, new CudaSettings(null, List.of(Path.of("/l"), Path.of("/m")))),
        configuration.gpus());
    assertEquals(9, loading.maxWaiting());
    assertEquals(3, loading.threads().getAsInt());
    assertEquals(
        new ServerSettings("::1", 0, Set.of("secret-1", "secret-2"), true, 512_000_000, 7, 0),
        configuration.server());
    assertEquals(Path.of("/c"), configuration.cache());
    assertTrue(configuration.debug());
  }

  @Test
  void flagsGoOverEnvironmentOverFileOverDefaults() {
    Path file = yaml("port: 1\nhost: file\nthreads: 1\nmodel: [a, b]\n");
    Map<String, String> environment = new HashMap<>();
    environment.put("QUERN_CONFIG", file.toString());
    environment.put("QUERN_PORT", "2");
    environment.put("QUERN_HOST", "environment");
    environment.put("HOME", "/elsewhere");

    QuernConfiguration configuration = resolve(environment, "--port", "3");

    assertEquals(3, configuration.server().port());
    assertEquals("environment", configuration.server().host());
    assertEquals(1, configuration.loading().threads().getAsInt());
    assertEquals(List.of("a", "b"), configuration.models());
    assertEquals(1024, configuration.server().maxConnections());
  }

  @Test
  void theShareOfGpuMemoryIsReadFromEverySource() {
    assertEquals(
        0.25, resolve(Map.of("QUERN_GPU_MEMORY_UTILIZATION", "0.25")).gpus().memoryUtilization());
    Path file = yaml("gpu-memory-utilization: 0.75\ncuda-libraries: [/a, /b]\n");
    GpuSettings gpus = resolve(Map.of(), "--config", file.toString()).gpus();
    assertEquals(0.75, gpus.memoryUtilization());
    assertEquals(List.of(Path.of("/a"), Path.of("/b")), gpus.libraries().libraryFolders());
  }

  @Test
  void theConfigFlagGoesOverItsVariable() {
    Path file = yaml("port: 4\n");
    assertEquals(
        4,
        resolve(Map.of("QUERN_CONFIG", "/nowhere"), "--config", file.toString()).server().port());
  }

  @Test
  void listsInTheEnvironmentHaveCommasAndAliasesInYamlAreAMap() {
    assertEquals(List.of("a", "b"), resolve(Map.of("QUERN_MODEL", "a, b")).models());
    Path file = yaml("model: a\nalias:\n  public: a\n  other: a\n");
    assertEquals(
        List.of(new Alias("public", "a"), new Alias("other", "a")),
        resolve(Map.of(), "--config", file.toString()).aliases());
  }

  @Test
  void anEmptyFileSetsNothing() {
    assertEquals(
        8080, resolve(Map.of(), "--config", yaml("# nothing\n").toString()).server().port());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --port 70000             | --port: '70000' is not accepted; give a whole number from 0 to 65535
          --port x                 | --port: 'x' is not accepted; give a whole number from 0 to 65535
          --port                   | --port: a value is missing; give a whole number from 0 to 65535
          --port 1 --port 2        | --port: given twice; give it once
          --prot 1                 | --prot: no such flag here; did you mean --port?
          --utterly-else           | --utterly-else: no such flag here; quern help lists the flags of each command
          --device gpu             | --device: 'gpu' is not accepted; give auto, cpu or cuda:N with the number of a GPU
          --dtype int8             | --dtype: 'int8' is not accepted; give auto, bf16, fp16 or fp32
          --max-model-len 0        | --max-model-len: '0' is not accepted; give a whole number from 1 to 16777216
          --max-num-seqs 1.5       | --max-num-seqs: '1.5' is not accepted; give a whole number from 1 to 4096
          --kv-cache-memory 2XB    | --kv-cache-memory: '2XB' is not accepted; give a size of at least 1 bytes, such as 2GiB, 512MB or 1048576
          --kv-cache-memory -1     | --kv-cache-memory: '-1' is not accepted; give a size of at least 1 bytes, such as 2GiB, 512MB or 1048576
          --gpu-memory-utilization 0    | --gpu-memory-utilization: '0' is not accepted; give a number from 0.01 to 1
          --gpu-memory-utilization 90   | --gpu-memory-utilization: '90' is not accepted; give a number from 0.01 to 1
          --gpu-memory-utilization NaN  | --gpu-memory-utilization: 'NaN' is not accepted; give a number from 0.01 to 1
          --alias name             | --alias: 'name' is not accepted; give NAME=MODEL, neither of them empty
          --alias a=b --alias a=c  | alias: a is given twice
          --model a --model a      | model: a is given twice
          --metrics-need-key       | metrics-need-key: there are no keys; give --api-key-file too
          --metrics-need-key=maybe | --metrics-need-key: 'maybe' is not accepted; give true or false
          --log loud               | --log: 'loud' is not accepted; give info or debug
          --config /no/such/file   | /no/such/file: no such file (--config)
          --api-key-file /no/such  | api-key-file /no/such: cannot be read; give a file of keys, one a line
          """)
  void aBadFlagIsRefusedInOneLine(String flags, String line) {
    assertEquals(line, refusal(Map.of(), flags.split(" ")));
  }

  @Test
  void aBadVariableIsRefusedByName() {
    assertEquals(
        "QUERN_PORT: 'x' is not accepted; give a whole number from 0 to 65535",
        refusal(Map.of("QUERN_PORT", "x")));
    assertEquals(
        "QUERN_PORT: '' is not accepted; give a whole number from 0 to 65535",
        refusal(Map.of("QUERN_PORT", "")));
    assertEquals(
        "QUERN_PROT in the environment: no such setting; did you mean QUERN_PORT?",
        refusal(Map.of("QUERN_PROT", "1")));
  }

  @Test
  void aBadVariableIsRefusedEvenWhenAFlagGoesOverIt() {
    assertTrue(refusal(Map.of("QUERN_PORT", "x"), "--port", "1").startsWith("QUERN_PORT: 'x'"));
  }

  @Test
  void aBadFileIsRefusedWithItsName() {
    Path file = yaml("port: x\n");
    String[] flags = {"--config", file.toString()};
    assertEquals(
        "port in " + file + ": 'x' is not accepted; give a whole number from 0 to 65535",
        refusal(Map.of(), flags));
    yaml("prot: 1\n");
    assertEquals(
        "prot in " + file + ": no such setting; did you mean port?", refusal(Map.of(), flags));
    yaml("config: other.yaml\n");
    assertTrue(refusal(Map.of(), flags).startsWith("config in " + file + ": no such setting; "));
    yaml("port: [1, 2]\n");
    assertEquals("port in " + file + ": given twice; give it once", refusal(Map.of(), flags));
    yaml("port: {a: {b: c}}\n");
    assertEquals(
        "port in " + file + ": give a plain value or a list of them", refusal(Map.of(), flags));
    yaml("- port\n");
    assertEquals(
        file + ": give a mapping of settings, such as 'port: 8080'", refusal(Map.of(), flags));
    yaml("a: b: c\n");
    assertTrue(refusal(Map.of(), flags).startsWith(file + " line 1 column 5: not YAML: "));
    yaml("port: 1\nport: 2\n");
    assertTrue(refusal(Map.of(), flags).startsWith(file + " line 2 column 1: not YAML: "));
  }

  @Test
  void keysThatNoHeaderCanCarryAreRefusedWithoutPrintingThem() {
    Path keys = file("keys", "fine\nwith space\n");
    assertEquals(
        "api-key-file " + keys + " line 2: a key is printable ASCII without spaces",
        refusal(Map.of(), "--api-key-file", keys.toString()));
    file("keys", "# none\n");
    assertEquals(
        "api-key-file " + keys + ": holds no key; write one a line or leave the setting out",
        refusal(Map.of(), "--api-key-file", keys.toString()));
  }

  @Test
  void aKeyFileThatOthersMayReadIsNoticed() throws IOException {
    Path keys = file("keys", "key\n");
    Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-r--r--"));
    assertTrue(ApiKeyFile.read(keys).readableByOthers());
    Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString("rw-------"));
    assertFalse(ApiKeyFile.read(keys).readableByOthers());
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "1B, 1",
    "2kB, 2000",
    "2KiB, 2048",
    "512MB, 512000000",
    "1.5GiB, 1610612736",
    "1tb, 1000000000000",
    "3 MiB, 3145728"
  })
  void sizesHaveUnits(String text, long bytes) {
    assertEquals(Optional.of(bytes), ValueType.size(1).reader().apply(text));
  }

  @ParameterizedTest
  @CsvSource({"0", "GB", "1 2", "1e9", "-1", "999999999999999TiB"})
  void otherSizesAreNotAccepted(String text) {
    assertEquals(Optional.empty(), ValueType.size(1).reader().apply(text));
  }

  @Test
  void wordsAreToldFromFlags() {
    Arguments arguments =
        Arguments.parse(
            List.of("demo", "--port=1", "-", "--", "--no-flag", "--"), QuernSettings.ALL);
    assertEquals(List.of("demo", "-", "--no-flag", "--"), arguments.words());
    assertEquals(Map.of("port", List.of("1")), arguments.flags());
  }

  @Test
  void theCacheFolderFollowsTheXdgSpecification() {
    assertEquals(Path.of("/x/quern"), resolve(Map.of("XDG_CACHE_HOME", "/x")).cache());
    Path byDefault = Path.of(System.getProperty("user.home"), ".cache", "quern");
    assertEquals(byDefault, resolve(Map.of()).cache());
    assertEquals(byDefault, resolve(Map.of("XDG_CACHE_HOME", "relative")).cache());
    assertEquals(
        Path.of("/q"), resolve(Map.of("XDG_CACHE_HOME", "/x", "QUERN_CACHE", "/q")).cache());
  }

  @Test
  void theReadmeHasTheTable() throws IOException {
    String readme = Files.readString(Path.of("..", "README.md"));
    assertTrue(
        readme.contains(SettingsTable.markdown()),
        "README.md's configuration table is not that of QuernSettings; it should be\n"
            + SettingsTable.markdown());
  }
}
